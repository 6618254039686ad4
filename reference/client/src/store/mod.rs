//! What a client keeps of a community, in a folder of its own: two SQLite files.
//!
//! `keys.sqlite` holds what nobody else can give back: cards' private keys, epochs' secrets, signed entries that are not
//! acknowledged yet, the highest checkpoint. `chain.sqlite` holds the blocks, which the server hands out again: when it is
//! damaged, it is set aside and fetched anew, and judged by the checkpoint that was kept.
//!
//! Several processes may share a folder: each write says the same wherever it comes from, or is the process' own. Errands are:
//! each has an owner, whose [`Presence`] shows whether it still runs.

mod blocks;
mod presence;
mod vault;

use std::path::{Path, PathBuf};

pub(crate) use blocks::Blocks;
pub(crate) use presence::Presence;
pub(crate) use vault::{Left, Outgoing, Vault};

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

    /// Opens a file that is there, and changes nothing.
    fn read(path: &Path) -> Result<Self, StoreError> {
        let opened = rusqlite::Connection::open_with_flags(
            path,
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
        );
        let connection = opened.map_err(|error| StoreError::of(path, &error))?;
        let file = Self {
            path: path.to_owned(),
            connection,
        };
        file.run(|c| c.busy_timeout(std::time::Duration::from_secs(10)))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use dispatch_protocol::chain::{State, found};
    use dispatch_protocol::entry::{Body, CardBody, Draft, Entry};
    use dispatch_protocol::key::{CardKey, KeyPair, ModulusBits};

    /// A chain of so many blocks, as a server shows it.
    fn chain(authority: &KeyPair, size: u64) -> (State, Vec<dispatch_protocol::chain::Linked>) {
        let server = KeyPair::generate(ModulusBits::Bits2048).unwrap();
        let genesis = found("A community", authority, server.public(), 1).unwrap();
        let (mut state, first) = State::from_genesis(genesis).unwrap();
        let mut linked = vec![first];
        while state.size() < size {
            let id = authority.public().id();
            let draft = Draft {
                community: state.community(),
                author: id,
                seq: state.next_seq(&id),
                seen: state.prefix(),
                sent_at: 1,
                body: Body::Card(CardBody {
                    x25519: CardKey::generate().card(),
                }),
            };
            let block = dispatch_protocol::chain::Block {
                index: state.size(),
                prev: state.head(),
                time: 1,
                entry: Entry::sign(draft, authority),
            };
            linked.push(state.replay(block).unwrap());
        }
        (state, linked)
    }

    #[test]
    fn a_full_disk_is_told_and_nothing_that_was_stored_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let authority = KeyPair::generate(ModulusBits::Bits2048).unwrap();
        let (state, linked) = chain(&authority, 40);
        let mut blocks = Blocks::open(dir.path()).unwrap();
        assert_eq!(blocks.append(&linked[..10]).unwrap(), None);
        blocks.bound(8);
        let error = blocks.append(&linked[10..]).unwrap_err();
        assert!(error.is_full(), "{error}");
        assert!(
            error
                .to_string()
                .contains("the disk is full; nothing was lost"),
            "{error}"
        );
        drop(blocks);
        // somebody made room
        let mut blocks = Blocks::open(dir.path()).unwrap();
        let held = blocks.restore(|_, _| {}).unwrap().unwrap();
        assert_eq!(
            held.prefix(),
            dispatch_protocol::entry::Prefix {
                size: 10,
                hash: linked[9].hash(),
            }
        );
        assert_eq!(blocks.append(&linked[10..]).unwrap(), None);
        let whole = blocks.restore(|_, _| {}).unwrap().unwrap();
        assert_eq!(whole.prefix(), state.prefix());

        // an entry that cannot be stored is not sent
        let mut vault = Vault::open(dir.path()).unwrap();
        let errand = vault.add_errand("one", "{}").unwrap();
        vault.bound(14);
        let out: Vec<_> = linked
            .iter()
            .map(|linked| Outgoing {
                id: linked.id(),
                entry: linked.block().entry.clone(),
            })
            .collect();
        assert!(vault.add_outgoing(errand, &out).unwrap_err().is_full());
        let left = vault.claim("another", |_| true).unwrap();
        assert!(left.len() == 1 && left[0].versions.is_empty());
    }

    #[test]
    fn a_turned_bit_is_damage_wherever_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let authority = KeyPair::generate(ModulusBits::Bits2048).unwrap();
        let (_, linked) = chain(&authority, 4);
        let mut blocks = Blocks::open(dir.path()).unwrap();
        assert_eq!(blocks.append(&linked).unwrap(), None);
        for place in 1..4 {
            let text: String = blocks
                .0
                .run(|c| {
                    c.query_row("SELECT text FROM block WHERE place = ?", [place], |r| {
                        r.get(0)
                    })
                })
                .unwrap();
            // the signature stands last
            let at = text.rfind(r#""signature":""#).unwrap() + 20;
            let other = if text.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            let spoilt = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            let put = |text: &str| {
                blocks
                    .0
                    .run(|c| c.execute("UPDATE block SET text = ? WHERE place = ?", (text, place)))
                    .unwrap()
            };
            put(&spoilt);
            let error = blocks.restore(|_, _| {}).unwrap_err();
            assert!(error.is_damaged(), "{error}");
            put(&text);
            assert!(blocks.restore(|_, _| {}).is_ok());
        }
    }
}
