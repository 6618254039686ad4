//! The chain in a PostgreSQL database that several processes of one server share. Whoever appends holds the chain's end: an
//! advisory lock of its transaction, which goes with it however that ends. So what a process judges its batch by is the chain
//! as it is, and no two fork it; and the primary key would refuse the second block at an index whatever they did.
//!
//! A commit has returned when the synchronous standbys have it. Where its answer is lost the connection is given up, and the
//! end has to be taken anew before anything is believed: it is not given before the lost commit came to something.

mod append;
mod columns;
mod commons;
mod database;
mod listener;
mod schema;
mod shelf;
mod tls;
mod told;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::Block;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::Prefix;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Statement};

use super::{Batch, Commons, Ledger, Migrated, Shelf, Step, StoreError};
use crate::config::DatabaseAddress;
use append::append;
use commons::PostgresCommons;
use database::{Database, Line};
use schema::{
    CHAIN_END, END, INSERT_ACCOUNTS, INSERT_BLOCKS, INSERT_DIGESTS, KEEP, SHARED_TABLES, TABLES,
    VERSION,
};
pub(crate) use shelf::{PostgresShelf, shelf};
use shelf::{checkpoint, signed, unsigned};
use told::Cause;

/// The handle that writes.
pub(crate) struct PostgresLedger {
    shelf: PostgresShelf,
    /// None where there is none, or it cannot be trusted any more.
    writing: Option<Writing>,
    /// Whether the chain's end is held, by a transaction of this connection.
    held: bool,
    listening: Option<JoinHandle<()>>,
    /// The transaction before which no other may still see what it redacted, if there was one since the last sweep.
    redacted: Option<i64>,
}

/// A connection that writes, its statements, and what it knows.
struct Writing {
    line: Line,
    chain_end: Statement,
    insert_accounts: Statement,
    insert_blocks: Statement,
    insert_digests: Statement,
    authors: HashMap<Id, i64>,
}

impl Drop for PostgresLedger {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

impl PostgresLedger {
    /// Puts a chain's first block into a database that holds none. What lies there beside it is left alone. None if there
    /// is a chain already.
    ///
    /// # Errors
    /// If the database is not to be reached or written.
    pub(crate) fn create(
        address: &DatabaseAddress,
        genesis: &Block,
    ) -> Result<Option<PostgresLedger>, StoreError> {
        let database = Database::new(address)?;
        let community = Id::from(genesis.hash());
        let taken = database.wait(async {
            let line = database.connect(None).await?;
            create(&line.client, community)
                .await
                .map_err(|cause| database.told(&cause))
        })?;
        if taken {
            return Ok(None);
        }
        let mut ledger = PostgresLedger::of(database)?;
        ledger.take()?;
        ledger.append(&Batch {
            blocks: std::slice::from_ref(genesis),
            digests: &[],
            redacted: &[],
            applied: None,
        })?;
        Ok(Some(ledger))
    }

    /// Opens a database for writing. Others may have it open, too.
    ///
    /// # Errors
    /// [`StoreError`]: not to be reached, only to be read, no community's, or of a later version.
    pub(crate) fn open(address: &DatabaseAddress) -> Result<PostgresLedger, StoreError> {
        let mut ledger = PostgresLedger::of(Database::new(address)?)?;
        ledger.warn_of_loss()?;
        ledger.writing()?;
        Ok(ledger)
    }

    fn of(database: Arc<Database>) -> Result<PostgresLedger, StoreError> {
        Ok(PostgresLedger {
            shelf: PostgresShelf::open(database)?,
            writing: None,
            held: false,
            listening: None,
            // What an earlier process redacted and did not sweep the database's own vacuum takes away.
            redacted: None,
        })
    }

    /// Says in the log what is at risk where no standby has to have a commit.
    fn warn_of_loss(&self) -> Result<(), StoreError> {
        let (names, fsync): (String, String) = self.database().ask_waiting(async |client| {
            let settings =
                "SELECT current_setting('synchronous_standby_names'), current_setting('fsync')";
            let row = client.query_one(settings, &[]).await?;
            Ok((row.get(0), row.get(1)))
        })?;
        let place = self.place();
        if names.trim().is_empty() {
            tracing::warn!(
                database = %place.display(),
                "the database has no synchronous standby: if its disk is lost, so are messages that were acknowledged, and members are told of a rollback"
            );
        }
        if fsync == "off" {
            tracing::warn!(
                database = %place.display(),
                "the database runs with fsync = off: a loss of power loses or damages the chain"
            );
        }
        Ok(())
    }

