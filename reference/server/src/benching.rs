//! The store and what a start makes of it, for the programs in `benches/` alone; nothing in it is promised to anybody.
//!
//! It is behind no feature: cargo would build this crate twice in a workspace where one member asks for it.

use std::path::{Path, PathBuf};

use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::checkpoint::Checkpoint;

use crate::ledger::{Batch, Ledger as _, SqliteLedger, SqliteShelf, StoreError};
use crate::opening::{self, Care};

/// A store that is written as the server's writer writes it.
pub struct Store {
    ledger: SqliteLedger,
    path: PathBuf,
}

impl Store {
    /// Opens a store for writing.
    ///
    /// # Errors
    /// [`StoreError`]: none there, in use, not a store of this version.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Ok(Store {
            ledger: SqliteLedger::open(path)?,
            path: path.to_owned(),
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
        self.ledger.append(&Batch {
            blocks,
            redacted: &[],
            applied: None,
        })
    }

    /// Keeps a checkpoint in the place of the one before.
    ///
    /// # Errors
    /// If it is not durable.
    pub fn keep(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.ledger.keep(checkpoint)
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
        opening::load(self.ledger.shelf(), &self.path, Care::Start, &mut |_| {})
    }
}

/// Verifies a whole store, as `dispatchd verify` does before it looks at SQLite's pages.
///
/// # Errors
/// What is wrong, and where.
pub fn verify(path: &Path) -> Result<State, StoreError> {
    opening::load(&SqliteShelf::open(path)?, path, Care::Full, &mut |_| {})
}
