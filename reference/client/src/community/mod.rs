//! A community as a member holds it: the verified chain, what of it can be read, and the store under both.
//!
//! No sockets and no clock: frames go in, events come out.

mod cards;
mod restoring;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::{Block, Linked, State};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Body, Prefix};
use dispatch_protocol::epoch::Secret;
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::key::{Card, CardKey};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::verdict::{Finding, Verdict};
use dispatch_protocol::verify::Follower;
use dispatch_protocol::wire::Blocks as Frame;

use crate::error::Error;
use crate::event::Event;
use crate::store::{Blocks, Outgoing, StoreError, Vault};

/// What is known of an epoch beyond what the chain's state holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// The index of its block, so that the newest can be told.
    pub(crate) index: u64,
    /// When it was made, by the server's clock.
    pub(crate) made_at: u64,
    /// How much of the chain its author had seen.
    pub(crate) seen: u64,
    /// Messages under it.
    pub(crate) messages: u64,
}

pub(crate) struct Community {
    folder: PathBuf,
    invitation: Invitation,
    me: Id,
    pub(crate) vault: Vault,
    blocks: Blocks,
    follower: Option<Follower>,
    cards: HashMap<Card, CardKey>,
    /// The card that was made here and is not in the chain yet.
    unpublished: Option<Card>,
    secrets: HashMap<Id, Secret>,
    usage: HashMap<Id, Usage>,
    pub(crate) limits: Limits,
    threads: NonZeroUsize,
    /// The server's checkpoints on this connection, which may contradict each other or what is held.
    shown: Vec<Checkpoint>,
}

impl Community {
    pub(crate) fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn me(&self) -> Id {
        self.me
    }

    /// The verified chain; nothing before block 0 came.
    pub(crate) fn state(&self) -> Option<&State> {
        self.follower.as_ref().map(Follower::state)
    }

    pub(crate) fn follower(&self) -> Option<&Follower> {
        self.follower.as_ref()
    }

    pub(crate) fn size(&self) -> u64 {
        self.state().map_or(0, State::size)
    }

    /// The size that the highest kept checkpoint covers.
    pub(crate) fn covered(&self) -> u64 {
        let kept = self.follower.as_ref().and_then(|f| f.keeper().kept());
        kept.map_or(0, |kept| kept.size)
    }

    /// The `have` of a `hello` or `resume` that is sent now.
    pub(crate) fn ask(&mut self) -> Option<Prefix> {
        self.shown.clear();
        self.follower.as_mut().map(Follower::ask)
    }

    /// Takes what a verified welcome states, and its checkpoint.
    pub(crate) fn welcome(&mut self, chain: Prefix, checkpoint: &Checkpoint) -> Result<(), Error> {
        self.shown.push(checkpoint.clone());
        let follower = self.held();
        follower
            .welcome(chain)
            .and_then(|()| follower.checkpoint(checkpoint))
            .map_err(server)?;
        self.keep()
    }

    /// Takes a pushed checkpoint.
    pub(crate) fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<Vec<Event>, Error> {
        self.shown.push(checkpoint.clone());
        if self.shown.len() > 16 {
            self.shown.remove(0);
        }
        self.held().checkpoint(checkpoint).map_err(server)?;
        self.keep()?;
        Ok(vec![Event::Checkpoint {
            size: checkpoint.size,
            time: checkpoint.time,
        }])
    }

    /// Takes a frame of blocks: all are verified and stored before anything of them is told.
    pub(crate) fn take(&mut self, frame: Frame) -> Result<Vec<Event>, Error> {
        let threads = self.threads;
        let linked = self.held().batch(frame, threads).map_err(server)?;
        self.has_card()?;
        let opened = self.open_wraps(&linked);
        // secrets first: a crash between the two costs nothing, since the blocks come again
        self.vault.add_secrets(&opened)?;
        self.store(&linked)?;
        self.secrets.extend(opened);
        self.keep()?;
        for linked in &linked {
            self.see_card(linked)?;
            count(&mut self.usage, linked.block(), linked.id());
        }
        Ok(linked
            .iter()
            .filter_map(|linked| self.told(linked))
            .collect())
    }

