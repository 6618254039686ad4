//! The server under test as the suite sees it: where it is, what it sends, and the chain that it shows.
//!
//! Everything a server sends is verified here, by the suite's own codec, whatever case it was sent in. What a case
//! expects is for [`crate::play`].

pub mod http;
pub mod socket;
pub mod target;

pub use target::Target;
