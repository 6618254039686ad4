//! From a challenge to a session: what a `prove` or a `resume` goes through.

use std::fmt;

use super::host::Host;
use super::open::Open;
use super::standing::Standing;
use super::statement::Meeting;
use super::table::{Live, Sessions};
use super::token::TokenHash;
use crate::bytes::{Bytes, Id, Nonce};
use crate::checkpoint::Checkpoint;
use crate::entry::Prefix;
use crate::key::{KeyPair, PublicKey};
use crate::refusal::{Code, Refusal};
use crate::wire::{Challenge, Hello, Prove, Resume, Welcome};

/// A challenge is outstanding.
#[derive(Debug)]
pub struct AwaitProof {
    meeting: Meeting,
    key: PublicKey,
    /// The challenge's.
    expires_at: u64,
    /// The session's longest life: the server's, or a shorter one that the client asked for.
    life: u64,
    have: Option<Prefix>,
}

/// A signature for the challenge that was outstanding. The challenge is spent (JOIN-13).
pub struct Proof {
    challenge: AwaitProof,
    signature: Bytes,
}

/// An account that proved itself. It need not be a member's.
pub struct Proven {
    meeting: Meeting,
    life: u64,
    have: Option<Prefix>,
    token: Bytes,
}

/// A `resume` that was not looked at yet.
#[derive(Debug)]
pub struct Resumption {
    resume: Resume,
}

/// A member's session on this connection. What is left is the welcome's signature.
pub struct Granted {
    meeting: Meeting,
    token: Bytes,
    expires_at: u64,
    chain: Prefix,
    from: u64,
    checkpoint: Checkpoint,
}

impl AwaitProof {
    /// Judges a `hello` and makes the challenge for it. By HTTP the result goes into [`Challenges`](super::Challenges).
    ///
    /// # Errors
    /// `wrong_origin` or `bad_key`.
    pub fn hello(
        hello: Hello,
        host: &Host,
        server_nonce: Nonce,
        now: u64,
    ) -> Result<(Self, Challenge), Refusal> {
        // [JOIN-2]
        if !host.origins.contains(&hello.origin) {
            return Err(Refusal::new(
                Code::WrongOrigin,
                "JOIN-2",
                "the origin is not one of this server's; dial it by the name that it is configured with",
            ));
        }
        // [JOIN-5]
        let key = PublicKey::parse(&hello.public_key)?;
        // [JOIN-8]
        let expires_at = now.saturating_add(host.limits.challenge_ms);
        let challenge = Challenge {
            community: host.community,
            server_nonce,
            expires_at,
        };
        let await_proof = Self {
            meeting: Meeting {
                origin: hello.origin,
                community: host.community,
                account: key.id(),
                client_nonce: hello.client_nonce,
                server_nonce,
            },
            key,
            expires_at,
            // [JOIN-18]
            life: hello.session_ms.map_or(host.limits.session_ms, |wish| {
                wish.min(host.limits.session_ms)
            }),
            have: hello.have,
        };
        // [JOIN-6] whether or not the account is on the roster
        Ok((await_proof, challenge))
    }

    /// The challenge's nonce, by which it is found where there is no connection.
    pub fn server_nonce(&self) -> Nonce {
        self.meeting.server_nonce
    }

    /// When the challenge is no longer accepted, in milliseconds since 1970.
    pub fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// Whether a `prove` names this challenge. One that does not leaves the challenge as it is (JOIN-9).
    pub fn is_named_by(&self, prove: &Prove) -> bool {
        prove.server_nonce == self.meeting.server_nonce
    }

    /// Takes a `prove` at the moment `now`. One that names the challenge spends it, whatever comes of it (JOIN-13).
    ///
    /// # Errors
    /// `no_challenge` if it names another; `challenge_expired`.
    pub fn prove(self, prove: Prove, now: u64) -> Result<Proof, Refusal> {
        // [JOIN-9]
        if !self.is_named_by(&prove) {
            return Err(no_challenge());
        }
        // [JOIN-10]
        if now >= self.expires_at {
            return Err(Refusal::new(
                Code::ChallengeExpired,
                "JOIN-10",
                "the challenge is too old; send hello again",
            ));
        }
        Ok(Proof {
            challenge: self,
            signature: prove.signature,
        })
    }
}

impl Proof {
    /// Verifies the signature. Costs an RSA verification and needs nothing else.
    ///
    /// # Errors
    /// `bad_proof`.
    pub fn verify(self) -> Result<Proven, Refusal> {
        let AwaitProof {
            meeting,
            key,
            expires_at,
            life,
            have,
        } = self.challenge;
        // [JOIN-11]
        key.verify(&meeting.join_tuple(expires_at), &self.signature)
            .map_err(|_| {
                Refusal::new(
                    Code::BadProof,
                    "JOIN-11",
                    "the signature is not by the account of the hello over the join tuple",
                )
            })?;
        Ok(Proven {
            meeting,
            life,
            have,
            token: self.signature,
        })
    }
}

impl Proven {
    /// The account that proved itself.
    pub fn account(&self) -> Id {
        self.meeting.account
    }

