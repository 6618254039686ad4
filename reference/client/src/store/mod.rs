//! What a client keeps of a community, in a folder of its own: two SQLite files.
//!
//! `keys.sqlite` holds what nobody else can give back: cards' private keys, epochs' secrets, signed entries that are not
//! acknowledged yet, the highest checkpoint. `chain.sqlite` holds the blocks, which the server hands out again: when it is
//! damaged, it is set aside and fetched anew, and judged by the checkpoint that was kept.
//!
//! Several processes may share a folder: each write says the same wherever it comes from, or is the process' own.

mod blocks;
mod vault;

use std::path::{Path, PathBuf};

pub(crate) use blocks::Blocks;
pub(crate) use vault::{Outgoing, Vault};

/// Why the store failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub what: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Full,
    Damaged,
    Other,
}

impl StoreError {
    /// Whether the disk is full: nothing was written, and nothing is lost.
    pub fn is_full(&self) -> bool {
        self.kind == Kind::Full
    }

    /// Whether the file is no longer what was written.
    pub fn is_damaged(&self) -> bool {
        self.kind == Kind::Damaged
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            what: what.into(),
            kind: Kind::Damaged,
        }
    }

    pub(crate) fn other(path: &Path, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            what: what.into(),
            kind: Kind::Other,
        }
    }

    fn of(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let (kind, what) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (
                Kind::Full,
                "the disk is full; nothing was lost, make room and do it again".to_owned(),
            ),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                (Kind::Damaged, format!("the file is damaged ({error})"))
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
                Kind::Other,
                "another program writes to it all the time; end that one first".to_owned(),
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => (
                Kind::Other,
                format!("it cannot be opened for writing ({error})"),
            ),
            _ => (Kind::Other, error.to_string()),
        };
        Self {
            path: path.to_owned(),
            what,
            kind,
        }
    }
}

/// A file of SQLite, which knows its path for what goes wrong.
pub(crate) struct File {
    path: PathBuf,
    connection: rusqlite::Connection,
}

impl File {
    /// Opens or makes the file, readable by its owner alone, and sees that it is whole as far as SQLite can tell.
    fn open(path: &Path, schema: &str) -> Result<Self, StoreError> {
        private_file(path)?;
        let connection =
            rusqlite::Connection::open(path).map_err(|error| StoreError::of(path, &error))?;
        let file = Self {
            path: path.to_owned(),
            connection,
        };
        file.run(|c| {
            c.busy_timeout(std::time::Duration::from_secs(10))?;
            c.pragma_update(None, "journal_mode", "WAL")?;
            c.pragma_update(None, "synchronous", "FULL")?;
            // what is deleted, such as a redacted ciphertext, is overwritten // [RED-6]
            c.pragma_update(None, "secure_delete", "ON")?;
            c.execute_batch(schema)
        })?;
        Ok(file)
    }

    fn run<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|error| StoreError::of(&self.path, &error))
    }

    /// All or nothing.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let Self { path, connection } = self;
        let done = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let done = work(&transaction)?;
                transaction.commit()?;
                Ok(done)
            });
        done.map_err(|error| StoreError::of(path, &error))
    }

    /// Bounds the file's size in pages, as a disk that is full does.
    #[cfg(test)]
    fn bound(&self, pages: u32) {
        self.run(|c| c.pragma_update(None, "max_page_count", pages))
            .unwrap();
    }
}

/// Makes the file with the mode 0600 where it is not there.
fn private_file(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::other(path, format!("it cannot be made: {error}")))
}
