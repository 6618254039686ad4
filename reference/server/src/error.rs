//! Our own failures: what the owner has to mend and what the machine refused. They go to standard error and the log;
//! what a client did wrong is a `Refusal` of the protocol crate, and the two never mix.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::ledger::StoreError;

/// Why a community could not be founded, opened or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that the owner wrote or left out: the configuration, a key file, an option, an address in use.
    #[error("{0}")]
    Configuration(String),
    /// The store is in use, damaged, or another community's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine failed at something that had been configured well.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// The exit code of `dispatchd` for this error: 2 for what the owner has to mend, 1 for the rest.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Configuration(_) | Error::Store(_) => 2,
            Error::Failed(_) => 1,
        }
    }

    pub(crate) fn configuration(problem: impl Into<String>) -> Error {
        Error::Configuration(problem.into())
    }

    /// A problem with a file, named by its path.
    pub(crate) fn file(path: &Path, problem: impl fmt::Display) -> Error {
        Error::Configuration(format!("{}: {problem}", path.display()))
    }

    /// A problem in a line of a file, lines counted from 1.
    pub(crate) fn line(path: &Path, line: usize, problem: impl fmt::Display) -> Error {
        Error::Configuration(format!("{}:{line}: {problem}", path.display()))
    }
}

/// Turns a failed file operation into a sentence that names the path.
pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = PathBuf::from(path);
    move |cause| {
        let what = match cause.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => cause.to_string(),
        };
        Error::file(&path, what)
    }
}