    /// Stores blocks that were verified.
    ///
    /// # Errors
    /// `fork` (CHECK-8), where another program of this member was shown another block in the place of one of them.
    fn store<'b>(
        &mut self,
        linked: impl IntoIterator<Item = &'b Linked, IntoIter: Clone>,
    ) -> Result<(), Error> {
        match self.blocks.append(linked)? {
            None => Ok(()),
            Some(index) => Err(server(Finding::new(
                Verdict::Fork,
                "CHECK-8",
                format!(
                    "the server has shown another block {index} to another program of this member"
                ),
            ))),
        }
    }

    fn told(&self, linked: &Linked) -> Option<Event> {
        let Block { index, entry, .. } = linked.block();
        match &entry.body {
            Body::Message(_) => self.message(linked.block()).map(Event::Message),
            Body::Roster(roster) => Some(Event::Roster {
                index: *index,
                added: roster
                    .add
                    .iter()
                    .map(|der| Id::from(Hash::of(der)))
                    .collect(),
                removed: roster.remove.clone(),
            }),
            Body::Redaction(redaction) => Some(Event::Redaction {
                index: *index,
                message: redaction.index,
                by: entry.author,
                reason: redaction.reason.clone(),
            }),
            _ => None,
        }
    }

    /// The blocks from an index on, from the store.
    pub(crate) fn each(
        &self,
        from: u64,
        mut visit: impl FnMut(Block) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.blocks.each(from, |block, _| visit(block))
    }

    pub(crate) fn block(&self, index: u64) -> Result<Option<Block>, StoreError> {
        self.blocks.block(index)
    }

    /// The secret of an epoch that this member can read.
    pub(crate) fn secret(&self, epoch: &Id) -> Option<&Secret> {
        self.secrets.get(epoch)
    }

    /// What is known of an epoch's use.
    pub(crate) fn usage(&self) -> &HashMap<Id, Usage> {
        &self.usage
    }

    /// Every change of the roster, in order: the block's index, who, and whether they were added.
    pub(crate) fn rosters(&self) -> Result<Vec<(u64, Id, bool)>, Error> {
        let authority = self.state().map(State::authority);
        let mut changes: Vec<_> = authority.map(|id| (0, id, true)).into_iter().collect();
        self.each(1, |block| {
            if let Body::Roster(roster) = &block.entry.body {
                let added = roster
                    .add
                    .iter()
                    .map(|der| (block.index, Id::from(Hash::of(der)), true));
                changes.extend(added);
                let removed = roster.remove.iter().map(|id| (block.index, *id, false));
                changes.extend(removed);
            }
            Ok(())
        })?;
        Ok(changes)
    }

    /// Stores the secrets of epochs that are made here, before anything is written under them.
    pub(crate) fn know(&mut self, secrets: Vec<(Id, Secret)>) -> Result<(), StoreError> {
        self.vault.add_secrets(&secrets)?;
        self.secrets.extend(secrets);
        Ok(())
    }

    /// Stores signed entries before they are sent. // [ENTRY-17]
    pub(crate) fn post(&mut self, errand: i64, entries: &[Outgoing]) -> Result<(), StoreError> {
        self.vault.add_outgoing(errand, entries)
    }

    /// The checkpoints that the server showed on this connection.
    pub(crate) fn shown(&self) -> &[Checkpoint] {
        &self.shown
    }

    fn held(&mut self) -> &mut Follower {
        self.follower.as_mut().expect("block 0 came first")
    }

    /// Stores the highest checkpoint. // [CHECK-7]
    fn keep(&mut self) -> Result<(), Error> {
        if let Some(kept) = self.follower.as_ref().and_then(|f| f.keeper().kept()) {
            self.vault.keep(kept)?;
        }
        Ok(())
    }
}

fn count(usage: &mut HashMap<Id, Usage>, block: &Block, id: Id) {
    match &block.entry.body {
        Body::Epoch(_) => {
            let made = Usage {
                index: block.index,
                made_at: block.time,
                seen: block.entry.seen.size,
                messages: 0,
            };
            usage.insert(id, made);
        }
        Body::Message(message) => {
            if let Some(usage) = usage.get_mut(&message.epoch) {
                usage.messages += 1;
            }
        }
        _ => {}
    }
}

/// What was found of a server. The evidence is added by whoever can collect it.
pub(crate) fn server(finding: Finding) -> Error {
    Error::Server {
        finding,
        evidence: None,
    }
}
