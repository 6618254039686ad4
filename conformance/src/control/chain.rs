//! The chain of blocks, and the roots of its tree: spec/chain.md.

use serde_json::{Value, json};

use super::entry::Entry;
use super::fault::Faults;
use crate::codec::{Hash, Tuple, base64url, merkle, sha256};

/// A block in its place.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// Its index.
    pub(super) index: u64,
    /// Its time.
    pub(super) time: u64,
    /// Its hash.
    pub(super) hash: Hash,
    /// Its entry.
    pub(super) entry: Entry,
    /// Its JSON text.
    pub(super) text: String,
    /// Its JSON text as readers of what came before get it.
    pub(super) old_text: String,
    /// Its JSON text for every second connection.
    pub(super) other_text: String,
    /// Whether a redaction names it.
    pub(super) is_redacted: bool,
    prev: Hash,
}

/// All blocks, from genesis on.
#[derive(Debug)]
pub(super) struct Chain {
    blocks: Vec<Block>,
    next_index: u64,
    faults: Faults,
}

impl Chain {
    /// A chain without blocks.
    pub(super) fn new(faults: Faults) -> Self {
        Self {
            blocks: Vec::new(),
            next_index: 0,
            faults,
        }
    }

    /// The blocks.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The block at an index.
    pub(super) fn at(&self, index: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(index).ok()?)
    }

    /// The number of blocks.
    pub(super) fn size(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// The head of the prefix of this size; 32 zero bytes for the empty one.
    pub(super) fn head_of(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some([0; 32]),
            _ => self.at(size - 1).map(|block| block.hash),
        }
    }

    /// The last block's hash.
    pub(super) fn head(&self) -> Hash {
        self.head_of(self.size())
            .expect("every chain has its own size")
    }

    /// Draws an index without using it.
    pub(super) fn waste_index(&mut self) {
        self.next_index += 1;
    }

    /// Appends an entry that was judged: its index and its block's hash. `covered` is the last checkpoint's size.
    pub(super) fn append(&mut self, entry: Entry, now: u64, covered: u64) -> (u64, Hash) {
        // [CHAIN-1]
        let index = self.next_index;
        self.next_index += 1;
        // [CHAIN-2]
        let prev = match self.blocks.last() {
            Some(last) if self.faults.has("CHAIN-2") => last.entry.id,
            Some(_) if self.faults.has("CHAIN-2/checkpoint") && covered > 0 => self
                .head_of(covered)
                .expect("a checkpoint covers what there is"),
            _ => self.head(),
        };
        let mut block = Block {
            index,
            time: self.time(&entry, now),
            hash: [0; 32],
            entry,
            text: String::new(),
            old_text: String::new(),
            other_text: String::new(),
            is_redacted: false,
            prev,
        };
        block.hash = hash(&block, &self.faults);
        write(&mut block, &self.faults);
        let hash = block.hash;
        self.blocks.push(block);
        (index, hash)
    }

    /// [CHAIN-3] [CHAIN-4] The later of the clock and the time of the block before.
    fn time(&self, entry: &Entry, now: u64) -> u64 {
        let before = self.blocks.last().map_or(0, |block| block.time);
        if self.faults.has("CHAIN-3") {
            return entry.sent_at;
        }
        if self.faults.has("CHAIN-3/clock") && self.size() % 4 == 3 {
            return before - 1;
        }
        now.max(before)
    }

    /// [RED-4] Takes the ciphertext out of a message's block.
    pub(super) fn redact(&mut self, index: u64) {
        let Some(block) = usize::try_from(index)
            .ok()
            .and_then(|at| self.blocks.get_mut(at))
        else {
            return;
        };
        block.is_redacted = true;
        let Some(body) = block.entry.value["body"].as_object_mut() else {
            return;
        };
        if self.faults.has("RED-4/null") {
            body.insert("ciphertext".into(), Value::Null);
        } else if !self.faults.has("RED-4") {
            body.shift_remove("ciphertext");
        }
        if self.faults.has("CHAIN-7/redaction") {
            body.insert("salt".into(), base64url::encode(&[0; 16]).into());
        }
        write(block, &self.faults);
    }

    /// [CHAIN-7] Puts another signature into a block that stands.
    pub(super) fn replace_signature(&mut self, index: u64, signature: Vec<u8>) {
        let block = &mut self.blocks[usize::try_from(index).expect("an index of ours")];
        block.entry.value["signature"] = base64url::encode(&signature).into();
        block.entry.signature = signature;
        write(block, &self.faults);
    }

    /// [TREE-1] The root of the tree over the first blocks.
    pub(super) fn root(&self, size: u64) -> Hash {
        let size = usize::try_from(size).expect("a size of ours");
        let hashes: Vec<Hash> = self.blocks[..size].iter().map(|block| block.hash).collect();
        if self.faults.has("TREE-1") {
            return wrong_root(&hashes, b"", b"", false);
        }
        if self.faults.has("TREE-1/twin") {
            return wrong_root(&hashes, &[0], &[1], true);
        }
        merkle::root(&hashes)
    }
}

/// The block's hash.
fn hash(block: &Block, faults: &Faults) -> Hash {
    let signature = match faults.has("TUPLE-1") {
        true => block.entry.signature.clone(),
        false => sha256(&block.entry.signature).to_vec(),
    };
    Tuple::new("block")
        .uint(block.index)
        .bytes(&block.prev)
        .uint(block.time)
        .bytes(&block.entry.id)
        .bytes(&signature)
        .hash()
}

/// Makes the block's texts.
fn write(block: &mut Block, faults: &Faults) {
    let text = |time: u64| {
        let json = json!({
            "index": block.index,
            "prev": base64url::encode(&block.prev),
            "time": time,
            "entry": block.entry.value,
        });
        json.to_string()
    };
    // [CHAIN-7]
    let old = if faults.has("CHAIN-7/seconds") {
        block.time / 1000 * 1000
    } else {
        block.time
    };
    let other = if faults.has("CHAIN-7/fork") && block.index > 1 {
        block.time + 1
    } else {
        block.time
    };
    (block.text, block.old_text, block.other_text) = (text(block.time), text(old), text(other));
}

/// A root with other prefixes, or with a last node that is paired with itself.
fn wrong_root(hashes: &[Hash], leaf: &[u8], node: &[u8], twin: bool) -> Hash {
    let mut level: Vec<Hash> = hashes
        .iter()
        .map(|hash| sha256(&[leaf, hash].concat()))
        .collect();
    while level.len() > 1 {
        let pair = |pair: &[Hash]| match pair {
            [left, right] => sha256(&[node, left, right].concat()),
            [only, ..] if twin => sha256(&[node, only, only].concat()),
            _ => pair[0],
        };
        level = level.chunks(2).map(pair).collect();
    }
    level[0]
}
