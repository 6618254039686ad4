//! Epochs and shares that break a rule.

use super::Blocks;
use crate::file::Test;
use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;
use serde_json::json;

use super::good::{members, talking};
use crate::community::{Community, Epoch, labelled};
use dispatch_conformance::codec::{Account, hpke};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = epochs(blocks);
    tests.extend(shares(blocks));
    tests
}

fn epochs(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let (newcomer, outsider) = (named("m04"), named("o01"));
    let mut cardless = at.clone();
    let roster = cardless.roster(&[newcomer], &[]);
    cardless.append(roster);
    let mut late = cardless.clone();
    let (too_early, _) = late.epoch(alice, &[alice, newcomer], "late card");
    let card = late.card(newcomer);
    late.append(card);
    let mut removed = at.clone();
    let roster = removed.roster(&[], &[carol]);
    removed.append(roster);
    let mut bad = |id: &str, about: &str, requirement, at: &Community, to: &[&Account]| {
        let (entry, _) = at.epoch(alice, to, id);
        blocks
            .bad_end(id, about, requirement, "bad_recipient", at, at.block(entry))
            .flag("recipients")
    };
    let mut tests = vec![
        bad(
            "chain-epoch-outsider",
            "a recipient who never was on the roster",
            "EPOCH-1",
            &at,
            &[alice, outsider],
        ),
        bad(
            "chain-epoch-removed",
            "a recipient who was removed",
            "EPOCH-1",
            &removed,
            &[alice, carol],
        ),
        bad(
            "chain-epoch-no-card",
            "a recipient who has no card",
            "EPOCH-2",
            &cardless,
            &[alice, newcomer],
        ),
        bad(
            "chain-epoch-twice",
            "a recipient is named twice",
            "EPOCH-3",
            &at,
            &[alice, bob, alice],
        ),
        bad(
            "chain-epoch-without-author",
            "the author is not a recipient",
            "EPOCH-4",
            &at,
            &[bob],
        ),
        bad("chain-epoch-no-wraps", "no wrap", "EPOCH-5", &at, &[]),
    ];
    tests.push(
        blocks
            .bad_end(
                "chain-epoch-card-behind-seen",
                "the recipient's card stands behind the entry's `seen` prefix",
                "EPOCH-2",
                "bad_recipient",
                &late,
                late.block(too_early),
            )
            .flag("prefix-of-seen"),
    );
    tests
}

fn shares(blocks: &mut Blocks) -> Vec<Test> {
    let (at, epoch) = talking();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let unknown = Epoch {
        id: labelled("no epoch"),
        secret: epoch.secret,
    };
    let card_id = at.model.held(2).expect("a card").entry;
    let not_an_epoch = Epoch {
        id: card_id,
        secret: epoch.secret,
    };
    // Bob's second card is in block 7; block 8 wraps for it.
    let mut renewed = at.clone();
    let early = renewed.share(alice, &epoch, &[bob]);
    let card = renewed.entry(
        bob,
        "card",
        json!({ "x25519": encode(&hpke::public_of(&labelled("bob anew"))) }),
    );
    renewed.append(card);
    let mut twice = renewed.clone();
    let share = twice.share(alice, &epoch, &[bob]);
    twice.append(share);
    let mut shared = at.clone();
    let share = shared.share(bob, &epoch, &[carol]);
    shared.append(share);
    let mut bad = |id: &str,
                   about: &str,
                   requirement,
                   code,
                   at: &Community,
                   by: &Account,
                   epoch: &Epoch,
                   to: &[&Account]| {
        let entry = at.share(by, epoch, to);
        blocks
            .bad_end(id, about, requirement, code, at, at.block(entry))
            .flag("recipients")
    };
    let mut tests = vec![
        bad(
            "chain-share-unknown-epoch",
            "of an epoch that is not in the chain",
            "SHARE-1",
            "unknown_epoch",
            &at,
            alice,
            &unknown,
            &[carol],
        ),
        bad(
            "chain-share-of-a-card",
            "of an entry that is no epoch",
            "SHARE-1",
            "unknown_epoch",
            &at,
            alice,
            &not_an_epoch,
            &[carol],
        ),
        bad(
            "chain-share-by-stranger",
            "by a member who is not a recipient",
            "SHARE-2",
            "not_recipient",
            &at,
            carol,
            &epoch,
            &[carol],
        ),
        bad(
            "chain-share-recipient-again",
            "a second time to one recipient, for the same card: the first was in the epoch itself",
            "SHARE-3",
            "bad_recipient",
            &at,
            alice,
            &epoch,
            &[bob],
        ),
        bad(
            "chain-share-second-after-one-card",
            "a second share after one new card",
            "SHARE-3",
            "bad_recipient",
            &twice,
            alice,
            &epoch,
            &[bob],
        ),
        bad(
            "chain-share-sharer-again",
            "a second time to one recipient, for the same card: the first was in a share",
            "SHARE-3",
            "bad_recipient",
            &shared,
            bob,
            &epoch,
            &[carol],
        ),
        bad(
            "chain-share-outsider",
            "to an account that is not on the roster",
            "EPOCH-1",
            "bad_recipient",
            &at,
            alice,
            &epoch,
            &[named("o01")],
        ),
        bad(
            "chain-share-twice",
            "names a recipient twice",
            "EPOCH-3",
            "bad_recipient",
            &at,
            alice,
            &epoch,
            &[carol, carol],
        ),
        bad(
            "chain-share-no-wraps",
            "no wrap",
            "EPOCH-5",
            "bad_recipient",
            &at,
            alice,
            &epoch,
            &[],
        ),
    ];
    tests.push(
        blocks
            .bad_end(
                "chain-share-card-behind-seen",
                "to a recipient whose new card stands behind the entry's `seen` prefix",
                "SHARE-3",
                "bad_recipient",
                &renewed,
                renewed.block(early),
            )
            .flag("prefix-of-seen"),
    );
    tests
}
