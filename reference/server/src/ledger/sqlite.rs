//! The chain in one SQLite file. Rows of `block` are only ever added, but for a redacted ciphertext, which is set to NULL
//! and overwritten with zeros (`secure_delete`). A commit is on the disk when it returns (WAL, `synchronous = FULL`).
//!
//! After a crash between two lines a batch is there whole or not at all: SQLite's own promise, since a batch is one
//! transaction.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dispatch_protocol::bytes::{Bytes, Hash, Id};
use dispatch_protocol::chain::Block;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Body, Entry, Prefix};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, params};

use super::{Batch, Ledger, Shelf, StoreError, record};

/// Written into the file's header, so that it can be told from other databases: "disp".
const APPLICATION: i64 = 0x6469_7370;

/// How long the writer waits for another program that writes to the store, which nobody should.
const BUSY: Duration = Duration::from_millis(100);

/// The version of the tables below.
const SCHEMA: i64 = 1;

// The author's `seen.hash` is kept although the chain implies it: the row alone has to give back what was signed.
const TABLES: &str = "
CREATE TABLE block (
    number INTEGER PRIMARY KEY,
    prev BLOB NOT NULL,
    time INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    author BLOB NOT NULL,
    seq INTEGER NOT NULL,
    seen_size INTEGER NOT NULL,
    seen_hash BLOB NOT NULL,
    sent_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL,
    ciphertext BLOB
) STRICT;
CREATE TABLE checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    community BLOB NOT NULL,
    size INTEGER NOT NULL,
    head BLOB NOT NULL,
    root BLOB NOT NULL,
    time INTEGER NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TABLE listed (account BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
";

const COLUMNS: &str = "number, prev, time, kind, author, seq, seen_size, seen_hash, sent_at, body, signature, ciphertext";

/// The right to write to a store, which one process has at a time. It ends with the process, however that ends.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it.
    pub(crate) fn take(store: &Path) -> Result<Lock, StoreError> {
        let mut path = store.as_os_str().to_owned();
        path.push(".lock");
        let failed = |cause: std::io::Error| StoreError::Failed {
            path: path.clone().into(),
            what: cause.to_string(),
        };
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(store.to_owned())),
            Err(std::fs::TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}

/// The handle that writes.
pub(crate) struct SqliteLedger {
    connection: Connection,
    shelf: SqliteShelf,
    path: PathBuf,
    _lock: Lock,
}

impl SqliteLedger {
    /// Makes a new store with block 0 in it.
    ///
    /// # Errors
    /// If there is such a file already, or it cannot be written.
    pub(crate) fn create(path: &Path, genesis: &Block) -> Result<SqliteLedger, StoreError> {
        let lock = Lock::take(path)?;
        let failed = |what: String| StoreError::Failed {
            path: path.to_owned(),
            what,
        };
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(path)
            .map_err(|cause| failed(cause.to_string()))?;
        let connection = Connection::open(path).map_err(|cause| failed(cause.to_string()))?;
        connection
            .execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; {TABLES}"
            ))
            .map_err(|cause| failed(cause.to_string()))?;
        drop(connection);
        let mut ledger = SqliteLedger::open_locked(path, lock)?;
        ledger.append(&Batch {
            blocks: std::slice::from_ref(genesis),
            redacted: &[],
            applied: None,
        })?;
        ledger.shelf.community = Id::from(genesis.hash());
        Ok(ledger)
    }

    /// Opens a store for writing.
    ///
    /// # Errors
    /// [`StoreError`]: none there, in use, not a store of this version.
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
            _lock: lock,
        })
    }

    /// A handle for readers, to be shared.
    pub(crate) fn share(&self) -> SqliteShelf {
        SqliteShelf {
            path: self.path.clone(),
            community: self.shelf.community,
            idle: Mutex::default(),
        }
    }
}

impl Ledger for SqliteLedger {
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let path = self.path.clone();
        let write = |transaction: Transaction<'_>| -> rusqlite::Result<()> {
            {
                let mut insert = transaction.prepare_cached(&format!(
                    "INSERT INTO block ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
                ))?;
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
                        entry.author.as_bytes(),
                        signed(entry.seq),
                        signed(entry.seen.size),
                        entry.seen.hash.as_bytes(),
                        signed(entry.sent_at),
                        record::write(&entry.body),
                        &*entry.signature,
                        ciphertext,
                    ])?;
                }
                let mut redact = transaction
                    .prepare_cached("UPDATE block SET ciphertext = NULL WHERE number = ?1")?;
                for index in batch.redacted {
                    redact.execute([signed(*index)])?;
                }
            }
            if let Some(applied) = batch.applied {
                transaction.execute("DELETE FROM listed", [])?;
                let mut insert =
                    transaction.prepare_cached("INSERT INTO listed (account) VALUES (?1)")?;
                for account in applied {
                    insert.execute([account.as_bytes()])?;
                }
            }
            transaction.commit()
        };
        self.connection
            .transaction()
            .and_then(write)
            .map_err(|cause| told(&path, &cause))
    }

    fn keep(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
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
            .map(drop)
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
}

