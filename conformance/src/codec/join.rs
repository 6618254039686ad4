//! The two signatures of a join: the account's, which becomes the token, and the server's in the welcome
//! (spec/join.md).

use super::{Hash, PublicKey, Tuple, Verdict, fields, sha256, signature};
use serde_json::Value;

/// What a join signature states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The origin that the client dialled.
    pub origin: String,
    /// The community's id.
    pub community: Hash,
    /// The account's id.
    pub account: Hash,
    /// From the `hello`, or from the `resume` in the welcome that answers one.
    pub client_nonce: Hash,
    /// From the `challenge`.
    pub server_nonce: Hash,
    /// The challenge's; in a welcome, the session's.
    pub expires_at: u64,
}

impl Join {
    /// The tuple of the `prove`.
    pub fn tuple(&self) -> Tuple {
        self.under("join")
    }

    /// The tuple of the `welcome` that shows a chain of this size and head under this token, `self.expires_at` being
    /// the session's.
    pub fn welcome_tuple(&self, size: u64, head: &Hash, token: &[u8]) -> Tuple {
        self.under("welcome")
            .uint(size)
            .bytes(head)
            .bytes(&sha256(token))
    }

    /// Verifies a join signature: `bad_proof` where it does not hold.
    pub fn verify(&self, account: &PublicKey, bytes: &[u8]) -> Result<(), Verdict> {
        // [JOIN-11]
        signature::verify(account, &self.tuple().encode(), bytes)
            .map_err(|v| Verdict::new("bad_proof", "JOIN-11", v.detail))
    }

    /// Verifies the signature of a `welcome` frame by the server key, over the values that the client holds and the
    /// frame's `expires_at`, `size` and `head`: `bad_welcome` where it does not hold.
    ///
    /// `self.expires_at` is not looked at.
    pub fn verify_welcome(
        &self,
        welcome: &Value,
        token: &[u8],
        server: &PublicKey,
    ) -> Result<(), Verdict> {
        let session = Self {
            expires_at: fields::uint(welcome, "expires_at")?,
            ..self.clone()
        };
        let tuple = session.welcome_tuple(
            fields::uint(welcome, "size")?,
            &fields::hash(welcome, "head")?,
            token,
        );
        // [JOIN-17]
        let bad = |detail: String| Verdict::new("bad_welcome", "JOIN-17", detail);
        if fields::bytes(welcome, "token")? != token {
            return Err(bad("the token is not the join signature".into()));
        }
        signature::verify(
            server,
            &tuple.encode(),
            &fields::bytes(welcome, "signature")?,
        )
        .map_err(|v| bad(v.detail))
    }

    fn under(&self, label: &str) -> Tuple {
        Tuple::new(label)
            .text(&self.origin)
            .bytes(&self.community)
            .bytes(&self.account)
            .bytes(&self.client_nonce)
            .bytes(&self.server_nonce)
            .uint(self.expires_at)
    }
}
