//! `chain.sqlite`: the blocks, as they were verified.

use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::chain::{Block, Linked, State};
use dispatch_protocol::entry::Body;
use rusqlite::OptionalExtension as _;

use super::{File, StoreError};

const NAME: &str = "chain.sqlite";
/// Before the number of a damaged file.
const ASIDE: &str = "chain.sqlite.damaged-";
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS block (place INTEGER PRIMARY KEY, hash BLOB NOT NULL, text TEXT NOT NULL) STRICT;";

pub(crate) struct Blocks(pub(super) File);

impl Blocks {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        File::open(&folder.join(NAME), SCHEMA).map(Self)
    }

    /// Opens it to be read alone: not a byte of it is changed.
    pub(crate) fn read(folder: &Path) -> Result<Self, StoreError> {
        File::read(&folder.join(NAME)).map(Self)
    }

    /// Moves a damaged file out of the way, and says where it is now. Nothing is deleted.
    pub(crate) fn set_aside(folder: &Path) -> Result<PathBuf, StoreError> {
        let path = folder.join(NAME);
        let aside = (1..)
            .map(|n| folder.join(format!("{ASIDE}{n}")))
            .find(|aside| !aside.exists())
            .expect("a number is free");
        std::fs::rename(&path, &aside)
            .map_err(|error| StoreError::other(&path, format!("it cannot be moved: {error}")))?;
        // what was written last stands in the log, and goes along under the name by which SQLite finds it
        for suffix in ["-wal", "-shm"] {
            let mut beside = aside.clone().into_os_string();
            beside.push(suffix);
            let _ = std::fs::rename(folder.join(format!("{NAME}{suffix}")), beside);
        }
        Ok(aside)
    }

    /// Deletes what was set aside, once the chain is whole again. // [RED-6]
    pub(crate) fn forget_aside(folder: &Path) {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(ASIDE)) {
            let _ = std::fs::remove_file(file.path());
        }
    }

    /// Stores blocks, and takes out the ciphertexts that these redact. // [RED-6] Where another program has stored another block in
    /// the place of one of them, nothing is stored, and its index is given.
    #[must_use = "another chain may stand there"]
    pub(crate) fn append<'b>(
        &mut self,
        blocks: impl IntoIterator<Item = &'b Linked, IntoIter: Clone>,
    ) -> Result<Option<u64>, StoreError> {
        let (path, blocks) = (self.0.path.clone(), blocks.into_iter());
        self.0.change(|transaction| {
            let held: Option<i64> =
                transaction.query_row("SELECT max(place) FROM block", [], |row| row.get(0))?;
            let mut hash = transaction.prepare_cached("SELECT hash FROM block WHERE place = ?")?;
            for linked in blocks.clone() {
                let place = linked.block().index.cast_signed();
                if held.is_some_and(|held| place <= held)
                    && hash
                        .query_row([place], |row| row.get::<_, [u8; 32]>(0))
                        .optional()?
                        .is_some_and(|other| other != *linked.hash().as_bytes())
                {
                    return Ok(Some(linked.block().index));
                }
            }
            let mut add = transaction.prepare_cached(
                "INSERT OR IGNORE INTO block (place, hash, text) VALUES (?, ?, ?)",
            )?;
            for linked in blocks {
                let (block, hash) = (linked.block(), linked.hash());
                let text = serde_json::to_string(block).expect("a block is plain JSON");
                add.execute((block.index.cast_signed(), hash.as_bytes(), text))?;
                let Body::Redaction(redaction) = &block.entry.body else {
                    continue;
                };
                let text: Option<String> = transaction
                    .query_row(
                        "SELECT text FROM block WHERE place = ?",
                        [redaction.index.cast_signed()],
                        |row| row.get(0),
                    )
                    .optional()?;
                if let Some(Ok(mut redacted)) =
                    text.map(|text| decode(&path, redaction.index, &text))
                    && let Body::Message(message) = &mut redacted.entry.body
                {
                    message.ciphertext = None;
                    let text = serde_json::to_string(&redacted).expect("a block is plain JSON");
                    transaction.execute(
                        "UPDATE block SET text = ? WHERE place = ?",
                        (text, redaction.index.cast_signed()),
                    )?;
                }
            }
            Ok(None)
        })
    }

    /// Walks over the blocks from an index on.
    pub(crate) fn each<E: From<StoreError>>(
        &self,
        from: u64,
        mut visit: impl FnMut(Block, Hash) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = &self.0.path;
        let failed = |error: &rusqlite::Error| E::from(StoreError::of(path, error));
        let mut rows = self
            .0
            .connection
            .prepare("SELECT place, hash, text FROM block WHERE place >= ? ORDER BY place")
            .map_err(|error| failed(&error))?;
        let mut rows = rows
            .query([from.cast_signed()])
            .map_err(|error| failed(&error))?;
        while let Some(row) = rows.next().map_err(|error| failed(&error))? {
            let (place, hash, text): (i64, [u8; 32], String) =
                (|| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))()
                    .map_err(|error| failed(&error))?;
            visit(decode(path, place.cast_unsigned(), &text)?, Hash::new(hash))?;
        }
        Ok(())
    }

    pub(crate) fn block(&self, place: u64) -> Result<Option<Block>, StoreError> {
        let text: Option<String> = self.0.run(|c| {
            c.query_row(
                "SELECT text FROM block WHERE place = ?",
                [place.cast_signed()],
                |row| row.get(0),
            )
            .optional()
        })?;
        text.map(|text| decode(&self.0.path, place, &text))
            .transpose()
    }

    /// The chain's state, from every block: hashes, links and all rules again, signatures excepted, which were verified
    /// before the blocks were stored. Nothing where no block is held.
    ///
    /// # Errors
    /// A damaged file, with the block where the damage begins.
    pub(crate) fn restore(
        &self,
        mut see: impl FnMut(&Block, &State),
    ) -> Result<Option<State>, StoreError> {
        let mut state: Option<State> = None;
        self.each(0, |block, hash| {
            let index = block.index;
            let damaged = |what: &dyn std::fmt::Display| {
                StoreError::damaged(
                    &self.0.path,
                    format!("damaged from block {index} on: {what}"),
                )
            };
            let taken = match &mut state {
                None => State::from_genesis(block).map(|(begun, linked)| {
                    state = Some(begun);
                    linked
                }),
                Some(state) => state.restore(block),
            };
            let linked = taken.map_err(|finding| damaged(&finding))?;
            // what is covered by no checkpoint yet is pinned by nothing else
            if linked.hash() != hash {
                return Err(damaged(&"the block is not the one that was verified"));
            }
            see(linked.block(), state.as_ref().expect("it was begun"));
            Ok::<(), StoreError>(())
        })?;
        Ok(state)
    }

    #[cfg(test)]
    pub(crate) fn bound(&self, pages: u32) {
        self.0.bound(pages);
    }
}

fn decode(path: &Path, place: u64, text: &str) -> Result<Block, StoreError> {
    match Block::decode(text) {
        Ok(block) if block.index == place => Ok(block),
        Ok(_) => Err(StoreError::damaged(
            path,
            format!("damaged at block {place}"),
        )),
        Err(refusal) => Err(StoreError::damaged(
            path,
            format!("damaged at block {place}: {refusal}"),
        )),
    }
}
