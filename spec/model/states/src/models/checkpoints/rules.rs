//! The rules of the model, and the properties that they uphold.

use stateright::Property;

use super::*;
use crate::check::Rule;

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Key {
    NotBelowKept,
    NotBelowHave,
    NoContradiction,
    HeadOfWelcome,
    KeepsBlocks,
    SignsDurable,
    SendsDurable,
    BackupCounts,
}

const COVERED: &str =
    "CHECK-7: whoever read a server's chain has each block that a checkpoint once covered for them";
const HAVE: &str = "CHECK-7: no welcome is taken that is smaller than what its client holds";
const SAME: &str =
    "CHECK-8: a checkpoint that a client verified is not contradicted by the chain that it reads";
const WORD: &str = "CHECK-10: whoever read a server's chain holds the one that the welcome signed";
const STAYS: &str = "CHECK-12: a block that a client read gives way to no other";
const GUILTLESS: &str =
    "CHECK-14: a server that only crashed has signed no two checkpoints that contradict each other";
const TRUSTED: &str = "SYNC-3: a server that only crashed is refused by no client";

pub(super) const RULES: &[Rule<Key>] = &[
    Rule {
        key: Key::NotBelowKept,
        id: "CHECK-7",
        words: "a welcome below the kept checkpoint is refused",
        breaks: COVERED,
    },
    Rule {
        key: Key::BackupCounts,
        id: "BACKUP-7",
        words: "a backup's checkpoint counts as a kept one",
        breaks: COVERED,
    },
    Rule {
        key: Key::NotBelowHave,
        id: "CHECK-7",
        words: "a welcome below the `have` is refused",
        breaks: HAVE,
    },
    Rule {
        key: Key::NoContradiction,
        id: "CHECK-8",
        words: "blocks and checkpoints that contradict what is kept are refused",
        breaks: SAME,
    },
    Rule {
        key: Key::HeadOfWelcome,
        id: "CHECK-10",
        words: "the chain is held against the head of the welcome",
        breaks: WORD,
    },
    Rule {
        key: Key::KeepsBlocks,
        id: "CHECK-12",
        words: "after `unknown_have` a client keeps its blocks",
        breaks: STAYS,
    },
    Rule {
        key: Key::SignsDurable,
        id: "CHECK-14",
        words: "what is signed over is durable",
        breaks: GUILTLESS,
    },
    Rule {
        key: Key::SendsDurable,
        id: "SYNC-3",
        words: "what is sent is durable",
        breaks: TRUSTED,
    },
];

/// What holds in every state, and what happens in some.
pub(super) fn properties() -> Vec<Property<Checkpoints>> {
    vec![
        Property::always(COVERED, |_, state: &State| {
            !state.client.is_synced() || state.client.chain.len() >= state.client.best.len()
        }),
        Property::always(HAVE, |_, state: &State| {
            state
                .client
                .line
                .as_ref()
                .is_none_or(|line| line.signed.len() >= line.have)
        }),
        Property::always(SAME, |_, state: &State| {
            !state.client.is_synced() || agree(&state.client.chain, &state.client.best)
        }),
        Property::always(WORD, |_, state: &State| {
            let line = state
                .client
                .line
                .as_ref()
                .filter(|_| state.client.is_synced());
            line.is_none_or(|line| state.client.chain.starts_with(&line.signed))
        }),
        Property::always(STAYS, |_, state: &State| {
            !state.client.is_synced() || agree(&state.client.chain, &state.client.read)
        }),
        Property::always(GUILTLESS, |_, state: &State| {
            let mut pairs = state
                .signed
                .iter()
                .flat_map(|one| state.signed.iter().map(move |other| (one, other)));
            state.older.is_some() || pairs.all(|(one, other)| agree(one, other))
        }),
        Property::always(TRUSTED, |_, state: &State| {
            state.older.is_some() || !state.client.stopped
        }),
        Property::sometimes(
            "a client reads a chain, and a checkpoint covers it",
            |_, state: &State| state.client.is_synced() && state.client.kept.len() == 2,
        ),
        Property::sometimes(
            "a crash loses blocks, and the client goes on",
            |_, state: &State| {
                state.crashed && state.client.chain.contains(&1) && !state.durable.contains(&0)
            },
        ),
        Property::sometimes(
            "a new device refuses a chain that was put back",
            |_, state: &State| state.moved && state.client.stopped && state.client.read.is_empty(),
        ),
    ]
}
