//! The rules of the model, and the properties that they uphold.

use stateright::Property;

use super::*;
use crate::check::Rule;

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Key {
    Author,
    Present,
    EpochRecipients,
    ShareRecipients,
    Recipient,
    Sharer,
    Stale,
    StaleByShare,
    StaleForEver,
}

const SECRET: &str =
    "MSG-3: nobody reads a message that was appended while they were off the roster";
const WRITERS: &str = "ENTRY-10: nobody who is off the roster writes";
const MUTE: &str = "MSG-2: whoever writes under an epoch has its secret";
const GIVERS: &str = "SHARE-2: whoever shares a secret has it";

pub(super) const RULES: &[Rule<Key>] = &[
    Rule {
        key: Key::Author,
        id: "ENTRY-10",
        words: "an author is on the roster",
        breaks: WRITERS,
    },
    Rule {
        key: Key::Present,
        id: "ENTRY-16",
        words: "an entry is judged by the chain before its block, and not by what its author had seen",
        breaks: SECRET,
    },
    Rule {
        key: Key::EpochRecipients,
        id: "EPOCH-1",
        words: "an epoch's recipients are on the roster",
        breaks: SECRET,
    },
    Rule {
        key: Key::ShareRecipients,
        id: "EPOCH-1",
        words: "a share's recipient is on the roster",
        breaks: SECRET,
    },
    Rule {
        key: Key::Recipient,
        id: "MSG-2",
        words: "a message's author is a recipient of its epoch",
        breaks: MUTE,
    },
    Rule {
        key: Key::Sharer,
        id: "SHARE-2",
        words: "a share's author is a recipient of its epoch",
        breaks: GIVERS,
    },
    Rule {
        key: Key::Stale,
        id: "MSG-3",
        words: "an epoch that lost a recipient takes no message",
        breaks: SECRET,
    },
    Rule {
        key: Key::StaleByShare,
        id: "MSG-3",
        words: "a recipient by a share counts for that, too",
        breaks: SECRET,
    },
];

/// A rule that no property here needs: who comes back knows the secret already, and is a member. It makes staleness something that never ends, so
/// that a client which once saw it need not look at the roster again.
pub const SPARE: Rule<Key> = Rule {
    key: Key::StaleForEver,
    id: "MSG-3",
    words: "an epoch that lost a recipient stays stale when they come back",
    breaks: SECRET,
};

/// What holds in every state, and what happens in some.
pub(super) fn properties() -> Vec<Property<Epochs>> {
    fn each(chain: &[Block], holds: impl Fn(&[Block], &Block) -> bool) -> bool {
        chain
            .iter()
            .enumerate()
            .all(|(place, block)| holds(&chain[..place], block))
    }
    vec![
        Property::always(SECRET, |_, chain: &Vec<Block>| {
            each(chain, |before, block| match block {
                Block::Message(epoch, _) => {
                    is_member(before, ZED) || !is_recipient(before, *epoch, ZED)
                }
                _ => true,
            })
        }),
        Property::always(WRITERS, |_, chain: &Vec<Block>| {
            each(chain, |before, block| match block {
                Block::Share(_, by, _) | Block::Message(_, by) => is_member(before, *by),
                _ => true,
            })
        }),
        Property::always(MUTE, |_, chain: &Vec<Block>| {
            each(chain, |before, block| match block {
                Block::Message(epoch, by) => is_recipient(before, *epoch, *by),
                _ => true,
            })
        }),
        Property::always(GIVERS, |_, chain: &Vec<Block>| {
            each(chain, |before, block| match block {
                Block::Share(epoch, by, _) => is_recipient(before, *epoch, *by),
                _ => true,
            })
        }),
        Property::sometimes(
            "a message is written that Zed reads, and after his removal one that he does not",
            |_, chain: &Vec<Block>| {
                let reads = |place: usize| match chain[place] {
                    Block::Message(epoch, _) => Some(is_recipient(&chain[..place], epoch, ZED)),
                    _ => None,
                };
                let removed = chain.iter().position(|block| *block == Block::Remove);
                removed.is_some_and(|removed| {
                    (0..removed).any(|place| reads(place) == Some(true))
                        && (removed..chain.len()).any(|place| reads(place) == Some(false))
                })
            },
        ),
        Property::sometimes(
            "Zed comes back, is given an older epoch, and writes under it",
            |_, chain: &Vec<Block>| {
                matches!(
                    chain[..],
                    [
                        Block::Epoch(_),
                        Block::Remove,
                        Block::Add,
                        Block::Share(..),
                        Block::Message(_, ZED)
                    ]
                )
            },
        ),
    ]
}
