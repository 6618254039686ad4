//! A chain as a client holds it: each block is checked against the ones before it (spec/chain.md, spec/entries.md).
//!
//! It is for verifying what a server sends, and for knowing what a valid next entry would be. Rules that need a
//! server's clock or limits are not its business, nor is what a client does after a refusal.

mod card;
mod kept;
mod kinds;
mod writable;

pub use card::{SMALL_ORDER, check_x25519};

use super::{Hash, PublicKey, Verdict, base64url, block, entry, fields, frame, merkle};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A chain of verified blocks, and what follows from them.
#[derive(Debug, Clone, Default)]
pub struct ChainModel {
    pinned: Option<Hash>,
    genesis: Option<Genesis>,
    held: Vec<Held>,
    by_entry: HashMap<Hash, u64>,
    accounts: HashMap<Hash, Member>,
    epochs: HashMap<Hash, Epoch>,
    messages: HashMap<u64, Message>,
}

/// What block 0 says.
#[derive(Debug, Clone)]
pub struct Genesis {
    /// The community's id: block 0's hash.
    pub community: Hash,
    /// The authority's id.
    pub authority: Hash,
    /// The server key.
    pub server: PublicKey,
}

/// What is kept of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The block's hash.
    pub hash: Hash,
    /// The entry's id.
    pub entry: Hash,
    /// The block's time.
    pub time: u64,
}

/// An account that is or was on the roster.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its public key.
    pub key: PublicKey,
    /// Whether it is on the roster now.
    pub on_roster: bool,
    /// The `seq` of its last entry, 0 where it has none.
    pub seq: u64,
    /// The `seen.size` of its last entry, 0 where it has none.
    pub seen: u64,
    /// Its cards, each with its block's index, oldest first.
    pub cards: Vec<(u64, [u8; 32])>,
}

impl Member {
    /// The last card in the prefix of this size, with its block's index.
    pub fn card_in(&self, size: u64) -> Option<(u64, [u8; 32])> {
        self.cards.iter().copied().rfind(|(index, _)| *index < size)
    }

    fn new(key: PublicKey) -> Self {
        Self {
            key,
            on_roster: true,
            seq: 0,
            seen: 0,
            cards: Vec::new(),
        }
    }
}

/// An epoch on the chain.
#[derive(Debug, Clone)]
pub struct Epoch {
    /// What its secret must hash to.
    pub commitment: Hash,
    /// The recipients' ids, by its own wraps and by shares.
    pub recipients: HashSet<Hash>,
    /// Who wrapped it for whom, and the index of the card's block that the wrap was made for.
    pub wraps: HashSet<(Hash, Hash, u64)>,
    /// Whether a recipient was removed from the roster.
    pub stale: bool,
}

/// A message on the chain.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its author's id.
    pub author: Hash,
    /// Whether a block redacts it.
    pub redacted: bool,
    /// Whether its block came without a ciphertext.
    pub gap: bool,
}

impl ChainModel {
    /// A chain without blocks, of any community.
    pub fn new() -> Self {
        Self::default()
    }

    /// A chain without blocks, of the community with this id alone [GEN-3].
    pub fn pinned(community: Hash) -> Self {
        Self {
            pinned: Some(community),
            ..Self::default()
        }
    }

    /// Takes a `blocks` frame: its blocks one by one, up to the first that does not fit.
    pub fn take_frame(&mut self, frame: &Value) -> Result<(), Verdict> {
        // [CHAIN-8]
        let from = fields::uint(frame, "from")?;
        if from != self.size() {
            return Err(bad_index(from, self.size()));
        }
        fields::list(frame, "blocks")?
            .iter()
            .try_for_each(|block| self.append(block).map(drop))
    }

    /// Takes the next block, or says why a client must refuse it. After a refusal the chain is as it was.
    pub fn append(&mut self, block: &Value) -> Result<&Held, Verdict> {
        frame::check_block(block).map_err(|v| match v.requirement {
            "ENTRY-1" => v,
            _ => Verdict::malformed("CONV-11", format!("{} ({})", v.detail, v.requirement)),
        })?;
        if self.held.is_empty() {
            self.found(block)?;
        } else {
            self.extend(block)?;
        }
        Ok(self.held.last().expect("just taken"))
    }

