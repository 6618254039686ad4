//! What a server keeps of a token.

use crate::bytes::Hash;

/// The SHA-256 of a token: all that a server keeps of it (SESS-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(Hash);

impl TokenHash {
    /// The hash of a token's bytes.
    pub fn of(token: &[u8]) -> Self {
        Self(Hash::of(token))
    }

    /// A hash that was kept.
    pub fn kept(hash: Hash) -> Self {
        Self(hash)
    }

    /// The hash itself, which a welcome is signed over.
    pub fn hash(&self) -> &Hash {
        &self.0
    }
}
