//! The cases that every fault meets, whatever it breaks: together they go through each part of the protocol once, so
//! that a fault which breaks more than its rule is seen in the short selftest, too.

/// Ids of cases: a join and a message; a refusal, a removal, a redaction, a repeat, a checkpoint; pages and long frames.
pub const TOUCHSTONES: &[&str] = &[
    "join-welcomed",
    "msg-delivered",
    "card-not-canonical",
    "roster-added-joins",
    "red-by-maker-of-the-epoch",
    "entry-repeat-after-return",
    "chain-links",
    "lim-frame-one-more",
];
