//! Entries whose signature verified.

use super::form::{self, Formed};
use super::statement::Entry;
use crate::bytes::{Hash, Id};
use crate::key::PublicKey;
use crate::refusal::{Code, Refusal};

impl Entry {
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
    form: Result<Formed, Refusal>,
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
