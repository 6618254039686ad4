//! What can go wrong, sorted by who is to blame: whoever calls, the server, the way to it, or this machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dispatch_protocol::refusal::Code;
use dispatch_protocol::verdict::Finding;

use crate::store::StoreError;
use crate::terminal::shown;

/// Why something was not done. Each is a sentence that says what to do; none holds a token, key or plaintext.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Whoever calls has to mend something: a file, a text that is too long, an account that is not there.
    #[error("{0}")]
    Usage(String),
    /// A file, an invitation or a passphrase of the caller's is not what it should be.
    #[error("{}", .0.detail)]
    Input(Finding),
    /// This machine's clock and the server's are too far apart.
    #[error("this machine's clock is {} the server's; set the right one, then send again", .0)]
    Clock(ClockDifference),
    /// The server refused, by this code.
    #[error("{}", refused(*code, detail))]
    Refused {
        /// The specification's code.
        code: Code,
        /// The server's own words.
        detail: String,
        /// After which time trying again makes sense, where the server said so.
        retry_after: Option<Duration>,
    },
    /// The server showed what no honest one shows; nothing more is taken from it.
    #[error("{}", convicted(.finding, evidence.as_deref()))]
    Server {
        /// What was found.
        finding: Finding,
        /// The file that proves it to others, where a file can.
        evidence: Option<PathBuf>,
    },
    /// The server cannot be reached, or the connection ended. Trying again makes sense.
    #[error("{0}")]
    Network(String),
    /// The local store failed, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client ended by a fault of its own. What was stored is whole: it may be started again.
    #[error(
        "the client failed by a fault of its own; nothing that was stored is lost: start it again, and please report it"
    )]
    Failed,
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
}

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Whoever calls.
    Caller,
    /// The server.
    Server,
    /// The way to the server.
    Network,
    /// This machine.
    Machine,
}

impl Error {
    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Usage(_) | Self::Input(_) | Self::Clock(_) | Self::Closed => Blame::Caller,
            Self::Refused { .. } | Self::Server { .. } => Blame::Server,
            Self::Network(_) => Blame::Network,
            Self::Store(_) | Self::Failed => Blame::Machine,
        }
    }

    /// The exit code of `dispatch`: 2 for what has to be mended first, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { code, .. } if *code == Code::NotAllowed => 2,
            Self::Usage(_) | Self::Input(_) | Self::Clock(_) => 2,
            Self::Store(error) if !error.is_full() => 2,
            _ => 1,
        }
    }

    /// Whether it makes sense to try again without a change.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Refused { code, .. } => matches!(
                code,
                Code::Unavailable
                    | Code::ShuttingDown
                    | Code::RateLimited
                    | Code::SlowReader
                    | Code::SessionExpired
                    | Code::ChallengeExpired
                    | Code::NoChallenge
                    | Code::BadToken
            ),
            _ => false,
        }
    }

    /// A problem with a file, named by its path.
    pub(crate) fn file(path: &Path, problem: impl std::fmt::Display) -> Self {
        Self::Usage(format!("{}: {problem}", path.display()))
    }
}

/// Turns a failed file operation into a sentence that names the path.
pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = PathBuf::from(path);
    move |cause| {
        let what = match cause.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            std::io::ErrorKind::AlreadyExists => {
                "there is such a file already, and nothing is overwritten".to_owned()
            }
            std::io::ErrorKind::StorageFull => {
                "the disk is full; make room, then do it again".to_owned()
            }
            _ => cause.to_string(),
        };
        Error::file(&path, what)
    }
}

/// How far this machine's clock is from the server's, in milliseconds: positive where it is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockDifference(pub i64);

impl std::fmt::Display for ClockDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.unsigned_abs().div_ceil(1000);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        match (hours, minutes) {
            (0, 0) => write!(f, "{seconds} s")?,
            (0, _) => write!(f, "{minutes} min")?,
            _ => write!(f, "{hours} h {minutes} min")?,
        }
        f.write_str(if self.0 < 0 { " behind" } else { " ahead of" })
    }
}

/// What to do goes by the code alone. // [ERR-5]
fn refused(code: Code, detail: &str) -> String {
    let hint = match code {
        Code::NotAllowed => {
            "this account is not on the community's roster; send its public key (`dispatch id --key`) to the community's owner, who lets members in"
        }
        Code::Removed => {
            "this account was removed from the community; what was read stays, and only its owner can add it again"
        }
        Code::WrongOrigin => {
            "the server does not go by the origin in the invitation; ask for a new invitation"
        }
        Code::UnknownVersion => {
            "the server speaks another version than dispatch-d/1; update this client"
        }
        Code::ClockSkew => {
            "this machine's clock is too far from the server's; set it, then send again"
        }
        Code::NotAuthority => "only the community's authority may do that",
        Code::TooLarge => "that is longer than the server takes",
        Code::Unavailable => {
            "the server cannot store anything at the moment; nothing was appended, try again later"
        }
        _ => "",
    };
    // a server's words: shown without whatever could steer a terminal
    let said = shown(detail);
    match hint {
        "" => format!("the server refused ({}): {said}", code.as_str()),
        hint => format!("{hint} ({}: {said})", code.as_str()),
    }
}

fn convicted(finding: &Finding, evidence: Option<&Path>) -> String {
    let mut text = format!("the server is not to be trusted: {finding}");
    text.push_str(match evidence {
        Some(_) => "; what proves it to anyone is in ",
        None => "; tell the other members, by another way than this server",
    });
    if let Some(path) = evidence {
        text.push_str(&path.display().to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much() {
        let told = |ms| Error::Clock(ClockDifference(ms)).to_string();
        assert!(told(3_600_000).contains("1 h 0 min ahead of the server's"));
        assert!(told(-3_600_000).contains("1 h 0 min behind the server's"));
        assert!(told(-660_000).contains("11 min behind"));
        assert!(told(1500).contains("2 s ahead of"));
    }

    #[test]
    fn a_servers_words_cannot_steer_a_terminal() {
        let error = Error::Refused {
            code: Code::NotAllowed,
            detail: "\u{1b}[2J\u{202e}go away\n".into(),
            retry_after: None,
        };
        let told = error.to_string();
        assert!(told.contains("dispatch id --key") && told.contains("[2J"));
        for steering in ['\u{1b}', '\n', '\u{202e}'] {
            assert!(!told.contains(steering));
        }
        assert_eq!((error.blame(), error.exit_code()), (Blame::Server, 2));
    }
}
