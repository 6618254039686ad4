//! The client's side: blocks that a server shows are judged by every rule that the chain before them can show.

use super::{Block, Linked, State};
use crate::bytes::Hash;
use crate::entry::{Entry, Kind, VerifiedEntry};
use crate::key::PublicKey;
use crate::refusal::{Code, Refusal};
use crate::verdict::{Finding, Verdict};

impl State {
    /// Judges the next block and takes it in. Costs an RSA verification. The state stays as it was if the block is bad.
    ///
    /// # Errors
    /// `bad_index`, `bad_prev`, `bad_time`, or the code of the rule of entries that it breaks (ENTRY-13).
    pub fn replay(&mut self, block: Block) -> Result<Linked, Finding> {
        let Block {
            index,
            prev,
            time,
            entry,
        } = block;
        self.follows(index, prev, time)?;
        let (entry, key) = self.ready(entry)?;
        let verified = entry.verify(&key)?;
        self.judge(&verified)?;
        Ok(self.link(time, verified))
    }

    /// The same for a block whose signature was verified elsewhere, such as on another thread by [`key_of`](Self::key_of).
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    pub fn replay_verified(
        &mut self,
        index: u64,
        prev: Hash,
        time: u64,
        entry: VerifiedEntry,
    ) -> Result<Linked, Finding> {
        self.follows(index, prev, time)?;
        self.begins_once(entry.entry())?;
        self.judge(&entry)?;
        Ok(self.link(time, entry))
    }

    /// The same for a block from one's own store, whose signature was verified before it was stored: costs no RSA.
    /// Everything else is checked again.
    ///
    /// # Errors
    /// As [`replay`](Self::replay), signatures excepted: the store is damaged.
    pub fn restore(&mut self, block: Block) -> Result<Linked, Finding> {
        self.replay_verified(
            block.index,
            block.prev,
            block.time,
            VerifiedEntry::stored(block.entry),
        )
    }

    /// [GEN-4]
    fn begins_once(&self, entry: &Entry) -> Result<(), Finding> {
        match entry.kind() {
            Kind::Genesis => Err(Finding::new(
                Verdict::Code(Code::BadGenesis),
                "GEN-4",
                "a genesis stands at another place than block 0",
            )),
            _ => Ok(()),
        }
    }

    /// What can be told of an entry before its signature is verified, and the key to verify it by.
    pub(super) fn ready(&self, entry: Entry) -> Result<(Entry, PublicKey), Finding> {
        self.begins_once(&entry)?;
        self.belongs(&entry)?;
        // [ENTRY-10] who never was on the roster has no key
        match self.key_of(&entry.author).cloned() {
            Some(key) => Ok((entry, key)),
            None => Err(Refusal::new(
                Code::NotAllowed,
                "ENTRY-10",
                "the author is not on the roster",
            )
            .into()),
        }
    }

    /// Whether a block with these values may be the next one.
    pub(super) fn follows(&self, index: u64, prev: Hash, time: u64) -> Result<(), Finding> {
        // [CHAIN-8]
        if index != self.size() {
            return Err(Finding::new(
                Verdict::BadIndex,
                "CHAIN-8",
                format!("block {index} came where {} is due", self.size()),
            ));
        }
        // [CHAIN-9]
        if prev != self.head() {
            return Err(Finding::new(
                Verdict::BadPrev,
                "CHAIN-9",
                format!("block {index} does not follow on the block before it"),
            ));
        }
        // [CHAIN-10]
        if time < self.time {
            return Err(Finding::new(
                Verdict::BadTime,
                "CHAIN-10",
                format!("the time of block {index} is earlier than that of the block before it"),
            ));
        }
        Ok(())
    }
}
