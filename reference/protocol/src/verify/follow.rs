//! Following a chain, from its block 0 on, as a server shows it.

use super::Keeper;
use crate::bytes::Id;
use crate::chain::{Block, Linked, State};
use crate::checkpoint::Checkpoint;
use crate::verdict::{Finding, Verdict};

/// A chain that is followed: its state and the checkpoints seen.
#[derive(Debug, Clone)]
pub struct Follower {
    state: State,
    keeper: Keeper,
}

impl Follower {
    /// Begins with block 0 of a community. `pinned` is the community's id, where the client was given it; `keeper` holds
    /// what was kept of earlier connections.
    ///
    /// # Errors
    /// `wrong_genesis` (GEN-3), or what [`State::from_genesis`] finds.
    pub fn begin(
        genesis: Block,
        pinned: Option<Id>,
        keeper: Keeper,
    ) -> Result<(Self, Linked), Finding> {
        // [GEN-3]
        if let Some(pinned) = pinned
            && Id::from(genesis.hash()) != pinned
        {
            return Err(Finding::new(
                Verdict::WrongGenesis,
                "GEN-3",
                format!("block 0 is not that of the community {pinned}"),
            ));
        }
        let (state, linked) = State::from_genesis(genesis)?;
        Ok((Self { state, keeper }, linked))
    }

    /// Takes the next block. Costs an RSA verification.
    ///
    /// # Errors
    /// What [`State::replay`] finds.
    pub fn block(&mut self, block: Block) -> Result<Linked, Finding> {
        self.state.replay(block)
    }

    /// Takes a checkpoint, once every block that the server announced is held.
    ///
    /// # Errors
    /// What [`Keeper::take`] finds.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Finding> {
        self.keeper.take(checkpoint, &self.state)
    }

    /// The chain as it is held.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The highest checkpoint.
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }
}
