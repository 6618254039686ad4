//! What travels: the frames of both sides, and the documents that a server serves over HTTP.
//!
//! A client's text is decoded strictly ([`ClientFrame::decode`]), a server's leniently ([`ServerFrame::decode`]); both
//! are written by serde. Not for when a frame may be sent: that is [`session`](crate::session)'s.

mod client;
mod document;
mod reference;
mod server;

pub use client::{ClientFrame, Hello, Prove, Rejected, Resume, Submit, VERSION, Version};
pub use document::{Consistency, Discovery, Inclusion, Problem, Transport};
pub use reference::Ref;
pub use server::{Accepted, Blocks, Bye, Challenge, Refused, ServerFrame, Welcome, blocks_text};
