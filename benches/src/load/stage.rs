//! One load against the reference from beginning to end: a community, a server of its own, its conversation.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dispatch_protocol::key::KeyPair;
use serde::Serialize;

use super::Problem;
use super::community::{Community, keys_in};
use super::conversation::{Conversation, Prepared};
use super::drive::{Load, Measured, drive};
use super::limit;
use super::server::Process;
use super::target::Target;
use super::usage::Watched;

/// How long a load may take, whatever it is.
pub const WITHIN: Duration = Duration::from_secs(120);

/// A server under load, and the conversation on it.
pub struct Stage {
    // In this order they go: first the sockets, then the server, then its folder.
    conversation: Conversation,
    watched: Option<Watched>,
    _process: Option<Process>,
    _community: Option<Community>,
    target: Target,
}

/// A server that somebody else runs.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// Its origin.
    pub origin: String,
    /// A folder of its members' private keys.
    pub keys: PathBuf,
    /// Its process id, where it runs on this machine and is to be watched.
    pub process: Option<u32>,
}

/// What one load showed, beside the limit of the same run.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// What was run.
    pub load: Load,
    /// Bytes of each message's plaintext.
    pub plaintext: usize,
    /// What was measured.
    pub measured: Measured,
    /// The processor time of one RSA-2048 verification with a parsed key, in microseconds: the mean of before and after.
    pub verification_us: f64,
    /// The server's processor time for each accepted message, as a multiple of one verification.
    pub in_verifications: Option<f64>,
}

impl Stage {
    /// Founds a community with so many authors, starts its server as a process of its own, and begins the conversation.
    ///
    /// # Errors
    /// A server that does not come up, or refuses.
    pub async fn open(authors: usize) -> Result<Stage, Problem> {
        let community = Community::found(authors)?;
        let (process, address, origin) = Process::serve(&community.path())?;
        let target = Target::new(address, origin);
        let watched = Some(process.watched());
        let keys = community.keys.clone();
        let conversation = Conversation::begin(&target, &keys).await?;
        Ok(Stage {
            conversation,
            watched,
            _process: Some(process),
            _community: Some(community),
            target,
        })
    }

    /// A conversation that stands on a server: a process of its own, or one within this process.
    pub fn of(process: Option<Process>, target: Target, conversation: Conversation) -> Stage {
        Stage {
            conversation,
            watched: process.as_ref().map(Process::watched),
            _process: process,
            _community: None,
            target,
        }
    }

    /// Begins a conversation on a server that runs already, with as many of its members as the load has senders.
    ///
    /// # Errors
    /// Too few keys; a server that is not there, or refuses.
    pub async fn elsewhere(place: &Elsewhere, authors: usize) -> Result<Stage, Problem> {
        let keys = keys_in(&place.keys)?;
        if keys.len() < authors {
            let words = format!(
                "{} holds {} keys; {authors} senders need as many",
                place.keys.display(),
                keys.len()
            );
            return Err(Problem::new(words));
        }
        let target = Target::at(&place.origin)?;
        let conversation = Conversation::begin(&target, &keys[..authors]).await?;
        Ok(Stage {
            conversation,
            watched: place.process.map(Watched::new),
            _process: None,
            _community: None,
            target,
        })
    }

    /// The same on a server within this process, whose processor time is not told.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn within(target: Target, keys: &[Arc<KeyPair>]) -> Result<Stage, Problem> {
        Ok(Stage {
            conversation: Conversation::begin(&target, keys).await?,
            watched: None,
            _process: None,
            _community: None,
            target,
        })
    }

    /// The conversation, for sockets beside a load.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// The server's process, if it is known.
    pub fn watched(&self) -> Option<Watched> {
        self.watched
    }

    /// Where the server is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Runs a load, whose messages have so many bytes of plaintext.
    ///
    /// # Errors
    /// As [`drive`].
    pub async fn run(&mut self, load: Load, plaintext: usize) -> Result<Outcome, Problem> {
        let Prepared {
            participants,
            signed,
        } = self.conversation.prepare(&load, plaintext).await?;
        let end = participants.numbers.end;
        let before = limit::verification_us(&signed)?;
        let measured = drive(participants, load.pace, self.watched, WITHIN).await?;
        let after = limit::verification_us(&signed)?;
        self.conversation.read_to(end).await?;
        let verification_us = f64::midpoint(before, after);
        Ok(Outcome {
            load,
            plaintext,
            verification_us,
            in_verifications: measured
                .server_us_per_accepted
                .map(|spent| spent / verification_us),
            measured,
        })
    }
}
