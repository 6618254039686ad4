//! The highest checkpoint that a client verified: what every later one is held against.

use crate::bytes::Hash;
use crate::chain::State;
use crate::checkpoint::{Checkpoint, bad};
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

    /// Holds the size of a chain that a server shows, as in a welcome, against what is kept.
    ///
    /// # Errors
    /// `rollback` (CHECK-7).
    pub fn shown(&self, size: u64) -> Result<(), Finding> {
        // [CHECK-7]
        match &self.kept {
            Some(kept) if size < kept.size => Err(Finding::new(
                Verdict::Rollback,
                "CHECK-7",
                format!(
                    "the server shows {size} blocks; it has signed {} before",
                    kept.size
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Takes a checkpoint, by the chain that it is of.
    ///
    /// # Errors
    /// `rollback` (CHECK-7), `fork` (CHECK-8), or what [`State::check`] finds.
    pub fn take(&mut self, checkpoint: &Checkpoint, state: &State) -> Result<(), Finding> {
        checkpoint.verify(state.server_key())?;
        if checkpoint.community != state.community() {
            return Err(bad("the checkpoint is of another community"));
        }
        self.shown(checkpoint.size)?;
        // [CHECK-8] the chain itself shows whether one extends the other
        if let Some(kept) = &self.kept {
            let same = kept.size == checkpoint.size
                && (kept.head != checkpoint.head || kept.root != checkpoint.root);
            let other = state.size() >= kept.size
                && (state.prefix_head(kept.size) != Some(kept.head)
                    || state.tree().root(kept.size) != Some(kept.root));
            if same || other {
                return Err(fork(kept, checkpoint));
            }
        }
        state.check(checkpoint)?;
        self.kept = Some(checkpoint.clone());
        Ok(())
    }

    /// Takes a checkpoint by a consistency proof from the kept one, without the chain. `server_key` is that of genesis.
    ///
    /// # Errors
    /// `bad_checkpoint` (CHECK-6), `rollback` (CHECK-7), or `fork` (CHECK-8) if the proof does not lead there.
    pub fn take_by_proof(
        &mut self,
        checkpoint: &Checkpoint,
        path: &[Hash],
        server_key: &crate::key::PublicKey,
    ) -> Result<(), Finding> {
        checkpoint.verify(server_key)?;
        self.shown(checkpoint.size)?;
        if let Some(kept) = &self.kept {
            if kept.community != checkpoint.community {
                return Err(bad("the checkpoint is of another community"));
            }
            let same_head = kept.size < checkpoint.size || kept.head == checkpoint.head;
            let extends = verify_consistency(
                kept.size,
                checkpoint.size,
                &kept.root,
                &checkpoint.root,
                path,
            );
            // [CHECK-8]
            if !same_head || extends.is_err() {
                return Err(fork(kept, checkpoint));
            }
        }
        self.kept = Some(checkpoint.clone());
        Ok(())
    }
}

fn fork(kept: &Checkpoint, shown: &Checkpoint) -> Finding {
    Finding::new(
        Verdict::Fork,
        "CHECK-8",
        format!(
            "the checkpoint of {} blocks is no extension of the kept one of {}; keep both, they may be evidence",
            shown.size, kept.size
        ),
    )
}
