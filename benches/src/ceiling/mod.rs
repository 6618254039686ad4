//! The ceiling: a program that does what no server of signed, durable, ordered messages can leave out, and nothing else.
//! A socket (axum, as the reference has), one RSA-2048 verification for each message with parsed keys on a pool, a chain of
//! SHA-256, one file with one `fdatasync` for a group, acknowledgements, and the group shared as one encoded frame by
//! all who read. No JSON, no members, no rules, no store that can be asked. How near the reference comes to it says what
//! the rest costs; the same generator drives both.

mod pool;
mod program;
pub mod stage;
pub mod wire;

pub use program::{SERVE, serve, serve_on};
