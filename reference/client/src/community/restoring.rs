//! From a folder to a community: what was kept, what was damaged, what a backup brought, and block 0.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;

use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::key::PublicKey;
use dispatch_protocol::verify::{Follower, Keeper};

use super::{Community, count, server};
use crate::error::Error;
use crate::event::Event;
use crate::private::make_private;
use crate::store::{Blocks, StoreError, Vault};

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
            unpublished: vault.unpublished()?,
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
        let keeper = Keeper::new(self.kept(&state)?);
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

    /// Begins with block 0, as the discovery document or the first frame shows it. // [JOIN-20]
    pub(crate) fn begin(&mut self, genesis: Block) -> Result<(), Error> {
        if self.follower.is_some() {
            return Ok(());
        }
        let pinned = Some(self.invitation.community());
        let (begun, linked) =
            Follower::begin(genesis, pinned, Keeper::default()).map_err(server)?;
        let state = begun.state().clone();
        let keeper = Keeper::new(self.kept(&state)?);
        let follower = Follower::resume(state, keeper).map_err(server)?;
        self.store([&linked])?;
        self.follower = Some(follower);
        Ok(())
    }

    /// The highest checkpoint that was verified: on this device before, or now, where a backup brought a higher one. One that the
    /// server key of genesis does not verify is forgotten, so that nothing is held against it. // [BACKUP-7]
    fn kept(&mut self, state: &State) -> Result<Option<Checkpoint>, StoreError> {
        if let Some(restored) = self.vault.restored()? {
            let verified = restored.verify(state.server_key());
            if verified
                .and_then(|()| restored.belongs(state.community()))
                .is_ok()
            {
                self.vault.keep(&restored)?;
            }
            self.vault.forget_restored()?;
        }
        self.vault.checkpoint()
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
