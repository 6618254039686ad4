//! dispatch-d/1 without I/O: bytes, keys, entries, chain, encryption and the session's state machine.
//!
//! Everything here is a function of its arguments: the time and nonces come in, frames and verdicts come out. Not for
//! sockets, stores or configuration: those are a server's and a client's. The contract is the specification in `spec/`;
//! the ids in brackets, such as `[JOIN-4]`, are its requirements.

mod bounds;
pub mod bytes;
pub mod chain;
pub mod checkpoint;
pub mod entry;
pub mod epoch;
mod json;
pub mod key;
pub mod limits;
pub mod merkle;
pub mod refusal;
pub mod schemas;
pub mod session;
pub mod tuple;
pub mod verdict;
pub mod verify;
pub mod wire;
