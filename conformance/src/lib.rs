//! The conformance suite of dispatch-d/1: replays scenarios against any server, by its URL alone.
//!
//! Its verdicts come from the specification and the vectors; it shares no code with the implementation that it judges.

pub mod accounts;
pub mod baseline;
pub mod bundle;
pub mod canary;
pub mod codec;
pub mod command;
pub mod control;
pub mod corpus;
pub mod embedded;
pub mod exit;
pub mod explanation;
pub mod files;
pub mod gate;
pub mod judge;
pub mod key_files;
pub mod learn;
pub mod peer;
pub mod play;
pub mod preflight;
pub mod report;
pub mod requirement;
pub mod result;
pub mod run;
pub mod scenario;
pub mod selector;
pub mod selftest;
pub mod spawn;
pub mod story;
pub mod suite_hash;
pub mod transcript;
