//! The models, each of one part of the protocol.

pub mod checkpoints;
pub mod epochs;
pub mod forks;
pub mod join;
pub mod sessions;
pub mod submits;
