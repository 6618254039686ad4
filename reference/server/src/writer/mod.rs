//! The ledger's one writer, a thread of its own. It takes verified entries in batches, judges each by the chain as it then
//! is, makes the batch durable with one commit, and only then answers and publishes. While a commit is under way the next
//! batch gathers: so commits grow with the load, and without load nothing waits.
//!
//! It owns the state and the store's writing handle. A crash between two lines leaves a batch in the store whole or not
//! at all; what was not answered is offered again by its author and found there, or not (ENTRY-5).

mod batch;
mod end;
mod follow;
pub(crate) mod intake;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{Block, Digest, Linked, State};
use dispatch_protocol::checkpoint::{Checkpoint, Description};
use dispatch_protocol::entry::Body;
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::limits::Limits;
use tokio::sync::{oneshot, watch};

pub(crate) use follow::Followed;
use intake::{Intake, Work};
use trouble::Trouble;

use crate::allowlist::Listed;
use crate::checkpointer;
use crate::feed::{Feed, Frames};
use crate::ledger::{Batch, Ledger, StoreError};
use crate::lobby::Lobby;
use crate::metrics::Metrics;
use crate::opening::{self, Care};

/// After a commit that failed, entries are refused for so long before another is tried.
pub(crate) const RECOVERY: Duration = Duration::from_secs(1);

/// How often a sweep is tried again that a reader was in the way of.
const SWEEP: Duration = Duration::from_millis(200);

/// After so long the log says that a sweep is held up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A sweep that is due.
pub(crate) struct Sweep {
    since: Instant,
    tried: Option<Instant>,
    told: bool,
}

impl Default for Sweep {
    fn default() -> Sweep {
        Sweep {
            since: Instant::now(),
            tried: None,
            told: false,
        }
    }
}

/// Something for the writer to do that is no client's entry.
pub(crate) enum Command {
    /// Let the roster follow the allowlist.
    Follow(Vec<Listed>, oneshot::Sender<Result<Followed, String>>),
    /// Keep a checkpoint, and say which one is kept then. Nothing is said if none could be.
    Keep(Checkpoint, oneshot::Sender<Checkpoint>),
    /// Look whether others have appended or covered something, and say when that is published. Nothing is said if it is not
    /// known.
    Look(oneshot::Sender<()>),
    /// Say whether nothing of a redacted ciphertext is left in the journal.
    IsSwept(oneshot::Sender<bool>),
}

/// The end of the chain as it is durable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tip {
    /// What a checkpoint of it says.
    pub(crate) description: Description,
    /// The time of its last block.
    pub(crate) time: u64,
}

impl Tip {
    pub(crate) fn of(state: &State) -> Tip {
        Tip {
            description: state.description(),
            time: state.time(),
        }
    }
}

/// What the writer works with.
pub(crate) struct Writer {
    /// Shared with the lobby, which asks it for the prefixes of what is durable. The lock is held while a batch is
    /// judged, never during a commit.
    pub(crate) state: Arc<RwLock<State>>,
    pub(crate) ledger: Box<dyn Ledger>,
    pub(crate) authority: Option<Arc<KeyPair>>,
    pub(crate) limits: Limits,
    pub(crate) intake: Arc<Intake>,
    pub(crate) lobby: Arc<Lobby>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) tip: watch::Sender<Tip>,
    /// Whether the state may not be the store's.
    pub(crate) stale: bool,
    /// When a commit failed last, until one works again. Told to others by `healthy`.
    pub(crate) trouble: Option<Trouble>,
    /// How long entries are refused after a commit that failed: [`RECOVERY`].
    pub(crate) recovery: Duration,
    pub(crate) healthy: Arc<AtomicBool>,
    pub(crate) metrics: Arc<Metrics>,
    /// What redactions left in the journal, if anything.
    pub(crate) sweep: Option<Sweep>,
}

impl Writer {
    /// Works until the intake is closed and empty; returns itself, so that the last checkpoint can be kept.
    pub(crate) fn run(mut self) -> Writer {
        let intake = self.intake.clone();
        loop {
            match intake.next((self.sweep.is_some() || self.trouble.is_some()).then_some(SWEEP)) {
                Work::Batch(batch) => self.take(batch),
                Work::Command(Command::Follow(listed, done)) => {
                    let _ = done.send(self.follow(&listed));
                }
                Work::Command(Command::Keep(checkpoint, done)) => {
                    if let Some(kept) = self.keep(&checkpoint) {
                        let _ = done.send(kept);
                    }
                }
                Work::Command(Command::Look(done)) => {
                    // All who wait by now are answered by one question.
                    let others = intake.looks();
                    self.look_whole();
                    if self.trouble.is_none() {
                        for done in std::iter::once(done).chain(others) {
                            let _ = done.send(());
                        }
                    }
                }
                Work::Look => self.look(),
                Work::Command(Command::IsSwept(done)) => {
                    let _ = done.send(self.sweep.is_none());
                }
                Work::Nothing => self.probe(),
                Work::Done => return self,
            }
            self.sweep();
        }
    }

    /// Signs and keeps the last checkpoint, when nobody is served any more. // [CHECK-3]
    ///
    /// # Errors
    /// If it cannot be kept.
    pub(crate) fn conclude(&mut self, before: u64, server_key: &KeyPair) -> Result<(), StoreError> {
        let kept = self.ledger.shelf().checkpoint()?;
        let tip = *self.tip.borrow();
        let (mut size, mut before) =
            kept.map_or((0, before), |kept| (kept.size, kept.time.max(before)));
        while size < tip.description.size {
            let kept = self
                .ledger
                .keep(&checkpointer::sign(tip, before, server_key))?;
            (size, before) = (kept.size, kept.time);
        }
        self.ledger.sweep().map(drop)
    }

