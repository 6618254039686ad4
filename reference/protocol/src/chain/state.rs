//! What a chain's blocks add up to.

use std::collections::BTreeSet;

use super::accounts::{Account, Accounts, Ordinal};
use super::epochs::{Epochs, Wrapped};
use crate::bytes::{Hash, Id};
use crate::checkpoint::{Checkpoint, Description};
use crate::entry::Prefix;
use crate::key::{Card, PublicKey};
use crate::merkle::Tree;
use crate::refusal::Code;
use crate::verdict::{Finding, Verdict};

/// A chain's state: what is needed to judge the next block, and to prove the ones before.
///
/// It holds about 80 bytes for each block (its hash 32, its entry's id and index 40, the tree 4, its author 4; vectors
/// grow by doubling), a parsed key of some kilobytes for each account, and some 50 bytes for each recipient of each epoch.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) community: Id,
    pub(super) authority: Id,
    pub(super) server_key: PublicKey,
    pub(super) tree: Tree,
    pub(super) tags: Vec<Tag>,
    pub(super) time: u64,
    pub(super) accounts: Accounts,
    pub(super) epochs: Epochs,
    /// Messages without a ciphertext that no block has redacted so far. Only a replay finds any.
    pub(super) gaps: BTreeSet<u64>,
}

/// What is kept of each block beside its hash: the author, and whether it is a message, and redacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    const MESSAGE: u32 = 1 << 31;
    const REDACTED: u32 = 1 << 30;

    pub(super) fn new(author: Ordinal, message: bool) -> Self {
        assert!(author.0 < Self::REDACTED, "fewer than 2^30 accounts");
        Self(author.0 | if message { Self::MESSAGE } else { 0 })
    }

    pub(super) fn author(self) -> Ordinal {
        Ordinal(self.0 & (Self::REDACTED - 1))
    }

    pub(super) fn is_message(self) -> bool {
        self.0 & Self::MESSAGE != 0
    }

    pub(super) fn is_redacted(self) -> bool {
        self.0 & Self::REDACTED != 0
    }

    pub(super) fn redact(&mut self) {
        self.0 |= Self::REDACTED;
    }
}

/// What a chain holds of an epoch.
#[derive(Debug, Clone, Copy)]
pub struct EpochView<'s> {
    state: &'s State,
    id: Id,
}

impl State {
    /// The community's id: the hash of block 0.
    pub fn community(&self) -> Id {
        self.community
    }

    /// The authority's account.
    pub fn authority(&self) -> Id {
        self.authority
    }

    /// The server key that genesis names.
    pub fn server_key(&self) -> &PublicKey {
        &self.server_key
    }

    /// The number of blocks, at least 1.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The hash of the last block.
    pub fn head(&self) -> Hash {
        self.tree
            .block(self.size() - 1)
            .expect("a state holds genesis")
    }

    /// The time of the last block.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The chain as it is held here: what an entry's `seen` and a client's `have` state.
    pub fn prefix(&self) -> Prefix {
        Prefix {
            size: self.size(),
            hash: self.head(),
        }
    }

    /// The head of the first `size` blocks: 32 zero bytes for none, nothing for more than there are.
    pub fn prefix_head(&self, size: u64) -> Option<Hash> {
        match size.checked_sub(1) {
            None => Some(Hash::ZERO),
            Some(last) => self.tree.block(last),
        }
    }

    /// Whether this is the size and head of a prefix of the chain.
    pub fn holds(&self, prefix: &Prefix) -> bool {
        self.prefix_head(prefix.size) == Some(prefix.hash)
    }

    /// The blocks' hashes and the tree over them: roots and proofs.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The root over all blocks.
    pub fn root(&self) -> Hash {
        self.tree.root(self.size()).expect("the tree has this size")
    }

    /// What a checkpoint of this chain says.
    pub fn description(&self) -> Description {
        Description {
            community: self.community,
            size: self.size(),
            head: self.head(),
            root: self.root(),
        }
    }

    /// The keys of the accounts on the roster, in the order in which they first came.
    pub fn roster(&self) -> impl Iterator<Item = &PublicKey> {
        self.accounts.roster().map(|account| &account.key)
    }

    /// Whether the account is on the roster.
    pub fn on_roster(&self, account: &Id) -> bool {
        self.accounts.member(account).is_some()
    }

    /// The index of the block by which the account came on the roster, if it is there: the last one, where it was removed
    /// and added again.
    pub fn member_since(&self, account: &Id) -> Option<u64> {
        let (_, account) = self.accounts.member(account)?;
        Some(account.since)
    }

