//! The chain: blocks, and the state that they add up to, which says what may come next.
//!
//! A server admits and appends, a client replays; both go by the same rules. Not for storing blocks: the state keeps
//! their hashes alone.

mod accounts;
mod admit;
mod batch;
mod block;
mod block_text;
mod epochs;
mod found;
mod recall;
mod replay;
mod rules;
mod state;

pub use admit::{Admission, Admitted};
pub use batch::BatchError;
pub use block::{Block, Linked};
pub use found::found;
pub use recall::Digest;
pub use state::{EpochView, State};