    /// Keeps a checkpoint; gives the one that is kept then, all of whose blocks are published.
    fn keep(&mut self, checkpoint: &Checkpoint) -> Option<Checkpoint> {
        // Each failure puts the next probe off, and a checkpoint comes more often than one is due; and a state that may not
        // be the store's cannot catch up.
        self.probe();
        if self.trouble.is_some() {
            return None;
        }
        let kept = self.ledger.keep(checkpoint).and_then(|kept| {
            // Another process has covered what it appended meanwhile. // [CHECK-5]
            if kept.size > self.read().size() {
                self.catch_up(kept.size)?;
            }
            Ok(kept)
        });
        kept.inspect_err(|problem| self.meet(problem, "a checkpoint could not be kept"))
            .ok()
    }

    /// Makes blocks durable that the state has taken in, and publishes them. // [SYNC-3], [SUB-2]
    fn commit(
        &mut self,
        staged: Vec<Linked>,
        applied: Option<&BTreeSet<Id>>,
    ) -> Result<(), StoreError> {
        if staged.is_empty() && applied.is_none() {
            self.ledger.release();
            return Ok(());
        }
        let digest =
            |linked: &Linked| Digest::of(linked).map(|digest| (linked.block().index, digest));
        let digests: Vec<(u64, Digest)> = staged.iter().filter_map(digest).collect();
        let blocks: Vec<Block> = staged.into_iter().map(Linked::into_block).collect();
        let redacted = redacted_by(&blocks);
        let begun = Instant::now();
        if let Err(problem) = self.ledger.append(&Batch {
            blocks: &blocks,
            digests: &digests,
            redacted: &redacted,
            applied,
        }) {
            self.meet(&problem, "a batch could not be made durable");
            self.recover();
            return Err(problem);
        }
        self.metrics.committed(blocks.len(), begun.elapsed());
        self.trouble_is_over();
        self.publish(blocks, &redacted);
        Ok(())
    }

    fn publish(&mut self, mut blocks: Vec<Block>, redacted: &[u64]) {
        let Some(first) = blocks.first().map(|block| block.index) else {
            return;
        };
        let hidden: HashSet<u64> = redacted.iter().copied().collect();
        let mut frames = Frames::new(first);
        for block in &mut blocks {
            self.metrics.appended(block.entry.kind());
            if let Body::Message(message) = &mut block.entry.body
                && hidden.contains(&block.index)
            {
                message.ciphertext = None; // [RED-4]
            }
        }
        // [SESS-6] A frame ends where accounts are removed, so that it is a removed account's last.
        for blocks in blocks.split_inclusive(removes) {
            frames.push_all(blocks.iter());
            frames.close();
        }
        let tip = Tip::of(&self.read());
        // [SESS-5], [SESS-6] Sessions end before anybody can read past the block that ends them.
        self.lobby.append(&blocks, &tip.description);
        self.feed.publish(frames.finish(), redacted);
        self.lobby.redact(redacted);
        self.tip.send_replace(tip);
        if !redacted.is_empty() {
            self.sweep.get_or_insert_default();
        }
    }

    /// Reads the state again from the store, after a batch that may or may not be there.
    fn recover(&mut self) {
        self.stale = true;
        match self.read_again() {
            Ok((state, missed)) => {
                *self.write() = state;
                self.stale = false;
                let redacted = redacted_by(&missed);
                self.publish(missed, &redacted);
                tracing::debug!(
                    blocks = self.read().size(),
                    "the state was read again from the store"
                );
            }
            Err(problem) => {
                self.meet(&problem, "the store cannot be read");
            }
        }
    }

    /// The chain as the store has it, and those of its blocks that were not published.
    fn read_again(&mut self) -> Result<(State, Vec<Block>), StoreError> {
        // The end is not given before a commit whose answer was lost has come to something.
        self.ledger.take()?;
        self.ledger.release();
        let shelf = self.ledger.shelf();
        let state = opening::load(shelf, Care::Again, &mut |_| {})?;
        let published = self.tip.borrow().description;
        if state.prefix_head(published.size) != Some(published.head) {
            return Err(self.other_chain(state.size()));
        }
        let missed = shelf.blocks(published.size..state.size(), usize::MAX)?;
        Ok((state, missed))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what redactions left in the journal; tried again now and then while a reader is in the way.
    fn sweep(&mut self) {
        let Some(due) = &mut self.sweep else { return };
        if due.tried.is_some_and(|tried| tried.elapsed() < SWEEP) {
            return;
        }
        due.tried = Some(Instant::now());
        match self.ledger.sweep() {
            Ok(true) => self.sweep = None,
            Ok(false) if due.since.elapsed() < PATIENCE || due.told => {}
            Ok(false) => {
                due.told = true;
                tracing::warn!(
                    "another program reads the store all the time; redacted ciphertexts stay in its journal until it stops"
                );
            }
            Err(problem) if due.told => tracing::debug!(%problem, "a sweep failed"),
            Err(problem) => {
                due.told = true;
                tracing::warn!(%problem, "redacted ciphertexts still stand in the journal; it is tried again");
            }
        }
    }
}

/// Whether a block removes accounts.
fn removes(block: &Block) -> bool {
    matches!(&block.entry.body, Body::Roster(roster) if !roster.remove.is_empty())
}

/// The messages that these blocks redact.
fn redacted_by(blocks: &[Block]) -> Vec<u64> {
    let index = |block: &Block| match &block.entry.body {
        Body::Redaction(redaction) => Some(redaction.index),
        _ => None,
    };
    blocks.iter().filter_map(index).collect()
}