    /// The number of blocks.
    pub fn size(&self) -> u64 {
        self.held.len() as u64
    }

    /// The last block's hash, or 32 zero bytes.
    pub fn head(&self) -> Hash {
        self.held.last().map_or([0; 32], |b| b.hash)
    }

    /// The head of the prefix of this size, if the chain has as many blocks.
    pub fn head_of(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some([0; 32]),
            _ => self.held(size - 1).map(|b| b.hash),
        }
    }

    /// The Merkle root of the prefix of this size, if the chain has as many blocks.
    pub fn root_of(&self, size: u64) -> Option<Hash> {
        let held = self.held.get(..usize::try_from(size).ok()?)?;
        Some(merkle::root(
            &held.iter().map(|b| b.hash).collect::<Vec<_>>(),
        ))
    }

    /// All block hashes in order: the leaves of the tree.
    pub fn hashes(&self) -> Vec<Hash> {
        self.held.iter().map(|b| b.hash).collect()
    }

    /// What is kept of the block at this index.
    pub fn held(&self, index: u64) -> Option<&Held> {
        self.held.get(usize::try_from(index).ok()?)
    }

    /// The index of the block that holds the entry with this id.
    pub fn index_of(&self, entry: &Hash) -> Option<u64> {
        self.by_entry.get(entry).copied()
    }

    /// What block 0 says, once there is one.
    pub fn genesis(&self) -> Option<&Genesis> {
        self.genesis.as_ref()
    }

    /// An account that is or was on the roster.
    pub fn member(&self, id: &Hash) -> Option<&Member> {
        self.accounts.get(id)
    }

    /// The ids that are on the roster now, sorted.
    pub fn roster(&self) -> Vec<Hash> {
        let mut ids: Vec<Hash> = self
            .accounts
            .iter()
            .filter(|(_, m)| m.on_roster)
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable();
        ids
    }

    /// An epoch by its id.
    pub fn epoch(&self, id: &Hash) -> Option<&Epoch> {
        self.epochs.get(id)
    }

    /// The message in the block at this index.
    pub fn message(&self, index: u64) -> Option<&Message> {
        self.messages.get(&index)
    }

    /// `unredacted_gap` where a message came without its ciphertext and no block held redacts it. To be asked when
    /// the chain is known to be whole: at a file's end, or at the size of a later welcome.
    pub fn check_gaps(&self) -> Result<(), Verdict> {
        // [RED-7] [RED-8]
        let gaps = self.messages.iter().filter(|(_, m)| m.gap && !m.redacted);
        match gaps.map(|(index, _)| index).min() {
            None => Ok(()),
            Some(index) => Err(Verdict::new(
                "unredacted_gap",
                "RED-8",
                format!("the message in block {index} has no ciphertext and nobody redacted it"),
            )),
        }
    }

    /// Block 0 [GEN-1].
    fn found(&mut self, block: &Value) -> Result<(), Verdict> {
        let index = fields::uint(block, "index")?;
        if index != 0 {
            return Err(bad_index(index, 0));
        }
        let bad = |detail: String| Verdict::new("bad_genesis", "GEN-1", detail);
        let entry = fields::member(block, "entry")?;
        if entry["kind"] != "genesis" {
            return Err(bad("block 0 holds another kind of entry".into()));
        }
        let zero = [0; 32];
        if fields::hash(block, "prev")? != zero
            || fields::hash(entry, "community")? != zero
            || fields::uint(entry, "seq")? != 1
            || fields::place(entry, "seen")? != (0, zero)
        {
            return Err(bad(
                "`prev`, `community`, `seq` or `seen` is not that of a first block".into(),
            ));
        }
        let key = |name: &str| {
            let bytes = fields::bytes(&entry["body"], name)?;
            PublicKey::from_der(&bytes).map_err(|v| bad(format!("`{name}`: {}", v.detail)))
        };
        let (authority, server) = (key("authority")?, key("server_key")?);
        // [KEY-7]
        if authority == server {
            return Err(bad("the server key is the authority's key".into()));
        }
        if fields::hash(entry, "author")? != authority.id() {
            return Err(bad("the author is not the authority".into()));
        }
        entry::verify_signature(entry, &authority).map_err(|v| bad(v.detail))?;
        let community = block::hash(block)?;
        // [GEN-3]
        if self.pinned.is_some_and(|pinned| pinned != community) {
            let found = base64url::encode(&community);
            return Err(Verdict::new(
                "wrong_genesis",
                "GEN-3",
                format!("this is the community {found}"),
            ));
        }
        self.genesis = Some(Genesis {
            community,
            authority: authority.id(),
            server,
        });
        let mut member = Member::new(authority);
        member.seq = 1;
        self.accounts.insert(member.key.id(), member);
        self.hold(block)
    }

    /// Any later block.
    fn extend(&mut self, block: &Value) -> Result<(), Verdict> {
        let index = fields::uint(block, "index")?;
        // [CHAIN-8]
        if index != self.size() {
            return Err(bad_index(index, self.size()));
        }
        // [CHAIN-9]
        if fields::hash(block, "prev")? != self.head() {
            let detail = format!("block {index} is not linked to the one before");
            return Err(Verdict::new("bad_prev", "CHAIN-9", detail));
        }
        // [CHAIN-10]
        let before = self.held[self.held.len() - 1].time;
        if fields::uint(block, "time")? < before {
            return Err(Verdict::new(
                "bad_time",
                "CHAIN-10",
                format!("block {index} is earlier than the one before"),
            ));
        }
        let entry = fields::member(block, "entry")?;
        self.check_common(entry)?;
        let effect = self.judge(entry)?;
        self.apply(effect, index);
        let author = fields::hash(entry, "author")?;
        if let Some(member) = self.accounts.get_mut(&author) {
            member.seq = fields::uint(entry, "seq")?;
            member.seen = fields::place(entry, "seen")?.0;
        }
        self.hold(block)
    }

    /// The rules for the common part of an entry.
    fn check_common(&self, entry: &Value) -> Result<(), Verdict> {
        let genesis = self.genesis.as_ref().expect("there is a block 0");
        // [GEN-4]
        if entry["kind"] == "genesis" {
            return Err(Verdict::new(
                "bad_genesis",
                "GEN-4",
                "a genesis entry behind block 0",
            ));
        }
        // [ENTRY-2]
        if fields::hash(entry, "community")? != genesis.community {
            return Err(Verdict::new(
                "wrong_community",
                "ENTRY-2",
                "the entry is for another community",
            ));
        }
        // [ENTRY-10]
        let author = fields::hash(entry, "author")?;
        let Some(member) = self.accounts.get(&author).filter(|m| m.on_roster) else {
            return Err(Verdict::new(
                "not_allowed",
                "ENTRY-10",
                "the author is not on the roster",
            ));
        };
        // [ENTRY-3]
        entry::verify_signature(entry, &member.key)?;
        // [ENTRY-4]
        let seq = fields::uint(entry, "seq")?;
        if seq != member.seq + 1 {
            let detail = format!("seq {seq} where {} is due", member.seq + 1);
            return Err(Verdict::new("bad_seq", "ENTRY-4", detail));
        }
        // [ENTRY-7]
        let (size, hash) = fields::place(entry, "seen")?;
        if size == 0 || self.head_of(size) != Some(hash) {
            let detail = format!("`seen` of size {size} is no prefix of this chain");
            return Err(Verdict::new("bad_seen", "ENTRY-7", detail));
        }
        // [ENTRY-8]
        if size < member.seen {
            let detail = format!("`seen` went back from {} to {size}", member.seen);
            return Err(Verdict::new("bad_seen", "ENTRY-8", detail));
        }
        Ok(())
    }

    fn hold(&mut self, block: &Value) -> Result<(), Verdict> {
        let held = Held {
            hash: block::hash(block)?,
            entry: entry::id(fields::member(block, "entry")?)?,
            time: fields::uint(block, "time")?,
        };
        self.by_entry.insert(held.entry, self.size());
        self.held.push(held);
        Ok(())
    }
}

fn bad_index(found: u64, due: u64) -> Verdict {
    Verdict::new(
        "bad_index",
        "CHAIN-8",
        format!("index {found} where {due} is due"),
    )
}