    /// The key of an account that is, or was, on the roster.
    pub fn key_of(&self, account: &Id) -> Option<&PublicKey> {
        self.accounts.find(account).map(|account| &account.key)
    }

    /// The `seq` of the account's next entry.
    pub fn next_seq(&self, account: &Id) -> u64 {
        self.accounts.find(account).map_or(1, Account::next_seq)
    }

    /// The account's last card in the first `size` blocks: the one that a wrap is made for whose entry has seen these.
    pub fn card(&self, account: &Id, size: u64) -> Option<Card> {
        self.accounts.find(account)?.card(size)
    }

    /// An epoch of the chain.
    pub fn epoch(&self, id: &Id) -> Option<EpochView<'_>> {
        self.epochs.find(id)?;
        Some(EpochView {
            state: self,
            id: *id,
        })
    }

    /// Whether the block is a message that a later block redacts.
    pub fn is_redacted(&self, index: u64) -> bool {
        self.tag(index).is_some_and(Tag::is_redacted)
    }

    /// The first message without a ciphertext that nothing in this chain redacts. Whether that is a fault depends on what
    /// the server may still send (RED-8); in a whole chain it is.
    pub fn first_gap(&self) -> Option<u64> {
        self.gaps.first().copied()
    }

    /// Holds a checkpoint against this chain.
    ///
    /// # Errors
    /// `bad_checkpoint` (CHECK-6) if it is not signed by the server key, of another community or of no block; `fork`
    /// (CHECK-8) if it is not of a prefix of this chain; `rollback` (CHECK-7) if it covers more than is held, which a
    /// chain that was cut short does.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), Finding> {
        checkpoint.verify(&self.server_key)?;
        checkpoint.belongs(self.community)?;
        let Some(head) = self.prefix_head(checkpoint.size) else {
            return Err(Finding::new(
                Verdict::Rollback,
                "CHECK-7",
                format!(
                    "the checkpoint covers {} blocks, of which {} are shown",
                    checkpoint.size,
                    self.size()
                ),
            ));
        };
        // [CHECK-8]
        if head != checkpoint.head || self.tree.root(checkpoint.size) != Some(checkpoint.root) {
            return Err(Finding::new(
                Verdict::Fork,
                "CHECK-8",
                format!(
                    "the checkpoint of {} blocks contradicts the blocks that are held; keep both, they may be evidence",
                    checkpoint.size
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn tag(&self, index: u64) -> Option<Tag> {
        self.tags.get(usize::try_from(index).ok()?).copied()
    }
}

impl EpochView<'_> {
    /// The epoch's id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The commitment to its secret.
    pub fn commitment(&self) -> Hash {
        self.record().commitment
    }

    /// Whether the account is one of its recipients.
    pub fn has_recipient(&self, account: &Id) -> bool {
        self.state
            .accounts
            .ordinal(account)
            .is_some_and(|ordinal| self.record().recipients.contains_key(&ordinal))
    }

    /// How many recipients it has.
    pub fn recipients(&self) -> usize {
        self.record().recipients.len()
    }

    /// Whether one of its recipients was removed since: no message is written under it any more.
    pub fn is_stale(&self) -> bool {
        self.record().stale
    }

    /// Whether a client that holds this chain, and no more, may still write under it.
    ///
    /// # Errors
    /// `stale_epoch` (ENC-11) if one of its recipients was removed; `old_card` (ENC-19) if it was wrapped for a card that its
    /// recipient has replaced by one of another value. What others have written under it all the same is good.
    pub fn check_writable(&self) -> Result<(), Finding> {
        if self.is_stale() {
            return Err(Finding::new(
                Verdict::Code(Code::StaleEpoch),
                "ENC-11",
                "one of the epoch's recipients was removed; make another",
            ));
        }
        // [ENC-19] any wrap: one for the new card takes the one for the old card from nobody
        let is_old = |(recipient, wraps): (&Ordinal, &Vec<Wrapped>)| {
            let account = self.state.accounts.at(*recipient);
            let last = account.card(self.state.size());
            wraps.iter().any(|wrap| account.card(wrap.card + 1) != last)
        };
        if self.record().recipients.iter().any(is_old) {
            return Err(Finding::new(
                Verdict::OldCard,
                "ENC-19",
                "one of the epoch's recipients has another card since; make another",
            ));
        }
        Ok(())
    }

    fn record(&self) -> &super::epochs::EpochRecord {
        self.state
            .epochs
            .find(&self.id)
            .expect("a view is made of an epoch that is there")
    }
}
