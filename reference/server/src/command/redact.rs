//! `dispatchd redact`: signs redactions by the authority's key and hands them to the server that runs, or appends them
//! itself where none does. Either way the chain's own rules judge them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{Admission, Block, State};
use dispatch_protocol::entry::{Body, Draft, Entry, Prefix, Redaction};
use dispatch_protocol::key::{KeyPair, PublicKey};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::Refusal;
use owo_colors::OwoColorize as _;

use super::RedactArguments;
use crate::config::file_in;
use crate::error::Error;
use crate::ledger::{self, Batch, Shelf, StoreError, digests_of};
use crate::opening::{Opened, cover};
use crate::{Config, clock, control, key_file, opening};

/// The most bytes of a reason: the body of a redaction says so.
const REASON: usize = 512;

/// How long a server that is starting or stopping is waited for.
const BETWEEN: Duration = Duration::from_secs(5);

/// How often, and how far apart, a store that others read is swept.
const SWEEPS: (u32, Duration) = (50, Duration::from_millis(100));

/// How often an entry is signed anew because somebody else has written by the authority's key meanwhile.
#[cfg(unix)]
const RACES: usize = 100;

pub(super) fn run(arguments: &RedactArguments) -> Result<ExitCode, Error> {
    let config = Config::load(&arguments.config)?;
    if arguments.reason.len() > REASON {
        return Err(Error::configuration(format!(
            "the reason has {} bytes; it may have {REASON}",
            arguments.reason.len()
        )));
    }
    let key = arguments.key.clone().or(config.authority_key.clone());
    let key = key.ok_or_else(|| {
        let hint = "no authority_key is configured, and a redaction is signed by it; name its file with --key";
        Error::file(&file_in(&arguments.config), hint)
    })?;
    let task = Task {
        authority: key_file::read(&key)?,
        messages: arguments.indices.iter().copied().collect(),
        reason: &arguments.reason,
        shelf: ledger::shelf(&config)?,
    };
    task.check(&config, &key)?;
    // The server may be starting or stopping: then it has the store, and no socket.
    let until = Instant::now() + BETWEEN;
    loop {
        #[cfg(unix)]
        if config.database.is_none()
            && let Some(caller) = control::Caller::dial(&config.store)?
        {
            return task.through(caller, &config.store);
        }
        match Opened::open(&alone(&config, &key)) {
            Ok(opened) => return task.alone(opened, &config.store, &config.limits),
            Err(Error::Store(StoreError::InUse(_))) => {
                if Instant::now() >= until || !control_fits(&config.store) {
                    let path = control::path_of(&config.store);
                    return Err(Error::configuration(format!(
                        "{}: the store is in use, and nobody listens on {}; the server's log says why, or stop it first",
                        config.store.display(),
                        path.display()
                    )));
                }
                std::thread::sleep(SWEEPS.1);
            }
            Err(problem) => return Err(problem),
        }
    }
}

/// What the store is opened with: this key, and no allowlist, which is the server's to follow.
fn alone(config: &Config, key: &Path) -> Config {
    Config {
        authority_key: Some(key.to_owned()),
        allowlist: None,
        ..config.clone()
    }
}

#[cfg(unix)]
fn control_fits(store: &Path) -> bool {
    control::fits(&control::path_of(store))
}

#[cfg(not(unix))]
fn control_fits(_: &Path) -> bool {
    false
}

struct Task<'a> {
    authority: KeyPair,
    messages: BTreeSet<u64>,
    reason: &'a str,
    shelf: Arc<dyn Shelf>,
}

