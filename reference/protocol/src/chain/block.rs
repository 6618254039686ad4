//! Blocks: an entry at its place in the chain.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bytes::{Hash, Id};
use crate::entry::{Entry, Source, VerifiedEntry, decode_entry};
use crate::json::{Field, Strictness, parse};
use crate::refusal::Refusal;
use crate::tuple::{Label, Tuple};

/// A block as it travels. It does not hold its own hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "block")]
pub struct Block {
    /// Its place, from 0.
    #[schemars(range(max = 9007199254740991u64))]
    pub index: u64,
    /// The hash of the block before it; 32 zero bytes in block 0.
    pub prev: Hash,
    /// By the server's clock, in milliseconds since 1970. Never earlier than that of the block before it.
    #[schemars(range(max = 9007199254740991u64))]
    pub time: u64,
    /// The entry.
    pub entry: Entry,
}

impl Block {
    /// The block's hash, computed from everything in it.
    pub fn hash(&self) -> Hash {
        hash(
            self.index,
            self.prev,
            self.time,
            self.entry.id(),
            Hash::of(&self.entry.signature),
        )
    }

    /// Decodes a block that a server sent or a store kept, unknown members ignored.
    ///
    /// # Errors
    /// `malformed` or `unknown_kind`.
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let json = parse(text, Strictness::Lenient)?;
        Self::read(&Field::root(&json))
    }

    pub(crate) fn read(field: &Field<'_, '_>) -> Result<Self, Refusal> {
        let block = field.object()?;
        Ok(Self {
            index: block.required("index")?.uint()?,
            prev: block.required("prev")?.decoded(Hash::decode)?,
            time: block.required("time")?.uint()?,
            entry: decode_entry(&block.required("entry")?, Source::Server)?,
        })
    }
}

/// A block that a [`State`](super::State) has taken in, with what was computed on the way.
#[derive(Debug, Clone)]
pub struct Linked {
    block: Block,
    hash: Hash,
    id: Id,
}

impl Linked {
    pub(super) fn new(index: u64, prev: Hash, time: u64, entry: VerifiedEntry) -> Self {
        let id = entry.id();
        Self {
            hash: hash(index, prev, time, id, entry.signature_hash()),
            id,
            block: Block {
                index,
                prev,
                time,
                entry: entry.into_entry(),
            },
        }
    }

    /// The block.
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// The block, by value.
    pub fn into_block(self) -> Block {
        self.block
    }

    /// The block's hash.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The entry's id.
    pub fn id(&self) -> Id {
        self.id
    }
}

/// `H(Tuple("block", index, prev, time, entry id, H(signature)))`.
fn hash(index: u64, prev: Hash, time: u64, entry: Id, signature_hash: Hash) -> Hash {
    Tuple::new(Label::Block)
        .uint(index)
        .bytes(prev)
        .uint(time)
        .bytes(entry)
        .bytes(signature_hash)
        .digest()
}
