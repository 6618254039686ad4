//! Why a step failed.

use super::evaluate::Trouble;
use crate::{
    peer::connection::{End, Missing},
    result::Verdict,
};

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// What that makes of the case.
    pub verdict: Verdict,
    /// The requirement that is broken, if the step knows it better than the case.
    pub requirement: Option<String>,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl Miss {
    /// Something else came.
    pub fn other(expected: impl Into<String>, came: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            requirement: None,
            expected: expected.into(),
            came: came.into(),
        }
    }

    /// The suite cannot go on.
    pub fn harness(came: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::HarnessError,
            requirement: None,
            expected: "a step that can be played".into(),
            came: came.into(),
        }
    }

    /// Nothing came.
    pub fn missing(expected: impl Into<String>, missing: Missing) -> Self {
        let (verdict, came) = match missing {
            Missing::Timeout(patience) => {
                (Verdict::Timeout, format!("nothing within {patience:?}"))
            }
            Missing::Ended(end) => (ended(&end), end.describe()),
        };
        Self {
            verdict,
            requirement: None,
            expected: expected.into(),
            came,
        }
    }

    /// The same, against a requirement.
    pub fn against(mut self, requirement: &str) -> Self {
        self.requirement = Some(requirement.to_owned());
        self
    }
}

impl From<Trouble> for Miss {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Vector(text) => Self::harness(text),
            Trouble::Server(text) => Self::other("what the next step is made of", text),
        }
    }
}

/// What an end of a connection means where an answer was due.
pub fn ended(end: &End) -> Verdict {
    if end.is_polite() {
        Verdict::Fail
    } else {
        Verdict::Crashed
    }
}
