//! Entries as they travel and are signed.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::body::{Body, Kind};
use super::prefix::Prefix;
use crate::bytes::{Bytes, Hash, Id};
use crate::key::KeyPair;
use crate::tuple::{Label, Tuple};

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

impl Draft {
    /// The entry with a signature that was made elsewhere, if it was: nothing here looks at it.
    pub fn with(self, signature: Bytes) -> Entry {
        let Self {
            community,
            author,
            seq,
            seen,
            sent_at,
            body,
        } = self;
        Entry {
            community,
            author,
            seq,
            seen,
            sent_at,
            body,
            signature,
        }
    }
}

impl Entry {
    /// Signs a draft.
    pub fn sign(draft: Draft, key: &KeyPair) -> Self {
        let mut entry = draft.with(Bytes::default());
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
