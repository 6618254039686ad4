//! `chain.sqlite`: the blocks, as they were verified.

use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::chain::{Block, Linked, State};
use dispatch_protocol::entry::Body;
use rusqlite::OptionalExtension as _;

use super::{File, StoreError};

const NAME: &str = "chain.sqlite";
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS block (place INTEGER PRIMARY KEY, hash BLOB NOT NULL, text TEXT NOT NULL) STRICT;";

pub(crate) struct Blocks(pub(super) File);

impl Blocks {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        File::open(&folder.join(NAME), SCHEMA).map(Self)
    }

    /// Moves a damaged file out of the way, and says where it is now. Nothing is deleted.
    pub(crate) fn set_aside(folder: &Path) -> Result<PathBuf, StoreError> {
        let path = folder.join(NAME);
        let aside = (1..)
            .map(|n| folder.join(format!("{NAME}.damaged-{n}")))
            .find(|aside| !aside.exists())
            .expect("a number is free");
        std::fs::rename(&path, &aside)
            .map_err(|error| StoreError::other(&path, format!("it cannot be moved: {error}")))?;
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("{NAME}{suffix}")));
        }
        Ok(aside)
    }

    /// Stores blocks, and takes out the ciphertexts that these redact. // [RED-6]
    pub(crate) fn append<'b>(
        &mut self,
        blocks: impl IntoIterator<Item = &'b Linked>,
    ) -> Result<(), StoreError> {
        let path = self.0.path.clone();
        self.0.change(|transaction| {
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
            Ok(())
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
