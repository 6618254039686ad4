//! Which epochs there are, who can read them, and which are stale.

use std::collections::{HashMap, HashSet};

use super::accounts::Ordinal;
use crate::bytes::{Hash, Id};

#[derive(Debug, Clone)]
pub(super) struct EpochRecord {
    pub(super) commitment: Hash,
    pub(super) recipients: HashSet<Ordinal>,
    /// For ever, once a recipient was removed (MSG-3).
    pub(super) stale: bool,
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
            recipients: HashSet::new(),
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
