//! Steps that kill and start the server itself; for cases that need `spawn`.

use serde::Deserialize;

use crate::scenario::Template;

/// What these steps are done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whom {
    /// The server under test.
    Server,
}

/// Kills the server: at once, without a word.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// Whom.
    #[serde(rename = "kill")]
    pub whom: Whom,
}

/// Asks the server to stop in order, and waits until it has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Whom.
    #[serde(rename = "stop")]
    pub whom: Whom,
}

/// Starts the server again, and waits until it listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Whom.
    #[serde(rename = "start")]
    pub whom: Whom,
}

/// Posts messages, and kills the server in the midst of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KillAmid {
    /// What the messages are called: this with `-0`, `-1` and so on behind it.
    #[serde(rename = "kill_amid")]
    pub name: String,
    /// The connection that posts them.
    pub on: String,
    /// The role that writes them.
    pub by: String,
    /// Their epoch.
    pub epoch: String,
    /// How many of them wait for their answers at a time, and when the server is killed.
    pub in_flight: u64,
    /// The server is killed when this is seen of so many of them.
    pub after: Template,
    /// What has to be seen.
    #[serde(default)]
    pub sight: Sight,
    /// On which connection, if it is not `on`.
    pub watch: Option<String>,
}

/// What is seen of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sight {
    /// Its `accepted`.
    #[default]
    Answer,
    /// Its block.
    Block,
    /// A checkpoint that covers its block.
    Checkpoint,
}

/// Posts the messages of a `kill_amid` once more, and expects each accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// What they are called.
    #[serde(rename = "again")]
    pub name: String,
    /// The connection.
    pub on: String,
}
