//! Where the chain lies for good. [`Ledger`] is what the writer asks of a store, [`Shelf`] what a reader asks; SQLite is
//! the one that is here. A store does what it is told and checks nothing: the rules are the protocol crate's, and what a
//! store may hold at a start is `opening`'s to judge.

mod error;
pub(crate) mod record;
mod sqlite;

use std::collections::BTreeSet;
use std::ops::Range;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{Block, Digest};
use dispatch_protocol::checkpoint::Checkpoint;

pub use error::StoreError;
pub(crate) use sqlite::{SqliteLedger, SqliteShelf, Step};

/// What is made durable at once: all of it or nothing.
pub(crate) struct Batch<'a> {
    /// The next blocks of the chain.
    pub(crate) blocks: &'a [Block],
    /// The digests of the messages among them, in their order.
    pub(crate) digests: &'a [(u64, Digest)],
    /// The indices of messages whose ciphertext goes for good: they may be among `blocks`. // [RED-5]
    pub(crate) redacted: &'a [u64],
    /// The allowlist's ids, if with these blocks the roster has followed the file.
    pub(crate) applied: Option<&'a BTreeSet<Id>>,
}

/// The digests of the messages among some blocks, each with its block's index, computed anew.
pub(crate) fn digests_of(blocks: &[Block]) -> Vec<(u64, Digest)> {
    let digest = |block: &Block| Digest::compute(block).map(|digest| (block.index, digest));
    blocks.iter().filter_map(digest).collect()
}

/// The one handle that writes.
pub(crate) trait Ledger: Send {
    /// Appends a batch and returns when it is durable.
    ///
    /// # Errors
    /// If it is not: then nothing of it is there, or all of it (a commit whose answer was lost), and the writer looks.
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError>;

    /// Keeps a checkpoint in the place of the one before.
    fn keep(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// Removes the copies of redacted ciphertexts that the store's journal still holds. False if a reader is in the
    /// way: then it has to be tried again.
    fn sweep(&mut self) -> Result<bool, StoreError>;

    /// What a writer or a verifier reads at its start.
    fn shelf(&self) -> &dyn Shelf;
}

/// A handle that reads. It may be shared, and is not slowed down by the writer.
pub(crate) trait Shelf: Send + Sync {
    /// The blocks from an index on: as many as there are up to `range.end`, and no more than it takes to reach so many
    /// bytes, but at least one if there is one.
    fn blocks(&self, range: Range<u64>, bytes: usize) -> Result<Vec<Block>, StoreError>;

    /// Hands over every block in order, from an index on, until there are no more, `take` wants no more or has an error.
    fn each(
        &self,
        from: u64,
        take: &mut dyn FnMut(Block) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError>;

    /// The digests of the messages in a range, each with its block's index; none where the store keeps none.
    fn digests(&self, range: Range<u64>) -> Result<Option<Vec<(u64, Digest)>>, StoreError>;

    /// The number of blocks.
    fn size(&self) -> Result<u64, StoreError>;

    /// The checkpoint that was kept last.
    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError>;

    /// The allowlist's ids as they were last applied.
    fn applied(&self) -> Result<BTreeSet<Id>, StoreError>;
}
