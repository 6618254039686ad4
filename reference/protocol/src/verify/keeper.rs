//! The highest checkpoint that a client verified: what every later one is held against.

use crate::bytes::Hash;
use crate::chain::State;
use crate::checkpoint::Checkpoint;
use crate::key::PublicKey;
use crate::merkle::verify_consistency;
use crate::verdict::{Finding, Verdict};

/// Keeps the highest verified checkpoint (CHECK-7). What is kept must outlive the program: see [`kept`](Self::kept).
#[derive(Debug, Clone, Default)]
pub struct Keeper {
    kept: Option<Checkpoint>,
}

impl Keeper {
    /// With what was kept before, if anything was.
    pub fn new(kept: Option<Checkpoint>) -> Self {
        Self { kept }
    }

    /// The highest checkpoint so far, to be stored.
    pub fn kept(&self) -> Option<&Checkpoint> {
        self.kept.as_ref()
    }

    /// Holds the size that a welcome states against what is kept and against the `have` that was sent.
    ///
    /// # Errors
    /// `rollback` (CHECK-7).
    pub fn welcomed(&self, size: u64, have: u64) -> Result<(), Finding> {
        let kept = self.kept.as_ref().map_or(0, |kept| kept.size);
        // [CHECK-7]
        if size >= kept.max(have) {
            return Ok(());
        }
        Err(Finding::new(
            Verdict::Rollback,
            "CHECK-7",
            format!(
                "the server shows {size} blocks; it has shown {} before",
                kept.max(have)
            ),
        ))
    }

    /// Holds a chain against what is kept, once it is long enough to tell.
    ///
    /// # Errors
    /// `fork` (CHECK-8).
    pub fn agrees(&self, state: &State) -> Result<(), Finding> {
        match &self.kept {
            Some(kept) if kept.size <= state.size() => state.check(kept),
            _ => Ok(()),
        }
    }

    /// Takes a checkpoint, by the chain that it is of. A smaller one than the kept one is fine where it agrees with the
    /// chain (CHECK-11); the highest is kept.
    ///
    /// # Errors
    /// `bad_checkpoint` (CHECK-6); `fork` (CHECK-8) if it contradicts the chain or what is kept; `rollback` if the chain
    /// is shorter than it.
    pub fn take(&mut self, checkpoint: &Checkpoint, state: &State) -> Result<(), Finding> {
        checkpoint.verify(state.server_key())?;
        checkpoint.belongs(state.community())?;
        self.contradicts(checkpoint)?;
        self.agrees(state)?;
        state.check(checkpoint)?;
        self.keep(checkpoint);
        Ok(())
    }

    /// Takes a checkpoint by a consistency proof between it and the kept one, whichever is larger, without the chain.
    /// `server_key` is that of genesis. The first one is taken without a proof, which then is empty.
    ///
    /// # Errors
    /// `bad_checkpoint` (CHECK-6); `fork` (CHECK-8) if it has the kept one's size and says something else;
    /// `bad_consistency` (TREE-3) if the proof does not lead there, which may be the proof's fault.
    pub fn take_by_proof(
        &mut self,
        checkpoint: &Checkpoint,
        path: &[Hash],
        server_key: &PublicKey,
    ) -> Result<(), Finding> {
        checkpoint.verify(server_key)?;
        if let Some(kept) = &self.kept {
            checkpoint.belongs(kept.community)?;
            self.contradicts(checkpoint)?;
            let (small, large) = if kept.size <= checkpoint.size {
                (kept, checkpoint)
            } else {
                (checkpoint, kept)
            };
            verify_consistency(small.size, large.size, &small.root, &large.root, path)?;
        } else {
            checkpoint.belongs(checkpoint.community)?;
        }
        self.keep(checkpoint);
        Ok(())
    }

    /// Holds a verified checkpoint against the kept one, where they are of one size.
    ///
    /// # Errors
    /// `fork` (CHECK-8).
    pub(super) fn contradicts(&self, checkpoint: &Checkpoint) -> Result<(), Finding> {
        match &self.kept {
            Some(kept) => differ(kept, checkpoint),
            None => Ok(()),
        }
    }

    fn keep(&mut self, checkpoint: &Checkpoint) {
        if self
            .kept
            .as_ref()
            .is_none_or(|kept| kept.size <= checkpoint.size)
        {
            self.kept = Some(checkpoint.clone());
        }
    }
}

/// [CHECK-8] of one size, one chain has one head and one root.
pub(super) fn differ(one: &Checkpoint, other: &Checkpoint) -> Result<(), Finding> {
    if one.size != other.size || (one.head == other.head && one.root == other.root) {
        return Ok(());
    }
    Err(Finding::new(
        Verdict::Fork,
        "CHECK-8",
        format!(
            "there are two checkpoints of {} blocks that differ; keep both, they are evidence",
            one.size
        ),
    ))
}