    fn database(&self) -> &Arc<Database> {
        &self.shelf.database
    }

    fn place(&self) -> &Path {
        self.database().place()
    }

    /// The connection that writes; a new one where there is none, on which a first commit was made: what can be read after
    /// it has reached the standbys, even if the database came back from a crash with more.
    fn writing(&mut self) -> Result<&mut Writing, StoreError> {
        if self.writing.is_none() {
            let database = self.database();
            let begun = database.wait(async {
                let line = database.connect(None).await?;
                let begun = begin(line).await;
                begun.map_err(|cause| database.told(&cause))
            })?;
            if begun.line.warned() {
                return Err(self.away("a commit may not have reached the standbys"));
            }
            self.writing = Some(begun);
        }
        match &mut self.writing {
            Some(writing) => Ok(writing),
            None => unreachable!("it was just put there"),
        }
    }

    /// Asks on the connection that writes. It is given up where that fails.
    fn write<R>(
        &mut self,
        work: impl AsyncFnOnce(&mut Writing) -> Result<R, Cause>,
    ) -> Result<R, StoreError> {
        self.writing()?;
        let Some(mut writing) = self.writing.take() else {
            unreachable!("it is there")
        };
        let database = self.database();
        let done = database.wait(async {
            let done = work(&mut writing).await;
            done.map_err(|cause| cause.at(database.place()))
        })?;
        if writing.line.warned() {
            return Err(
                self.away("the database warned; a commit may not have reached the standbys")
            );
        }
        self.writing = Some(writing);
        Ok(done)
    }

    fn away(&self, what: &str) -> StoreError {
        StoreError::Away {
            path: self.place().to_owned(),
            what: what.to_owned(),
        }
    }
}

impl Ledger for PostgresLedger {
    fn take(&mut self) -> Result<Option<Prefix>, StoreError> {
        let place = self.place().to_owned();
        self.held = false;
        let end = self.write(async |writing| {
            let Writing {
                line, chain_end, ..
            } = writing;
            let client = &line.client;
            let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({END})");
            // One behind the other in one round trip. The end is read after the lock is there, and not as it was before.
            let (begun, end) = futures_util::future::join(
                client.batch_execute(&begin),
                client.query_opt(&*chain_end, &[]),
            )
            .await;
            begun?;
            Ok(match end? {
                Some(row) => prefix(&row, &place)?,
                None => Prefix {
                    size: 0,
                    hash: Hash::ZERO,
                },
            })
        })?;
        self.held = true;
        Ok(Some(end))
    }

    fn release(&mut self) {
        if !std::mem::take(&mut self.held) {
            return;
        }
        // Where this fails the connection goes, and the end with it.
        let _ =
            self.write(async |writing| Ok(writing.line.client.batch_execute("ROLLBACK").await?));
    }

    fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        // Only the connection that has the end may append: a new one has not.
        if !std::mem::take(&mut self.held) || self.writing.is_none() {
            return Err(self.away("the connection that held the chain's end was lost"));
        }
        let redacts = self.write(async |writing| append(writing, batch).await)?;
        self.redacted = redacts.or(self.redacted);
        Ok(())
    }

    fn grown(&mut self) -> Result<Option<u64>, StoreError> {
        let place = self.place().to_owned();
        self.write(async |writing| {
            let end = writing
                .line
                .client
                .query_opt(&writing.chain_end, &[])
                .await?;
            let size = end.map(|row| prefix(&row, &place)).transpose()?;
            Ok(Some(size.map_or(0, |prefix| prefix.size)))
        })
    }

    fn watch(&mut self, wake: Arc<dyn Fn() + Send + Sync>) {
        let database = self.database().clone();
        let listening = self.database().spawn(listener::listen(database, wake));
        if let Some(earlier) = self.listening.replace(listening) {
            earlier.abort();
        }
    }

