//! The chain as all connections of a run saw it: one view, because a server has one chain.
//!
//! A block is verified when any connection brings it first; each later copy must be the same one. A faulty block is
//! taken in nevertheless, so that one fault does not hide the next.

mod authors;
mod coverage;
mod held;
mod state;
mod tree;

use std::{
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::watch;

use super::Fault;
use crate::codec::{
    Checkpoint, Hash, PublicKey, Verdict, base64url, entry, fields, merkle, signature,
};
pub use held::Held;
use state::State;

/// A shared view of a community's chain.
#[derive(Debug)]
pub struct Chain {
    server_key: Option<PublicKey>,
    community: Option<Hash>,
    state: Mutex<State>,
    size: watch::Sender<u64>,
}

impl Chain {
    /// A view of the chain of this genesis, or of one whose genesis nobody could read.
    pub fn of(genesis: Option<&Value>) -> Self {
        let body = genesis.map(|block| &block["entry"]["body"]);
        let key = |name| {
            let bytes = fields::bytes(body?, name).ok()?;
            PublicKey::from_der(&bytes).ok()
        };
        let held = genesis.and_then(|block| Held::of(block).ok());
        let mut state = State::default();
        if let Some(authority) = key("authority") {
            state.authors.found(authority);
        }
        Self {
            server_key: key("server_key"),
            community: held.map(|held| held.hash),
            state: Mutex::new(state),
            size: watch::Sender::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The community's id.
    pub fn community(&self) -> Option<Hash> {
        self.community
    }

    /// The server key of genesis.
    pub fn server_key(&self) -> Option<&PublicKey> {
        self.server_key.as_ref()
    }

    /// Size and head of what is held.
    pub fn have(&self) -> (u64, Hash) {
        let state = self.state();
        (
            state.hashes.len() as u64,
            state.hashes.last().copied().unwrap_or_default(),
        )
    }

    /// The head of the first `size` blocks.
    pub fn prefix_head(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(Hash::default()),
            _ => self.state().hashes.get(place(size - 1)).copied(),
        }
    }

    /// Whether a proof, `{index, size, path}` or `{from, to, path}`, leads to the roots over the blocks that came. [TREE-2] [TREE-3]
    ///
    /// # Errors
    /// Where it leads elsewhere, or is none.
    pub fn proves(&self, proof: &Value) -> Result<(), Verdict> {
        let state = self.state();
        let hash = |item: &Value| base64url::decode_hash(item.as_str().unwrap_or_default());
        let path: Result<Vec<Hash>, Verdict> =
            fields::list(proof, "path")?.iter().map(hash).collect();
        let path = path?;
        let root = |size: u64| {
            let root = state.tree.root(place(size));
            root.ok_or_else(|| {
                Verdict::malformed("TREE-1", format!("the suite holds no {size} blocks"))
            })
        };
        if proof.get("index").is_some() {
            let (index, size) = (fields::uint(proof, "index")?, fields::uint(proof, "size")?);
            let hash = state.hashes.get(place(index)).copied();
            let hash = hash.ok_or_else(|| {
                Verdict::malformed("TREE-1", format!("the suite holds no block {index}"))
            })?;
            return merkle::verify_inclusion(index, size, &hash, &path, &root(size)?);
        }
        let (from, to) = (fields::uint(proof, "from")?, fields::uint(proof, "to")?);
        merkle::verify_consistency(from, to, &root(from)?, &root(to)?, &path)
    }

    /// The block at an index, as it came first.
    pub fn block(&self, index: u64) -> Option<Value> {
        self.state()
            .blocks
            .get(place(index))
            .map(|held| held.block.clone())
    }

    /// Index and hash of the block that holds the entry of an id.
    pub fn find(&self, entry_id: &Hash) -> Option<(u64, Hash)> {
        let state = self.state();
        state
            .blocks
            .iter()
            .rev()
            .find(|held| held.entry_id == *entry_id)
            .map(|held| (held.index, held.hash))
    }

    /// The author's next `seq`.
    pub fn next_seq(&self, account: &Hash) -> u64 {
        self.state().authors.last_seq(account) + 1
    }

    /// The greatest `seen.size` of the author's entries.
    pub fn last_seen_size(&self, account: &Hash) -> u64 {
        self.state().authors.last_seen(account)
    }

    /// Whether the account is on the roster.
    pub fn is_member(&self, account: &Hash) -> bool {
        self.state().authors.is_member(account)
    }

    /// Takes an account for somebody, if neither the chain nor anybody knows it yet.
    pub fn claim(&self, account: &Hash) -> bool {
        self.state().authors.claim(account)
    }

    /// The account's last card.
    pub fn card(&self, account: &Hash) -> Option<[u8; 32]> {
        self.state().authors.card(account)
    }

    /// The index of the block that redacts the message at an index.
    pub fn redacted_by(&self, index: u64) -> Option<u64> {
        self.state().redactions.get(&index).copied()
    }

    /// Index and ciphertext of each message that was submitted here and redacted since.
    pub fn redacted_ciphertexts(&self) -> Vec<(u64, Vec<u8>)> {
        let state = self.state();
        let redacted = state.redactions.keys().filter_map(|index| {
            let held = state.blocks.get(place(*index))?;
            let submitted = state.submitted.get(&held.entry_id)?.first()?;
            let ciphertext = fields::bytes(&submitted["body"], "ciphertext").ok()?;
            Some((*index, ciphertext))
        });
        redacted.collect()
    }

    /// Remembers an entry that was sent to the server, to hold its block against it.
    pub fn submitted(&self, entry: &Value) {
        let Ok(id) = entry::id(entry) else { return };
        let mut state = self.state();
        if let Some(text) = entry["signature"].as_str() {
            state.signatures.insert(text.to_owned(), id);
        }
        let known = state.submitted.entry(id).or_default();
        if !known.contains(entry) {
            known.push(entry.clone());
        }
    }

    /// Remembers that the server accepted an entry, so that the author's next one has the next number; says what is
    /// wrong if it was accepted before, with another receipt.
    pub fn accepted(&self, entry: &Value, index: u64, hash: Hash) -> Option<Fault> {
        let mut state = self.state();
        state.authors.wrote(entry);
        let id = entry::id(entry).ok()?;
        let first = *state.receipts.entry(id).or_insert((index, hash));
        (first != (index, hash)).then(|| {
            let detail = format!(
                "a repeat got a receipt for block {index}, the first one for block {}",
                first.0
            );
            Fault::new("ENTRY-5", detail)
        })
    }

    /// Takes in a block that stands where `expected` is due, and says what is wrong with it.
    pub fn observe(&self, block: &Value) -> Vec<Fault> {
        let held = match Held::of(block) {
            Ok(held) => held,
            Err(verdict) => return vec![Fault::against("CONV-11", &verdict)],
        };
        if let Some(faults) = self.compare(&held) {
            return faults;
        }
        // Verified outside of the lock: other connections need not wait for RSA.
        let key = self.state().authors.key(&held.author);
        let mut faults = signature_faults(&held, key.as_ref());
        let mut state = self.state();
        if held.index != state.blocks.len() as u64 {
            drop(state);
            return match self.compare(&held) {
                Some(faults) => faults,
                None => vec![Fault::new(
                    "CHAIN-1",
                    format!("block {} came before the one under it", held.index),
                )],
            };
        }
        faults.extend(state.append(held, self.community));
        let size = state.blocks.len() as u64;
        drop(state);
        self.size.send_replace(size);
        faults
    }

    /// Holds a block against the one that is held at its index, if there is one.
    fn compare(&self, held: &Held) -> Option<Vec<Fault>> {
        let state = self.state();
        let first = state.blocks.get(place(held.index))?;
        if first.same_as(held) {
            return Some(Vec::new());
        }
        Some(vec![Fault::new(
            "CHAIN-7",
            format!(
                "block {} is not the one that was sent before at its place",
                held.index
            ),
        )])
    }

    /// Holds an `accepted` against the block at its index; `None` while that block has not come.
    pub fn receipt(&self, index: u64, hash: &Hash, submitted: &Value) -> Option<Vec<Fault>> {
        let state = self.state();
        let held = state.blocks.get(place(index))?;
        let same_signature = held.block["entry"]["signature"] == submitted["signature"];
        let id = entry::id(submitted).ok();
        let fault = if id != Some(held.entry_id) && same_signature {
            Fault::new(
                "CHAIN-6",
                format!("block {index} holds the submitted entry's signature and other values"),
            )
        } else if id != Some(held.entry_id) {
            Fault::new(
                "CHAIN-5",
                format!("`accepted` names index {index}, where another entry stands"),
            )
        } else if *hash != held.hash {
            Fault::new(
                "CHAIN-5",
                format!("`accepted` gives block {index} another hash than its block has"),
            )
        } else {
            return Some(Vec::new());
        };
        Some(vec![fault])
    }

    /// Says what is wrong with a checkpoint, as far as the blocks that are held can tell.
    pub fn checkpoint(&self, checkpoint: &Value) -> Vec<Fault> {
        let stated = match Checkpoint::read(checkpoint) {
            Ok(stated) => stated,
            Err(verdict) => return vec![Fault::against("CONV-11", &verdict)],
        };
        let text = checkpoint.to_string();
        if self.state().checkpoints.contains(&text) {
            return Vec::new();
        }
        let mut faults = Vec::new();
        if let Some(key) = &self.server_key
            && let Err(verdict) = fields::bytes(checkpoint, "signature")
                .and_then(|bytes| signature::verify(key, &stated.tuple().encode(), &bytes))
        {
            faults.push(Fault::new(
                "CHECK-1",
                format!("the checkpoint of size {}: {}", stated.size, verdict.detail),
            ));
        }
        let mut state = self.state();
        faults.extend(state.checkpoint_faults(&stated, self.community));
        if faults.is_empty() {
            state.checkpoints.insert(text);
        }
        faults
    }

    /// Says which promise is broken where the chain, after a restart, has this size: what was acknowledged, covered or
    /// sent must be there. [SUB-2] [CHECK-14] [SYNC-3]
    ///
    /// That the blocks are the same ones is seen when they arrive.
    pub fn lost(&self, size: u64) -> Option<Fault> {
        let state = self.state();
        let now = format!("the chain now has {size} blocks");
        let receipts = || state.receipts.iter();
        let gone = receipts().map(|(_, (index, _))| *index);
        if let Some(index) = gone.filter(|index| *index >= size).min() {
            let detail = format!("block {index} was acknowledged, and {now}");
            return Some(Fault::new("SUB-2", detail));
        }
        let other = receipts().find(|(id, (index, hash))| {
            let held = state.blocks.get(place(*index));
            held.is_some_and(|held| held.entry_id != **id || held.hash != *hash)
        });
        if let Some((_, (index, _))) = other {
            let detail = format!(
                "block {index} was acknowledged for an entry, and now another stands there"
            );
            return Some(Fault::new("SUB-2", detail));
        }
        let covered = state.coverage.latest();
        if covered > size {
            let detail = format!("a checkpoint covers {covered} blocks, and {now}");
            return Some(Fault::new("CHECK-14", detail));
        }
        let sent = state.blocks.len() as u64;
        (sent > size).then(|| {
            let detail = format!("block {} was sent, and {now}", sent - 1);
            Fault::new("SYNC-3", detail)
        })
    }

    /// The greatest size of a checkpoint that came to anyone.
    pub fn latest_checkpoint(&self) -> u64 {
        self.state().coverage.latest()
    }

    /// Takes note of blocks that were read as they came, up to a checkpoint over them.
    pub fn attend(&self, blocks: Range<u64>) {
        self.state().coverage.attend(blocks);
    }

    /// Says which blocks from `first` on no checkpoint covered in time. [CHECK-3]
    ///
    /// `now` is the server's clock as far as the suite can tell, in milliseconds.
    pub fn uncovered(&self, first: u64, checkpoint_ms: u64, now: u64) -> Vec<Fault> {
        let state = self.state();
        state
            .coverage
            .late(&state.blocks, first, checkpoint_ms, now)
    }

    /// Says whether the checkpoint that covered a block came late. [CHECK-3]
    pub fn covered_late(&self, index: u64, checkpoint_ms: u64) -> Option<Fault> {
        let state = self.state();
        let block = state.blocks.get(place(index)..)?.get(..1)?;
        let faults = state.coverage.late(block, 0, checkpoint_ms, 0);
        faults.into_iter().next()
    }
}

fn signature_faults(held: &Held, key: Option<&PublicKey>) -> Vec<Fault> {
    let index = held.index;
    match key {
        None => vec![Fault::new(
            "ENTRY-10",
            format!("block {index} is by an account that never was on the roster"),
        )],
        Some(key) => match entry::verify_signature(&held.block["entry"], key) {
            Ok(()) => Vec::new(),
            Err(verdict) => vec![Fault::new(
                "ENTRY-3",
                format!("block {index}: {}", verdict.detail),
            )],
        },
    }
}

/// An index as a place in a list; one that no list has becomes one that no list has.
fn place(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// An id or hash as it travels.
pub fn text(hash: &Hash) -> String {
    base64url::encode(hash)
}
