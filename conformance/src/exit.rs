//! How the program ends.

use std::process::ExitCode;

/// An exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The server is conformant as far as the selected cases say; or the command did what it should.
    Conformant,
    /// It is not.
    Nonconformant,
    /// The command line, the configuration or the vectors are wrong, or no case was selected.
    Usage,
    /// There is no server, none of this protocol, or it never got ready.
    Unreachable,
    /// The suite itself failed.
    Harness,
    /// What the baseline expects to fail does not: nothing else is wrong.
    Drift,
    /// Interrupted; the partial report was written.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::Nonconformant => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Harness => 4,
            Self::Drift => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
