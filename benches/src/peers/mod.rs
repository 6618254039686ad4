//! What a user would pick instead, measured beside the reference server in one run: the same loads by the same drivers, the
//! servers in turn. A peer that is not installed is told, and so is one that fails; neither ends the run.

mod column;
pub mod nats;
pub mod nostr;
mod numbers;
pub mod program;
mod report;
mod server;

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use self::program::{NATS, NOSTR, Program};
use crate::goals::room;
use crate::load::{Load, Pace, Problem};

pub use column::{Column, Of, Taken};
pub use report::Report;
pub use server::{Running, Server};

/// How many idle connections are held.
const IDLE: usize = 1000;

/// How often the servers take turns where a goal is set on the ratio. Odd, so that one is in the middle.
const TURNS: usize = 3;

/// Where the peers' programs are. None: to be looked for.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// nostr-rs-relay's.
    pub nostr: Option<PathBuf>,
    /// nats-server's.
    pub nats: Option<PathBuf>,
}

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Eight connections, each by a window.
    Eight,
    /// One connection by a window.
    One,
    /// Eight connections by a window, and 50 subscribers.
    FanOut,
    /// 300 messages a second in all, and 50 subscribers.
    Calm,
    /// One message after the other.
    Alone,
}

impl Kind {
    /// All, in the order in which they are run.
    pub const ALL: [Kind; 5] = [
        Kind::Eight,
        Kind::One,
        Kind::FanOut,
        Kind::Calm,
        Kind::Alone,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Eight => "8 connections, window 64",
            Kind::One => "1 connection, window 64",
            Kind::FanOut => "50 subscribers",
            Kind::Calm => "300/s, 50 subscribers",
            Kind::Alone => "one message at a time",
        }
    }

    /// How often the servers take turns at it.
    pub fn turns(self) -> usize {
        match self {
            Kind::Eight | Kind::FanOut => TURNS,
            Kind::One | Kind::Calm | Kind::Alone => 1,
        }
    }

    /// The load. Only the number of messages differs by the server, so that each is busy for a second or so.
    pub fn load(self, server: Server) -> Load {
        let (senders, subscribers, pace) = match self {
            Kind::Eight => (8, 0, Pace::Window(64)),
            Kind::One => (1, 0, Pace::Window(64)),
            Kind::FanOut => (8, 50, Pace::Window(64)),
            Kind::Calm => (8, 50, Pace::PerSecond(300.0)),
            Kind::Alone => (1, 0, Pace::Window(1)),
        };
        let messages = match (self, server) {
            (Kind::Calm, _) => 1500,
            (Kind::Alone, _) => 500,
            (_, Server::Nostr) => 3000,
            (Kind::FanOut, _) => 10_000,
            (_, Server::Dispatch) => 8000,
            (_, Server::JetStream | Server::CoreNats) => 60_000,
        };
        Load {
            senders,
            subscribers,
            messages,
            pace,
        }
    }
}

/// Runs every load on every server that is installed. `tell` is told what is under way. Takes some two minutes.
///
/// # Errors
/// A program that was given and is none; the reference server, if it does not come up or loses a message.
pub async fn measure(given: &Given, mut tell: impl FnMut(&str)) -> Result<Report, Problem> {
    let search = env::var_os("PATH");
    let nostr = NOSTR
        .find(given.nostr.as_deref(), search.as_deref())
        .await?;
    let nats = NATS.find(given.nats.as_deref(), search.as_deref()).await?;
    // Servers inherit the limit of open files.
    let count = room().min(IDLE);
    let mut columns = Server::ALL.map(|server| column(server, &nostr, &nats));
    for kind in Kind::ALL {
        for turn in 1..=kind.turns() {
            for (column, path) in &mut columns {
                let Some(path) = path else { continue };
                let server = column.server.name();
                let of = kind.turns();
                tell(&format!("{}, turn {turn} of {of}: {server}", kind.name()));
                let taken = run(column.server, path, kind).await;
                column.note(kind, taken)?;
            }
        }
    }
    for (column, path) in &mut columns {
        let Some(path) = path else { continue };
        let server = column.server;
        tell(&format!("{count} idle connections: {}", server.name()));
        let idle = idle(server, path, count).await;
        column.note_idle(idle)?;
    }
    Ok(Report {
        columns: columns.map(|(column, _)| column),
        idle: count,
    })
}

/// A server's column, and its program if it is to be run.
fn column(
    server: Server,
    nostr: &Result<Program, String>,
    nats: &Result<Program, String>,
) -> (Column, Option<PathBuf>) {
    let program = match server {
        Server::Dispatch => Ok(Program {
            // It is this program itself.
            path: PathBuf::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }),
        Server::Nostr => nostr.clone(),
        Server::JetStream | Server::CoreNats => nats.clone(),
    };
    let path = program.as_ref().ok().map(|program| program.path.clone());
    let column = Column {
        server,
        version: program.map(|program| program.version),
        taken: BTreeMap::new(),
        idle: None,
        failed: Vec::new(),
    };
    (column, path)
}

async fn run(server: Server, program: &Path, kind: Kind) -> Result<Taken, Problem> {
    let load = kind.load(server);
    let mut running = Running::start(server, program, load.senders).await?;
    Ok(Taken::of(&running.run(load).await?))
}

async fn idle(server: Server, program: &Path, count: usize) -> Result<f64, Problem> {
    Running::start(server, program, 1).await?.idle(count).await
}
