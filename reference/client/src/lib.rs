//! A client of dispatch-d/1: joins a community, verifies all that its server shows, and reads and writes encrypted messages.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use dispatch_client::{Addressed, Client, Content, Event, Invitation, KeyPair, ModulusBits, Settings};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Arc::new(KeyPair::generate(ModulusBits::Bits2048)?);
//! let invitation = Invitation::decode("https://chat.example.org/#dispatch-d/1/STi6zEd_BPBGGpCrxMv3AL268yUb7BLzAFhb6zfoqSw")?;
//! let (client, mut events) = Client::start(Settings::new(invitation, "./alice"), key).await?;
//! client.synced().await?;
//! client.send("Hello, Bob.", Addressed::default()).await?;
//! while let Some(event) = events.next().await {
//!     if let Event::Message(message) = event
//!         && let Content::Said(plaintext) = message.content
//!     {
//!         println!("{}: {}", message.author, plaintext.text);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The rules themselves are [`dispatch_protocol`]'s; this adds the sockets, the store, and when to do what. Not for a server's
//! side, and not for user interfaces: `dispatch`, in the same crate, is one.

mod client;
mod command;
mod community;
mod dial;
mod error;
mod event;
mod forks;
mod joining;
mod opening;
mod private;
mod reading;
mod running;
mod store;
mod terminal;
mod writing;

pub use client::{Addressed, Chain, Client, Clock, Events, Member, Receipt, Settings};
pub use command::run;
pub use error::{Blame, ClockDifference, Error};
pub use event::{Content, Event, Message};
pub use store::StoreError;

pub use dispatch_protocol::bytes::{Hash, Id};
pub use dispatch_protocol::epoch::Plaintext;
pub use dispatch_protocol::invitation::Invitation;
pub use dispatch_protocol::key::{KeyPair, ModulusBits, PublicKey};
pub use dispatch_protocol::verdict::{Finding, Verdict};
pub use dispatch_protocol::verify::Evidence;
