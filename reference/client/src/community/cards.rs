//! This member's cards: the one in the chain, and the private halves here.

use dispatch_protocol::chain::Linked;
use dispatch_protocol::entry::Body;
use dispatch_protocol::key::{Card, CardKey};

use super::Community;
use crate::store::StoreError;

impl Community {
    /// The private half of a card.
    pub(crate) fn card_key(&self, card: &Card) -> Option<&CardKey> {
        self.cards.get(card)
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

    /// A card to be published: the one that was made before and never came to stand in the chain, or a new one, whose key is
    /// stored before anybody hears of it.
    pub(crate) fn new_card(&mut self) -> Result<Card, StoreError> {
        if let Some(card) = self.unpublished
            && self.cards.contains_key(&card)
        {
            return Ok(card);
        }
        let key = CardKey::generate();
        self.vault.add_card(&key)?;
        let card = key.card();
        self.vault.set_unpublished(&card)?;
        self.cards.insert(card, key);
        self.unpublished = Some(card);
        Ok(card)
    }

    /// Notes which card stands in the chain now.
    pub(super) fn see_card(&mut self, linked: &Linked) -> Result<(), StoreError> {
        let entry = &linked.block().entry;
        if let Body::Card(card) = &entry.body
            && entry.author == self.me
            && self.unpublished == Some(card.x25519)
        {
            self.vault.forget_unpublished()?;
            self.unpublished = None;
        }
        Ok(())
    }
}
