//! What a client tells its user as it happens.

use std::path::PathBuf;
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::epoch::Plaintext;
use dispatch_protocol::verdict::Finding;

/// Something that happened, in the order of the chain.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// Blocks are being read and verified.
    Syncing {
        /// The blocks that are verified.
        held: u64,
        /// The blocks that the server states.
        of: u64,
    },
    /// Everything that the server stated is verified. What follows is new.
    Synced {
        /// The chain's size.
        size: u64,
    },
    /// A message's block was verified.
    Message(Message),
    /// The authority changed the roster.
    Roster {
        /// The block's index.
        index: u64,
        /// The accounts that came.
        added: Vec<Id>,
        /// The accounts that went.
        removed: Vec<Id>,
    },
    /// A message lost its words. Whoever shows it removes them, too.
    Redaction {
        /// The block of the redaction.
        index: u64,
        /// The message's block.
        message: u64,
        /// Who asked for it.
        by: Id,
        /// Why: somebody's words.
        reason: String,
    },
    /// The server signed for the chain up to this size.
    Checkpoint {
        /// The number of blocks.
        size: u64,
        /// When, by the server's clock, in milliseconds since 1970.
        time: u64,
    },
    /// Blocks wait for a checkpoint longer than they should: until there is one, the server can deny them.
    Uncovered {
        /// The first of them.
        index: u64,
    },
    /// The server showed what no honest one shows. Nothing more is taken from it. Where the server does not know the chain that it
    /// showed before, this comes at once, and again after half a minute at most, with the better name and the evidence that what
    /// the server shows now gives.
    Finding {
        /// What was found.
        finding: Finding,
        /// The file that proves it to others, where a file can.
        evidence: Option<PathBuf>,
    },
    /// Something that a program before this one was asked to do cannot be done, and is given up.
    GivenUp {
        /// The words, where it was a message.
        text: Option<String>,
        /// Why.
        reason: String,
    },
    /// The local copy of the chain was damaged: it was set aside, and is fetched and verified again. Keys, outgoing entries
    /// and the highest checkpoint are elsewhere, and were kept.
    Repaired {
        /// Where the damaged file is, until the chain is whole again: redacted words stand in it, too.
        aside: PathBuf,
        /// What was wrong with it.
        what: String,
    },
    /// The connection ended.
    Disconnected {
        /// Why.
        reason: String,
        /// When the client tries again; never where it makes no sense.
        retry_in: Option<Duration>,
    },
}

/// A message at its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The block's index.
    pub index: u64,
    /// The entry's id, which an answer names.
    pub id: Id,
    /// When its block was appended, by the server's clock, in milliseconds since 1970.
    pub time: u64,
    /// Who wrote it.
    pub author: Id,
    /// The epoch that it is written under.
    pub epoch: Id,
    /// What it says, as far as this member can tell.
    pub content: Content,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Somebody's words: to be shown, never to be fetched, run or opened.
    Said(Plaintext),
    /// This member has no secret of its epoch: it was written for others, or before this member came.
    Sealed,
    /// Its words are gone for good.
    Redacted,
    /// It was meant for this member, and does not open.
    Broken(Finding),
}
