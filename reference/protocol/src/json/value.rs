//! A JSON value, and what may be wrong with one.

use std::borrow::Cow;

use crate::refusal::Refusal;

/// The greatest integer that a number may be: 2^53 - 1 (CONV-12).
pub const GREATEST_INTEGER: u64 = (1 << 53) - 1;

/// A JSON value. Texts without escapes are borrowed from the frame.
#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Boolean,
    Uint(u64),
    /// A number that is no integer of this protocol; only texts that are read leniently hold one.
    OtherNumber,
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why a text is not what it should be: the requirement, and what is wrong where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) requirement: &'static str,
    pub(crate) detail: String,
}

impl Fault {
    pub(crate) fn new(requirement: &'static str, detail: impl Into<String>) -> Self {
        Self {
            requirement,
            detail: detail.into(),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::malformed(fault.requirement, fault.detail)
    }
}
