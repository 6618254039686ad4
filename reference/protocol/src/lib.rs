//! dispatch-d/1 without I/O: bytes, keys, entries, chain, encryption and the session's state machine.
//!
//! Everything here is a function of its arguments: the time and nonces come in, frames and verdicts come out. Not for
//! sockets, stores or configuration: those are a server's and a client's. The contract is the specification in `spec/`;
//! the ids in brackets, such as `[JOIN-4]`, are its requirements.
//!
//! A community of one, from its founding to its first checkpoint:
//!
//! ```
//! use dispatch_protocol::chain::{Admission, State, found};
//! use dispatch_protocol::checkpoint::Checkpoint;
//! use dispatch_protocol::entry::{Body, CardBody, Draft, Entry};
//! use dispatch_protocol::key::{CardKey, KeyPair, ModulusBits};
//! use dispatch_protocol::limits::Limits;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (authority, server_key) = (
//!     KeyPair::generate(ModulusBits::Bits2048)?,
//!     KeyPair::generate(ModulusBits::Bits2048)?,
//! );
//! let now = 1_790_000_000_000;
//! let genesis = found("The village green", &authority, server_key.public(), now)?;
//! let (mut state, _) = State::from_genesis(genesis)?;
//!
//! let author = authority.public().id();
//! let draft = Draft {
//!     community: state.community(),
//!     author,
//!     seq: state.next_seq(&author),
//!     seen: state.prefix(),
//!     sent_at: now,
//!     body: Body::Card(CardBody { x25519: CardKey::generate().card() }),
//! };
//! let entry = Entry::sign(draft, &authority).verify(authority.public())?;
//! let Admission::Append(admitted) = state.admit(entry, now, &Limits::default())? else {
//!     unreachable!("nothing was said before")
//! };
//! let linked = state.append(*admitted, now);
//! assert_eq!(linked.block().index, 1);
//!
//! let checkpoint = Checkpoint::sign(state.description(), now, &server_key);
//! state.check(&checkpoint)?;
//! # Ok(())
//! # }
//! ```

pub mod backup;
mod base64url;
pub mod binding;
mod bounds;
pub mod bytes;
pub mod chain;
pub mod checkpoint;
pub mod entry;
pub mod epoch;
pub mod invitation;
mod json;
pub mod key;
pub mod limits;
pub mod merkle;
pub mod refusal;
pub mod schemas;
pub mod session;
pub mod tuple;
pub mod verdict;
pub mod verify;
pub mod wire;
