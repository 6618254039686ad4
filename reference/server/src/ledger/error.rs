//! What can be wrong with a store, told so that its owner knows what to do.

use std::path::PathBuf;

use dispatch_protocol::bytes::Id;

/// A store that cannot be used, or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open for writing.
    #[error("{}: the store is in use by another dispatchd; stop that one first", .0.display())]
    InUse(PathBuf),
    /// There is none.
    #[error("{}: there is no store; `dispatchd init` makes one", .0.display())]
    Missing(PathBuf),
    /// The file is something else, or was written by a later version.
    #[error("{}: {what}", .path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        what: String,
    },
    /// It holds another community's chain than the one that is configured.
    #[error("{}: the store holds the chain of community {found}, but {expected} is configured", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The community of the configuration or of the keys.
        expected: Id,
        /// The community of the store.
        found: Id,
    },
    /// It does not hold together. It is left as it is.
    #[error("{}: the store is damaged{}: {what}. Nothing was changed; put a backup or a member's copy in its place", .path.display(), place(.index))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first block that is wrong, where it can be said.
        index: Option<u64>,
        /// What is wrong.
        what: String,
    },
    /// There is no room for what is to be written.
    #[error("{}: the disk is full; make room", .0.display())]
    Full(PathBuf),
    /// Another program holds it.
    #[error("{}: another program has locked the store; close that one", .0.display())]
    Locked(PathBuf),
    /// The database is not to be reached, does not answer, or does not let us.
    #[error("{}: the database does not answer: {what}", .path.display())]
    Away {
        /// Its address, without a password.
        path: PathBuf,
        /// What came in the answer's place.
        what: String,
    },
    /// The disk or the database refused.
    #[error("{}: {what}", .path.display())]
    Failed {
        /// The file, or the database's address.
        path: PathBuf,
        /// In the database's words.
        what: String,
    },
}

fn place(index: &Option<u64>) -> String {
    index.map_or(String::new(), |index| format!(" at block {index}"))
}
