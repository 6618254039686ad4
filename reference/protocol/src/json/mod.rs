//! JSON as this protocol takes it: one text, one meaning.
//!
//! serde_json cuts the text into tokens; what JSON libraries let through, this module does not: two members of one name,
//! numbers that are no plain integers, texts nested too deeply. The tree that comes out is read by [`read`], which names
//! the requirement that a text breaks. Not for writing: what is sent is written by serde.

mod parse;
mod read;
mod value;

pub(crate) use parse::{Strictness, parse};
pub(crate) use read::{Field, Members};
pub(crate) use value::Fault;
pub use value::GREATEST_INTEGER;
