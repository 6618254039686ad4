//! The Merkle tree over a chain's blocks (RFC 6962, section 2.1): roots, inclusion and consistency proofs, and their
//! verifiers.
//!
//! Not for what a root is good for: checkpoints sign it, evidence quotes its proofs.

mod hash;
mod proof;
mod tree;

pub use proof::{ConsistencyError, InclusionError, verify_consistency, verify_inclusion};
pub use tree::Tree;
