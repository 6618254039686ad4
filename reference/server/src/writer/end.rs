//! The chain's end, where other processes append to the same store: it is taken before a batch is judged, and what they have
//! appended before is taken in and published, in the chain's order. Where this process is alone nothing of it costs anything.

use super::{Tip, Writer, redacted_by};
use crate::checkpointer;
use crate::ledger::StoreError;
use crate::opening;

/// How many blocks are read while the end is held, which others wait for.
const WHILE_HELD: u64 = 512;

impl Writer {
    /// Takes the end of the chain and everything before it, so that what is judged next is judged by the chain as it is.
    ///
    /// # Errors
    /// If it is not to be had. Nothing is held then.
    pub(super) fn take_end(&mut self) -> Result<(), StoreError> {
        loop {
            let Some(end) = self.ledger.take()? else {
                return Ok(());
            };
            let is_near = end.size.saturating_sub(self.read().size()) <= WHILE_HELD;
            if !is_near {
                self.ledger.release();
            }
            let caught_up = self.catch_up(end.size).and_then(|()| {
                let known = self.read().prefix();
                match is_near && known != end {
                    true => Err(self.other_chain(end.size)),
                    false => Ok(()),
                }
            });
            if let Err(problem) = &caught_up {
                self.ledger.release();
                self.doubt(problem);
            }
            caught_up?;
            if is_near {
                return Ok(());
            }
        }
    }

    /// Whether the chain's end could be taken.
    pub(super) fn has_end(&mut self) -> bool {
        let taken = self.take_end();
        taken
            .inspect_err(|problem| self.meet(problem, "the chain's end cannot be taken"))
            .is_ok()
    }

    /// Looks whether others have appended something.
    pub(super) fn look(&mut self) {
        self.probe();
        if self.trouble.is_some() {
            return;
        }
        let looked = self.ledger.grown().and_then(|size| match size {
            Some(size) => self.catch_up(size),
            None => Ok(()),
        });
        if let Err(problem) = looked {
            self.doubt(&problem);
            self.meet(&problem, "what others appended cannot be read");
        }
    }

    /// The same, and takes in the checkpoint that is kept by now: a welcome has the latest one, whichever process signed it.
    /// // [CHECK-5]
    pub(super) fn look_whole(&mut self) {
        self.look();
        if self.trouble.is_some() || self.ledger.sole().is_some() {
            return;
        }
        let kept = self.ledger.shelf().checkpoint();
        let adopted = kept.and_then(|kept| {
            let Some(kept) = kept else { return Ok(()) };
            if kept.size > self.read().size() {
                self.catch_up(kept.size)?;
            }
            self.lobby.set_checkpoint(kept.clone());
            self.feed.push_checkpoint(checkpointer::pushed(&kept));
            Ok(())
        });
        if let Err(problem) = adopted {
            self.meet(&problem, "the checkpoint that is kept cannot be read");
        }
    }

    /// Takes in and publishes what others have appended, up to a size. // [SYNC-3]
    pub(super) fn catch_up(&mut self, size: u64) -> Result<(), StoreError> {
        loop {
            let known = self.read().size();
            if known > size {
                return Err(self.other_chain(size));
            }
            if known == size {
                return Ok(());
            }
            let mut blocks = Vec::new();
            let outcome = {
                let mut state = self.write();
                let until = size.min(known + WHILE_HELD);
                opening::catch_up(self.ledger.shelf(), &mut state, until, &mut |linked| {
                    blocks.push(linked.into_block());
                })
            };
            let redacted = redacted_by(&blocks);
            self.publish(blocks, &redacted);
            outcome?;
        }
    }

    /// What is in the store is not what was served, if it is damaged: nothing is taken until it is. A store that was only away
    /// is read on from where it was.
    fn doubt(&mut self, problem: &StoreError) {
        self.stale |= matches!(problem, StoreError::Damaged { .. });
    }

    /// The store holds less than was served from it, or something else.
    pub(super) fn other_chain(&self, size: u64) -> StoreError {
        let served = Tip::of(&self.read()).description.size;
        StoreError::Damaged {
            path: self.ledger.shelf().place().to_owned(),
            index: Some(size.min(served)),
            what: format!(
                "{served} blocks were served from it, and it holds {size} that are not all of them: it was set back, or another database answers"
            ),
        }
    }
}
