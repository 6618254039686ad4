//! A store's chain becomes a state, and is judged on the way. A store that does not hold together is reported with the place,
//! and never mended.
//!
//! At a start the messages before the last blocks are taken by their digests, unread: the checkpoint that the server signed
//! covers their hashes. Whoever wants everything looked at runs `dispatchd verify`.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use dispatch_protocol::chain::{Block, Digest, State};
use dispatch_protocol::entry::{Body, Epoch, Share};
use dispatch_protocol::verdict::Finding;

use crate::ledger::{Shelf, StoreError};

/// How many blocks at the end are read whole and get their signatures verified again at each start.
pub(crate) const TAIL: u64 = 256;

/// How many digests are read at once.
const UNIT: u64 = 4096;

/// How much of the other blocks is read at once, in bytes.
const UNIT_BYTES: usize = 1 << 20;

/// How much is read before its signatures are verified, in bytes: some thousands of blocks, so that no core waits. As much
/// again is verified meanwhile, and as much may wait between the two.
const VERIFIED_BYTES: usize = 4 << 20;

/// What is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// Every hash, rule and signature of the last blocks; of those before, what is not a message, signatures excepted.
    Start,
    /// Every hash, rule and signature, and every digest.
    Full,
    /// No signature, and no message that has a digest: the store was good a moment ago.
    Again,
}

/// Reads the chain. `seen` is shown each good block that is read whole, in order: under [`Care::Full`] all of them, else at
/// least those that hold no message.
///
/// # Errors
/// [`StoreError::Damaged`] with the first block that is wrong, or what is missing at the end.
pub(crate) fn load(
    shelf: &dyn Shelf,
    care: Care,
    seen: &mut dyn FnMut(&Block),
) -> Result<State, StoreError> {
    let path = shelf.place();
    let damaged = |index: Option<u64>, what: String| StoreError::Damaged {
        path: path.to_owned(),
        index,
        what,
    };
    // Before the blocks: beside a running server the chain grows between two reads, and never shrinks.
    let checkpoint = shelf.checkpoint()?.ok_or_else(|| {
        damaged(
            None,
            "no checkpoint is kept in it, though there always is one".to_owned(),
        )
    })?;
    shelf.applied()?;
    let size = shelf.size()?;
    let verified_from = match care {
        Care::Start => size.saturating_sub(TAIL),
        Care::Full => 0,
        Care::Again => size,
    };
    let mut loading = Loading {
        shelf,
        path,
        state: None,
        seen,
    };
    if care != Care::Full {
        loading.recall(verified_from)?;
    }
    let digests = Digests {
        shelf,
        kept: (care == Care::Full).then(Vec::new),
        until: 0,
    };
    loading.verify(verified_from, digests)?;
    let state = loading.state;
    let state = state.ok_or_else(|| damaged(Some(0), "there is no block in it".to_owned()))?;
    if checkpoint.size > state.size() {
        let what = format!(
            "blocks are missing at the end: this server signed a checkpoint over {} blocks, and there are {}",
            checkpoint.size,
            state.size()
        );
        return Err(damaged(Some(state.size()), what));
    }
    state
        .check(&checkpoint)
        .map_err(|finding| damaged(None, format!("{} ({})", finding.detail, finding.verdict)))?;
    // [RED-8] Also behind the checkpoint.
    if let Some(index) = state.first_gap() {
        return Err(damaged(
            Some(index),
            "the message has no ciphertext, and no block redacts it".to_owned(),
        ));
    }
    Ok(state)
}

/// A chain on its way into a state.
struct Loading<'a> {
    shelf: &'a dyn Shelf,
    path: &'a Path,
    state: Option<State>,
    seen: &'a mut dyn FnMut(&Block),
}

