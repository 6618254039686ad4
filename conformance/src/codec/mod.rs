//! The suite's own codec and signer: tuples, keys, signatures, entries, chains and encryption of dispatch-d/1.
//!
//! Written from the spec alone and on libraries that the reference does not use, so that a fault in one of the two
//! cannot pass its own test. It is small and plain, not fast. It has no I/O; `make-vectors` writes files with it.

pub mod accounts;
pub mod backup;
pub mod base64url;
pub mod block;
pub mod chain;
pub mod checkpoint;
pub mod der;
pub mod entry;
pub mod epoch;
pub mod evidence;
pub mod fields;
mod form;
pub mod frame;
pub mod hpke;
pub mod invitation;
pub mod join;
pub mod json;
pub mod merkle;
pub mod message;
pub mod public_key;
pub mod randomness;
pub mod signature;
pub mod tuple;
mod verdict;

pub use accounts::{Account, Role};
pub use checkpoint::Checkpoint;
pub use join::Join;
pub use public_key::PublicKey;
pub use signature::Scheme;
pub use tuple::{Tuple, sha256};
pub use verdict::Verdict;

/// An id or hash: 32 bytes.
pub type Hash = [u8; 32];
