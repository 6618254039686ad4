//! What the suite says of something that breaks the protocol.
//!
//! A verdict names the code that the spec gives and the requirement that was broken. It is about what a peer or a
//! file said; failures of the suite itself are other types.

use std::fmt;

/// The refusal of a value: a code of `spec/errors.md` and the requirement that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// A code or verdict of `spec/errors.md`, such as `bad_key`.
    pub code: &'static str,
    /// The requirement's id, such as `KEY-1`.
    pub requirement: &'static str,
    /// For people: what was wrong.
    pub detail: String,
}

impl Verdict {
    /// A verdict with this code, for this requirement.
    pub fn new(code: &'static str, requirement: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            requirement,
            detail: detail.into(),
        }
    }

    /// `malformed`, for this requirement.
    pub fn malformed(requirement: &'static str, detail: impl Into<String>) -> Self {
        Self::new("malformed", requirement, detail)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]: {}", self.code, self.requirement, self.detail)
    }
}

impl std::error::Error for Verdict {}
