//! Replaying many blocks at once: signatures on several threads, everything else in order.

use std::num::NonZeroUsize;
use std::thread;

use super::state::State;
use super::{Block, Linked};
use crate::entry::{Entry, Kind, VerifiedEntry};
use crate::key::PublicKey;
use crate::verdict::Finding;

/// Fewer signatures than this are verified faster than threads are started.
const WORTH_A_THREAD: usize = 32;

/// Why a batch was not taken whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("block {index}: {finding}")]
pub struct BatchError {
    /// The first block that was refused; those before it were taken.
    pub index: u64,
    /// What was found.
    pub finding: Finding,
}

impl State {
    /// Takes the next blocks, as [`replay`](Self::replay) takes each, with the signatures verified on up to `threads`
    /// threads. Memory grows with the batch alone: some thousands of blocks keep every thread busy.
    ///
    /// # Errors
    /// [`BatchError`] with what `replay` finds of the first bad block. The blocks before it are taken.
    pub fn replay_batch(
        &mut self,
        blocks: Vec<Block>,
        threads: NonZeroUsize,
    ) -> Result<Vec<Linked>, BatchError> {
        let mut taken = Vec::with_capacity(blocks.len());
        let mut blocks = blocks.into_iter().peekable();
        while blocks.peek().is_some() {
            // A roster entry may bring the keys that the blocks behind it are verified by.
            let mut run = Vec::new();
            for block in blocks.by_ref() {
                let ends = block.entry.kind() == Kind::Roster;
                run.push(block);
                if ends {
                    break;
                }
            }
            self.replay_run(run, threads, &mut taken)?;
        }
        Ok(taken)
    }

    /// Takes blocks of which none but the last changes the roster.
    fn replay_run(
        &mut self,
        run: Vec<Block>,
        threads: NonZeroUsize,
        taken: &mut Vec<Linked>,
    ) -> Result<(), BatchError> {
        let mut places = Vec::with_capacity(run.len());
        let mut work = Vec::with_capacity(run.len());
        for block in run {
            places.push((block.index, block.prev, block.time));
            work.push(self.ready(block.entry));
        }
        for ((index, prev, time), verified) in places.into_iter().zip(verify(work, threads)) {
            let judged = self
                .follows(index, prev, time)
                .and(verified)
                .and_then(|verified| {
                    self.judge(&verified)?;
                    Ok(verified)
                });
            match judged {
                Ok(verified) => taken.push(self.link(time, verified)),
                Err(finding) => return Err(BatchError { index, finding }),
            }
        }
        Ok(())
    }
}

/// An entry and its author's key, or why it comes to no verification.
type Ready = Result<(Entry, PublicKey), Finding>;

/// What became of each, in order.
fn verify(work: Vec<Ready>, threads: NonZeroUsize) -> Vec<Result<VerifiedEntry, Finding>> {
    let each = |ready: Ready| {
        let (entry, key) = ready?;
        Ok(entry.verify(&key)?)
    };
    let share = work.len().div_ceil(threads.get()).max(WORTH_A_THREAD);
    if work.len() <= share {
        return work.into_iter().map(each).collect();
    }
    let mut shares: Vec<Vec<_>> = Vec::new();
    let mut work = work.into_iter().peekable();
    while work.peek().is_some() {
        shares.push(work.by_ref().take(share).collect());
    }
    thread::scope(|scope| {
        let running: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(|| share.into_iter().map(each).collect::<Vec<_>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("verification does not panic"))
            .collect()
    })
}
