//! Reading the store, whether or not somebody writes to it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dispatch_protocol::bytes::{Bytes, Hash, Id};
use dispatch_protocol::chain::{Block, Digest};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Entry, Kind, Prefix};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use super::schema::{APPLICATION, SCHEMA, WITH_DIGESTS, block_columns, digest_columns};
use super::{connect, copy, signed, told, unsigned};
use crate::ledger::{Shelf, StoreError, record};

/// The handle that reads: each reader takes a connection of its own, which is kept for the next.
pub(crate) struct SqliteShelf {
    pub(super) path: PathBuf,
    pub(super) community: Id,
    /// The version of its tables.
    pub(super) schema: i64,
    pub(super) idle: Mutex<Vec<Connection>>,
}

impl SqliteShelf {
    /// Opens a store for reading, whether or not somebody writes to it. An older one is read as it is.
    ///
    /// # Errors
    /// [`StoreError`]: none there, or not a store of this version or an older one.
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
        let schema = pragma("user_version")?;
        if schema > SCHEMA {
            return Err(unknown(&format!(
                "the store has schema {schema}, and this dispatchd knows them up to {SCHEMA}; use a newer dispatchd"
            )));
        }
        if schema < 1 {
            return Err(unknown(
                "the store was begun and never finished; found the community again",
            ));
        }
        let mut shelf = SqliteShelf {
            path: path.to_owned(),
            community: Id::ZERO,
            schema,
            idle: Mutex::new(vec![connection]),
        };
        if let Some(genesis) = shelf.blocks(0..1, 0)?.pop() {
            shelf.community = Id::from(genesis.hash());
        }
        Ok(shelf)
    }

    /// Lets SQLite look over its own pages.
    pub(super) fn check_pages(&self) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        })
        .and_then(|finding| match finding.as_str() {
            "ok" => Ok(()),
            _ => Err(self.damaged(None, finding.replace('\n', " "))),
        })
    }

    /// Whether each message has its digest and nothing else has one. What they say is not looked at.
    pub(super) fn check_digests(&self) -> Result<(), StoreError> {
        if self.schema < WITH_DIGESTS {
            return Ok(());
        }
        let (messages, digests) = self.with(|connection| {
            connection.query_row(
                "SELECT (SELECT count(*) FROM block WHERE kind = ?1), (SELECT count(*) FROM digest)",
                [record::number_of(Kind::Message)],
                |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)),
            )
        })?;
        match messages == digests {
            true => Ok(()),
            false => {
                let what = format!("there are {digests} digests of {messages} messages");
                Err(self.damaged(None, what))
            }
        }
    }

    /// Copies the whole store, as it is at this moment, into a new file. `progress` is told how many pages of how many are
    /// copied.
    ///
    /// # Errors
    /// If there is such a file already, the disk is full, or the store cannot be read. Then there is no copy.
    pub(crate) fn copy(
        &self,
        to: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), StoreError> {
        copy::copy(&self.path, to, progress)
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
                "SELECT {} FROM block WHERE number >= ?1 AND number < ?2 ORDER BY number",
                block_columns(self.schema)
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

    fn digests(&self, range: Range<u64>) -> Result<Option<Vec<(u64, Digest)>>, StoreError> {
        if self.schema < WITH_DIGESTS {
            return Ok(None);
        }
        let read = |row: &Row<'_>| {
            let digest = Digest {
                hash: Hash::new(row.get(1)?),
                time: unsigned(row, 2)?,
                id: Id::new(row.get(3)?),
                author: Id::new(row.get(4)?),
                seq: unsigned(row, 5)?,
                seen: unsigned(row, 6)?,
            };
            Ok((unsigned(row, 0)?, digest))
        };
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {} FROM digest WHERE number >= ?1 AND number < ?2 ORDER BY number",
                    digest_columns(self.schema)
                ))?
                .query_map([signed(range.start), signed(range.end)], read)?
                .collect()
        })
        .map(Some)
    }

    fn each(
        &self,
        from: u64,
        take: &mut dyn FnMut(Block) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.with(|connection| {
            let mut select = connection.prepare(&format!(
                "SELECT {} FROM block WHERE number >= ?1 ORDER BY number",
                block_columns(self.schema)
            ))?;
            // From the start, whatever stands before it is damage, too.
            let first = if from == 0 { i64::MIN } else { signed(from) };
            let mut rows = select.query([first])?;
            let mut index = from;
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
                match block.and_then(&mut *take) {
                    Ok(true) => index += 1,
                    Ok(false) => return Ok(Ok(())),
                    Err(problem) => return Ok(Err(problem)),
                }
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

    fn place(&self) -> &Path {
        &self.path
    }

    fn check(&self) -> Result<(), StoreError> {
        self.check_digests()?;
        self.check_pages()
    }

    fn bytes(&self) -> Option<u64> {
        let length = |suffix: &str| {
            let mut path = self.path.as_os_str().to_owned();
            path.push(suffix);
            std::fs::metadata(path).map_or(0, |file| file.len())
        };
        Some(length("") + length("-wal"))
    }
}
