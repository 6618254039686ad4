//! What both sides of a join sign.

use super::token::TokenHash;
use crate::bytes::{Id, Nonce};
use crate::entry::Prefix;
use crate::tuple::{Label, Tuple};

/// What a join is about: the part that both signatures share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meeting {
    pub(super) origin: String,
    pub(super) community: Id,
    pub(super) account: Id,
    pub(super) client_nonce: Nonce,
    pub(super) server_nonce: Nonce,
}

impl Meeting {
    /// What the account signs; `expires_at` is the challenge's.
    pub(super) fn join(&self, expires_at: u64) -> Vec<u8> {
        self.begin(Label::Join).uint(expires_at).finish()
    }

    /// What the server key signs; `expires_at` is the session's.
    pub(super) fn welcome(&self, expires_at: u64, chain: &Prefix, token: TokenHash) -> Vec<u8> {
        self.begin(Label::Welcome)
            .uint(expires_at)
            .uint(chain.size)
            .bytes(chain.hash)
            .bytes(token.hash())
            .finish()
    }

    fn begin(&self, label: Label) -> Tuple {
        Tuple::new(label)
            .text(&self.origin)
            .bytes(self.community)
            .bytes(self.account)
            .bytes(self.client_nonce)
            .bytes(self.server_nonce)
    }
}
