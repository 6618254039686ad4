//! What stops a benchmark: one line for people.

use std::fmt;

/// One line: what was wrong and, where it can be told, what to do.
#[derive(Debug)]
pub struct Problem(String);

impl Problem {
    /// A problem told by these words.
    pub fn new(words: impl Into<String>) -> Problem {
        Problem(words.into())
    }

    /// What was being done, and what came of it.
    pub fn at<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Problem {
        move |cause| Problem(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}
