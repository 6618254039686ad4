//! What both sides of a join sign.

use super::token::TokenHash;
use crate::bytes::{Id, Nonce};
use crate::entry::Prefix;
use crate::key::PublicKey;
use crate::tuple::{Label, Tuple};
use crate::verdict::{Finding, Verdict};
use crate::wire::Welcome;

/// What a join is about: the part that both signatures share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// The origin that the client dialled, as the server knows it as its own.
    pub origin: String,
    /// The community's id.
    pub community: Id,
    /// The account that joins.
    pub account: Id,
    /// The client's, of the `hello` or the `resume`.
    pub client_nonce: Nonce,
    /// The server's, of the join's challenge.
    pub server_nonce: Nonce,
}

impl Meeting {
    /// The join tuple, which the account signs; `expires_at` is the challenge's.
    pub fn join_tuple(&self, expires_at: u64) -> Vec<u8> {
        self.begin(Label::Join).uint(expires_at).finish()
    }

    /// The welcome tuple, which the server key signs; `expires_at` is the session's, `chain` what the welcome states.
    pub fn welcome_tuple(&self, expires_at: u64, chain: &Prefix, token: &TokenHash) -> Vec<u8> {
        self.begin(Label::Welcome)
            .uint(expires_at)
            .uint(chain.size)
            .bytes(chain.hash)
            .bytes(token.hash())
            .finish()
    }

    /// Verifies that a welcome is the answer of the server with this key to this meeting, under the client's token. Its
    /// checkpoint is not looked at.
    ///
    /// # Errors
    /// `bad_welcome` (JOIN-17).
    pub fn verify(
        &self,
        welcome: &Welcome,
        token: &[u8],
        server_key: &PublicKey,
    ) -> Result<(), Finding> {
        // [JOIN-17]
        let bad_welcome = |detail: &str| Err(Finding::new(Verdict::BadWelcome, "JOIN-17", detail));
        if *welcome.token != *token {
            return bad_welcome("the token is not the one that this client signed");
        }
        let chain = Prefix {
            size: welcome.size,
            hash: welcome.head,
        };
        let tuple = self.welcome_tuple(welcome.expires_at, &chain, &TokenHash::of(token));
        if server_key.verify(&tuple, &welcome.signature).is_err() {
            return bad_welcome(
                "the server key of genesis did not sign this welcome for this client",
            );
        }
        Ok(())
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