    fn keep(&mut self, wanted: &Checkpoint) -> Result<Checkpoint, StoreError> {
        let place = self.place().to_owned();
        self.write(async |writing| {
            let client = &writing.line.client;
            let (community, head, root) = (&wanted.community, &wanted.head, &wanted.root);
            let kept = client
                .execute(
                    KEEP,
                    &[
                        &&community.as_bytes()[..],
                        &signed(wanted.size),
                        &&head.as_bytes()[..],
                        &&root.as_bytes()[..],
                        &signed(wanted.time),
                        &&*wanted.signature,
                    ],
                )
                .await?;
            if kept == 1 {
                return Ok(wanted.clone());
            }
            let kept = checkpoint(client, &place).await?;
            Ok(kept.unwrap_or_else(|| wanted.clone()))
        })
    }

    fn sweep(&mut self) -> Result<bool, StoreError> {
        let Some(redacted) = self.redacted else {
            return Ok(true);
        };
        // A row as it was before stays for whoever may still see it. Nobody has to: then it goes for good.
        let is_swept = self.write(async |writing| {
            let client = &writing.line.client;
            let seen = "
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
                AND age(backend_xmin) >= age($1::text::xid)";
            let text = (redacted as u32).to_string();
            let readers: i64 = client.query_one(seen, &[&text]).await?.get(0);
            if readers > 0 {
                return Ok(false);
            }
            client.batch_execute("VACUUM dispatch_d.block").await?;
            Ok(true)
        })?;
        if is_swept {
            self.redacted = None;
        }
        Ok(is_swept)
    }

    fn shelf(&self) -> &dyn Shelf {
        &self.shelf
    }

    fn share(&self) -> Arc<dyn Shelf> {
        Arc::new(self.shelf.clone())
    }

    fn commons(&self) -> Option<Arc<dyn Commons>> {
        Some(Arc::new(PostgresCommons::new(self.database().clone())))
    }

    fn sole(&self) -> Option<&Path> {
        None
    }

    fn migrate(&mut self, _: &mut dyn FnMut(Step)) -> Result<Option<Migrated>, StoreError> {
        Ok(None)
    }
}

/// Makes the tables. True if there is a chain already.
async fn create(client: &Client, community: Id) -> Result<bool, tokio_postgres::Error> {
    if shelf::community(client).await?.is_some() {
        return Ok(true);
    }
    client.batch_execute("BEGIN").await?;
    client.batch_execute(TABLES).await?;
    client.batch_execute(SHARED_TABLES).await?;
    client
        .execute(
            "INSERT INTO dispatch_d.community (version, id) VALUES ($1, $2)",
            &[&VERSION, &&community.as_bytes()[..]],
        )
        .await?;
    client.batch_execute("COMMIT").await?;
    Ok(false)
}

/// Makes a connection ready to write.
async fn begin(line: Line) -> Result<Writing, tokio_postgres::Error> {
    let client = &line.client;
    client
        .batch_execute("UPDATE dispatch_d.community SET beats = beats + 1")
        .await?;
    let chain_end = client.prepare(CHAIN_END).await?;
    let insert_accounts = client.prepare(INSERT_ACCOUNTS).await?;
    let insert_blocks = client.prepare(INSERT_BLOCKS).await?;
    let insert_digests = client.prepare(INSERT_DIGESTS).await?;
    Ok(Writing {
        chain_end,
        insert_accounts,
        insert_blocks,
        insert_digests,
        authors: HashMap::new(),
        line,
    })
}

fn prefix(row: &tokio_postgres::Row, place: &Path) -> Result<Prefix, StoreError> {
    let hash: &[u8] = row.get(1);
    let damaged = |what: String| StoreError::Damaged {
        path: place.to_owned(),
        index: None,
        what,
    };
    Ok(Prefix {
        size: unsigned(row, 0).map_err(damaged)?,
        hash: Hash::new(
            hash.try_into()
                .map_err(|_| damaged("the hash of the last block is not one".to_owned()))?,
        ),
    })
}
