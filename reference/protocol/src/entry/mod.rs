//! Entries: all that is ever said in a community, each a statement signed by an account.
//!
//! Here is what an entry shows by itself: its form, its id, its signature. What it may say at its place in a chain is
//! [`chain`](crate::chain)'s to decide.

mod body;
mod decode;
mod form;
mod prefix;
mod schema;
mod statement;
mod verified;

pub use body::{
    Body, CardBody, Epoch, Genesis, Kind, Message, Recipient, Redaction, Roster, Share,
};
pub(crate) use decode::{Source, entry as decode_entry, prefix as decode_prefix};
pub use prefix::Prefix;
pub(crate) use schema::SubmittedEntry;
pub use statement::{Draft, Entry};
pub use verified::VerifiedEntry;
