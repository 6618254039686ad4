//! Join and session, without I/O: states by value, time and nonces as arguments, at most one effect a step.
//!
//! ```text
//! AwaitHello --hello--> AwaitProof --prove--> Proof --verify--> Proven --admit--> Granted --welcome--> Open
//!     ^  |                  |                   |                  |                 ^
//!     |  |                  '------ refused ----+------ refused ---'                 |
//!     |  '--resume--> Resumption --admit---------------------------------------------'
//!     '--------- every refusal of a spent challenge or a resume
//! ```
//!
//! A step that costs RSA work or needs the chain takes the session into a value of its own ([`Proof`], [`Proven`],
//! [`Resumption`], [`Granted`]), so that no frame can be taken in the meantime; a refusal there leaves [`Session::new`].
//! Not for pushing blocks or counting frames: those are a server's.

mod challenges;
mod client;
mod host;
mod join;
mod open;
mod standing;
mod statement;
mod table;
mod token;

pub use challenges::Challenges;
pub use client::{AwaitWelcome, Dial, Joined};
pub use host::Host;
pub use join::{AwaitProof, Granted, Proof, Proven, Resumption, no_challenge};
pub use open::{Open, Submission};
pub use standing::Standing;
pub use statement::Meeting;
pub use table::{Live, Sessions};
pub use token::TokenHash;

use crate::bytes::Nonce;
use crate::refusal::{Code, Refusal};
use crate::wire::{Bye, ClientFrame, Ref, Refused, ServerFrame};

/// A connection's session, named for what it awaits.
#[derive(Debug, Default)]
pub enum Session {
    /// Nobody has said who they are.
    #[default]
    AwaitHello,
    /// A challenge is outstanding.
    AwaitProof(Box<AwaitProof>),
    /// A member has joined.
    Open(Open),
}

/// What a frame comes to.
#[derive(Debug)]
pub enum Step {
    /// Send this, and go on.
    Reply(Session, ServerFrame),
    /// Verify the proof, which costs RSA work; then ask the chain.
    Prove(Box<Proof>),
    /// Ask the chain and the sessions.
    Resume(Box<Resumption>),
    /// Verify the entry's signature, and hand it to the chain's writer.
    Submit(Session, Box<Submission>),
    /// Send this, and close: the session's time is over.
    End(Bye),
}

impl Session {
    /// A fresh connection's.
    pub fn new() -> Self {
        Self::AwaitHello
    }

    /// Takes a frame at the moment `now`, in milliseconds since 1970. `nonce` is asked for where a challenge is made; it
    /// must come from a secure random source (JOIN-7).
    pub fn receive(
        self,
        frame: ClientFrame,
        host: &Host,
        nonce: impl FnOnce() -> Nonce,
        now: u64,
    ) -> Step {
        match (self, frame) {
            (Self::AwaitHello, ClientFrame::Hello(hello)) => {
                match AwaitProof::hello(hello, host, nonce(), now) {
                    Ok((await_proof, challenge)) => Step::Reply(
                        Self::AwaitProof(Box::new(await_proof)),
                        ServerFrame::Challenge(challenge),
                    ),
                    // [SESS-15]
                    Err(refusal) => Self::AwaitHello.refuse(None, refusal),
                }
            }
            (Self::AwaitHello, ClientFrame::Resume(resume)) => {
                Step::Resume(Box::new(Resumption::new(resume)))
            }
            // [JOIN-9]
            (Self::AwaitHello, ClientFrame::Prove(_)) => {
                Self::AwaitHello.refuse(None, join::no_challenge())
            }
            // [JOIN-9], [SESS-15] the outstanding challenge can still be proved
            (Self::AwaitProof(await_proof), ClientFrame::Prove(prove))
                if !await_proof.is_named_by(&prove) =>
            {
                Self::AwaitProof(await_proof).refuse(None, join::no_challenge())
            }
            (Self::AwaitProof(await_proof), ClientFrame::Prove(prove)) => {
                match await_proof.prove(prove, now) {
                    Ok(proof) => Step::Prove(Box::new(proof)),
                    // [JOIN-13] and after a refused prove a hello is awaited again
                    Err(refusal) => Self::AwaitHello.refuse(None, refusal),
                }
            }
            (Self::Open(open), frame) if open.is_over(now) => {
                drop(frame);
                Step::End(open.farewell())
            }
            (Self::Open(open), ClientFrame::Submit(submit)) => {
                let reference = submit.reference.clone();
                match open.submit(submit) {
                    Ok(submission) => Step::Submit(Self::Open(open), Box::new(submission)),
                    Err(refusal) => Self::Open(open).refuse(Some(reference), refusal),
                }
            }
            // [SESS-14], [SESS-15]
            (session, frame) => {
                let (name, reference) = match frame {
                    ClientFrame::Hello(_) => ("hello", None),
                    ClientFrame::Prove(_) => ("prove", None),
                    ClientFrame::Resume(_) => ("resume", None),
                    ClientFrame::Submit(submit) => ("submit", Some(submit.reference)),
                };
                let awaited = session.awaited();
                session.refuse(
                    reference,
                    Refusal::new(
                        Code::UnexpectedFrame,
                        "SESS-14",
                        format!("{name} came where {awaited} is awaited"),
                    ),
                )
            }
        }
    }

    /// The account and more, once a member has joined.
    pub fn open(&self) -> Option<&Open> {
        match self {
            Self::Open(open) => Some(open),
            _ => None,
        }
    }

    fn awaited(&self) -> &'static str {
        match self {
            Self::AwaitHello => "hello or resume",
            Self::AwaitProof(_) => "prove",
            Self::Open(_) => "submit",
        }
    }

    fn refuse(self, reference: Option<Ref>, refusal: Refusal) -> Step {
        Step::Reply(self, ServerFrame::Refused(Refused::new(reference, refusal)))
    }
}
