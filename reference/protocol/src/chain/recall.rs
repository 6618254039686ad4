//! Going on from one's own store without reading every message again: what a state keeps of a message is little, and a
//! store can keep the same.

use super::state::Tag;
use super::{Block, Linked, State};
use crate::bytes::{Hash, Id};
use crate::entry::Body;
use crate::refusal::Code;
use crate::verdict::{Finding, Verdict};

/// What a state keeps of a block that holds a message, besides its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The block's hash.
    pub hash: Hash,
    /// The block's time.
    pub time: u64,
    /// The entry's id.
    pub id: Id,
    /// The entry's author.
    pub author: Id,
    /// The entry's `seq`.
    pub seq: u64,
    /// How many blocks the author had seen.
    pub seen: u64,
}

impl Digest {
    /// The digest of a block that a state took in; none of one that holds no message.
    pub fn of(linked: &Linked) -> Option<Self> {
        Self::from_parts(linked.block(), linked.hash(), linked.id())
    }

    /// The digest of a block, whose hashes are computed anew; none of one that holds no message.
    pub fn compute(block: &Block) -> Option<Self> {
        match block.entry.body {
            Body::Message(_) => Self::from_parts(block, block.hash(), block.entry.id()),
            _ => None,
        }
    }

    fn from_parts(block: &Block, hash: Hash, id: Id) -> Option<Self> {
        matches!(block.entry.body, Body::Message(_)).then(|| Self {
            hash,
            time: block.time,
            id,
            author: block.entry.author,
            seq: block.entry.seq,
            seen: block.entry.seen.size,
        })
    }
}

impl State {
    /// Takes in the next block by its digest, as one's own store kept it when the block had been judged. No hash is computed
    /// and no rule of messages checked; that the hashes are right shows where the chain is held against a checkpoint.
    ///
    /// # Errors
    /// `bad_time`, `not_allowed`, `bad_seq` or `bad_seen` for what cannot be the author's next entry: the store is damaged.
    pub fn recall(&mut self, digest: &Digest) -> Result<(), Finding> {
        let index = self.size();
        let damaged = |verdict, requirement, what: &str| {
            let detail = format!("the digest of block {index} {what}");
            Err(Finding::new(verdict, requirement, detail))
        };
        // [CHAIN-10]
        if digest.time < self.time {
            let what = "is older than the block before it";
            return damaged(Verdict::BadTime, "CHAIN-10", what);
        }
        let Some((ordinal, account)) = self.accounts.member(&digest.author) else {
            let what = "names an author who is not on the roster";
            return damaged(Verdict::Code(Code::NotAllowed), "ENTRY-10", what);
        };
        // [ENTRY-4]
        if digest.seq != account.next_seq() {
            let what = "is not its author's next";
            return damaged(Verdict::Code(Code::BadSeq), "ENTRY-4", what);
        }
        // [ENTRY-7], [ENTRY-8]
        if !(account.seen.max(1)..=index).contains(&digest.seen) {
            let what = "has seen what it cannot have seen";
            return damaged(Verdict::Code(Code::BadSeen), "ENTRY-8", what);
        }
        let account = self.accounts.at_mut(ordinal);
        account.entries.push((index, digest.id));
        account.seen = digest.seen;
        self.tags.push(Tag::new(ordinal, true));
        self.tree.append(digest.hash);
        self.time = digest.time;
        Ok(())
    }
}
