//! The chain in one SQLite file. Rows of `block` are only ever added, but for a redacted ciphertext, which is set to NULL
//! and overwritten with zeros (`secure_delete`). A commit is on the disk when it returns (WAL, `synchronous = FULL`).
//!
//! After a crash between two lines a batch is there whole or not at all: SQLite's own promise, since a batch is one
//! transaction.

mod authors;
mod copy;
mod lock;
mod migrate;
mod schema;
mod shelf;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::Block;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Body, Prefix};
use rusqlite::{Connection, OpenFlags, Row, Transaction, params};

use super::{Batch, Commons, Ledger, Shelf, StoreError, record};
use authors::Authors;
use lock::Lock;
pub(crate) use migrate::{Migrated, Step};
use schema::{
    ACCOUNTS, APPLICATION, BLOCKS, DIGESTS, INSERT_BLOCK, INSERT_DIGEST, PAGE_BYTES, SCHEMA, TABLES,
};
pub(crate) use shelf::SqliteShelf;

/// How long the writer waits for another program that writes to the store, which nobody should.
const BUSY: Duration = Duration::from_millis(100);

/// The handle that writes.
pub(crate) struct SqliteLedger {
    connection: Connection,
    shelf: SqliteShelf,
    path: PathBuf,
    /// None where the store has to be asked, as after a commit that failed, which may have gone through.
    authors: Option<Authors>,
    _lock: Lock,
}

impl SqliteLedger {
    /// Makes a new store with block 0 in it.
    ///
    /// # Errors
    /// If there is such a file already, or it cannot be written.
    pub(crate) fn create(path: &Path, genesis: &Block) -> Result<SqliteLedger, StoreError> {
        let lock = Lock::take(path)?;
        copy::create(path)?;
        let failed = |what: String| StoreError::Failed {
            path: path.to_owned(),
            what,
        };
        let connection = Connection::open(path).map_err(|cause| failed(cause.to_string()))?;
        connection
            .execute_batch(&format!(
                "PRAGMA page_size = {PAGE_BYTES}; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; {ACCOUNTS} {BLOCKS} {TABLES} {DIGESTS}"
            ))
            .map_err(|cause| failed(cause.to_string()))?;
        drop(connection);
        let mut ledger = SqliteLedger::open_locked(path, lock)?;
        ledger.append(&Batch {
            blocks: std::slice::from_ref(genesis),
            digests: &[],
            redacted: &[],
            applied: None,
        })?;
        ledger.shelf.community = Id::from(genesis.hash());
        Ok(ledger)
    }

    /// Opens a store for writing. An older one has to be [migrated](Ledger::migrate) before anything is appended.
    ///
    /// # Errors
    /// [`StoreError`]: none there, in use, not a store of this version or an older one.
    pub(crate) fn open(path: &Path) -> Result<SqliteLedger, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        SqliteLedger::open_locked(path, Lock::take(path)?)
    }

    fn open_locked(path: &Path, lock: Lock) -> Result<SqliteLedger, StoreError> {
        let shelf = SqliteShelf::open(path)?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
            )
            .and_then(|()| connection.busy_timeout(BUSY))
            .map_err(|cause| told(path, &cause))?;
        Ok(SqliteLedger {
            connection,
            shelf,
            path: path.to_owned(),
            authors: None,
            _lock: lock,
        })
    }

    /// Nothing is appended to an older store before it is migrated.
    fn is_current(&self) -> Result<(), StoreError> {
        match self.shelf.schema {
            SCHEMA => Ok(()),
            older => Err(StoreError::Unknown {
                path: self.path.clone(),
                what: format!("the store still has schema {older}, and is to be migrated first"),
            }),
        }
    }
}

impl Ledger for SqliteLedger {
    fn take(&mut self) -> Result<Option<Prefix>, StoreError> {
        Ok(None)
    }

    fn release(&mut self) {}

    fn grown(&mut self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    fn watch(&mut self, _: Arc<dyn Fn() + Send + Sync>) {}

    fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        self.is_current()?;
        let failed = |cause: rusqlite::Error| told(&self.path, &cause);
        let mut authors = match self.authors.take() {
            Some(authors) => authors,
            None => Authors::read(&self.connection).map_err(failed)?,
        };
        let transaction = self.connection.transaction().map_err(failed)?;
        write(transaction, &mut authors, batch).map_err(failed)?;
        self.authors = Some(authors);
        Ok(())
    }

