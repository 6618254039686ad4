//! What must hold at full load, and not only at rest: the conformance suite beside members who write as fast as they are
//! answered ([`suite`]), and a server that is killed in the midst of it ([`kill`]).
//!
//! Both print what they counted, and are in error if anything was lost, doubled, forked or judged otherwise.

mod author;
mod kept;
pub mod kill;
mod load;
pub mod suite;
mod witness;

/// Messages of one author that may be without an answer.
pub const WINDOW: usize = 64;

/// Authors, each with a connection and an account of its own.
pub const AUTHORS: usize = 4;

/// Connections that read everything.
pub const WITNESSES: usize = 2;
