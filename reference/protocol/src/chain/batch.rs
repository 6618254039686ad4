//! Replaying many blocks at once: signatures on several threads, everything else in order.

use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread;

use super::state::State;
use super::{Block, Linked};
use crate::entry::{Entry, Kind, VerifiedEntry};
use crate::key::PublicKey;
use crate::verdict::Finding;

/// How many signatures a thread verifies before it hands them on: fewer are verified faster than a thread is started.
const SHARE: usize = 32;

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
        self.replay_each(blocks, threads, &mut |linked| taken.push(linked))?;
        Ok(taken)
    }

    /// The same, and `taken` gets each block as soon as it is taken, also those before a bad one.
    ///
    /// # Errors
    /// As [`replay_batch`](Self::replay_batch).
    pub fn replay_each(
        &mut self,
        blocks: Vec<Block>,
        threads: NonZeroUsize,
        taken: &mut dyn FnMut(Linked),
    ) -> Result<(), BatchError> {
        let mut blocks = blocks.into_iter().peekable();
        while blocks.peek().is_some() {
            // A roster entry may bring the keys that the blocks behind it are verified by.
            let mut run = Vec::with_capacity(blocks.len());
            for block in blocks.by_ref() {
                let ends = block.entry.kind() == Kind::Roster;
                run.push(block);
                if ends {
                    break;
                }
            }
            self.replay_run(run, threads, taken)?;
        }
        Ok(())
    }

    /// Takes blocks of which none but the last changes the roster.
    fn replay_run(
        &mut self,
        run: Vec<Block>,
        threads: NonZeroUsize,
        taken: &mut dyn FnMut(Linked),
    ) -> Result<(), BatchError> {
        let work = run.into_iter().map(|block| {
            let place = (block.index, block.prev, block.time);
            (place, self.ready(block.entry))
        });
        let work: Vec<_> = work.collect();
        verify(work, threads, &mut |(index, prev, time), verified| {
            let judged = self
                .follows(index, prev, time)
                .and(verified)
                .and_then(|verified| {
                    self.judge(&verified)?;
                    Ok(verified)
                });
            match judged {
                Ok(verified) => {
                    taken(self.link(time, verified));
                    Ok(())
                }
                Err(finding) => Err(BatchError { index, finding }),
            }
        })
    }
}

/// An entry and its author's key, or why it comes to no verification.
type Ready = Result<(Entry, PublicKey), Finding>;

/// Hands over what became of each, in order, while those behind are still verified; ends at the first error.
fn verify<P: Send, E>(
    work: Vec<(P, Ready)>,
    threads: NonZeroUsize,
    take: &mut dyn FnMut(P, Result<VerifiedEntry, Finding>) -> Result<(), E>,
) -> Result<(), E> {
    let each = |(place, ready): (P, Ready)| {
        let verified = ready.and_then(|(entry, key)| Ok(entry.verify(&key)?));
        (place, verified)
    };
    let shares = work.len().div_ceil(SHARE);
    let threads = threads.get().min(shares);
    let mut work = work.into_iter();
    if threads <= 1 {
        return work
            .map(each)
            .try_for_each(|(place, verified)| take(place, verified));
    }
    // Dealt out in turn, so that what is due next is nearly verified on every thread.
    let mut hands: Vec<Vec<Vec<_>>> = (0..threads).map(|_| Vec::new()).collect();
    for share in 0..shares {
        hands[share % threads].push(work.by_ref().take(SHARE).collect());
    }
    thread::scope(|scope| {
        let results: Vec<_> = hands
            .into_iter()
            .map(|hand| {
                let (done, results) = mpsc::channel();
                scope.spawn(move || {
                    for share in hand {
                        let share: Vec<_> = share.into_iter().map(each).collect();
                        // Nobody is there to take it once a block was bad.
                        if done.send(share).is_err() {
                            break;
                        }
                    }
                });
                results
            })
            .collect();
        for share in 0..shares {
            let share = results[share % threads].recv();
            for (place, verified) in share.expect("verification does not panic") {
                take(place, verified)?;
            }
        }
        Ok(())
    })
}