    /// Looks the account up on the roster and grants it a session, at the moment `now`. `latest` is the latest
    /// checkpoint of this chain, no larger than it is.
    ///
    /// # Errors
    /// `not_allowed` or `unknown_have`; no session is granted then.
    pub fn admit(
        self,
        chain: &impl Standing,
        sessions: &mut Sessions,
        latest: &Checkpoint,
        now: u64,
    ) -> Result<Granted, Refusal> {
        // [JOIN-12], [ROST-8]
        if !chain.on_roster(&self.meeting.account) {
            return Err(Refusal::new(
                Code::NotAllowed,
                "JOIN-12",
                "the account is not on the roster; ask the community's owner",
            ));
        }
        // [JOIN-14]
        let from = start(chain, self.have, "JOIN-14")?;
        let granted = Granted {
            meeting: self.meeting,
            token: self.token,
            // [JOIN-18]
            expires_at: now.saturating_add(self.life),
            chain: chain.prefix(),
            from,
            checkpoint: latest.clone(),
        };
        let (token, live) = granted.session();
        sessions.grant(token, live);
        Ok(granted)
    }
}

impl Resumption {
    /// A `resume` by a connection that awaits a hello.
    pub fn new(resume: Resume) -> Self {
        Self { resume }
    }

    /// The hash of the token that it names, where the session may have to be looked for elsewhere first.
    pub fn token(&self) -> TokenHash {
        TokenHash::of(&self.resume.token)
    }

    /// Looks the session up, at the moment `now`. `latest` is the latest checkpoint of this chain, no larger than it is.
    ///
    /// # Errors
    /// `bad_token` or `unknown_have`; the session stays as it is.
    pub fn admit(
        self,
        chain: &impl Standing,
        sessions: &Sessions,
        latest: &Checkpoint,
        now: u64,
    ) -> Result<Granted, Refusal> {
        // [SESS-4]
        let live = sessions
            .find(&TokenHash::of(&self.resume.token), now)
            .ok_or_else(|| {
                Refusal::new(
                    Code::BadToken,
                    "SESS-4",
                    "no live session has this token; join again",
                )
            })?;
        // [SESS-13]
        let from = start(chain, self.resume.have, "SESS-13")?;
        Ok(Granted {
            // [SESS-12] the nonce of the resume, the origin and server nonce of the join
            meeting: Meeting {
                origin: live.origin.clone(),
                community: chain.community(),
                account: live.account,
                client_nonce: self.resume.client_nonce,
                server_nonce: live.server_nonce,
            },
            token: self.resume.token,
            expires_at: live.expires_at,
            chain: chain.prefix(),
            from,
            checkpoint: latest.clone(),
        })
    }
}

impl Granted {
    /// The account that joined.
    pub fn account(&self) -> Id {
        self.meeting.account
    }

    /// The hash of the session's token, and the session.
    pub fn session(&self) -> (TokenHash, Live) {
        let live = Live {
            account: self.meeting.account,
            expires_at: self.expires_at,
            origin: self.meeting.origin.clone(),
            server_nonce: self.meeting.server_nonce,
        };
        (TokenHash::of(&self.token), live)
    }

    /// The chain's size that the welcome will state.
    pub fn size(&self) -> u64 {
        self.chain.size
    }

    /// Signs the welcome, which costs an RSA signature, and opens the session.
    pub fn welcome(self, server_key: &KeyPair) -> (Open, Welcome) {
        let token = TokenHash::of(&self.token);
        // [JOIN-16]
        let signed = self
            .meeting
            .welcome_tuple(self.expires_at, &self.chain, &token);
        let signature = server_key.sign(&signed);
        let open = Open::new(
            self.meeting.account,
            token,
            self.expires_at,
            self.from,
            self.chain.size,
        );
        // [JOIN-15]
        let welcome = Welcome {
            token: self.token,
            expires_at: self.expires_at,
            size: self.chain.size,
            head: self.chain.hash,
            checkpoint: self.checkpoint,
            signature,
        };
        (open, welcome)
    }
}

// A token is a secret: what holds one prints whom it is of, and no more.

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({})", self.challenge.meeting.account)
    }
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proven({})", self.meeting.account)
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Granted({})", self.meeting.account)
    }
}

/// The index of the first block that the client does not hold.
fn start(
    chain: &impl Standing,
    have: Option<Prefix>,
    requirement: &'static str,
) -> Result<u64, Refusal> {
    let have = have.unwrap_or(Prefix::EMPTY);
    if chain.holds(&have) {
        return Ok(have.size);
    }
    Err(Refusal::new(
        Code::UnknownHave,
        requirement,
        "have is not the size and head of a prefix of this chain; keep what you hold, it may prove a fork",
    ))
}

/// What is said where no outstanding challenge has the nonce that a `prove` names. // [JOIN-9]
pub fn no_challenge() -> Refusal {
    Refusal::new(
        Code::NoChallenge,
        "JOIN-9",
        "no such challenge is outstanding here; send hello first",
    )
}
