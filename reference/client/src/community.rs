//! A community as a member holds it: the verified chain, what of it can be read, and the store under both.
//!
//! No sockets and no clock: frames go in, events come out.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::{Block, Linked, State};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Body, Prefix};
use dispatch_protocol::epoch::Secret;
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::key::{Card, CardKey, PublicKey};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::verdict::Finding;
use dispatch_protocol::verify::{Follower, Keeper};
use dispatch_protocol::wire::Blocks as Frame;

use crate::error::Error;
use crate::event::Event;
use crate::private::make_private;
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
    secrets: HashMap<Id, Secret>,
    usage: HashMap<Id, Usage>,
    pub(crate) limits: Limits,
    threads: NonZeroUsize,
    /// The server's checkpoints on this connection, which may contradict each other or what is held.
    shown: Vec<Checkpoint>,
}

impl Community {
    /// Opens, or begins, what is held of a community in this folder, for this account. Gives a [`Event::Repaired`] where the
    /// copy of the chain had to be set aside.
    pub(crate) fn open(
        folder: &Path,
        invitation: &Invitation,
        account: &PublicKey,
    ) -> Result<(Self, Option<Event>), Error> {
        make_private(folder)?;
        let mut vault = Vault::open(folder)?;
        let me = account.id();
        match (vault.invitation()?, vault.account()?) {
            (Some(known), _) if known.community() != invitation.community() => {
                return Err(Error::Usage(format!(
                    "{} holds another community ({}) than the invitation names ({})",
                    folder.display(),
                    known.community(),
                    invitation.community()
                )));
            }
            (_, Some(owner)) if owner != me => {
                return Err(Error::Usage(format!(
                    "{} belongs to the account {owner}, and the key is that of {me}",
                    folder.display()
                )));
            }
            _ => vault.set_owner(invitation, me)?,
        }
        let (blocks, repaired) = open_blocks(folder)?;
        let mut community = Self {
            folder: folder.to_owned(),
            invitation: invitation.clone(),
            me,
            cards: vault
                .cards()?
                .into_iter()
                .map(|card| (card.card(), card))
                .collect(),
            secrets: vault.secrets()?.into_iter().collect(),
            limits: vault.limits()?,
            blocks,
            vault,
            follower: None,
            usage: HashMap::new(),
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            shown: Vec::new(),
        };
        let event = match community.restore() {
            Ok(()) => repaired,
            Err(error) if error.is_damaged() => {
                let aside = Blocks::set_aside(folder)?;
                community.blocks = Blocks::open(folder)?;
                community.follower = None;
                community.usage.clear();
                Some(Event::Repaired {
                    aside,
                    what: error.what,
                })
            }
            Err(error) => return Err(error.into()),
        };
        Ok((community, event))
    }

    /// Goes on where the last program ended. Signatures of blocks are not verified again: they were before the blocks were
    /// stored, and the kept checkpoint, whose signature is, pins every hash up to it.
    fn restore(&mut self) -> Result<(), StoreError> {
        let mut usage = HashMap::new();
        let state = self
            .blocks
            .restore(|block, _| count(&mut usage, block, block.entry.id()))?;
        let Some(state) = state else { return Ok(()) };
        if state.community() != self.invitation.community() {
            return Err(self.damaged("it holds another community's chain"));
        }
        let keeper = Keeper::new(self.vault.checkpoint()?);
        let follower = Follower::resume(state, keeper).map_err(|finding| {
            self.damaged(&format!("it contradicts the kept checkpoint ({finding})"))
        })?;
        self.follower = Some(follower);
        self.usage = usage;
        Ok(())
    }

    fn damaged(&self, what: &str) -> StoreError {
        StoreError::damaged(&self.folder.join("chain.sqlite"), what)
    }

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

    /// Begins with block 0, as the discovery document or the first frame shows it. // [JOIN-20]
    pub(crate) fn begin(&mut self, genesis: Block) -> Result<(), Error> {
        if self.follower.is_some() {
            return Ok(());
        }
        let keeper = Keeper::new(self.vault.checkpoint()?);
        let (follower, linked) =
            Follower::begin(genesis, Some(self.invitation.community()), keeper).map_err(server)?;
        self.blocks.append([&linked])?;
        self.follower = Some(follower);
        Ok(())
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
        self.blocks.append(&linked)?;
        self.secrets.extend(opened);
        self.keep()?;
        for linked in &linked {
            count(&mut self.usage, linked.block(), linked.id());
        }
        Ok(linked
            .iter()
            .filter_map(|linked| self.told(linked))
            .collect())
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

    /// The private half of a card.
    pub(crate) fn card_key(&self, card: &Card) -> Option<&CardKey> {
        self.cards.get(card)
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

    /// Whether the card that others wrap for is one whose private key is here.
    pub(crate) fn has_card(&mut self) -> Result<bool, StoreError> {
        let state = self.state();
        let Some(card) = state.and_then(|state| state.card(&self.me, state.size())) else {
            return Ok(false);
        };
        if !self.cards.contains_key(&card) {
            // another process of this member may have made it
            let stored = self.vault.cards()?;
            self.cards
                .extend(stored.into_iter().map(|key| (key.card(), key)));
        }
        Ok(self.cards.contains_key(&card))
    }

    /// Makes a card's key, and stores it before anybody hears of it.
    pub(crate) fn new_card(&mut self) -> Result<Card, StoreError> {
        let key = CardKey::generate();
        self.vault.add_card(&key)?;
        let card = key.card();
        self.cards.insert(card, key);
        Ok(card)
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

/// Opens the copy of the chain. A file that is no database any more is set aside, and told of.
fn open_blocks(folder: &Path) -> Result<(Blocks, Option<Event>), StoreError> {
    match Blocks::open(folder) {
        Ok(blocks) => Ok((blocks, None)),
        Err(error) if error.is_damaged() => {
            let aside = Blocks::set_aside(folder)?;
            let what = error.what;
            Ok((Blocks::open(folder)?, Some(Event::Repaired { aside, what })))
        }
        Err(error) => Err(error),
    }
}
