//! Which epochs there are, who can read them, and which are stale.

use std::collections::HashMap;

use super::accounts::Ordinal;
use crate::bytes::{Hash, Id};

#[derive(Debug, Clone)]
pub(super) struct EpochRecord {
    pub(super) commitment: Hash,
    /// Each recipient, with those who wrapped the secret for them.
    pub(super) recipients: HashMap<Ordinal, Vec<Wrapped>>,
    /// For ever, once a recipient was removed (MSG-3).
    pub(super) stale: bool,
}

/// That somebody wrapped an epoch's secret for a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) by: Ordinal,
    /// The block of the recipient's card that the wrap was made for.
    pub(super) card: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Epochs {
    places: HashMap<Id, u32>,
    list: Vec<EpochRecord>,
}

impl Epochs {
    pub(super) fn find(&self, id: &Id) -> Option<&EpochRecord> {
        self.places.get(id).map(|&place| &self.list[place as usize])
    }

    /// Adds an epoch without recipients; gives its place.
    pub(super) fn add(&mut self, id: Id, commitment: Hash) -> u32 {
        let place = u32::try_from(self.list.len()).expect("fewer than 2^32 epochs");
        self.places.insert(id, place);
        self.list.push(EpochRecord {
            commitment,
            recipients: HashMap::new(),
            stale: false,
        });
        place
    }

    pub(super) fn place(&self, id: &Id) -> Option<u32> {
        self.places.get(id).copied()
    }

    pub(super) fn at_mut(&mut self, place: u32) -> &mut EpochRecord {
        &mut self.list[place as usize]
    }
}
