//! The command's end.

use std::io::{BufRead as _, BufReader, Error as IoError, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dispatch_protocol::entry::Entry;
use serde_json::value::to_raw_value;

use super::{Answer, Request, Standing, path_of};
use crate::error::Error;

/// How long an answer may take: the disk, and a sweep that a reader is in the way of.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs, as it is spoken to by its owner.
pub(crate) struct Caller {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

/// What came of an entry.
pub(crate) enum Outcome {
    /// It stands in this block.
    Accepted(u64),
    /// The code and the sentence of its refusal.
    Refused(String, String),
}

impl Caller {
    /// Reaches the server that serves a store; none if nobody listens there.
    ///
    /// # Errors
    /// If somebody does, and this user may not speak to it.
    pub(crate) fn dial(store: &Path) -> Result<Option<Caller>, Error> {
        let path = path_of(store);
        match UnixStream::connect(&path) {
            Ok(stream) => {
                let set = stream.set_read_timeout(Some(PATIENCE));
                set.and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
                    .map_err(|problem| Error::Failed(problem.to_string()))?;
                Ok(Some(Caller {
                    stream: BufReader::new(stream),
                    path,
                }))
            }
            // Refused: a killed server left its socket behind. Invalid: no server can listen by so long a path.
            Err(problem)
                if matches!(
                    problem.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput
                ) =>
            {
                Ok(None)
            }
            Err(problem) if problem.kind() == ErrorKind::PermissionDenied => {
                let hint = "the server's control socket is for its own user; run this as that one";
                Err(Error::file(&path, hint))
            }
            Err(problem) => Err(Error::file(&path, problem)),
        }
    }

    /// Asks where the authority's next entry has to go on from.
    pub(crate) fn standing(&mut self) -> Result<Standing, Error> {
        match self.ask(&Request::Standing)? {
            Answer::Standing(standing) => Ok(standing),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Hands an entry in.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<Outcome, Error> {
        let text = to_raw_value(entry).map_err(|problem| Error::Failed(problem.to_string()))?;
        match self.ask(&Request::Entry(text))? {
            Answer::Accepted(index) => Ok(Outcome::Accepted(index)),
            Answer::Refused { code, detail } => Ok(Outcome::Refused(code, detail)),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Whether nothing of what was redacted is left in the store's files.
    pub(crate) fn is_swept(&mut self) -> Result<bool, Error> {
        match self.ask(&Request::Swept)? {
            Answer::Swept(done) => Ok(done),
            other => Err(self.unexpected(&other)),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Error> {
        let mut line =
            serde_json::to_string(request).map_err(|problem| Error::Failed(problem.to_string()))?;
        line.push('\n');
        let mut answer = String::new();
        let asked = self.stream.get_mut().write_all(line.as_bytes());
        asked
            .and_then(|()| self.stream.read_line(&mut answer))
            .and_then(|read| match read {
                0 => Err(IoError::from(ErrorKind::UnexpectedEof)),
                _ => Ok(()),
            })
            .map_err(|problem| {
                Error::Failed(format!(
                    "{}: the server went away before it answered ({problem}); run the command again, which tells what was done",
                    self.path.display()
                ))
            })?;
        serde_json::from_str(&answer).map_err(|_| self.strange())
    }

    fn unexpected(&self, answer: &Answer) -> Error {
        match answer {
            Answer::Refused { code, detail } => {
                Error::Failed(format!("the server refuses ({code}): {detail}"))
            }
            _ => self.strange(),
        }
    }

    fn strange(&self) -> Error {
        Error::Failed(format!(
            "{}: who listens there does not answer as this dispatchd would; it may be of another version",
            self.path.display()
        ))
    }
}
