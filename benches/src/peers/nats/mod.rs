//! NATS: a server of messages without signatures. By itself it keeps nothing and delivers to who is there; with JetStream
//! it writes a stream to a file, and acknowledges what it has written, before it is on the disk.

mod hearing;
mod wire;

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::Map;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_util::codec::Framed;

use self::hearing::Ear;
use self::wire::{CONNECT, Codec, Operation, PING, publish, subscribe};
use super::numbers::{Place, text_with};
use crate::load::hearing::Heard;
use crate::load::server::Process;
use crate::load::target::{BUFFER, Target};
use crate::load::usage::Watched;
use crate::load::{Load, Measured, Participants, Problem, drive};

/// The subject of a load's messages.
const SUBJECT: &str = "load";

/// The stream that keeps them.
const STREAM: &str = r#"{"name":"load","subjects":["load"],"storage":"file","num_replicas":1}"#;

/// How long an answer may take when nothing else is under way.
const SOON: Duration = Duration::from_secs(10);

/// What a server keeps of what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing: core NATS.
    Nothing,
    /// A stream in a file: JetStream.
    Stream,
}

/// A server under load.
pub struct Stage {
    keeping: Keeping,
    target: Target,
    process: Option<Process>,
    _folder: Option<tempfile::TempDir>,
}

type Connection = Framed<TcpStream, Codec>;

/// A connection that tells what its operations mean to a load.
pub type Socket =
    Map<Connection, Box<dyn FnMut(io::Result<Operation>) -> io::Result<Heard> + Send>>;

