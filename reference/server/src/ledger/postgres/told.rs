//! What the database's errors mean to a community's owner.

use std::path::Path;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::ledger::StoreError;

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The database, or the way to it.
    Database(Error),
    /// What the answer holds.
    Answer(StoreError),
}

impl From<Error> for Cause {
    fn from(error: Error) -> Cause {
        Cause::Database(error)
    }
}

impl From<StoreError> for Cause {
    fn from(error: StoreError) -> Cause {
        Cause::Answer(error)
    }
}

impl Cause {
    /// As an error of the store at a place.
    pub(super) fn at(self, place: &Path) -> StoreError {
        match self {
            Cause::Database(error) => told(place, &error),
            Cause::Answer(error) => error,
        }
    }
}

/// Sorts an error of the database.
pub(super) fn told(place: &Path, cause: &Error) -> StoreError {
    let path = place.to_owned();
    let Some(database) = cause.as_db_error() else {
        return StoreError::Away {
            path,
            what: in_words(cause),
        };
    };
    let failed = |what: String| StoreError::Failed {
        path: place.to_owned(),
        what,
    };
    let said = database.message().to_owned();
    match database.code() {
        code if *code == SqlState::DISK_FULL => StoreError::Full(path),
        code if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => {
            StoreError::Damaged {
                path,
                index: None,
                what: said,
            }
        }
        code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => failed(
            "this database can only be read; name the primary, or all hosts and target_session_attrs=read-write".to_owned(),
        ),
        code if *code == SqlState::LOCK_NOT_AVAILABLE => StoreError::Away {
            path,
            what: "another process did not give the chain's end back".to_owned(),
        },
        // It stops, starts, or has no room for connections: not for us to mend.
        code if code.code().starts_with("57P") || *code == SqlState::TOO_MANY_CONNECTIONS => {
            StoreError::Away { path, what: said }
        }
        code if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN => {
            StoreError::Damaged {
                path,
                index: None,
                what: said,
            }
        }
        _ => failed(said),
    }
}

fn in_words(cause: &dyn std::error::Error) -> String {
    match cause.source() {
        Some(behind) => format!("{cause}: {}", in_words(behind)),
        None => cause.to_string(),
    }
}
