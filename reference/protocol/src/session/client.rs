//! The client's half of a join, without I/O.

use super::statement::Meeting;
use crate::bytes::{Bytes, Id, Nonce};
use crate::entry::Prefix;
use crate::key::{KeyPair, PublicKey};
use crate::verdict::{Finding, Verdict};
use crate::wire::{Challenge, Hello, Prove, Resume, Version, Welcome};

/// What a client knows before it says who it is: whom it dialled, and which community it wants.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The origin that was dialled, never one that a server told (JOIN-1).
    pub origin: String,
    /// The id of the community that is wanted: by an invitation, by what is kept or by the user's word (JOIN-23).
    pub community: Id,
    /// The server key of the community's genesis.
    pub server_key: PublicKey,
    /// The client's own account.
    pub account: PublicKey,
}

/// A `prove` or a `resume` was sent.
pub struct AwaitWelcome {
    meeting: Meeting,
    server_key: PublicKey,
    token: Bytes,
    /// Of a resumed session: its end must stay where it was.
    expires_at: Option<u64>,
}

/// A session as its client holds it.
pub struct Joined {
    meeting: Meeting,
    server_key: PublicKey,
    token: Bytes,
    expires_at: u64,
    chain: Prefix,
}

impl Dial {
    /// The `hello` that begins a join. `client_nonce` must be fresh and random.
    pub fn hello(
        &self,
        client_nonce: Nonce,
        session_ms: Option<u64>,
        have: Option<Prefix>,
    ) -> Hello {
        Hello {
            version: Version,
            origin: self.origin.clone(),
            public_key: self.account.to_bytes(),
            client_nonce,
            session_ms,
            have,
        }
    }

    /// Answers a challenge, where `client_nonce` is that of the `hello`. Costs an RSA signature.
    ///
    /// # Errors
    /// `wrong_genesis` (JOIN-19) if the challenge is another community's: nothing is signed then.
    pub fn prove(
        &self,
        client_nonce: Nonce,
        challenge: &Challenge,
        key: &KeyPair,
    ) -> Result<(AwaitWelcome, Prove), Finding> {
        // [JOIN-19]
        if challenge.community != self.community {
            return Err(Finding::new(
                Verdict::WrongGenesis,
                "JOIN-19",
                "the challenge is of another community than the one that was asked for",
            ));
        }
        // [JOIN-1]
        let meeting = Meeting {
            origin: self.origin.clone(),
            community: self.community,
            account: self.account.id(),
            client_nonce,
            server_nonce: challenge.server_nonce,
        };
        let signature = key.sign(&meeting.join_tuple(challenge.expires_at));
        let prove = Prove {
            server_nonce: challenge.server_nonce,
            signature: signature.clone(),
        };
        let next = AwaitWelcome {
            meeting,
            server_key: self.server_key.clone(),
            token: signature,
            expires_at: None,
        };
        Ok((next, prove))
    }
}

impl AwaitWelcome {
    /// Verifies a `welcome`.
    ///
    /// # Errors
    /// `bad_welcome` (JOIN-17) unless the server key of genesis signed it over what this client holds, or (SESS-12) if
    /// a resumed session ends at another time than before;
    /// `bad_checkpoint` (CHECK-6) if the checkpoint in it is not the server's.
    pub fn welcome(self, welcome: &Welcome) -> Result<Joined, Finding> {
        self.meeting
            .verify(welcome, &self.token, &self.server_key)?;
        if self.expires_at.is_some_and(|end| end != welcome.expires_at) {
            return Err(Finding::new(
                Verdict::BadWelcome,
                "SESS-12",
                "the resumed session's end has moved",
            ));
        }
        welcome.checkpoint.verify(&self.server_key)?;
        welcome.checkpoint.belongs(self.meeting.community)?;
        Ok(Joined {
            meeting: self.meeting,
            server_key: self.server_key,
            token: self.token,
            expires_at: welcome.expires_at,
            chain: Prefix {
                size: welcome.size,
                hash: welcome.head,
            },
        })
    }
}

impl Joined {
    /// The session's token: a secret between this client and the server.
    pub fn token(&self) -> &Bytes {
        &self.token
    }

    /// When the session ends, in milliseconds since 1970 by the server's clock.
    pub fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// The chain that the welcome states.
    pub fn chain(&self) -> Prefix {
        self.chain
    }

    /// The `resume` that opens another connection under the session. `client_nonce` must be fresh and random.
    pub fn resume(&self, client_nonce: Nonce, have: Option<Prefix>) -> (AwaitWelcome, Resume) {
        let resume = Resume {
            token: self.token.clone(),
            client_nonce,
            have,
        };
        let next = AwaitWelcome {
            meeting: Meeting {
                client_nonce,
                ..self.meeting.clone()
            },
            server_key: self.server_key.clone(),
            token: self.token.clone(),
            expires_at: Some(self.expires_at),
        };
        (next, resume)
    }
}
