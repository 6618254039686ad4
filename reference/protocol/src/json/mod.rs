//! JSON as this protocol takes it: one text, one meaning.
//!
//! serde_json cuts the text into tokens; what JSON libraries let through, this module does not: two members of one name,
//! numbers that are no plain integers, texts nested too deeply. The tree that comes out is read by [`read`], which names
//! the requirement that a text breaks. Not for writing: what is sent is written by serde.

mod parse;
mod read;

pub(crate) use parse::{Strictness, parse};
pub(crate) use read::{Field, Members};

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
