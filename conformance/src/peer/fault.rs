//! What is wrong with something that a server sent.

use crate::codec;

/// A broken requirement and how it is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The requirement's id.
    pub requirement: String,
    /// What was wrong.
    pub detail: String,
}

impl Fault {
    /// A fault against a requirement.
    pub fn new(requirement: &str, detail: impl Into<String>) -> Self {
        Self {
            requirement: requirement.to_owned(),
            detail: detail.into(),
        }
    }

    /// The codec's verdict on something that a server sent, against this requirement.
    pub fn against(requirement: &str, verdict: &codec::Verdict) -> Self {
        Self::new(requirement, verdict.detail.clone())
    }
}
