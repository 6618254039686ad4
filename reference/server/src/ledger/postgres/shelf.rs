//! Reading the chain from the database, whoever writes to it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use dispatch_protocol::bytes::{Bytes, Hash, Id};
use dispatch_protocol::chain::{Block, Digest};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Entry, Kind, Prefix};
use futures_util::TryStreamExt as _;
use tokio_postgres::{Client, Row};

use super::database::Database;
use super::schema::{BLOCKS, CHECKPOINT, DIGESTS, VERSION};
use super::told::Cause;
use crate::config::DatabaseAddress;
use crate::ledger::{Shelf, StoreError, record};

/// The most rows of one answer.
const ROWS: i64 = 1024;

/// How much is read at once where everything is read, in bytes.
const UNIT_BYTES: usize = 1 << 20;

/// The handle that reads.
#[derive(Clone)]
pub(crate) struct PostgresShelf {
    pub(super) database: Arc<Database>,
    community: Id,
}

/// Opens a database for reading.
///
/// # Errors
/// [`StoreError`]: not to be reached, no community's, or of a later version.
pub(crate) fn shelf(address: &DatabaseAddress) -> Result<PostgresShelf, StoreError> {
    PostgresShelf::open(Database::new(address)?)
}

impl PostgresShelf {
    pub(super) fn open(database: Arc<Database>) -> Result<PostgresShelf, StoreError> {
        let found = database.ask_waiting(async |client| Ok(community(client).await?))?;
        let unknown = |what: String| StoreError::Unknown {
            path: database.place().to_owned(),
            what,
        };
        let Some((version, community)) = found else {
            return Err(unknown(
                "there is no community's chain in this database; `dispatchd migrate` moves one there"
                    .to_owned(),
            ));
        };
        if version != VERSION {
            return Err(unknown(format!(
                "the chain there has schema {version}, and this dispatchd knows them up to {VERSION}; use a newer dispatchd"
            )));
        }
        Ok(PostgresShelf {
            database,
            community,
        })
    }

    fn damaged(&self, index: Option<u64>, what: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            path: self.place().to_owned(),
            index,
            what: what.into(),
        }
    }

    /// A block from its row; a value that is not of its form is damage at that block.
    fn block(&self, row: &Row) -> Result<Block, StoreError> {
        let index = unsigned(row, 0).map_err(|what| self.damaged(None, what))?;
        self.block_at(index, row)
            .map_err(|what| self.damaged(Some(index), what))
    }

    fn block_at(&self, index: u64, row: &Row) -> Result<Block, String> {
        let kind = u8::try_from(value::<i16>(row, 3)?).map_err(|_| "there is no such kind")?;
        let ciphertext = value::<Option<Vec<u8>>>(row, 11)?;
        let body = record::read(kind, value(row, 9)?, ciphertext)
            .ok_or_else(|| "its body cannot be read".to_owned())?;
        Ok(Block {
            index,
            prev: Hash::new(array(row, 1)?),
            time: unsigned(row, 2)?,
            entry: Entry {
                community: if index == 0 { Id::ZERO } else { self.community },
                author: Id::new(array(row, 4)?),
                seq: unsigned(row, 5)?,
                seen: Prefix {
                    size: unsigned(row, 6)?,
                    hash: Hash::new(array(row, 7)?),
                },
                sent_at: unsigned(row, 8)?,
                body,
                signature: Bytes::from(value::<&[u8]>(row, 10)?),
            },
        })
    }

    /// At most [`ROWS`] blocks.
    async fn page(
        &self,
        client: &Client,
        range: &Range<u64>,
        bytes: usize,
    ) -> Result<Vec<Block>, Cause> {
        let most = i64::try_from(bytes / 512 + 1).unwrap_or(ROWS).min(ROWS);
        let select = client.prepare_typed(BLOCKS, &[]).await?;
        let end = i64::try_from(range.end).unwrap_or(i64::MAX);
        let start = i64::try_from(range.start).unwrap_or(i64::MAX);
        let rows = client.query_raw(&select, [start, end, most]).await?;
        let mut rows = std::pin::pin!(rows);
        let (mut blocks, mut read) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            let size = |column| {
                value::<Option<&[u8]>>(&row, column).map_or(0, |bytes| bytes.map_or(0, <[u8]>::len))
            };
            read += 512 + size(9) + size(10) + size(11);
            blocks.push(self.block(&row)?);
            if read >= bytes {
                break;
            }
        }
        Ok(blocks)
    }
}

/// The version of the tables and the community, if there is one.
pub(super) async fn community(client: &Client) -> Result<Option<(i64, Id)>, tokio_postgres::Error> {
    let is_there = client
        .query_one(
            "SELECT to_regclass('dispatch_d.community') IS NOT NULL",
            &[],
        )
        .await?;
    if !is_there.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = client
        .query_opt("SELECT version, id FROM dispatch_d.community", &[])
        .await?;
    Ok(row.and_then(|row| {
        let id: &[u8] = row.get(1);
        Some((row.get(0), Id::new(id.try_into().ok()?)))
    }))
}

