//! Following a chain, from its block 0 on, as a server shows it on one connection after another, or as a file holds it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::keeper::{Keeper, differ};
use crate::bytes::Id;
use crate::chain::{Block, Linked, State};
use crate::checkpoint::Checkpoint;
use crate::entry::Prefix;
use crate::verdict::{Finding, Verdict};
use crate::wire::{Accepted, Blocks};

/// A chain that is followed. After an error nothing more is taken on that connection (CHAIN-12).
#[derive(Debug, Clone)]
pub struct Follower {
    state: State,
    keeper: Keeper,
    /// The blocks that were held when the welcome was asked for.
    asked_at: u64,
    /// What the welcome states, until the chain is held so far.
    promised: Option<Prefix>,
    /// Checkpoints that cover blocks which have not come yet, as a welcome's does, by their sizes.
    ahead: BTreeMap<u64, Checkpoint>,
}

impl Follower {
    /// Begins with block 0 of a community. `pinned` is the community's id, where the client was given it; `keeper` holds
    /// what was kept of earlier connections.
    ///
    /// # Errors
    /// `wrong_genesis` (GEN-3) or `bad_genesis` (GEN-1).
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
        let follower = Self {
            state,
            keeper,
            asked_at: 0,
            promised: None,
            ahead: BTreeMap::new(),
        };
        Ok((follower, linked))
    }

    /// Goes on with a chain that was verified before and is restored from a store, block by block by
    /// [`State::restore`].
    ///
    /// # Errors
    /// `fork` (CHECK-8) if the restored chain contradicts the kept checkpoint, whose signature is verified anew: then the
    /// store is damaged, or not this client's.
    pub fn resume(state: State, keeper: Keeper) -> Result<Self, Finding> {
        keeper.agrees(&state)?;
        Ok(Self {
            state,
            keeper,
            asked_at: 0,
            promised: None,
            ahead: BTreeMap::new(),
        })
    }

    /// The `have` of a `hello` or `resume` that is sent now. What is held by now is judged whole once the welcome's
    /// blocks are there.
    pub fn ask(&mut self) -> Prefix {
        self.asked_at = self.state.size();
        self.promised = None;
        self.ahead.clear();
        self.state.prefix()
    }

    /// Takes the size and head that a verified welcome states. Its checkpoint comes next, by
    /// [`checkpoint`](Self::checkpoint).
    ///
    /// # Errors
    /// `rollback` (CHECK-7); and, where its blocks are held already, `fork` (CHECK-8, CHECK-10) or `unredacted_gap`
    /// (RED-8).
    pub fn welcome(&mut self, chain: Prefix) -> Result<(), Finding> {
        self.keeper.welcomed(chain.size, self.asked_at)?;
        self.promised = Some(chain);
        self.arrived()
    }

    /// Takes a frame of blocks. Those before a bad one are taken.
    ///
    /// # Errors
    /// `bad_index` (CHAIN-8), or what [`block`](Self::block) finds.
    pub fn blocks(&mut self, frame: Blocks) -> Result<Vec<Linked>, Finding> {
        self.follows(&frame)?;
        frame
            .blocks
            .into_iter()
            .map(|block| self.block(block))
            .collect()
    }

    /// The same as [`blocks`](Self::blocks), with the signatures verified on up to `threads` threads.
    ///
    /// # Errors
    /// As [`blocks`](Self::blocks). The chain may be held further than what was given back: nothing more is taken then.
    pub fn batch(&mut self, frame: Blocks, threads: NonZeroUsize) -> Result<Vec<Linked>, Finding> {
        self.follows(&frame)?;
        let taken = self
            .state
            .replay_batch(frame.blocks, threads)
            .map_err(|error| error.finding)?;
        self.arrived()?;
        let later = self.ahead.split_off(&(self.state.size() + 1));
        for checkpoint in std::mem::replace(&mut self.ahead, later).values() {
            self.keeper.take(checkpoint, &self.state)?;
        }
        Ok(taken)
    }

    /// Takes the next block. Costs an RSA verification.
    ///
    /// # Errors
    /// What [`State::replay`] finds; `fork` (CHECK-8, CHECK-10) if the chain contradicts the welcome or a checkpoint;
    /// `unredacted_gap` (RED-8).
    pub fn block(&mut self, block: Block) -> Result<Linked, Finding> {
        let linked = self.state.replay(block)?;
        let size = self.state.size();
        self.arrived()?;
        if let Some(ahead) = self.ahead.remove(&size) {
            self.keeper.take(&ahead, &self.state)?;
        }
        Ok(linked)
    }

    /// Takes a checkpoint. One that covers blocks which have not come yet is held back until they have.
    ///
    /// # Errors
    /// `bad_checkpoint` (CHECK-6) or `fork` (CHECK-8).
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Finding> {
        if checkpoint.size <= self.state.size() {
            return self.keeper.take(checkpoint, &self.state);
        }
        checkpoint.verify(self.state.server_key())?;
        checkpoint.belongs(self.state.community())?;
        // [CHECK-8] what can be told without the blocks
        self.keeper.contradicts(checkpoint)?;
        if let Some(ahead) = self.ahead.get(&checkpoint.size) {
            differ(ahead, checkpoint)?;
        }
        self.ahead.insert(checkpoint.size, checkpoint.clone());
        Ok(())
    }

    /// Holds a receipt against the chain, once its block is held: whether the block at its index has its hash and holds
    /// this entry, which `author` signed as its `seq`-th.
    ///
    /// # Errors
    /// `fork` (CHAIN-11).
    pub fn receipt(
        &self,
        accepted: &Accepted,
        author: &Id,
        seq: u64,
        entry: &Id,
    ) -> Result<(), Finding> {
        // [CHAIN-11]
        if self.state.place_of(author, seq, entry) == Some((accepted.index, accepted.hash)) {
            return Ok(());
        }
        Err(Finding::new(
            Verdict::Fork,
            "CHAIN-11",
            format!(
                "the server acknowledged an entry in block {}, and its chain holds none of it there",
                accepted.index
            ),
        ))
    }

    /// Ends a chain that is held whole, as in a file: nothing more comes.
    ///
    /// # Errors
    /// `rollback` (CHECK-7) if a welcome or a checkpoint covers more blocks than came; `unredacted_gap` (RED-8) if a
    /// message lost its ciphertext and nothing redacts it.
    pub fn finish(&self) -> Result<(), Finding> {
        if let Some(ahead) = self.ahead.values().next() {
            self.state.check(ahead)?;
        }
        let held = self.state.size();
        let promised = self.promised.map_or(0, |chain| chain.size);
        self.keeper.welcomed(held, promised)?;
        self.keeper.agrees(&self.state)?;
        self.whole(held)
    }

    /// The chain as it is held.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The highest checkpoint.
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// [CHAIN-8] of a frame.
    fn follows(&self, frame: &Blocks) -> Result<(), Finding> {
        if frame.from == self.state.size() {
            return Ok(());
        }
        Err(Finding::new(
            Verdict::BadIndex,
            "CHAIN-8",
            format!(
                "blocks from {} came where {} is due",
                frame.from,
                self.state.size()
            ),
        ))
    }

    /// Holds the chain against the welcome, once it is held so far.
    fn arrived(&mut self) -> Result<(), Finding> {
        let size = self.state.size();
        let Some(promised) = self.promised.take_if(|chain| chain.size <= size) else {
            return Ok(());
        };
        // [CHECK-10]
        if !self.state.holds(&promised) {
            return Err(Finding::new(
                Verdict::Fork,
                "CHECK-10",
                format!(
                    "the head of the first {} blocks is not the one that the welcome states",
                    promised.size
                ),
            ));
        }
        self.keeper.agrees(&self.state)?;
        self.whole(self.asked_at)
    }

    /// [RED-8] of the first `size` blocks.
    fn whole(&self, size: u64) -> Result<(), Finding> {
        match self.state.first_gap() {
            Some(index) if index < size => Err(Finding::new(
                Verdict::UnredactedGap,
                "RED-8",
                format!("the message in block {index} has no ciphertext, and nothing redacts it"),
            )),
            _ => Ok(()),
        }
    }
}
