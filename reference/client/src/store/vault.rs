//! `keys.sqlite`: what nobody else can give back.

use std::path::Path;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::Entry;
use dispatch_protocol::epoch::Secret;
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::key::{Card, CardKey};
use dispatch_protocol::limits::Limits;
use rusqlite::OptionalExtension as _;

use super::{File, StoreError};

const NAME: &str = "keys.sqlite";
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS card (made INTEGER PRIMARY KEY, public BLOB NOT NULL UNIQUE, private BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS epoch (id BLOB PRIMARY KEY, secret BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outgoing (id BLOB PRIMARY KEY, seq INTEGER NOT NULL, entry TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS errand (number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS part (id BLOB PRIMARY KEY, errand INTEGER NOT NULL, version INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS name (account BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT;
";

pub(crate) struct Vault(File);

/// A signed entry that is not acknowledged yet.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: Id,
    pub(crate) entry: Entry,
}

/// An errand that another program has left behind.
pub(crate) struct Left {
    pub(crate) number: i64,
    /// As [`Errand::encode`](crate::writing::Errand::encode) writes it.
    pub(crate) text: String,
    /// What was signed for it, the newest last.
    pub(crate) versions: Vec<Vec<Outgoing>>,
}

impl Vault {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::of(folder, File::open(&folder.join(NAME), SCHEMA))
    }

    /// Opens it to be read alone: not a byte of it is changed.
    pub(crate) fn read(folder: &Path) -> Result<Self, StoreError> {
        Self::of(folder, File::read(&folder.join(NAME)))
    }

    fn of(folder: &Path, opened: Result<File, StoreError>) -> Result<Self, StoreError> {
        let opened = opened.and_then(|file| {
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

    /// The checkpoint that a backup brought, until it is verified. // [BACKUP-7]
    pub(crate) fn restored(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.fact("restored", |text| Checkpoint::decode(text).ok())
    }

    pub(crate) fn set_restored(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let text = serde_json::to_string(checkpoint).expect("a checkpoint is plain JSON");
        self.set("restored", &text)
    }

    pub(crate) fn forget_restored(&mut self) -> Result<(), StoreError> {
        self.forget("restored")
    }

    /// Keeps the checkpoint, unless one as high is kept, such as by another process.
    pub(crate) fn keep(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let text = serde_json::to_string(checkpoint).expect("a checkpoint is plain JSON");
        // read and written in one transaction: another process may be at it // [CHECK-7]
        self.0.change(|t| {
            let kept: Option<String> = t
                .query_row(
                    "SELECT value FROM fact WHERE name = 'checkpoint'",
                    [],
                    |row| row.get(0),
                )
                .optional()?;
            let kept = kept.and_then(|text| Checkpoint::decode(&text).ok());
            if kept.is_some_and(|kept| kept.size >= checkpoint.size) {
                return Ok(());
            }
            t.execute(
                "INSERT OR REPLACE INTO fact (name, value) VALUES ('checkpoint', ?)",
                [text],
            )
            .map(drop)
        })
    }

    /// The limits that the server last advertised, or the specification's.
    pub(crate) fn limits(&self) -> Result<Limits, StoreError> {
        let limits: Option<Limits> = self.fact("limits", |text| serde_json::from_str(text).ok())?;
        Ok(limits
            .filter(|limits| limits.check().is_ok())
            .unwrap_or_default())
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

    /// The card that was made last, as long as it is not in the chain.
    pub(crate) fn unpublished(&self) -> Result<Option<Card>, StoreError> {
        self.fact("unpublished", |text| Card::decode(text).ok())
    }

    pub(crate) fn set_unpublished(&mut self, card: &Card) -> Result<(), StoreError> {
        self.set("unpublished", &card.to_string())
    }

    pub(crate) fn forget_unpublished(&mut self) -> Result<(), StoreError> {
        self.forget("unpublished")
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

    /// Stores what a member wants done, before anything is done about it; gives its number.
    pub(crate) fn add_errand(&mut self, owner: &str, text: &str) -> Result<i64, StoreError> {
        self.0.change(|t| {
            t.execute(
                "INSERT INTO errand (owner, text) VALUES (?, ?)",
                (owner, text),
            )?;
            Ok(t.last_insert_rowid())
        })
    }

    /// Makes the errands of programs that run no more those of this owner; gives them in the order in which they were given.
    pub(crate) fn claim(
        &mut self,
        owner: &str,
        is_gone: impl Fn(&str) -> bool,
    ) -> Result<Vec<Left>, StoreError> {
        let rows = self.0.change(|t| {
            let mut owners = t.prepare("SELECT DISTINCT owner FROM errand WHERE owner <> ?")?;
            let owners: Vec<String> = owners
                .query_map([owner], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut rows: Vec<(i64, String)> = Vec::new();
            for gone in owners.iter().filter(|other| is_gone(other)) {
                let mut left = t.prepare("SELECT number, text FROM errand WHERE owner = ?")?;
                for row in left.query_map([gone], |row| Ok((row.get(0)?, row.get(1)?)))? {
                    rows.push(row?);
                }
                t.execute("UPDATE errand SET owner = ? WHERE owner = ?", (owner, gone))?;
            }
            rows.sort();
            Ok(rows)
        })?;
        rows.into_iter()
            .map(|(number, text)| {
                Ok(Left {
                    number,
                    text,
                    versions: self.versions(number)?,
                })
            })
            .collect()
    }

    /// The entries that were signed for an errand, the first version first, each in the order of `seq`.
    fn versions(&self, errand: i64) -> Result<Vec<Vec<Outgoing>>, StoreError> {
        let rows: Vec<(i64, String)> = self.0.run(|c| {
            let mut rows = c.prepare(
                "SELECT version, entry FROM outgoing JOIN part USING (id) WHERE errand = ? ORDER BY version, seq",
            )?;
            let rows = rows.query_map([errand], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })?;
        let mut versions: Vec<(i64, Vec<Outgoing>)> = Vec::new();
        for (version, text) in rows {
            let entry = Entry::decode(&text, &Limits::default())
                .map_err(|_| StoreError::damaged(&self.0.path, "an outgoing entry is damaged"))?;
            let out = Outgoing {
                id: entry.id(),
                entry,
            };
            match versions.last_mut() {
                Some((known, entries)) if *known == version => entries.push(out),
                _ => versions.push((version, vec![out])),
            }
        }
        Ok(versions.into_iter().map(|(_, entries)| entries).collect())
    }

    /// Stores what was signed for an errand, before it is sent. What was signed before stays: it may arrive yet. // [ENTRY-17]
    pub(crate) fn add_outgoing(
        &mut self,
        errand: i64,
        entries: &[Outgoing],
    ) -> Result<(), StoreError> {
        self.0.change(|t| {
            let mut add =
                t.prepare("INSERT OR IGNORE INTO outgoing (id, seq, entry) VALUES (?, ?, ?)")?;
            let version: i64 = t.query_row(
                "SELECT coalesce(max(version), 0) + 1 FROM part WHERE errand = ?",
                [errand],
                |row| row.get(0),
            )?;
            let mut part =
                t.prepare("INSERT OR IGNORE INTO part (id, errand, version) VALUES (?, ?, ?)")?;
            for Outgoing { id, entry } in entries {
                let text = serde_json::to_string(entry).expect("an entry is plain JSON");
                add.execute((id.as_bytes(), entry.seq.cast_signed(), text))?;
                part.execute((id.as_bytes(), errand, version))?;
            }
            Ok(())
        })
    }

    /// Forgets an errand that is done or given up, and all that was signed for it.
    pub(crate) fn drop_errand(&mut self, errand: i64) -> Result<(), StoreError> {
        self.0.change(|t| {
            t.execute(
                "DELETE FROM outgoing WHERE id IN (SELECT id FROM part WHERE errand = ?)",
                [errand],
            )?;
            t.execute("DELETE FROM part WHERE errand = ?", [errand])?;
            t.execute("DELETE FROM errand WHERE number = ?", [errand])?;
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

    fn forget(&mut self, name: &str) -> Result<(), StoreError> {
        self.0.change(|t| {
            t.execute("DELETE FROM fact WHERE name = ?", [name])
                .map(drop)
        })
    }

    #[cfg(test)]
    pub(crate) fn bound(&self, pages: u32) {
        self.0.bound(pages);
    }
}
