//! Entries: all that is ever said in a community, each a statement signed by an account.
//!
//! Here is what an entry shows by itself: its form, its id, its signature. What it may say at its place in a chain is
//! [`chain`](crate::chain)'s to decide.

mod body;
mod decode;
mod form;
mod schema;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::bytes::{Bytes, Hash, Id};
use crate::key::{KeyPair, PublicKey};
use crate::refusal::{Code, Refusal};
use crate::tuple::{Label, Tuple};

pub use body::{
    Body, CardBody, Epoch, Genesis, Kind, Message, Recipient, Redaction, Roster, Share,
};
pub(crate) use decode::{Source, entry as decode_entry, prefix as decode_prefix};
pub(crate) use schema::SubmittedEntry;

/// A chain as somebody holds it: its number of blocks and its head. An entry's `seen`, a client's `have`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "prefix", deny_unknown_fields)]
pub struct Prefix {
    /// The number of blocks.
    #[schemars(range(max = 9007199254740991u64))]
    pub size: u64,
    /// The hash of the last of them; 32 zero bytes where there is none.
    pub hash: Hash,
}

impl Prefix {
    /// The chain without a block.
    pub const EMPTY: Self = Self {
        size: 0,
        hash: Hash::ZERO,
    };
}

/// What is under an entry's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The community's id; [`Id::ZERO`] in genesis.
    pub community: Id,
    /// The account that signs.
    pub author: Id,
    /// 1, 2, 3 and so on: the author's entries, counted.
    pub seq: u64,
    /// The chain as the author holds it; [`Prefix::EMPTY`] in genesis.
    pub seen: Prefix,
    /// By the author's clock, in milliseconds since 1970.
    pub sent_at: u64,
    /// What is said.
    pub body: Body,
}

/// An entry as it travels: nothing of it is checked but its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The community's id; [`Id::ZERO`] in genesis.
    pub community: Id,
    /// The account that says it.
    pub author: Id,
    /// 1, 2, 3 and so on: the author's entries, counted.
    pub seq: u64,
    /// The chain as the author held it.
    pub seen: Prefix,
    /// By the author's clock, in milliseconds since 1970.
    pub sent_at: u64,
    /// What is said; the entry's `kind` goes with it.
    pub body: Body,
    /// By the author, over the entry tuple.
    pub signature: Bytes,
}

impl Entry {
    /// Signs a draft.
    pub fn sign(draft: Draft, key: &KeyPair) -> Self {
        let mut entry = Self {
            community: draft.community,
            author: draft.author,
            seq: draft.seq,
            seen: draft.seen,
            sent_at: draft.sent_at,
            body: draft.body,
            signature: Bytes::default(),
        };
        entry.signature = key.sign(&entry.tuple());
        entry
    }

    /// The kind, as the body shows it.
    pub fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// The entry tuple, which is what is signed.
    pub fn tuple(&self) -> Vec<u8> {
        Tuple::new(Label::Entry)
            .bytes(self.community)
            .text(self.kind().as_str())
            .bytes(self.author)
            .uint(self.seq)
            .uint(self.seen.size)
            .bytes(self.seen.hash)
            .uint(self.sent_at)
            .bytes(self.body.digest())
            .finish()
    }

    /// The entry's id. It leaves the signature out: one statement has one id.
    pub fn id(&self) -> Id {
        Id::from(Hash::of(&self.tuple()))
    }

    /// Verifies the signature, and computes whatever else the entry shows by itself. Costs an RSA verification.
    ///
    /// # Errors
    /// `bad_signature` (ENTRY-3) if `key` is not the author's or the signature is not its over the entry tuple.
    pub fn verify(self, key: &PublicKey) -> Result<VerifiedEntry, Refusal> {
        let tuple = self.tuple();
        // [ENTRY-3]
        if key.id() != self.author || key.verify(&tuple, &self.signature).is_err() {
            return Err(Refusal::new(
                Code::BadSignature,
                "ENTRY-3",
                "the signature is not by the author over the entry tuple",
            ));
        }
        Ok(VerifiedEntry::assume(self, &tuple))
    }
}

/// An entry whose signature verified: only [`Entry::verify`] builds one.
#[derive(Debug, Clone)]
pub struct VerifiedEntry {
    entry: Entry,
    id: Id,
    signature_hash: Hash,
    /// What the rules of the kind say that need no chain. Held back until the chain has looked for a repeat (ENTRY-6).
    form: Result<form::Formed, Refusal>,
}

impl VerifiedEntry {
    /// An entry from one's own store, whose signature was verified before it was stored.
    pub(crate) fn stored(entry: Entry) -> Self {
        let tuple = entry.tuple();
        Self::assume(entry, &tuple)
    }

    fn assume(entry: Entry, tuple: &[u8]) -> Self {
        Self {
            id: Id::from(Hash::of(tuple)),
            signature_hash: Hash::of(&entry.signature),
            form: form::check(&entry.body),
            entry,
        }
    }

    /// The entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The entry, by value.
    pub fn into_entry(self) -> Entry {
        self.entry
    }

    /// The entry's id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The SHA-256 of the signature, which a block's hash holds.
    pub fn signature_hash(&self) -> Hash {
        self.signature_hash
    }

    /// What the rules of the kind say without a chain: the keys that a roster entry adds, or a refusal.
    pub(crate) fn formed(&self) -> Result<&[PublicKey], Refusal> {
        match &self.form {
            Ok(formed) => Ok(&formed.added),
            Err(refusal) => Err(refusal.clone()),
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("Entry", 8)?;
        entry.serialize_field("community", &self.community)?;
        entry.serialize_field("kind", &self.kind())?;
        entry.serialize_field("author", &self.author)?;
        entry.serialize_field("seq", &self.seq)?;
        entry.serialize_field("seen", &self.seen)?;
        entry.serialize_field("sent_at", &self.sent_at)?;
        entry.serialize_field("body", &self.body)?;
        entry.serialize_field("signature", &self.signature)?;
        entry.end()
    }
}
