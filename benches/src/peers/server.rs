//! The servers that are compared, each run by itself in a process of its own.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::nats::{self, Keeping};
use super::nostr;
use crate::load::stage;
use crate::load::usage::Watched;
use crate::load::{Load, Measured, Problem};

/// Bytes of each message's text, whatever a server makes of it.
const TEXT: usize = 1024;

/// What an idle connection's buffer holds on this side.
const IDLE_BUFFER: usize = 4096;

/// How long a load may take on a peer.
const WITHIN: Duration = Duration::from_secs(60);

/// A server that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Server {
    /// The reference server.
    Dispatch,
    /// nostr-rs-relay.
    Nostr,
    /// NATS that keeps a stream.
    JetStream,
    /// NATS that keeps nothing.
    CoreNats,
}

impl Server {
    /// All, in the order of the table.
    pub const ALL: [Server; 4] = [
        Server::Dispatch,
        Server::Nostr,
        Server::JetStream,
        Server::CoreNats,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Server::Dispatch => "dispatch-d",
            Server::Nostr => "nostr-rs-relay",
            Server::JetStream => "NATS JetStream",
            Server::CoreNats => "core NATS",
        }
    }

    /// What it does with a message before it says that it has it, and what not.
    pub fn does(self) -> &'static str {
        match self {
            Server::Dispatch => {
                "RSA-2048 verified, chained, in SQLite and synced before the acknowledgement; its senders are sent everything, too"
            }
            Server::Nostr => {
                "secp256k1 (Schnorr) verified, in SQLite before the acknowledgement, not synced with each (WAL, synchronous = NORMAL); its senders are sent nothing but answers"
            }
            Server::JetStream => {
                "no signatures; in a file, not synced before the acknowledgement; subscribers are core NATS's, senders are sent nothing but answers"
            }
            Server::CoreNats => {
                "no signatures, nothing kept, nothing acknowledged: the PONG to a PING behind each message stands for it"
            }
        }
    }
}

/// A server that runs.
pub enum Running {
    /// The reference.
    Dispatch(Box<stage::Stage>),
    /// A relay.
    Nostr(nostr::Stage),
    /// NATS, one way or the other.
    Nats(nats::Stage),
}

impl Running {
    /// Starts one with nothing in it, for so many senders. `program` is the peer's.
    ///
    /// # Errors
    /// A server that does not come up.
    pub async fn start(server: Server, program: &Path, senders: usize) -> Result<Running, Problem> {
        Ok(match server {
            Server::Dispatch => Running::Dispatch(Box::new(stage::Stage::open(senders).await?)),
            Server::Nostr => Running::Nostr(nostr::Stage::open(program).await?),
            Server::JetStream => Running::Nats(nats::Stage::open(program, Keeping::Stream).await?),
            Server::CoreNats => Running::Nats(nats::Stage::open(program, Keeping::Nothing).await?),
        })
    }

    /// Runs a load to its end.
    ///
    /// # Errors
    /// A message that was not acknowledged once, or not delivered once to each subscriber; no end in time.
    pub async fn run(&mut self, load: Load) -> Result<Measured, Problem> {
        match self {
            Running::Dispatch(stage) => Ok(stage.run(load, TEXT).await?.measured),
            Running::Nostr(stage) => stage.run(&load, TEXT, WITHIN).await,
            Running::Nats(stage) => stage.run(&load, TEXT, WITHIN).await,
        }
    }

    /// Resident memory of each of so many connections that are sent everything and have nothing to do, in bytes.
    ///
    /// # Errors
    /// A server that is not there.
    pub async fn idle(&self, count: usize) -> Result<f64, Problem> {
        let before = self.resident()?;
        let after = match self {
            Running::Dispatch(stage) => {
                let idle = stage.conversation().sockets(count, IDLE_BUFFER).await?;
                let after = self.resident()?;
                drop(idle);
                after
            }
            Running::Nostr(stage) => {
                let idle = stage.sockets(count, IDLE_BUFFER).await?;
                let after = self.resident()?;
                drop(idle);
                after
            }
            Running::Nats(stage) => {
                let idle = stage.sockets(count).await?;
                let after = self.resident()?;
                drop(idle);
                after
            }
        };
        Ok(after.saturating_sub(before) as f64 / count as f64)
    }

    fn resident(&self) -> Result<u64, Problem> {
        let watched = match self {
            Running::Dispatch(stage) => stage.watched(),
            Running::Nostr(stage) => stage.watched(),
            Running::Nats(stage) => stage.watched(),
        };
        let watched = watched.ok_or_else(|| Problem::new("a server that is not watched"))?;
        Watched::resident(watched)
    }
}
