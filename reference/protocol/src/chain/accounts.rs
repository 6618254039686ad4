//! Who was ever on the roster, and what the chain holds of each.

use std::collections::HashMap;

use crate::bytes::Id;
use crate::key::{Card, PublicKey};

/// An account's place among all that were ever on the roster: 4 bytes where an id has 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ordinal(pub(super) u32);

/// What the chain holds of an account. It stays when the account is removed (ROST-9).
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) key: PublicKey,
    pub(super) on_roster: bool,
    /// The block that put it there last.
    pub(super) since: u64,
    /// Its entries, the one with `seq` 1 first: the block's index and the entry's id.
    pub(super) entries: Vec<(u64, Id)>,
    /// The greatest `seen.size` of its entries.
    pub(super) seen: u64,
    /// Its cards, each with its block's index.
    cards: Vec<(u64, Card)>,
    /// The epochs that its removal makes stale.
    pub(super) epochs: Vec<u32>,
}

impl Account {
    pub(super) fn next_seq(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    pub(super) fn publish_card(&mut self, index: u64, card: Card) {
        self.cards.push((index, card));
    }

    /// The last card in the first `size` blocks.
    pub(super) fn card(&self, size: u64) -> Option<Card> {
        Some(self.last_card(size)?.1)
    }

    /// The block of that card.
    pub(super) fn card_index(&self, size: u64) -> Option<u64> {
        Some(self.last_card(size)?.0)
    }

    fn last_card(&self, size: u64) -> Option<&(u64, Card)> {
        let before = self.cards.partition_point(|&(index, _)| index < size);
        self.cards[..before].last()
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    ordinals: HashMap<Id, Ordinal>,
    list: Vec<Account>,
}

impl Accounts {
    pub(super) fn ordinal(&self, id: &Id) -> Option<Ordinal> {
        self.ordinals.get(id).copied()
    }

    pub(super) fn find(&self, id: &Id) -> Option<&Account> {
        self.ordinal(id).map(|ordinal| self.at(ordinal))
    }

    pub(super) fn at(&self, ordinal: Ordinal) -> &Account {
        &self.list[ordinal.0 as usize]
    }

    pub(super) fn at_mut(&mut self, ordinal: Ordinal) -> &mut Account {
        &mut self.list[ordinal.0 as usize]
    }

    /// An account that is on the roster, and its place.
    pub(super) fn member(&self, id: &Id) -> Option<(Ordinal, &Account)> {
        let ordinal = self.ordinal(id)?;
        let account = self.at(ordinal);
        account.on_roster.then_some((ordinal, account))
    }

    /// Puts an account on the roster by the block of this index, a new one or one that was removed.
    pub(super) fn add(&mut self, key: PublicKey, index: u64) -> Ordinal {
        let next = Ordinal(u32::try_from(self.list.len()).expect("fewer than 2^32 accounts"));
        let ordinal = *self.ordinals.entry(key.id()).or_insert(next);
        if ordinal == next {
            self.list.push(Account {
                key,
                on_roster: true,
                since: index,
                entries: Vec::new(),
                seen: 0,
                cards: Vec::new(),
                epochs: Vec::new(),
            });
        } else {
            // [ROST-9] its seq and its seen go on where they stood
            let account = self.at_mut(ordinal);
            account.on_roster = true;
            account.since = index;
        }
        ordinal
    }

    /// The accounts on the roster.
    pub(super) fn roster(&self) -> impl Iterator<Item = &Account> {
        self.list.iter().filter(|account| account.on_roster)
    }
}
