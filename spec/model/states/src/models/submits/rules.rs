//! The rules of the model, and the properties that they uphold.

use stateright::Property;

use super::*;
use crate::check::Rule;

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Key {
    Numbers,
    KnowsAgain,
    KnowsAfterRestart,
    SameEntryAgain,
    DurableFirst,
    DurableRepeat,
    DurableRefusal,
}

const NUMBERS: &str = "ENTRY-4: an author's entries stand in the chain with the numbers 1, 2, 3";
const ONCE: &str =
    "ENTRY-5, ENTRY-17, SUB-5: what a device has to say stands in the chain at most once";
const KEPT: &str = "SUB-2: what was answered with accepted is in the store, at that index";

pub(super) const RULES: &[Rule<Key>] = &[
    Rule {
        key: Key::Numbers,
        id: "ENTRY-4",
        words: "an entry's number is one more than its author's last",
        breaks: NUMBERS,
    },
    Rule {
        key: Key::KnowsAgain,
        id: "ENTRY-5",
        words: "an entry that was appended is known again",
        breaks: ONCE,
    },
    Rule {
        key: Key::KnowsAfterRestart,
        id: "ENTRY-5",
        words: "it is known again after a restart, too",
        breaks: ONCE,
    },
    Rule {
        key: Key::SameEntryAgain,
        id: "ENTRY-17",
        words: "a device without an answer offers the same entry again",
        breaks: ONCE,
    },
    Rule {
        key: Key::DurableFirst,
        id: "SUB-2",
        words: "the answer waits until the block is durable",
        breaks: KEPT,
    },
    Rule {
        key: Key::DurableRepeat,
        id: "SUB-2",
        words: "the answer to a repeat waits for that, too",
        breaks: KEPT,
    },
    Rule {
        key: Key::DurableRefusal,
        id: "SUB-5",
        words: "a refusal waits until the blocks that it rests on are durable",
        breaks: ONCE,
    },
];

/// What holds in every state, and what happens in some.
pub(super) fn properties() -> Vec<Property<Submits>> {
    vec![
        Property::always(NUMBERS, |_, state: &State| {
            let mut numbers = server(state).0.iter().zip(1..);
            numbers.all(|(entry, number)| entry.seq == number)
        }),
        Property::always(ONCE, |_, state: &State| {
            let chain = server(state).0;
            [1, 2]
                .iter()
                .all(|device| chain.iter().filter(|entry| entry.words == *device).count() <= 1)
        }),
        Property::always(KEPT, |_, state: &State| {
            let store = server(state).1;
            state
                .history
                .iter()
                .all(|(entry, index)| store.get(usize::from(*index)) == Some(entry))
        }),
        Property::sometimes(
            "both devices have said what they had to say",
            |_, state: &State| state.actor_states[1..].iter().all(is_done),
        ),
        Property::sometimes(
            "a device that lost the race signs again, and is accepted",
            |_, state: &State| {
                state.actor_states[1..].iter().any(|party| {
                    matches!(
                        **party,
                        Party::Device {
                            done: true,
                            offer: Entry {
                                seq: 2,
                                signing: 1,
                                ..
                            },
                            ..
                        }
                    )
                })
            },
        ),
        Property::sometimes(
            "what was in memory alone is lost, and offered again",
            |_, state: &State| {
                state.crashed[SERVER] && {
                    let Party::Server { chain, durable, .. } = &*state.actor_states[SERVER] else {
                        return false;
                    };
                    *durable < chain.len()
                }
            },
        ),
    ]
}
