//! Chains that a client must take.

use super::{Blocks, redacted};
use crate::community::{Community, Epoch, labelled};

use crate::file::Test;
use crate::keys::named;
use dispatch_conformance::codec::chain::ChainModel;
use serde_json::json;

use dispatch_conformance::codec::{base64url::encode, hpke};

/// A community of m01, m02 and m03, who all have cards.
pub(super) fn members() -> Community {
    let mut at = Community::example();
    let members = [named("m01"), named("m02"), named("m03")];
    let roster = at.roster(&members, &[]);
    at.append(roster);
    for member in members {
        let card = at.card(member);
        at.append(card);
    }
    at
}

/// The same, with an epoch of m01 and m02 in block 5 and a message by m01 in block 6.
pub(super) fn talking() -> (Community, Epoch) {
    let mut at = members();
    let (alice, bob) = (named("m01"), named("m02"));
    let (entry, epoch) = at.epoch(alice, &[alice, bob], "chains");
    at.append(entry);
    let message = at.message(alice, &epoch, "Hello, Bob.");
    at.append(message);
    (at, epoch)
}

/// The same, with m03 removed in block 9 after it became a recipient in block 7 and wrote in block 8: the epoch is stale.
pub(super) fn stale() -> (Community, Epoch) {
    let (mut at, epoch) = talking();
    let carol = named("m03");
    let share = at.share(named("m02"), &epoch, &[carol]);
    at.append(share);
    let message = at.message(carol, &epoch, "Hello, you two.");
    at.append(message);
    let roster = at.roster(&[], &[carol]);
    at.append(roster);
    (at, epoch)
}

/// A conversation in which each kind of entry and each way of being allowed occurs.
fn long() -> Community {
    let (mut at, old) = stale();
    let (alice, bob, carol, dora) = (named("m01"), named("m02"), named("m03"), named("m13"));
    let (entry, new) = at.epoch(bob, &[alice, bob], "chains after a removal");
    at.append(entry);
    let message = at.message(bob, &new, "She is gone.");
    at.append(message);
    let redaction = at.redaction(bob, 11, "unkind");
    at.append(redaction);
    let redaction = at.redaction(at.authority, 8, "by her own wish");
    at.append(redaction);
    let roster = at.roster(&[carol, dora], &[]);
    at.append(roster);
    let card = at.card(dora);
    at.append(card);
    let share = at.share(alice, &old, &[dora]);
    at.append(share);
    let private = labelled("bob's second card");
    let second = at.entry(
        bob,
        "card",
        json!({ "x25519": encode(&hpke::public_of(&private)) }),
    );
    at.append(second);
    let share = at.share(alice, &new, &[bob]);
    at.append(share);
    let share = at.share(bob, &new, &[carol]);
    at.append(share);
    let message = at.message(carol, &new, "Here I am again.");
    at.append(message);
    at
}

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let long = long();
    let founded = Community::example();
    let (alice, bob) = (named("m01"), named("m02"));
    let last = long.blocks.len();
    let cut: Vec<_> = [0..1, 1..2, 2..9, 9..last]
        .into_iter()
        .map(|r| (r.start, long.blocks[r].to_vec()))
        .collect();
    let frames = cut
        .iter()
        .map(|(from, list)| blocks.frame("chain-in-frames", *from as u64, list))
        .collect();
    let with_gaps: Vec<_> = long
        .blocks
        .iter()
        .enumerate()
        .map(|(i, b)| {
            if [8, 11].contains(&i) {
                redacted(b)
            } else {
                b.clone()
            }
        })
        .collect();
    let gap_frame = blocks.frame("chain-redacted", 0, &with_gaps);
    vec![
        blocks.valid("chain-genesis-alone", "block 0", &["GEN-1"], &founded),
        blocks.valid("chain-long", "a long conversation: every kind, a removal, a return, redactions, a new card and shares", &["ENTRY-13", "CHAIN-9"], &long),
        blocks.valid_frames("chain-in-frames", "the same in four frames", &["CHAIN-8"], &long, frames),
        blocks
            .valid_frames("chain-redacted", "the same, redacted ciphertexts left out: nothing else changes", &["RED-7", "RED-8"], &long, vec![gap_frame])
            .flag("gap"),
        blocks.valid("chain-equal-times", "two blocks of one millisecond", &["CHAIN-10"], &{
            let mut at = members();
            at.now -= 1000;
            let card = at.card(alice);
            at.append(card);
            at
        }),
        blocks.valid("chain-seen-behind", "authors who have not read up to the head", &["ENTRY-7", "ENTRY-8"], &{
            let mut at = members();
            let drafts = [alice, bob].map(|author| at.draft(author, "card", json!({ "x25519": encode(&author.x25519_public()) })));
            for (draft, author) in drafts.iter().zip([alice, bob]) {
                at.append(crate::community::signed(draft.unsigned(), author));
            }
            at
        }),
        blocks.valid("chain-sent-at-anything", "`sent_at` far before and far behind the block's time", &["ENTRY-13"], &{
            let mut at = members();
            for sent_at in [0, 9_007_199_254_740_991_u64] {
                let mut entry = at.card(alice);
                entry["sent_at"] = sent_at.into();
                at.append(crate::community::signed(entry, alice));
            }
            at
        }),
        blocks
            .valid("chain-removed-before-share", "a removal from before an account became a recipient makes no epoch stale", &["MSG-3"], &{
                let (mut at, epoch) = talking();
                let carol = named("m03");
                let gone = at.roster(&[], &[carol]);
 at.append(gone);
                let back = at.roster(&[carol], &[]);
                at.append(back);
                let share = at.share(alice, &epoch, &[carol]);
                at.append(share);
                let message = at.message(carol, &epoch, "Still good.");
                at.append(message);
                at
            })
            .flag("epoch-for-ever"),
        blocks
            .valid("chain-older-card-in-seen", "a wrap for the card in the `seen` prefix, while a newer one stands behind it", &["EPOCH-2"], &{
                let mut at = members();
                let (mut entry, _) = at.epoch(alice, &[alice, bob], "older card");
                let second = at.entry(bob, "card", json!({ "x25519": encode(&hpke::public_of(&labelled("second"))) }));
                at.append(second);
                entry["sent_at"] = at.now.into();
                at.append(crate::community::signed(entry, alice));
                at
            })
            .flag("prefix-of-seen"),
        blocks
            .valid(
                "chain-share-by-another",
                "two recipients wrap for a third, and one of them for the epoch's own author",
                &["SHARE-3"],
                &{
                    let (mut at, epoch) = talking();
                    for (by, to) in [(bob, named("m03")), (alice, named("m03")), (bob, alice)] {
                        let share = at.share(by, &epoch, &[to]);
                        at.append(share);
                    }
                    at
                },
            )
            .flag("recipients"),
        blocks
            .valid(
                "chain-share-for-new-card",
                "the epoch's author wraps again for a recipient who has a new card, even one of the same value",
                &["SHARE-3"],
                &{
                    let (mut at, epoch) = talking();
                    let card = at.card(bob);
                    at.append(card);
                    let share = at.share(alice, &epoch, &[bob]);
                    at.append(share);
                    at
                },
            )
            .flag("recipients"),
        blocks.valid("chain-redaction-by-author", "an author takes a message back", &["RED-3"], &{
            let (mut at, _) = talking();
            let redaction = at.redaction(alice, 6, "");
            at.append(redaction);
            assert!(ChainModel::check_gaps(&at.model).is_ok());
            at
        }),
    ]
}
