//! The server under test as a process that the suite starts, kills and starts again: `run --spawn 'CMD {config}'`.
//!
//! What the server is told stands in one JSON file, [`ServerConfig`]; what is judged is still only what it answers, stores
//! and logs. Not for what a case does with a server that can be killed: that is [`crate::play`].

pub mod command;
pub mod config;
mod group;
mod port;
pub mod process;

pub use command::CommandTemplate;
pub use config::ServerConfig;
pub use process::{Spawned, Spawner, StartFault};
