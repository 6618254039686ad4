//! A test or a group of a static vector, read member by member.

use dispatch_protocol::bytes::{Bytes, Hash, Id, Nonce};
use dispatch_protocol::key::PublicKey;
use dispatch_protocol::refusal::Refusal;
use dispatch_protocol::verdict::Finding;
use serde_json::Value;

/// Nothing, or the code that was given and what was said with it.
pub type Outcome = Result<(), (String, String)>;

pub struct Vector<'v>(pub &'v Value);

impl<'v> Vector<'v> {
    pub fn find(&self, name: &str) -> Option<&'v Value> {
        self.0.get(name)
    }

    pub fn value(&self, name: &str) -> &'v Value {
        self.find(name)
            .unwrap_or_else(|| panic!("{name} is missing in {}", self.0))
    }

    pub fn text(&self, name: &str) -> &'v str {
        self.value(name).as_str().unwrap()
    }

    pub fn uint(&self, name: &str) -> u64 {
        self.value(name).as_u64().unwrap()
    }

    pub fn bytes(&self, name: &str) -> Bytes {
        Bytes::decode(self.text(name)).unwrap()
    }

    pub fn id(&self, name: &str) -> Id {
        Id::decode(self.text(name)).unwrap()
    }

    pub fn hash(&self, name: &str) -> Hash {
        Hash::decode(self.text(name)).unwrap()
    }

    pub fn nonce(&self, name: &str) -> Nonce {
        Nonce::decode(self.text(name)).unwrap()
    }

    pub fn hashes(&self, name: &str) -> Vec<Hash> {
        let hashes = self.value(name).as_array().unwrap();
        hashes
            .iter()
            .map(|hash| Hash::decode(hash.as_str().unwrap()).unwrap())
            .collect()
    }

    pub fn key(&self, name: &str) -> PublicKey {
        PublicKey::parse(&self.bytes(name)).unwrap()
    }

    /// The answer of a valid test, which an invalid one lacks: bytes that must be these.
    pub fn same(&self, name: &str, ours: &[u8]) {
        if self.find(name).is_some() {
            assert_eq!(
                self.bytes(name).as_slice(),
                ours,
                "{name} of {}",
                self.text("id")
            );
        }
    }
}

/// A code without words.
pub fn code(code: &str) -> (String, String) {
    (code.to_owned(), String::new())
}

pub fn refused(refusal: Refusal) -> (String, String) {
    found(Finding::from(refusal))
}

pub fn found(finding: Finding) -> (String, String) {
    (finding.verdict.to_string(), finding.to_string())
}