    fn keep(&mut self, checkpoint: &Checkpoint) -> Result<Checkpoint, StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO checkpoint VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)")
            .and_then(|mut keep| {
                keep.execute(params![
                    checkpoint.community.as_bytes(),
                    signed(checkpoint.size),
                    checkpoint.head.as_bytes(),
                    checkpoint.root.as_bytes(),
                    signed(checkpoint.time),
                    &*checkpoint.signature,
                ])
            })
            .map(|_| checkpoint.clone())
            .map_err(|cause| told(&self.path, &cause))
    }

    fn sweep(&mut self) -> Result<bool, StoreError> {
        // The file gets the overwritten pages, and the journal, which holds the older ones, is cut to nothing.
        // It does not wait for readers: nothing could be appended meanwhile.
        let sweep = |connection: &Connection| {
            connection.busy_timeout(Duration::ZERO)?;
            let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, i64>(0)
            });
            connection.busy_timeout(BUSY)?;
            busy
        };
        sweep(&self.connection)
            .map(|busy| busy == 0)
            .map_err(|cause| told(&self.path, &cause))
    }

    fn shelf(&self) -> &dyn Shelf {
        &self.shelf
    }

    fn share(&self) -> Arc<dyn Shelf> {
        Arc::new(SqliteShelf {
            path: self.path.clone(),
            community: self.shelf.community,
            schema: self.shelf.schema,
            idle: Mutex::default(),
        })
    }

    fn commons(&self) -> Option<Arc<dyn Commons>> {
        None
    }

    fn sole(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn migrate(&mut self, step: &mut dyn FnMut(Step)) -> Result<Option<Migrated>, StoreError> {
        self.renew(step)
    }
}

/// Writes a batch and commits it.
fn write(
    transaction: Transaction<'_>,
    authors: &mut Authors,
    batch: &Batch<'_>,
) -> rusqlite::Result<()> {
    insert(&transaction, authors, batch)?;
    {
        let mut redact =
            transaction.prepare_cached("UPDATE block SET ciphertext = NULL WHERE number = ?1")?;
        for index in batch.redacted {
            redact.execute([signed(*index)])?;
        }
    }
    if let Some(applied) = batch.applied {
        transaction.execute("DELETE FROM listed", [])?;
        let mut insert = transaction.prepare_cached("INSERT INTO listed (account) VALUES (?1)")?;
        for account in applied {
            insert.execute([account.as_bytes()])?;
        }
    }
    transaction.commit()
}

/// Inserts a batch's blocks and digests.
fn insert(
    transaction: &Transaction<'_>,
    authors: &mut Authors,
    batch: &Batch<'_>,
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(INSERT_BLOCK)?;
    for block in batch.blocks {
        let entry = &block.entry;
        let ciphertext = match &entry.body {
            // What is redacted in this very batch never reaches the disk.
            Body::Message(message) if !batch.redacted.contains(&block.index) => {
                message.ciphertext.as_deref()
            }
            _ => None,
        };
        insert.execute(params![
            signed(block.index),
            block.prev.as_bytes(),
            signed(block.time),
            record::number_of(entry.kind()),
            authors.number_of(transaction, &entry.author)?,
            signed(entry.seq),
            signed(entry.seen.size),
            entry.seen.hash.as_bytes(),
            signed(entry.sent_at),
            record::write(&entry.body),
            &*entry.signature,
            ciphertext,
        ])?;
    }
    let mut insert = transaction.prepare_cached(INSERT_DIGEST)?;
    for (index, digest) in batch.digests {
        insert.execute(params![
            signed(*index),
            digest.hash.as_bytes(),
            signed(digest.time),
            digest.id.as_bytes(),
            authors.number_of(transaction, &digest.author)?,
            signed(digest.seq),
            signed(digest.seen),
        ])?;
    }
    Ok(())
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|cause| told(path, &cause))?;
    connection
        .busy_timeout(Duration::from_secs(10))
        .map_err(|cause| told(path, &cause))?;
    Ok(connection)
}

/// Tells damage from a disk that refuses.
fn told(path: &Path, cause: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{
        DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase,
    };
    let path = path.to_owned();
    match cause {
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == DiskFull => {
            StoreError::Full(path)
        }
        rusqlite::Error::SqliteFailure(failure, _)
            if matches!(failure.code, DatabaseBusy | DatabaseLocked) =>
        {
            StoreError::Locked(path)
        }
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == NotADatabase => {
            StoreError::Unknown {
                path,
                what: "this file is not a community's store".to_owned(),
            }
        }
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == DatabaseCorrupt => {
            StoreError::Damaged {
                path,
                index: None,
                what: cause.to_string(),
            }
        }
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => StoreError::Damaged {
            path,
            index: None,
            what: format!("a value is not of its form ({cause})"),
        },
        // A table or column is missing, since the statements themselves are sound.
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.extended_code == rusqlite::ffi::SQLITE_ERROR =>
        {
            StoreError::Damaged {
                path,
                index: None,
                what: cause.to_string(),
            }
        }
        _ => StoreError::Failed {
            path,
            what: cause.to_string(),
        },
    }
}

/// SQLite's integers are signed; ours stay below 2^53.
fn signed(number: u64) -> i64 {
    number as i64
}

/// A column's number. A negative one is damage, like any value of another form.
fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}
