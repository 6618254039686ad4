//! `keys.sqlite`: what nobody else can give back.

use std::path::Path;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::Entry;
use dispatch_protocol::epoch::Secret;
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::key::CardKey;
use dispatch_protocol::limits::Limits;
use rusqlite::OptionalExtension as _;

use super::{File, StoreError};

const NAME: &str = "keys.sqlite";
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS card (made INTEGER PRIMARY KEY, public BLOB NOT NULL UNIQUE, private BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS epoch (id BLOB PRIMARY KEY, secret BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outgoing (id BLOB PRIMARY KEY, seq INTEGER NOT NULL, entry TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS name (account BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT;
";

pub(crate) struct Vault(File);

/// A signed entry that is not acknowledged yet.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: Id,
    pub(crate) entry: Entry,
}

impl Vault {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let opened = File::open(&folder.join(NAME), SCHEMA).and_then(|file| {
            file.run(|c| c.query_row("SELECT count(*) FROM fact", [], |row| row.get::<_, i64>(0)))?;
            Ok(Self(file))
        });
        opened.map_err(|error| match error.is_damaged() {
            true => StoreError::damaged(
                &folder.join(NAME),
                "the file that holds this member's keys is damaged; leave it as it is, and restore a backup into another home (`dispatch restore`)",
            ),
            false => error,
        })
    }

    /// The community whose store this is, once it was joined.
    pub(crate) fn invitation(&self) -> Result<Option<Invitation>, StoreError> {
        self.fact("invitation", |text| Invitation::decode(text).ok())
    }

    /// The account that the store is for.
    pub(crate) fn account(&self) -> Result<Option<Id>, StoreError> {
        self.fact("account", |text| Id::decode(text).ok())
    }

    pub(crate) fn set_owner(
        &mut self,
        invitation: &Invitation,
        account: Id,
    ) -> Result<(), StoreError> {
        self.0.change(|t| {
            let mut set = t.prepare("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)")?;
            set.execute(("invitation", invitation.to_string()))?;
            set.execute(("account", account.to_string()))?;
            Ok(())
        })
    }

    /// The highest checkpoint that was verified. // [CHECK-7]
    pub(crate) fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.fact("checkpoint", |text| Checkpoint::decode(text).ok())
    }

    /// Keeps the checkpoint, unless a higher one is kept, such as by another process.
    pub(crate) fn keep(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        if self
            .checkpoint()?
            .is_some_and(|kept| kept.size > checkpoint.size)
        {
            return Ok(());
        }
        let text = serde_json::to_string(checkpoint).expect("a checkpoint is plain JSON");
        self.set("checkpoint", &text)
    }

    /// The limits that the server last advertised, or the specification's.
    pub(crate) fn limits(&self) -> Result<Limits, StoreError> {
        let limits = self.fact("limits", |text| serde_json::from_str(text).ok())?;
        Ok(limits.unwrap_or_default())
    }

    pub(crate) fn set_limits(&mut self, limits: &Limits) -> Result<(), StoreError> {
        self.set("limits", &serde_json::to_string(limits).expect("numbers"))
    }

    /// The cards' private keys, the newest first.
    pub(crate) fn cards(&self) -> Result<Vec<CardKey>, StoreError> {
        let keys: Vec<[u8; 32]> = self.list("SELECT private FROM card ORDER BY made DESC")?;
        Ok(keys.iter().map(CardKey::from_bytes).collect())
    }

    pub(crate) fn add_card(&mut self, card: &CardKey) -> Result<(), StoreError> {
        let (public, private) = (card.card(), card.to_bytes());
        self.0.change(|t| {
            t.execute(
                "INSERT OR IGNORE INTO card (public, private) VALUES (?, ?)",
                (public.as_bytes(), private.as_slice()),
            )
            .map(drop)
        })
    }

    pub(crate) fn secrets(&self) -> Result<Vec<(Id, Secret)>, StoreError> {
        let found = self.0.run(|c| {
            let mut rows = c.prepare("SELECT id, secret FROM epoch")?;
            let rows = rows.query_map([], |row| {
                Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, [u8; 32]>(1)?))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        })?;
        let secret = |(id, secret)| (Id::new(id), Secret::from_bytes(&secret));
        Ok(found.into_iter().map(secret).collect())
    }

    pub(crate) fn add_secrets(&mut self, secrets: &[(Id, Secret)]) -> Result<(), StoreError> {
        if secrets.is_empty() {
            return Ok(());
        }
        self.0.change(|t| {
            let mut add = t.prepare("INSERT OR IGNORE INTO epoch (id, secret) VALUES (?, ?)")?;
            for (id, secret) in secrets {
                add.execute((id.as_bytes(), secret.as_bytes()))?;
            }
            Ok(())
        })
    }

    /// The entries that are not acknowledged, by `seq`.
    pub(crate) fn outgoing(&self) -> Result<Vec<Outgoing>, StoreError> {
        let texts: Vec<String> = self.list("SELECT entry FROM outgoing ORDER BY seq")?;
        let read = |text: &String| {
            let entry = Entry::decode(text, &Limits::default()).ok()?;
            Some(Outgoing {
                id: entry.id(),
                entry,
            })
        };
        texts
            .iter()
            .map(|text| {
                read(text).ok_or_else(|| {
                    StoreError::damaged(&self.0.path, "an outgoing entry is damaged")
                })
            })
            .collect()
    }

    /// Stores signed entries before they are sent. // [ENTRY-17]
    pub(crate) fn add_outgoing(&mut self, entries: &[Outgoing]) -> Result<(), StoreError> {
        self.0.change(|t| {
            let mut add =
                t.prepare("INSERT OR IGNORE INTO outgoing (id, seq, entry) VALUES (?, ?, ?)")?;
            for Outgoing { id, entry } in entries {
                let text = serde_json::to_string(entry).expect("an entry is plain JSON");
                add.execute((id.as_bytes(), entry.seq.cast_signed(), text))?;
            }
            Ok(())
        })
    }

    pub(crate) fn drop_outgoing(&mut self, ids: &[Id]) -> Result<(), StoreError> {
        self.0.change(|t| {
            let mut drop = t.prepare("DELETE FROM outgoing WHERE id = ?")?;
            for id in ids {
                drop.execute([id.as_bytes()])?;
            }
            Ok(())
        })
    }

    /// What the member calls others.
    pub(crate) fn names(&self) -> Result<Vec<(Id, String)>, StoreError> {
        self.0.run(|c| {
            let mut rows = c.prepare("SELECT account, name FROM name ORDER BY name")?;
            let rows = rows.query_map([], |row| {
                Ok((Id::new(row.get::<_, [u8; 32]>(0)?), row.get(1)?))
            })?;
            rows.collect()
        })
    }

    pub(crate) fn set_name(&mut self, account: &Id, name: &str) -> Result<(), StoreError> {
        self.0.change(|t| {
            t.execute(
                "INSERT OR REPLACE INTO name (account, name) VALUES (?, ?)",
                (account.as_bytes(), name),
            )
            .map(drop)
        })
    }

    fn list<T: rusqlite::types::FromSql>(&self, query: &str) -> Result<Vec<T>, StoreError> {
        self.0.run(|c| {
            let mut rows = c.prepare(query)?;
            let rows = rows.query_map([], |row| row.get(0))?;
            rows.collect()
        })
    }

    fn fact<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.0.run(|c| {
            c.query_row("SELECT value FROM fact WHERE name = ?", [name], |row| {
                row.get(0)
            })
            .optional()
        })?;
        text.map(|text| {
            read(&text).ok_or_else(|| {
                StoreError::damaged(
                    &self.0.path,
                    format!("what is stored as `{name}` is damaged"),
                )
            })
        })
        .transpose()
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.0.change(|t| {
            t.execute(
                "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
                (name, value),
            )
            .map(drop)
        })
    }

    #[cfg(test)]
    pub(crate) fn bound(&self, pages: u32) {
        self.0.bound(pages);
    }
}