/// The checkpoint that is kept.
pub(super) async fn checkpoint(client: &Client, place: &Path) -> Result<Option<Checkpoint>, Cause> {
    let Some(row) = client.query_opt(CHECKPOINT, &[]).await? else {
        return Ok(None);
    };
    let read = || -> Result<Checkpoint, String> {
        Ok(Checkpoint {
            community: Id::new(array(&row, 0)?),
            size: unsigned(&row, 1)?,
            head: Hash::new(array(&row, 2)?),
            root: Hash::new(array(&row, 3)?),
            time: unsigned(&row, 4)?,
            signature: Bytes::from(value::<&[u8]>(&row, 5)?),
        })
    };
    let read = read().map_err(|what| StoreError::Damaged {
        path: place.to_owned(),
        index: None,
        what: format!("its checkpoint: {what}"),
    })?;
    Ok(Some(read))
}

impl Shelf for PostgresShelf {
    fn blocks(&self, range: Range<u64>, bytes: usize) -> Result<Vec<Block>, StoreError> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut left = bytes;
        loop {
            let from = blocks.last().map_or(range.start, |block| block.index + 1);
            let page = self
                .database
                .ask_waiting(async |client| self.page(client, &(from..range.end), left).await)?;
            let read: usize = page.iter().map(weight).sum();
            let is_full = page.len() as i64 == ROWS;
            blocks.extend(page);
            left = left.saturating_sub(read);
            if !is_full || left == 0 {
                return Ok(blocks);
            }
        }
    }

    fn each(
        &self,
        from: u64,
        take: &mut dyn FnMut(Block) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut next = from;
        loop {
            let page = self.database.ask_waiting(async |client| {
                self.page(client, &(next..u64::MAX), UNIT_BYTES).await
            })?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            next = last.index + 1;
            for block in page {
                if !take(block)? {
                    return Ok(());
                }
            }
        }
    }

    fn digests(&self, range: Range<u64>) -> Result<Option<Vec<(u64, Digest)>>, StoreError> {
        let (start, end) = (signed(range.start), signed(range.end));
        self.database
            .ask_waiting(async |client| {
                let rows = client.query(DIGESTS, &[&start, &end]).await?;
                let read = |row: &Row| -> Result<(u64, Digest), String> {
                    let digest = Digest {
                        hash: Hash::new(array(row, 1)?),
                        time: unsigned(row, 2)?,
                        author: Id::new(array(row, 3)?),
                        id: Id::new(array(row, 4)?),
                        seq: unsigned(row, 5)?,
                        seen: unsigned(row, 6)?,
                    };
                    Ok((unsigned(row, 0)?, digest))
                };
                let digests: Result<Vec<_>, String> = rows.iter().map(read).collect();
                Ok(digests.map_err(|what| self.damaged(None, format!("a digest: {what}")))?)
            })
            .map(Some)
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.database.ask_waiting(async |client| {
            let size = "SELECT coalesce(max(number) + 1, 0) FROM dispatch_d.block";
            let row = client.query_one(size, &[]).await?;
            Ok(unsigned(&row, 0).map_err(|what| self.damaged(None, what))?)
        })
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.database
            .ask_waiting(async |client| checkpoint(client, self.place()).await)
    }

    fn applied(&self) -> Result<BTreeSet<Id>, StoreError> {
        self.database.ask_waiting(async |client| {
            let rows = client
                .query("SELECT account FROM dispatch_d.listed", &[])
                .await?;
            let applied: Result<_, String> =
                rows.iter().map(|row| array(row, 0).map(Id::new)).collect();
            Ok(applied.map_err(|what| self.damaged(None, what))?)
        })
    }

    fn place(&self) -> &Path {
        self.database.place()
    }

    fn check(&self) -> Result<(), StoreError> {
        let (messages, digests) = self.database.ask_waiting(async |client| {
            let count = "SELECT (SELECT count(*) FROM dispatch_d.block WHERE kind = $1), (SELECT count(*) FROM dispatch_d.digest)";
            let row = client
                .query_one(count, &[&i16::from(record::number_of(Kind::Message))])
                .await?;
            Ok((row.get::<_, i64>(0), row.get::<_, i64>(1)))
        })?;
        match messages == digests {
            true => Ok(()),
            false => {
                let what = format!("there are {digests} digests of {messages} messages");
                Err(self.damaged(None, what))
            }
        }
    }

    fn bytes(&self) -> Option<u64> {
        None
    }
}

/// About what the page's bound counts.
fn weight(block: &Block) -> usize {
    use dispatch_protocol::entry::Body;
    let ciphertext = match &block.entry.body {
        Body::Message(message) => message.ciphertext.as_ref().map_or(0, |bytes| bytes.len()),
        _ => 0,
    };
    512 + block.entry.signature.len() + ciphertext
}

/// A column's value, or that it is not of its form.
pub(super) fn value<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    column: usize,
) -> Result<T, String> {
    row.try_get(column)
        .map_err(|cause| format!("a value is not of its form ({cause})"))
}

pub(super) fn array<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], String> {
    let bytes: &[u8] = value(row, column)?;
    bytes
        .try_into()
        .map_err(|_| format!("a value has {} bytes, and not {N}", bytes.len()))
}

pub(super) fn unsigned(row: &Row, column: usize) -> Result<u64, String> {
    u64::try_from(value::<i64>(row, column)?).map_err(|_| "a number is negative".to_owned())
}

/// PostgreSQL's integers are signed; ours stay below 2^53.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