/// The handle that reads: each reader takes a connection of its own, which is kept for the next.
pub(crate) struct SqliteShelf {
    path: PathBuf,
    community: Id,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteShelf {
    /// Opens a store for reading, whether or not somebody writes to it.
    ///
    /// # Errors
    /// [`StoreError`]: none there, or not a store of this version.
    pub(crate) fn open(path: &Path) -> Result<SqliteShelf, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let pragma = |name: &str| {
            connection
                .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
                .map_err(|cause| told(path, &cause))
        };
        let unknown = |what: &str| StoreError::Unknown {
            path: path.to_owned(),
            what: what.to_owned(),
        };
        if pragma("application_id")? != APPLICATION {
            return Err(unknown("this is a database, but not a community's store"));
        }
        match pragma("user_version")? {
            SCHEMA => {}
            version if version > SCHEMA => {
                return Err(unknown(
                    "the store was written by a newer dispatchd; use that one",
                ));
            }
            _ => {
                return Err(unknown(
                    "the store was begun and never finished; found the community again",
                ));
            }
        }
        let mut shelf = SqliteShelf {
            path: path.to_owned(),
            community: Id::ZERO,
            idle: Mutex::new(vec![connection]),
        };
        if let Some(genesis) = shelf.blocks(0..1, 0)?.pop() {
            shelf.community = Id::from(genesis.hash());
        }
        Ok(shelf)
    }

    /// Lets SQLite look over its own pages.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with its first finding.
    pub(crate) fn check_pages(&self) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        })
        .and_then(|finding| match finding.as_str() {
            "ok" => Ok(()),
            _ => Err(self.damaged(None, finding.replace('\n', " "))),
        })
    }

    fn with<R>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        let kept = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let result = read(&connection).map_err(|cause| told(&self.path, &cause));
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        result
    }

    fn damaged(&self, index: Option<u64>, what: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            index,
            what: what.into(),
        }
    }

    /// A block from its row; a value that is not of its form is damage at that block.
    fn block(&self, row: &Row<'_>) -> Result<Block, StoreError> {
        let index = unsigned(row, 0).map_err(|cause| told(&self.path, &cause))?;
        self.block_at(index, row)
            .map_err(|cause| {
                self.damaged(Some(index), format!("a value is not of its form ({cause})"))
            })?
            .ok_or_else(|| self.damaged(Some(index), "its body cannot be read"))
    }

    fn block_at(&self, index: u64, row: &Row<'_>) -> rusqlite::Result<Option<Block>> {
        let Some(body) = record::read(row.get(3)?, row.get_ref(9)?.as_blob()?, row.get(11)?) else {
            return Ok(None);
        };
        Ok(Some(Block {
            index,
            prev: Hash::new(row.get(1)?),
            time: unsigned(row, 2)?,
            entry: Entry {
                community: if index == 0 { Id::ZERO } else { self.community },
                author: Id::new(row.get(4)?),
                seq: unsigned(row, 5)?,
                seen: Prefix {
                    size: unsigned(row, 6)?,
                    hash: Hash::new(row.get(7)?),
                },
                sent_at: unsigned(row, 8)?,
                body,
                signature: Bytes::from(row.get::<_, Vec<u8>>(10)?),
            },
        }))
    }
}

impl Shelf for SqliteShelf {
    fn blocks(&self, range: Range<u64>, bytes: usize) -> Result<Vec<Block>, StoreError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM block WHERE number >= ?1 AND number < ?2 ORDER BY number"
            ))?;
            let mut rows = select.query([signed(range.start), signed(range.end)])?;
            let mut blocks = Vec::new();
            let mut read = 0;
            while let Some(row) = rows.next()? {
                let size = |column| {
                    row.get_ref(column)
                        .map(|value| value.as_bytes().map_or(0, <[u8]>::len))
                };
                read += 512 + size(9)? + size(10)? + size(11)?;
                match self.block(row) {
                    Ok(block) => blocks.push(block),
                    Err(damage) => return Ok(Err(damage)),
                }
                if read >= bytes {
                    break;
                }
            }
            Ok(Ok(blocks))
        })?
    }

    fn each(
        &self,
        take: &mut dyn FnMut(Block) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.with(|connection| {
            let mut select =
                connection.prepare(&format!("SELECT {COLUMNS} FROM block ORDER BY number"))?;
            let mut rows = select.query([])?;
            let mut index = 0;
            loop {
                let row = match rows.next() {
                    Ok(Some(row)) => row,
                    Ok(None) => return Ok(Ok(())),
                    Err(cause) => {
                        // A page that cannot be read is told with the block that was due.
                        return Ok(Err(match told(&self.path, &cause) {
                            StoreError::Damaged { what, .. } => self.damaged(Some(index), what),
                            other => other,
                        }));
                    }
                };
                let block = self.block(row).map_err(|problem| match problem {
                    StoreError::Damaged {
                        index: None, what, ..
                    } => self.damaged(Some(index), what),
                    other => other,
                });
                if let Err(problem) = block.and_then(&mut *take) {
                    return Ok(Err(problem));
                }
                index += 1;
            }
        })?
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT coalesce(max(number) + 1, 0) FROM block")?
                .query_row([], |row| unsigned(row, 0))
        })
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.with(|connection| {
            connection
                .query_row(
                    "SELECT community, size, head, root, time, signature FROM checkpoint",
                    [],
                    |row| {
                        Ok(Checkpoint {
                            community: Id::new(row.get(0)?),
                            size: unsigned(row, 1)?,
                            head: Hash::new(row.get(2)?),
                            root: Hash::new(row.get(3)?),
                            time: unsigned(row, 4)?,
                            signature: Bytes::from(row.get::<_, Vec<u8>>(5)?),
                        })
                    },
                )
                .optional()
        })
    }

    fn applied(&self) -> Result<BTreeSet<Id>, StoreError> {
        self.with(|connection| {
            connection
                .prepare("SELECT account FROM listed")?
                .query_map([], |row| row.get(0).map(Id::new))?
                .collect()
        })
    }
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
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let path = path.to_owned();
    match cause {
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