impl Task<'_> {
    /// Looks at everything that can be refused before anything is signed.
    fn check(&self, config: &Config, key: &Path) -> Result<(), Error> {
        let genesis = self.block(0)?;
        let authority = genesis
            .as_ref()
            .and_then(|genesis| match &genesis.entry.body {
                Body::Genesis(body) => PublicKey::parse(&body.authority).ok(),
                _ => None,
            });
        let (Some(genesis), Some(authority)) = (genesis, authority) else {
            return Err(Error::Store(StoreError::Damaged {
                path: self.shelf.place().to_owned(),
                index: Some(0),
                what: "there is no genesis in it".to_owned(),
            }));
        };
        let found = Id::from(genesis.hash());
        if let Some(expected) = config.community.filter(|expected| *expected != found) {
            return Err(Error::Store(StoreError::Foreign {
                path: self.shelf.place().to_owned(),
                expected,
                found,
            }));
        }
        if *self.authority.public() != authority {
            let problem = "this is not the key of the community's authority";
            return Err(Error::file(key, problem));
        }
        let size = self.shelf.size()?;
        let mut problems = Vec::new();
        for &index in &self.messages {
            match self.block(index)? {
                None => problems.push(format!(
                    "there is no block {index}: the chain has {size}, the last being {}",
                    size.saturating_sub(1)
                )),
                Some(block) => match block.entry.body {
                    Body::Message(message) if message.ciphertext.is_some() => {}
                    Body::Message(_) => problems.push(format!("block {index} is redacted already")),
                    body => problems.push(format!(
                        "block {index} holds no message, but a {}",
                        body.kind().as_str()
                    )),
                },
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Error::configuration(format!(
                "{}; nothing was redacted",
                problems.join("; ")
            ))),
        }
    }

    fn block(&self, index: u64) -> Result<Option<Block>, Error> {
        let Some(after) = index
            .checked_add(1)
            .filter(|after| *after <= i64::MAX as u64)
        else {
            return Ok(None);
        };
        Ok(self.shelf.blocks(index..after, 0)?.pop())
    }

    fn sign(&self, message: u64, community: Id, seq: u64, seen: Prefix) -> Entry {
        let draft = Draft {
            community,
            author: self.authority.public().id(),
            seq,
            seen,
            sent_at: clock::now(),
            body: Body::Redaction(Redaction {
                index: message,
                reason: self.reason.to_owned(),
            }),
        };
        Entry::sign(draft, &self.authority)
    }

    /// By the server that runs.
    #[cfg(unix)]
    fn through(&self, mut caller: control::Caller, store: &Path) -> Result<ExitCode, Error> {
        let mut last = 0;
        for (place, &message) in self.messages.iter().enumerate() {
            last = self
                .hand_in(&mut caller, store, message)
                .map_err(|problem| self.partly(place, problem))?;
            tell(message, last);
        }
        let is_swept = caller.is_swept()?;
        Ok(conclude(
            store,
            last,
            is_swept,
            "",
            "the server tries again until that one stops",
        ))
    }

    /// Hands one redaction in; gives its block.
    #[cfg(unix)]
    fn hand_in(
        &self,
        caller: &mut control::Caller,
        store: &Path,
        message: u64,
    ) -> Result<u64, Error> {
        use control::Outcome;
        let other_store = || {
            let problem = "the server that listens beside this store holds another file open; start it again, and then redact";
            Error::file(store, problem)
        };
        for _ in 0..RACES {
            let standing = caller.standing()?;
            // What is signed is what this store holds, and not what somebody says.
            let end = self.block(standing.size.saturating_sub(1))?;
            if end.is_none_or(|end| end.hash() != standing.head) {
                return Err(other_store());
            }
            let seen = Prefix {
                size: standing.size,
                hash: standing.head,
            };
            let entry = self.sign(message, standing.community, standing.seq, seen);
            match caller.append(&entry)? {
                Outcome::Accepted(index) => {
                    let block = self.block(message)?;
                    let is_gone = block.is_some_and(|block| {
                        matches!(&block.entry.body, Body::Message(message) if message.ciphertext.is_none())
                    });
                    return is_gone.then_some(index).ok_or_else(other_store);
                }
                // [ENTRY-4], [ENTRY-8] Somebody else was faster: the roster that follows the allowlist, or the owner's client.
                Outcome::Refused(code, _) if code == "bad_seq" || code == "bad_seen" => {}
                Outcome::Refused(code, detail) => {
                    return Err(Error::Failed(format!(
                        "the server refuses ({code}): {detail}"
                    )));
                }
            }
        }
        Err(Error::Failed(
            "somebody else writes by the authority's key all the time; try again".to_owned(),
        ))
    }

    /// In the store itself, whose lock this process has: all of it in one commit, or nothing.
    fn alone(&self, opened: Opened, store: &Path, limits: &Limits) -> Result<ExitCode, Error> {
        let Opened {
            mut ledger,
            mut state,
            server_key,
            ..
        } = opened;
        // Where others write to it, too, what they have appended since comes first.
        let has_others = ledger.sole().is_none();
        if let Some(end) = ledger.take()? {
            opening::catch_up(ledger.shelf(), &mut state, end.size, &mut |_| {})?;
        }
        let blocks = self
            .messages
            .iter()
            .map(|&message| self.append(&mut state, message, limits))
            .collect::<Result<Vec<_>, _>>()?;
        let redacted: Vec<u64> = self.messages.iter().copied().collect();
        ledger.append(&Batch {
            blocks: &blocks,
            digests: &digests_of(&blocks),
            redacted: &redacted,
            applied: None,
        })?;
        for (message, block) in redacted.iter().zip(&blocks) {
            tell(*message, block.index);
        }
        // [CHECK-3] What is not covered yet is covered, as at a server's start.
        cover(&mut *ledger, &mut state, &server_key)?;
        let mut is_swept = ledger.sweep()?;
        for _ in 0..SWEEPS.0 {
            if is_swept {
                break;
            }
            std::thread::sleep(SWEEPS.1);
            is_swept = ledger.sweep()?;
        }
        let last = blocks.last().map_or(0, |block| block.index);
        Ok(conclude(
            store,
            last,
            is_swept,
            match has_others {
                true => "",
                false => " No server runs: members learn of it when it serves again.",
            },
            match has_others {
                true => "VACUUM the table dispatch_d.block when it has stopped",
                false => "the next `dispatchd serve` removes them",
            },
        ))
    }

    fn append(&self, state: &mut State, message: u64, limits: &Limits) -> Result<Block, Error> {
        let refused = |problem: Refusal| {
            Error::Failed(format!(
                "block {message} is not redacted: {}; nothing was changed",
                problem.detail
            ))
        };
        let seq = state.next_seq(&self.authority.public().id());
        let entry = self.sign(message, state.community(), seq, state.prefix());
        let verified = entry.verify(self.authority.public()).map_err(refused)?;
        let now = clock::now();
        match state.admit(verified, now, limits).map_err(refused)? {
            Admission::Append(admitted) => Ok(state.append(*admitted, now).into_block()),
            Admission::Repeat { .. } => Err(Error::Failed(
                "an entry that was just made stands in the chain already".to_owned(),
            )),
        }
    }

    /// A problem after some of several were done, which their lines have told.
    #[cfg(unix)]
    fn partly(&self, done: usize, problem: Error) -> Error {
        let open: Vec<String> = self
            .messages
            .iter()
            .skip(done)
            .map(u64::to_string)
            .collect();
        match self.messages.len() {
            1 => problem,
            _ => Error::Failed(format!("{problem}; not redacted: {}", open.join(", "))),
        }
    }
}

