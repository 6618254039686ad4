//! The rules of the model, and the properties that they uphold.

use stateright::Property;

use super::*;
use crate::check::Rule;

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Key {
    Linked,
    Numbers,
    SeenKnown,
    SeenGrows,
    SeenWhole,
}

const APART: &str = "ENTRY-7: nobody holds an entry that was written on another chain than theirs";
const WHOLE: &str = "ENTRY-4: nobody holds an author's entry without those before it";
const FORWARD: &str = "ENTRY-8: along a chain, what an author has seen never goes back";

pub(super) const RULES: &[Rule<Key>] = &[
    Rule {
        key: Key::Linked,
        id: "CHAIN-9",
        words: "a client refuses a block that is not linked to the one before",
        breaks: APART,
    },
    Rule {
        key: Key::Numbers,
        id: "ENTRY-4",
        words: "a client refuses an entry that is not its author's next",
        breaks: WHOLE,
    },
    Rule {
        key: Key::SeenKnown,
        id: "ENTRY-7",
        words: "a client refuses an entry whose `seen` names another head than its own",
        breaks: APART,
    },
    Rule {
        key: Key::SeenGrows,
        id: "ENTRY-8",
        words: "a client refuses an entry whose `seen` is behind its author's last",
        breaks: FORWARD,
    },
    Rule {
        key: Key::SeenWhole,
        id: "ENTRY-15",
        words: "an author states all of the chain that they hold",
        breaks: APART,
    },
];

/// What holds in every state, and what happens in some.
pub(super) fn properties() -> Vec<Property<Forks>> {
    fn each(state: &State, holds: impl Fn(&[u8], &Entry) -> bool) -> bool {
        state.chains.iter().map(|chain| held(chain)).all(|held| {
            let mut places = held.iter().enumerate();
            places.all(|(place, entry)| holds(&held[..place], &state.entries[usize::from(*entry)]))
        })
    }
    fn of_account<'a>(state: &'a State, before: &[u8], by: usize) -> Vec<&'a Entry> {
        let entries = before
            .iter()
            .map(|entry| &state.entries[usize::from(*entry)]);
        entries
            .filter(|other| account(other.by) == account(by))
            .collect()
    }
    vec![
        Property::always(APART, |_, state: &State| {
            each(state, |before, entry| before.starts_with(&entry.held))
        }),
        Property::always(WHOLE, |_, state: &State| {
            each(state, |before, entry| {
                of_account(state, before, entry.by).len() + 1 == usize::from(entry.seq)
            })
        }),
        Property::always(FORWARD, |_, state: &State| {
            each(state, |before, entry| {
                of_account(state, before, entry.by)
                    .iter()
                    .all(|other| other.held.len() <= entry.held.len())
            })
        }),
        Property::sometimes(
            "the server shows two clients two chains",
            |_, state: &State| matches!((state.chains[0].first(), state.chains[BOB].first()), (Some(one), Some(other)) if one != other),
        ),
        Property::sometimes(
            "an entry of the one fork is refused on the other",
            |model: &Forks, state: &State| {
                (0..state.entries.len()).any(|entry| {
                    let chain = &state.chains[BOB];
                    let prev = chain.last().cloned().unwrap_or_default();
                    state.entries[entry].seen.0 <= chain.len()
                        && model.refusals(state, BOB, entry, &prev) == ["bad_seen"]
                })
            },
        ),
        Property::sometimes("all hold one chain of three entries", |_, state: &State| {
            state
                .chains
                .iter()
                .all(|chain| chain.len() == 3 && *chain == state.chains[0])
        }),
    ]
}