impl Loading<'_> {
    /// The index that is due.
    fn next(&self) -> u64 {
        self.state.as_ref().map_or(0, State::size)
    }

    /// Takes in the blocks before `end`, messages by their digests. Nothing where the store keeps none.
    fn recall(&mut self, end: u64) -> Result<(), StoreError> {
        while self.next() < end {
            let range = self.next()..end.min(self.next() + UNIT);
            let Some(digests) = self.shelf.digests(range.clone())? else {
                return Ok(());
            };
            for (index, digest) in digests {
                self.read(self.next()..index)?;
                // A message as the first block of all has no state to go into: block 0 is read and refused.
                match &mut self.state {
                    Some(state) => {
                        let recalled = state.recall(&digest);
                        recalled.map_err(|finding| self.damaged(index, finding))?;
                    }
                    None => self.read(0..1)?,
                }
            }
            self.read(self.next()..range.end)?;
        }
        Ok(())
    }

    /// Takes in blocks that have no digest.
    fn read(&mut self, range: Range<u64>) -> Result<(), StoreError> {
        while self.next() < range.end {
            let due = self.next();
            let blocks = self.shelf.blocks(due..range.end, UNIT_BYTES)?;
            if blocks.is_empty() {
                return Err(self.damaged_by(due, "the block is missing"));
            }
            for block in blocks {
                if let Body::Message(_) = &block.entry.body {
                    return Err(self.damaged_by(block.index, "the message has no digest"));
                }
                self.take(block)?;
            }
        }
        Ok(())
    }

    /// Takes in all other blocks, signatures verified from a block on. They are read on a thread of their own, unit by unit,
    /// while those before are verified on all cores: memory does not grow with the chain.
    fn verify(&mut self, verified_from: u64, mut digests: Digests<'_>) -> Result<(), StoreError> {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let (shelf, from) = (self.shelf, self.next());
        thread::scope(|scope| {
            let (full, units) = mpsc::sync_channel(1);
            let reading = scope.spawn(move || read_ahead(shelf, from, &full));
            for unit in units {
                self.take_unit(unit, verified_from, threads, &mut digests)?;
            }
            // What was read before a row that cannot be read may be bad, too, and comes first.
            reading.join().expect("reading does not panic")
        })
    }

    /// Judges the next blocks, and holds the stored digests against them.
    fn take_unit(
        &mut self,
        unit: Vec<Block>,
        verified_from: u64,
        threads: NonZeroUsize,
        digests: &mut Digests<'_>,
    ) -> Result<(), StoreError> {
        let mut unit = unit.into_iter();
        while self.state.is_none() || self.next() < verified_from {
            let Some(block) = unit.next() else {
                return Ok(());
            };
            let index = block.index;
            let digest = self.take(block)?;
            digests.check(self.path, index, digest)?;
        }
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        let (path, seen) = (self.path, &mut *self.seen);
        let mut unlike = None;
        let outcome = state.replay_each(unit.collect(), threads, &mut |linked| {
            if unlike.is_none() {
                seen(linked.block());
                let index = linked.block().index;
                unlike = digests.check(path, index, Digest::of(&linked)).err();
            }
        });
        match (unlike, outcome) {
            (Some(earlier), _) => Err(earlier),
            (None, Err(bad)) => Err(self.damaged(bad.index, bad.finding)),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Judges the next block, its signature alone excepted, and gives its digest. Block 0 has its signature verified.
    fn take(&mut self, block: Block) -> Result<Option<Digest>, StoreError> {
        let index = block.index;
        let linked = match &mut self.state {
            None => State::from_genesis(block).map(|(begun, linked)| {
                self.state = Some(begun);
                linked
            }),
            Some(state) => state.restore(block),
        };
        match linked {
            Ok(linked) => {
                (self.seen)(linked.block());
                Ok(Digest::of(&linked))
            }
            Err(finding) => Err(self.damaged(index, finding)),
        }
    }

    fn damaged(&self, index: u64, finding: Finding) -> StoreError {
        self.damaged_by(index, &format!("{} ({})", finding.detail, finding.verdict))
    }

    fn damaged_by(&self, index: u64, what: &str) -> StoreError {
        damaged_at(self.path, index, what)
    }
}

fn damaged_at(path: &Path, index: u64, what: &str) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        index: Some(index),
        what: what.to_owned(),
    }
}

/// Reads every block from an index on into units, until there are no more, one cannot be read, or nobody takes them.
fn read_ahead(
    shelf: &dyn Shelf,
    from: u64,
    full: &mpsc::SyncSender<Vec<Block>>,
) -> Result<(), StoreError> {
    let mut unit = Vec::new();
    let mut bytes = 0;
    let mut wanted = true;
    let outcome = shelf.each(from, &mut |block| {
        bytes += weight(&block);
        unit.push(block);
        if bytes >= VERIFIED_BYTES {
            bytes = 0;
            wanted = full.send(std::mem::take(&mut unit)).is_ok();
        }
        Ok(wanted)
    });
    if wanted && !unit.is_empty() {
        // Nobody takes it if a block before it was bad, which is the error then.
        let _ = full.send(unit);
    }
    outcome
}

/// About how many bytes of memory a block takes.
fn weight(block: &Block) -> usize {
    let body = match &block.entry.body {
        Body::Message(message) => message.ciphertext.as_ref().map_or(0, |bytes| bytes.len()),
        Body::Epoch(Epoch { wraps, .. }) | Body::Share(Share { wraps, .. }) => {
            size_of_val(wraps.as_slice())
        }
        Body::Roster(roster) => {
            let keys = roster.add.iter().map(|key| key.len());
            keys.sum::<usize>() + size_of_val(roster.remove.as_slice())
        }
        Body::Genesis(_) | Body::Card(_) | Body::Redaction(_) => 0,
    };
    size_of::<Block>() + block.entry.signature.len() + body
}

/// The stored digests beside the blocks, read ahead.
struct Digests<'a> {
    shelf: &'a dyn Shelf,
    /// In reverse, so that the next one is the last; none if they are not looked at.
    kept: Option<Vec<(u64, Digest)>>,
    until: u64,
}

impl Digests<'_> {
    /// Holds what is stored for a block against what it came to.
    fn check(&mut self, path: &Path, index: u64, due: Option<Digest>) -> Result<(), StoreError> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        if index >= self.until {
            self.until = index + UNIT;
            match self.shelf.digests(index..self.until)? {
                Some(read) => *kept = read.into_iter().rev().collect(),
                None => {
                    self.kept = None;
                    return Ok(());
                }
            }
        }
        let found = kept.pop_if(|(found, _)| *found == index);
        match (found.map(|(_, digest)| digest), due) {
            (found, due) if found == due => Ok(()),
            (None, _) => Err(damaged_at(path, index, "the message has no digest")),
            _ => Err(damaged_at(
                path,
                index,
                "its digest is not what the block comes to",
            )),
        }
    }
}
