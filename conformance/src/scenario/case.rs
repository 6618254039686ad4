//! Cases: what a live vector file holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Step, Transport};
use crate::requirement::Level;

/// One scenario, and what it decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Permanent: lower-case words joined by `-`.
    pub id: String,
    /// The requirements that it decides.
    pub requirements: Vec<String>,
    /// The strongest of its requirements.
    pub level: Level,
    /// What a right server does, in one line.
    pub title: String,
    /// What goes wrong in the world where a server does not.
    pub why: String,
    /// What it needs besides a server and members.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// Its roles.
    #[serde(default)]
    pub accounts: BTreeMap<String, AccountKind>,
    /// How its server is told to be, if it needs one that it can kill.
    pub server: Option<OwnServer>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// Why it is played over a socket alone, if its steps do not show it.
    pub only: Option<SocketAlone>,
    /// What carries its connections.
    #[serde(skip)]
    pub transport: Transport,
    /// The file that it stands in, such as `vectors/live/join.json`.
    #[serde(skip)]
    pub file: String,
}

impl Case {
    /// Whether it needs a capability.
    pub fn needs(&self, capability: Capability) -> bool {
        self.needs.contains(&capability)
    }
}

/// A case's own server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnServer {
    /// Limits other than the usual ones, by name.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
}

/// A case that means something on a socket alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketAlone {
    /// Why.
    pub ws: String,
}

/// What a case may need.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// The suite holds the authority's private key.
    Authority,
    /// Nothing else may run meanwhile.
    Exclusive,
    /// `challenge_ms` is at most 5000.
    ShortChallenge,
    /// The server offers plain HTTP.
    Http,
    /// The server offers server-sent events.
    Sse,
    /// The suite can start, kill and restart the server: `--spawn`.
    Spawn,
    /// The suite can read the folder in which the server stores: `--spawn` or `--data-dir`.
    DataDir,
    /// The suite can read the server's log: `--spawn` or `--server-log`.
    ServerLog,
    /// The suite may open a thousand connections at a time: a limit of open files (`ulimit -n`) of some 1,100, or 2,200 with the
    /// embedded reference.
    ManyConnections,
}

impl Capability {
    /// Its name in vectors and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Exclusive => "exclusive",
            Self::ShortChallenge => "short-challenge",
            Self::Http => "http",
            Self::Sse => "sse",
            Self::Spawn => "spawn",
            Self::DataDir => "data-dir",
            Self::ServerLog => "server-log",
            Self::ManyConnections => "many-connections",
        }
    }
}

/// The kind of test account that a role is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    /// On the roster, with a key of any size.
    Member,
    /// On the roster, with a key of 2048 bits.
    #[serde(rename = "member-2048")]
    Member2048,
    /// On the roster, with a key of 3072 bits.
    #[serde(rename = "member-3072")]
    Member3072,
    /// On the roster, with a key of 4096 bits.
    #[serde(rename = "member-4096")]
    Member4096,
    /// Not on the roster.
    Outsider,
    /// The community's authority.
    Authority,
    /// Made for the case: never on the roster, and without an entry.
    Fresh,
}

impl AccountKind {
    /// Whether such an account is on the roster.
    pub fn is_member(self) -> bool {
        matches!(
            self,
            Self::Member | Self::Member2048 | Self::Member3072 | Self::Member4096
        )
    }
}
