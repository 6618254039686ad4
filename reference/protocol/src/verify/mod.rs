//! What a client verifies of a server beyond single blocks: that it serves the pinned community, shows no less and
//! nothing else than before, and what proves that it did.
//!
//! The rules of blocks are [`chain`](crate::chain)'s; this follows a chain block by block and keeps its checkpoints.

mod evidence;
mod follow;
mod keeper;

pub use evidence::{Evidence, EvidenceInclusion};
pub use follow::Follower;
pub use keeper::Keeper;
