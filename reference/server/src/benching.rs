//! The store and what a start makes of it, for the programs in `benches/` alone; nothing in it is promised to anybody.
//!
//! It is behind no feature: cargo would build this crate twice in a workspace where one member asks for it.

use std::path::Path;

use axum::extract::ws::Utf8Bytes;
use dispatch_protocol::chain::{Block, Digest, State};
use dispatch_protocol::checkpoint::Checkpoint;

use crate::feed::{Frame, Frames};
use crate::ledger::{Batch, Ledger as _, SqliteLedger, SqliteShelf, StoreError, digests_of};
use crate::opening::{self, Care};

/// A store that is written as the server's writer writes it.
pub struct Store {
    ledger: SqliteLedger,
}

impl Store {
    /// Makes a new store with block 0 in it.
    ///
    /// # Errors
    /// [`StoreError`]: there is such a file already, or it cannot be written.
    pub fn create(path: &Path, genesis: &Block) -> Result<Store, StoreError> {
        Ok(Store {
            ledger: SqliteLedger::create(path, genesis)?,
        })
    }

    /// Opens a store for writing.
    ///
    /// # Errors
    /// [`StoreError`]: none there, in use, not a store of this version.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Ok(Store {
            ledger: SqliteLedger::open(path)?,
        })
    }

    /// The blocks from an index on, up to another.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn blocks(&self, from: u64, to: u64) -> Result<Vec<Block>, StoreError> {
        self.ledger.shelf().blocks(from..to, usize::MAX)
    }

    /// Appends the next blocks, and returns when they are durable. Nothing of them is looked at.
    ///
    /// # Errors
    /// If they are not durable.
    pub fn append(&mut self, blocks: &[Block]) -> Result<(), StoreError> {
        self.append_judged(blocks, &digests_of(blocks))
    }

    /// The same of blocks whose digests are known, as the writer knows them.
    ///
    /// # Errors
    /// If they are not durable.
    pub fn append_judged(
        &mut self,
        blocks: &[Block],
        digests: &[(u64, Digest)],
    ) -> Result<(), StoreError> {
        self.ledger.append(&Batch {
            blocks,
            digests,
            redacted: &[],
            applied: None,
        })
    }

    /// Keeps a checkpoint in the place of the one before.
    ///
    /// # Errors
    /// If it is not durable.
    pub fn keep(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.ledger.keep(checkpoint).map(drop)
    }

    /// Brings the journal into the store's one file.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sweep(&mut self) -> Result<(), StoreError> {
        self.ledger.sweep().map(drop)
    }

    /// What a start makes of it.
    ///
    /// # Errors
    /// What a start finds.
    pub fn load(&self) -> Result<State, StoreError> {
        opening::load(self.ledger.shelf(), Care::Start, &mut |_| {})
    }
}

/// Blocks as the frames that readers are sent.
pub fn frames(blocks: &[Block]) -> Vec<Utf8Bytes> {
    let mut frames = Frames::new(blocks.first().map_or(0, |block| block.index));
    frames.push_all(blocks.iter());
    frames.finish().iter().map(Frame::text).collect()
}

/// Verifies a whole store, as `dispatchd verify` does before it looks at SQLite's pages.
///
/// # Errors
/// What is wrong, and where.
pub fn verify(path: &Path) -> Result<State, StoreError> {
    opening::load(&SqliteShelf::open(path)?, Care::Full, &mut |_| {})
}