impl Stage {
    /// Starts a server of its own, with an empty stream if it keeps one.
    ///
    /// # Errors
    /// A server that does not come up, or makes no stream.
    pub async fn open(program: &Path, keeping: Keeping) -> Result<Stage, Problem> {
        let folder = tempfile::tempdir().map_err(Problem::at("no temporary folder"))?;
        let path = folder.path().join("nats.conf");
        let text = configuration(keeping, folder.path());
        fs::write(&path, text).map_err(Problem::at(path.display()))?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&path);
        let words = "Listening for client connections on ";
        let (process, line) = Process::start(command, words)?;
        let address = line.split_once(words).map_or("", |(_, address)| address);
        let stage = Stage {
            keeping,
            target: Target::at(&format!("http://{}", address.trim()))?,
            process: Some(process),
            _folder: Some(folder),
        };
        stage.begin().await
    }

    /// The same on a server that runs already and is not watched.
    ///
    /// # Errors
    /// A server that is not there, or makes no stream.
    pub async fn within(target: Target, keeping: Keeping) -> Result<Stage, Problem> {
        let stage = Stage {
            keeping,
            target,
            process: None,
            _folder: None,
        };
        stage.begin().await
    }

    async fn begin(self) -> Result<Stage, Problem> {
        if self.keeping == Keeping::Stream {
            let making = tokio::time::timeout(SOON, self.make_stream()).await;
            making.map_err(Problem::at("JetStream makes no stream"))??;
        }
        Ok(self)
    }

    /// The server's process, if it is known.
    pub fn watched(&self) -> Option<Watched> {
        self.process.as_ref().map(Process::watched)
    }

    /// Runs a load, whose messages have so many bytes.
    ///
    /// # Errors
    /// As [`drive`].
    pub async fn run(
        &self,
        load: &Load,
        bytes: usize,
        within: Duration,
    ) -> Result<Measured, Problem> {
        let mut senders = Vec::new();
        for place in Place::all(load) {
            let inbox = format!("_INBOX.{}.*", place.sender);
            let socket = self.socket(&inbox, place).await?;
            let messages = (0..place.share(load.messages)).map(|reference| {
                let text = text_with(place.number(reference), bytes);
                self.message(place, reference, text.as_bytes())
            });
            senders.push((socket, messages.collect()));
        }
        let participants = Participants {
            senders,
            subscribers: self.sockets(load.subscribers).await?,
            hear: Heard::clone,
            numbers: 0..load.messages as u64,
            ordered: false,
            senders_read: false,
        };
        drive(participants, load.pace, self.watched(), within).await
    }

    /// So many connections that are sent every message.
    ///
    /// # Errors
    /// A server that is not there.
    pub async fn sockets(&self, count: usize) -> Result<Vec<Socket>, Problem> {
        // A reader acknowledges nothing: its place is nobody's.
        let nobody = Place {
            sender: 0,
            senders: 1,
        };
        let mut sockets = Vec::new();
        for _ in 0..count {
            sockets.push(self.socket(SUBJECT, nobody).await?);
        }
        Ok(sockets)
    }

    fn message(&self, place: Place, reference: u64, payload: &[u8]) -> Bytes {
        match self.keeping {
            Keeping::Stream => {
                let reply = format!("_INBOX.{}.{reference}", place.sender);
                publish(SUBJECT, Some(&reply), payload)
            }
            Keeping::Nothing => {
                let message = publish(SUBJECT, None, payload);
                [&message, PING].concat().into()
            }
        }
    }

    /// A connection that subscribes to a subject, and says what it hears.
    async fn socket(&self, subject: &str, place: Place) -> Result<Socket, Problem> {
        let connecting = tokio::time::timeout(SOON, self.connect(subject)).await;
        let connection = connecting.map_err(Problem::at("no answer to SUB"))??;
        let mut ear = Ear::new(place, self.keeping);
        Ok(connection.map(Box::new(move |operation| ear.hear(operation))))
    }

    async fn connect(&self, subject: &str) -> Result<Connection, Problem> {
        let stream = self.target.connect().await?;
        let mut connection = Framed::with_capacity(stream, Codec, BUFFER);
        let hello = [CONNECT, &subscribe(subject, 1), PING].concat();
        say(&mut connection, hello.into()).await?;
        // Everything before the PING was taken in, the subscription, too.
        while next(&mut connection).await? != Operation::Pong {}
        Ok(connection)
    }

    async fn make_stream(&self) -> Result<(), Problem> {
        let mut connection = self.connect("_INBOX.stream").await?;
        let create = "$JS.API.STREAM.CREATE.load";
        let asked = publish(create, Some("_INBOX.stream"), STREAM.as_bytes());
        say(&mut connection, asked).await?;
        loop {
            if let Operation::Message(answer) = next(&mut connection).await? {
                let answer = String::from_utf8_lossy(answer.payload()).into_owned();
                return match answer.contains(r#""did_create":true"#) {
                    true => Ok(()),
                    false => Err(Problem::new(format!("JetStream made no stream: {answer}"))),
                };
            }
        }
    }
}

async fn say(connection: &mut Connection, bytes: Bytes) -> Result<(), Problem> {
    let said = connection.send(bytes).await;
    said.map_err(Problem::at("NATS could not be asked"))
}

async fn next(connection: &mut Connection) -> Result<Operation, Problem> {
    match connection.next().await {
        Some(Ok(Operation::Error(words))) => Err(Problem::new(format!("NATS refuses: {words}"))),
        Some(Ok(operation)) => Ok(operation),
        Some(Err(error)) => Err(Problem::new(format!("a socket to NATS failed: {error}"))),
        None => Err(Problem::new("NATS hung up")),
    }
}

/// Everything else is as the server has it by default.
fn configuration(keeping: Keeping, folder: &Path) -> String {
    let mut text = "listen: \"127.0.0.1:-1\"\nping_interval: \"10m\"\n".to_owned();
    if keeping == Keeping::Stream {
        text += &format!("jetstream {{ store_dir: \"{}\" }}\n", folder.display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_keeps_a_stream_is_given_a_folder() {
        let folder = Path::new("/tmp/here");
        let text = configuration(Keeping::Stream, folder);
        assert!(text.ends_with("jetstream { store_dir: \"/tmp/here\" }\n"));
        assert!(!configuration(Keeping::Nothing, folder).contains("jetstream"));
    }
}
