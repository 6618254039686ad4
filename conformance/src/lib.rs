//! The conformance suite of dispatch-d/1: replays scenarios against any server, by its URL alone.
//!
//! Its verdicts come from the specification and the vectors; it shares no code with the implementation that it judges.

pub mod codec;
pub mod corpus;
pub mod requirement;
pub mod scenario;
