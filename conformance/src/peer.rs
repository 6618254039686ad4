//! The server under test as the suite sees it: where it is, what it sends, and the chain that it shows.
//!
//! Everything a server sends is verified here, by the suite's own codec, whatever case it was sent in. What a case
//! expects is for [`crate::play`].

pub mod chain;
pub mod connection;
pub mod discovery;
mod fault;
pub mod http;
pub mod observer;
pub mod requests;
pub mod server;
pub mod socket;
pub mod target;
pub mod wire;

pub use chain::Chain;
pub use connection::Connection;
pub use fault::Fault;
pub use observer::Observer;
pub use server::Server;
pub use target::Target;
