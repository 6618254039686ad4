//! A load against the ceiling program: as many authors, messages and sockets as against the reference.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use dispatch_protocol::key::KeyPair;
use rand::Rng as _;
use tokio_tungstenite::tungstenite::Message;

use super::SERVE;
use super::wire::{self, STATEMENT, Submitted};
use crate::keys;
use crate::load::hearing::Heard;
use crate::load::limit::{self, Signed};
use crate::load::server::Process;
use crate::load::stage::{Outcome, WITHIN};
use crate::load::target::{BUFFER, Socket, Target};
use crate::load::usage::Watched;
use crate::load::{Load, Participants, Problem, drive};

/// How many signed statements the limit is measured by.
const KEPT: usize = 500;

/// The program under load.
pub struct Stage {
    keys: Vec<Arc<KeyPair>>,
    watched: Option<Watched>,
    _process: Option<Process>,
    _folder: Option<tempfile::TempDir>,
    target: Target,
    /// The number that the next message gets.
    next: u64,
}

impl Stage {
    /// Starts the program as a process of its own, with so many authors.
    ///
    /// # Errors
    /// A program that does not come up.
    pub fn open(authors: usize) -> Result<Stage, Problem> {
        let folder = tempfile::tempdir().map_err(Problem::at("no temporary folder"))?;
        let keys: Vec<_> = keys::make(authors).into_iter().map(Arc::new).collect();
        for (place, key) in keys.iter().enumerate() {
            let path = folder.path().join(place.to_string());
            fs::write(&path, key.public().der()).map_err(Problem::at(path.display()))?;
        }
        let own = std::env::current_exe().map_err(Problem::at("this program's own path"))?;
        let mut command = Command::new(own);
        command.arg(SERVE).arg(folder.path());
        let (process, line) = Process::start(command, "serving ")?;
        let address = line.trim().trim_start_matches("serving ");
        let mut stage = Stage::within(Target::at(&format!("http://{address}"))?, keys);
        stage.watched = Some(process.watched());
        stage._process = Some(process);
        stage._folder = Some(folder);
        Ok(stage)
    }

    /// The same on a program within this process, which has accepted nothing yet.
    pub fn within(target: Target, keys: Vec<Arc<KeyPair>>) -> Stage {
        Stage {
            keys,
            watched: None,
            _process: None,
            _folder: None,
            target,
            next: 0,
        }
    }

    /// Runs a load. `senders_read` says whether senders are sent everybody's messages, as members are.
    ///
    /// # Errors
    /// As [`drive`].
    pub async fn run(&mut self, load: Load, senders_read: bool) -> Result<Outcome, Problem> {
        let keys = &self.keys[..load.senders.min(self.keys.len())];
        let (messages, signed) = tokio::task::block_in_place(|| write(keys, load.messages))?;
        let path = if senders_read { "/all" } else { "/own" };
        let mut senders = Vec::new();
        for messages in messages {
            senders.push((self.target.open(path, BUFFER).await?, messages));
        }
        let mut subscribers: Vec<Socket> = Vec::new();
        for _ in 0..load.subscribers {
            subscribers.push(self.target.open("/all", BUFFER).await?);
        }
        let end = self.next + load.messages as u64;
        let participants = Participants {
            senders,
            subscribers,
            hear,
            numbers: self.next..end,
            ordered: true,
            senders_read,
        };
        let before = limit::verification_us(&signed)?;
        let measured = drive(participants, load.pace, self.watched, WITHIN).await?;
        let after = limit::verification_us(&signed)?;
        self.next = end;
        let verification_us = f64::midpoint(before, after);
        let spent = measured.server_us_per_accepted;
        Ok(Outcome {
            load,
            plaintext: STATEMENT,
            verification_us,
            in_verifications: spent.map(|spent| spent / verification_us),
            measured,
        })
    }
}

fn hear(message: &Message) -> Heard {
    match message {
        Message::Binary(bytes) => wire::hear(bytes),
        Message::Close(_) => Heard::Wrong("the ceiling closed a socket".to_owned()),
        _ => Heard::Other,
    }
}

/// Makes so many messages, as evenly as it goes by all authors, in as many threads as there are cores.
fn write(keys: &[Arc<KeyPair>], count: usize) -> Result<(Vec<Vec<Message>>, Vec<Signed>), Problem> {
    let mut plan = Vec::with_capacity(count);
    for author in 0..keys.len() {
        let own = count / keys.len() + usize::from(author < count % keys.len());
        plan.extend((0..own).map(|place| (author, place)));
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let made: Result<Vec<_>, Problem> = thread::scope(|scope| {
        let pieces = plan.chunks(count.div_ceil(threads).max(1));
        let work = |piece: &[(usize, usize)]| -> Vec<(usize, Bytes)> {
            let letters = piece.iter().map(|(author, place)| {
                let statement = statement();
                let signature = keys[*author].sign(&statement);
                let bytes = Submitted::write(*place as u64, *author as u16, &signature, &statement);
                (*author, bytes)
            });
            letters.collect()
        };
        let threads: Vec<_> = pieces
            .map(|piece| scope.spawn(move || work(piece)))
            .collect();
        let ended = threads.into_iter().map(|thread| {
            let ended = thread.join();
            ended.map_err(|_| Problem::new("a signing thread panicked"))
        });
        ended.collect()
    });
    let mut messages: Vec<Vec<Message>> = keys.iter().map(|_| Vec::new()).collect();
    let mut signed = Vec::new();
    let step = count.div_ceil(KEPT).max(1);
    for (number, (author, bytes)) in made?.into_iter().flatten().enumerate() {
        if number % step == 0
            && let Some(letter) = Submitted::read(bytes.clone())
        {
            signed.push(Signed {
                key: keys[author].public().clone(),
                statement: letter.statement().to_vec(),
                signature: letter.signature().into(),
            });
        }
        messages[author].push(Message::Binary(bytes));
    }
    Ok((messages, signed))
}

/// Something that nobody has signed before.
fn statement() -> [u8; STATEMENT] {
    let mut statement = [0; STATEMENT];
    rand::rng().fill_bytes(&mut statement[..32]);
    statement
}
