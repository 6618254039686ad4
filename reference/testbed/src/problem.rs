//! What keeps a testbed from standing: one line for people, and the logs below it.

use std::fmt;
use std::path::Path;

/// What was wrong and, where it can be told, what to do; then the end of a program's log if there is one.
pub struct Problem(String);

/// Lines of a log that are shown.
const TAIL: usize = 20;

impl Problem {
    /// A problem told by these words.
    pub fn new(words: impl Into<String>) -> Problem {
        Problem(words.into())
    }

    /// What was being done, and what came of it.
    pub fn at<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Problem {
        move |cause| Problem(format!("{what}: {cause}"))
    }

    /// The same of a database, whose own words stand behind the error.
    pub(crate) fn of_database(
        what: impl fmt::Display,
    ) -> impl FnOnce(tokio_postgres::Error) -> Problem {
        move |cause| match cause.as_db_error() {
            Some(told) => Problem(format!("{what}: {}", told.message())),
            None => Problem(format!("{what}: {cause}")),
        }
    }

    /// The same problem with the end of a log below it.
    pub(crate) fn with_log(mut self, path: &Path) -> Problem {
        let log = std::fs::read(path).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        for line in &lines[lines.len().saturating_sub(TAIL)..] {
            self.0.push_str("\n    ");
            self.0.push_str(line);
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As it is displayed, since tests unwrap it.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}
