//! An older store becomes one of this version: first a copy of it is made beside it, then everything happens in one
//! transaction. A crash at any moment leaves the old store or the new one, whole.

use std::fs::File;
use std::path::{Path, PathBuf};

use std::sync::PoisonError;

use rusqlite::Transaction;

use super::authors::Authors;
use super::schema::{ACCOUNTS, BLOCKS, DIGESTS, PAGE_BYTES, SCHEMA};
use super::{SqliteLedger, copy, insert, told};
use crate::ledger::{Batch, Ledger as _, Shelf as _, StoreError, digests_of};

/// How much is read at once, in bytes.
const UNIT_BYTES: usize = 4 << 20;

/// What a migration is about to do, or has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many pages of so many are in the copy.
    Copied(u64, u64),
    /// The copy has its name, and is durable.
    Kept,
    /// The new tables hold what belongs to so many blocks; nothing of it is committed.
    Filled(u64),
    /// The new version stands.
    Committed,
}

/// What a migration came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migrated {
    /// The version of the tables before.
    pub(crate) from: i64,
    /// And after.
    pub(crate) to: i64,
    /// The copy of the store as it was.
    pub(crate) backup: PathBuf,
    /// Whether the room that the old tables took was given back. Nothing is wrong with a store that holds it: what is
    /// appended takes it.
    pub(crate) packed: bool,
}

impl SqliteLedger {
    /// See [`Ledger::migrate`](crate::ledger::Ledger::migrate).
    pub(super) fn renew(
        &mut self,
        step: &mut dyn FnMut(Step),
    ) -> Result<Option<Migrated>, StoreError> {
        let from = self.shelf.schema;
        if from == SCHEMA {
            return Ok(None);
        }
        let backup = self.keep_copy(from, step)?;
        step(Step::Kept);
        self.fill(step)?;
        step(Step::Committed);
        self.shelf.schema = SCHEMA;
        // So that the new tables are not in the journal alone; a reader in the way is no harm.
        self.sweep()?;
        Ok(Some(Migrated {
            from,
            to: SCHEMA,
            backup,
            packed: self.pack(),
        }))
    }

    /// A copy of the store under a name that nothing has yet.
    fn keep_copy(&self, from: i64, step: &mut dyn FnMut(Step)) -> Result<PathBuf, StoreError> {
        let beside = |ending: &str| {
            let mut path = self.path.as_os_str().to_owned();
            path.push(format!(".schema-{from}{ending}"));
            PathBuf::from(path)
        };
        // What an earlier try left that did not come to its end; the lock is ours.
        let partial = beside(".partial");
        match std::fs::remove_file(&partial) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(copy::refused(&partial, &cause));
            }
            _ => {}
        }
        copy::copy(&self.path, &partial, &mut |done, total| {
            step(Step::Copied(done, total));
        })?;
        let mut number = 1;
        loop {
            let backup = match number {
                1 => beside(".backup"),
                _ => beside(&format!(".backup-{number}")),
            };
            // A link never takes the place of another file, as a rename would; where there are none, the lock has to do.
            let linked = match std::fs::hard_link(&partial, &backup) {
                Err(_) if !backup.exists() => std::fs::rename(&partial, &backup),
                linked => linked.and_then(|()| std::fs::remove_file(&partial)),
            };
            match linked {
                Ok(()) => {
                    sync_folder_of(&backup)?;
                    return Ok(backup);
                }
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(cause) => return Err(copy::refused(&backup, &cause)),
            }
        }
    }

    fn fill(&mut self, step: &mut dyn FnMut(Step)) -> Result<(), StoreError> {
        let path = self.path.clone();
        let failed = |cause: rusqlite::Error| told(&path, &cause);
        // The reader has a connection of its own, and sees the old tables all the time.
        let shelf = &self.shelf;
        let transaction: Transaction<'_> = self.connection.transaction().map_err(failed)?;
        transaction
            .execute_batch(&format!(
                "ALTER TABLE block RENAME TO former; DROP TABLE IF EXISTS digest; {ACCOUNTS} {BLOCKS} {DIGESTS}"
            ))
            .map_err(failed)?;
        let mut authors = Authors::read(&transaction).map_err(failed)?;
        let mut next = 0;
        loop {
            let blocks = shelf.blocks(next..u64::MAX >> 1, UNIT_BYTES)?;
            let Some(last) = blocks.last() else { break };
            next = last.index + 1;
            let batch = Batch {
                blocks: &blocks,
                digests: &digests_of(&blocks),
                redacted: &[],
                applied: None,
            };
            insert(&transaction, &mut authors, &batch).map_err(failed)?;
            step(Step::Filled(next));
        }
        transaction
            .execute_batch("DROP TABLE former")
            .map_err(failed)?;
        transaction
            .pragma_update(None, "user_version", SCHEMA)
            .map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Gives back the room that the old tables took, and takes pages of the size that new stores have. That needs as much room
    /// once more for a while, and nobody who reads; a crash leaves the store as it was or as it will be, by SQLite's journal.
    fn pack(&mut self) -> bool {
        // A connection that is open keeps the journal's mode as it is.
        let idle = self.shelf.idle.get_mut();
        idle.unwrap_or_else(PoisonError::into_inner).clear();
        let packed = self.connection.execute_batch(&format!(
            "PRAGMA journal_mode = DELETE; PRAGMA page_size = {PAGE_BYTES}; VACUUM;"
        ));
        let resumed = self.connection.execute_batch("PRAGMA journal_mode = WAL;");
        packed.and(resumed).is_ok()
    }
}

/// Makes the names in a file's folder durable.
fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|cause| copy::refused(folder, &cause))
}

#[cfg(test)]
mod tests;
