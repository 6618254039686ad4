//! Where the chain lies for good. [`Ledger`] is what the writer asks of a store, [`Shelf`] what a reader asks. There are two:
//! a SQLite file, which one process writes, and a PostgreSQL database, which several share. Whoever asks does not know which
//! it is; what differs is in what they answer. A store does what it is told and checks nothing: the rules are the protocol
//! crate's, and what a store may hold at a start is `opening`'s to judge. A block goes in once, as its entry was submitted, and
//! nothing of it changes but a ciphertext that is redacted. // [CHAIN-6], [CHAIN-7]

pub(crate) mod commons;
mod error;
mod postgres;
pub(crate) mod record;
mod sqlite;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{Block, Digest};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::Prefix;

pub(crate) use commons::Commons;
pub use error::StoreError;
pub(crate) use postgres::PostgresLedger;
pub(crate) use sqlite::{Migrated, SqliteLedger, SqliteShelf, Step};

use crate::Config;

/// Opens the configured store for writing.
///
/// # Errors
/// [`StoreError`]: none there, in use, not to be reached, not a store of this version or an older one.
pub(crate) fn open(config: &Config) -> Result<Box<dyn Ledger>, StoreError> {
    Ok(match &config.database {
        Some(database) => Box::new(PostgresLedger::open(database)?),
        None => Box::new(SqliteLedger::open(&config.store)?),
    })
}

/// Opens the configured store for reading, whether or not somebody writes to it.
///
/// # Errors
/// As [`open`].
pub(crate) fn shelf(config: &Config) -> Result<Arc<dyn Shelf>, StoreError> {
    Ok(match &config.database {
        Some(database) => Arc::new(postgres::shelf(database)?),
        None => Arc::new(SqliteShelf::open(&config.store)?),
    })
}

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

/// The one handle of this process that writes.
pub(crate) trait Ledger: Send {
    /// Takes the end of the chain: until the next [`append`](Ledger::append) or [`release`](Ledger::release) nobody else
    /// appends. Gives the chain as it is then, with all that others have appended; none where nobody else can, so that the
    /// writer knows it.
    ///
    /// # Errors
    /// If the store is not to be reached, or another process does not give the end back in time.
    fn take(&mut self) -> Result<Option<Prefix>, StoreError>;

    /// Gives the end back, nothing being appended.
    fn release(&mut self);

    /// Appends a batch to the chain whose end was [taken](Ledger::take), gives the end back, and returns when the batch is
    /// durable.
    ///
    /// # Errors
    /// If it is not: then nothing of it is there, or all of it (a commit whose answer was lost), and the writer looks.
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError>;

    /// The number of blocks that others have made durable by now; none where nobody else can.
    fn grown(&mut self) -> Result<Option<u64>, StoreError>;

    /// Has this called whenever others may have appended something. It may be called when they have not, and is called now
    /// and then in any case. Never, where nobody else can append.
    fn watch(&mut self, wake: Arc<dyn Fn() + Send + Sync>);

    /// Keeps a checkpoint in the place of the one before, if it covers more and is not earlier. Gives the one that is kept
    /// then, which is another one where another process was faster or its clock is ahead. // [CHECK-15]
    fn keep(&mut self, checkpoint: &Checkpoint) -> Result<Checkpoint, StoreError>;

    /// Removes the copies of redacted ciphertexts that the store's journal still holds. False if a reader is in the
    /// way: then it has to be tried again.
    fn sweep(&mut self) -> Result<bool, StoreError>;

    /// What a writer or a verifier reads at its start.
    fn shelf(&self) -> &dyn Shelf;

    /// A handle for readers.
    fn share(&self) -> Arc<dyn Shelf>;

    /// What the processes of a server share besides the chain; none where there is but one.
    fn commons(&self) -> Option<Arc<dyn Commons>>;

    /// The file that nobody else can write while this handle is there; none where others can.
    fn sole(&self) -> Option<&Path>;

    /// Brings the store to this version's form; nothing where it has it. The chain must have been judged before: what it
    /// holds is taken as it is.
    ///
    /// # Errors
    /// [`StoreError`]: then the store is as it was.
    fn migrate(&mut self, step: &mut dyn FnMut(Step)) -> Result<Option<Migrated>, StoreError>;
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

    /// Where it lies: the file, or the database's address without a password.
    fn place(&self) -> &Path;

    /// Looks over what no block tells of: the store's own pages, and whether each message has its digest.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first finding.
    fn check(&self) -> Result<(), StoreError>;

    /// How many bytes the store takes, where that can be said at once.
    fn bytes(&self) -> Option<u64>;
}