fn tell(message: u64, by: u64) {
    anstream::println!("redacted  block {message}, by block {by}");
}

/// The last words, and what they come to: a ciphertext that is still in a file is not gone.
fn conclude(store: &Path, last: u64, is_swept: bool, where_else: &str, later: &str) -> ExitCode {
    if !is_swept {
        anstream::eprintln!(
            "{} another program reads the store all the time, and keeps what was redacted in its journal; {later}",
            "dispatchd:".bold()
        );
        return ExitCode::from(1);
    }
    anstream::println!(
        "What they held is gone from the store.{where_else} Members' clients delete theirs when they read up to block {last}; whoever has read it has read it, and backups that were made before still hold it."
    );
    for copy in copies_of(store) {
        anstream::println!(
            "still    {} holds it, a copy from before a migration; remove it",
            copy.display()
        );
    }
    ExitCode::SUCCESS
}

/// What migrations kept beside a store.
fn copies_of(store: &Path) -> Vec<PathBuf> {
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    let begin = format!("{name}.schema-");
    let beside = std::fs::read_dir(store.parent().unwrap_or(Path::new(".")));
    let beside = beside.into_iter().flatten().flatten();
    let mut copies: Vec<_> = beside
        .filter(|file| file.file_name().to_string_lossy().starts_with(&begin))
        .map(|file| file.path())
        .collect();
    copies.sort();
    copies
}
