//! nostr-rs-relay: a server of signed events (NIP-01), kept in SQLite. It verifies each one's signature, and acknowledges it
//! when its transaction is committed.

mod event;

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use rand::Rng as _;
use secp256k1::Keypair;
use tokio_tungstenite::tungstenite::Message;

use self::event::{Event, Sent, hear, is_end_of_stored, request};
use super::numbers::{Place, text_with};
use crate::load::hearing::Heard;
use crate::load::server::Process;
use crate::load::target::{BUFFER, Socket, Target};
use crate::load::usage::Watched;
use crate::load::{Load, Measured, Participants, Problem, drive};

/// How long a subscription may take when nothing else is under way.
const SOON: Duration = Duration::from_secs(10);

/// A relay under load.
pub struct Stage {
    target: Target,
    process: Option<Process>,
    _folder: Option<tempfile::TempDir>,
}

impl Stage {
    /// Starts a relay of its own, with an empty store.
    ///
    /// # Errors
    /// A relay that does not come up.
    pub async fn open(program: &Path) -> Result<Stage, Problem> {
        let folder = tempfile::tempdir().map_err(Problem::at("no temporary folder"))?;
        let path = folder.path().join("relay.toml");
        let port = free_port().map_err(Problem::at("no free port"))?;
        let text = configuration(port);
        fs::write(&path, text).map_err(Problem::at(path.display()))?;
        let mut command = Command::new(program);
        command.arg("--config").arg(&path);
        command.arg("--db").arg(folder.path());
        // By default it tells errors alone: no line for each event.
        command.env_remove("RUST_LOG").current_dir(folder.path());
        let target = Target::at(&format!("http://127.0.0.1:{port}"))?;
        let process = Process::start_at(command, &target, folder.path()).await?;
        Ok(Stage {
            target,
            process: Some(process),
            _folder: Some(folder),
        })
    }

    /// The same on a relay that runs already and is not watched.
    pub fn within(target: Target) -> Stage {
        Stage {
            target,
            process: None,
            _folder: None,
        }
    }

    /// The relay's process, if it is known.
    pub fn watched(&self) -> Option<Watched> {
        self.process.as_ref().map(Process::watched)
    }

    /// Runs a load, whose events have so many bytes of content.
    ///
    /// # Errors
    /// As [`drive`].
    pub async fn run(
        &self,
        load: &Load,
        bytes: usize,
        within: Duration,
    ) -> Result<Measured, Problem> {
        let (messages, sent) = tokio::task::block_in_place(|| write(load, bytes))?;
        let sent = Arc::new(sent);
        let mut senders = Vec::new();
        for messages in messages {
            senders.push((self.target.open("/", BUFFER).await?, messages));
        }
        let participants = Participants {
            senders,
            subscribers: self.sockets(load.subscribers, BUFFER).await?,
            hear: move |message: &Message| match message {
                Message::Text(text) => hear(text, &sent),
                Message::Close(_) => Heard::Wrong("the relay closed a socket".to_owned()),
                _ => Heard::Other,
            },
            numbers: 0..load.messages as u64,
            ordered: false,
            senders_read: false,
        };
        drive(participants, load.pace, self.watched(), within).await
    }

    /// So many connections that are sent every event that comes.
    ///
    /// # Errors
    /// A relay that is not there, or takes no subscription.
    pub async fn sockets(&self, count: usize, buffer: usize) -> Result<Vec<Socket>, Problem> {
        let mut sockets = Vec::new();
        for _ in 0..count {
            let mut socket = self.target.open("/", buffer).await?;
            let subscribing = tokio::time::timeout(SOON, subscribe(&mut socket)).await;
            subscribing.map_err(Problem::at("no answer to REQ"))??;
            sockets.push(socket);
        }
        Ok(sockets)
    }
}

/// Subscribes, and waits until the relay says that it has delivered what it holds.
async fn subscribe(socket: &mut Socket) -> Result<(), Problem> {
    let asked = socket.send(Message::text(request())).await;
    asked.map_err(Problem::at("a relay could not be asked"))?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if is_end_of_stored(&text) => return Ok(()),
            Some(Ok(Message::Text(text))) => {
                return Err(Problem::new(format!("the relay answers REQ with {text}")));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(Problem::new(format!("a relay's socket: {error}"))),
            None => return Err(Problem::new("the relay hung up on a subscriber")),
        }
    }
}

/// Signs a load's events, each sender's by a key of its own.
fn write(load: &Load, bytes: usize) -> Result<(Vec<Vec<Message>>, Sent), Problem> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.map_or(0, |since| since.as_secs());
    let mut numbers = HashMap::new();
    let mut messages = Vec::new();
    for place in Place::all(load) {
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        let key = Keypair::from_secret_bytes(secret).map_err(Problem::at("a key"))?;
        let mut own = Vec::new();
        for reference in 0..place.share(load.messages) {
            let number = place.number(reference);
            let event = Event::sign(&key, now, text_with(number, bytes))?;
            own.push(Message::text(event.frame()?));
            numbers.insert(event.id, number);
        }
        messages.push(own);
    }
    let senders = load.senders as u64;
    Ok((messages, Sent { senders, numbers }))
}

/// A port that nobody listens at now. The relay takes a number alone; if another takes it first, the run says so.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Nothing is throttled and no reader lags behind its buffer; everything else is as the relay has it by default.
fn configuration(port: u16) -> String {
    format!(
        "[network]
address = \"127.0.0.1\"
port = {port}

[limits]
messages_per_sec = 0
subscriptions_per_min = 0
max_event_bytes = 1048576
broadcast_buffer = 131072
event_persist_buffer = 65536
"
    )
}
