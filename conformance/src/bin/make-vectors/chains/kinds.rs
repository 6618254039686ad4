//! Entries that break a rule of their kind.

use super::good::{members, stale, talking};
use super::{Blocks, redacted};
use crate::community::{Community, Epoch, labelled, roster_body, signed};
use crate::file::{Test, invalid};
use crate::keys::named;
use dispatch_conformance::codec::chain::SMALL_ORDER;
use dispatch_conformance::codec::public_key::to_der;
use dispatch_conformance::codec::{Account, base64url::encode, hpke, sha256};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = rosters(blocks);
    tests.extend(cards(blocks));
    tests.extend(epochs(blocks));
    tests.extend(shares(blocks));
    tests.extend(messages(blocks));
    tests.extend(redactions(blocks));
    tests
}

fn rosters(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let (alice, authority, new) = (named("m01"), named("authority"), named("m04"));
    let mut bad = |id: &str, about: &str, requirement, code, by: &Account, body: Value| {
        let last = at.block(at.entry(by, "roster", body));
        blocks.bad_end(id, about, requirement, code, &at, last)
    };
    let key = |der: &[u8]| json!({ "add": [encode(der)], "remove": [] });
    let modulus = new.private_key().n().to_bytes_be();
    let short = [&[0x80], &modulus[1..128]].concat();
    let with_byte = [new.public_key(), &[0]].concat();
    vec![
        bad(
            "chain-roster-by-member",
            "a member adds an account",
            "ROST-1",
            "not_authority",
            alice,
            roster_body(&[new], &[]),
        ),
        bad(
            "chain-roster-exponent-3",
            "an added key's exponent is 3",
            "ROST-2",
            "bad_key",
            authority,
            key(&to_der(&modulus, &[3])),
        ),
        bad(
            "chain-roster-1024",
            "an added key of 1024 bits",
            "ROST-2",
            "bad_key",
            authority,
            key(&to_der(&short, &[1, 0, 1])),
        ),
        bad(
            "chain-roster-trailing-byte",
            "a byte behind an added key",
            "ROST-2",
            "bad_key",
            authority,
            key(&with_byte),
        ),
        bad(
            "chain-roster-adds-member",
            "adds an account that is on the roster",
            "ROST-3",
            "bad_roster",
            authority,
            roster_body(&[alice], &[]),
        ),
        bad(
            "chain-roster-adds-authority",
            "adds the authority, which is on the roster from genesis on",
            "ROST-3",
            "bad_roster",
            authority,
            roster_body(&[authority], &[]),
        ),
        bad(
            "chain-roster-removes-outsider",
            "removes an account that is not on the roster",
            "ROST-4",
            "bad_roster",
            authority,
            roster_body(&[], &[new]),
        ),
        bad(
            "chain-roster-removes-authority",
            "removes the authority",
            "ROST-5",
            "bad_roster",
            authority,
            roster_body(&[], &[authority]),
        ),
        bad(
            "chain-roster-adds-twice",
            "adds one account twice",
            "ROST-6",
            "bad_roster",
            authority,
            roster_body(&[new, new], &[]),
        ),
        bad(
            "chain-roster-removes-twice",
            "removes one account twice",
            "ROST-6",
            "bad_roster",
            authority,
            roster_body(&[], &[alice, alice]),
        ),
        bad(
            "chain-roster-both-lists",
            "removes an account and adds it",
            "ROST-6",
            "bad_roster",
            authority,
            roster_body(&[alice], &[alice]),
        ),
        bad(
            "chain-roster-empty",
            "two empty lists",
            "ROST-7",
            "bad_roster",
            authority,
            roster_body(&[], &[]),
        ),
    ]
}

fn cards(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let alice = named("m01");
    let mut prime = SMALL_ORDER[4];
    prime[0] += 1;
    let mut bad = |id: &str, about: &str, requirement, value: &[u8; 32]| {
        let last = at.block(at.entry(alice, "card", json!({ "x25519": encode(value) })));
        blocks.bad_end(id, about, requirement, "bad_card", &at, last)
    };
    vec![
        bad(
            "chain-card-not-canonical",
            "a card of 2^255 - 19",
            "CARD-1",
            &prime,
        ),
        bad(
            "chain-card-small-order",
            "a card of small order",
            "CARD-2",
            &SMALL_ORDER[2],
        ),
    ]
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

fn messages(blocks: &mut Blocks) -> Vec<Test> {
    let (at, epoch) = talking();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let unknown = Epoch {
        id: labelled("no epoch"),
        secret: epoch.secret,
    };
    let (stale, old) = stale();
    let mut returned = stale.clone();
    let roster = returned.roster(&[carol], &[]);
    returned.append(roster);
    let mut own = at.clone();
    let roster = own.roster(&[], &[bob]);
    own.append(roster);
    let mut bad =
        |id: &str, about: &str, requirement, code, at: &Community, by: &Account, epoch: &Epoch| {
            let entry = at.message(by, epoch, "Is this still on?");
            blocks.bad_end(id, about, requirement, code, at, at.block(entry))
        };
    let mut tests = vec![
        bad(
            "chain-message-unknown-epoch",
            "under an epoch that is not in the chain",
            "MSG-1",
            "unknown_epoch",
            &at,
            alice,
            &unknown,
        ),
        bad(
            "chain-message-by-stranger",
            "by a member who is not a recipient",
            "MSG-2",
            "not_recipient",
            &at,
            carol,
            &epoch,
        )
        .flag("recipients"),
        bad(
            "chain-message-stale",
            "a recipient by its own wrap was removed",
            "MSG-3",
            "stale_epoch",
            &own,
            alice,
            &epoch,
        )
        .flag("epoch-for-ever"),
        bad(
            "chain-message-stale-by-share",
            "a recipient by a share was removed",
            "MSG-3",
            "stale_epoch",
            &stale,
            alice,
            &old,
        )
        .flag("epoch-for-ever"),
        bad(
            "chain-message-stale-after-return",
            "the removed recipient is on the roster again",
            "MSG-3",
            "stale_epoch",
            &returned,
            alice,
            &old,
        )
        .flag("epoch-for-ever"),
    ];
    let mut ciphertext = |id: &str, about: &str, requirement, bytes: &[u8], hash: [u8; 32]| {
        let mut entry = at.message(alice, &epoch, "x");
        entry["body"]["ciphertext"] = encode(bytes).into();
        entry["body"]["ciphertext_hash"] = encode(&hash).into();
        let last = at.block(signed(entry, alice));
        blocks.bad_end(id, about, requirement, "bad_ciphertext", &at, last)
    };
    tests.push(ciphertext(
        "chain-message-other-hash",
        "the hash is not the ciphertext's",
        "MSG-4",
        &[1; 144],
        sha256(&[2; 144]),
    ));
    for (length, about) in [
        (0, "no bytes"),
        (16, "a tag alone: nothing was padded"),
        (128, "a multiple of 128 without room for the tag"),
        (143, "a byte too few"),
        (145, "a byte too many"),
        (160, "padded to 16 and not to 128"),
    ] {
        let bytes = vec![5; length];
        tests.push(ciphertext(
            &format!("chain-message-length-{length}"),
            about,
            "MSG-5",
            &bytes,
            sha256(&bytes),
        ));
    }
    tests
}

fn redactions(blocks: &mut Blocks) -> Vec<Test> {
    let (at, epoch) = talking();
    let (alice, bob) = (named("m01"), named("m02"));
    let mut gone = at.clone();
    let redaction = gone.redaction(alice, 6, "");
    gone.append(redaction);
    let mut bad =
        |id: &str, about: &str, requirement, code, at: &Community, by: &Account, index| {
            blocks.bad_end(
                id,
                about,
                requirement,
                code,
                at,
                at.block(at.redaction(by, index, "")),
            )
        };
    let mut tests = vec![
        bad(
            "chain-redaction-of-card",
            "of a block that holds no message",
            "RED-1",
            "bad_redaction",
            &at,
            named("authority"),
            2,
        ),
        bad(
            "chain-redaction-of-genesis",
            "of block 0",
            "RED-1",
            "bad_redaction",
            &at,
            named("authority"),
            0,
        ),
        bad(
            "chain-redaction-beyond",
            "of a block that is not there",
            "RED-1",
            "bad_redaction",
            &at,
            alice,
            70,
        ),
        bad(
            "chain-redaction-of-itself",
            "of its own block",
            "RED-1",
            "bad_redaction",
            &at,
            alice,
            7,
        ),
        bad(
            "chain-redaction-twice",
            "of a message that is redacted already",
            "RED-2",
            "bad_redaction",
            &gone,
            named("authority"),
            6,
        ),
        bad(
            "chain-redaction-by-another",
            "by a member who is neither the authority nor the author",
            "RED-3",
            "not_authority",
            &at,
            bob,
            6,
        ),
    ];
    let mut gap = |id: &str, about: &str, list: &[Value]| {
        let frame = blocks.frame(id, 0, list);
        invalid(id, about, &["RED-8"], "unredacted_gap")
            .flag("gap")
            .with("frames", vec![frame])
            .with("at", "end")
    };
    let mut unredacted = at.blocks.clone();
    unredacted[6] = redacted(&unredacted[6]);
    tests.push(gap(
        "chain-gap",
        "a message without ciphertext that no block redacts",
        &unredacted,
    ));
    let mut two = at.clone();
    let message = two.message(bob, &epoch, "And to you.");
    two.append(message);
    let redaction = two.redaction(bob, 7, "");
    two.append(redaction);
    let mut wrong = two.blocks.clone();
    wrong[6] = redacted(&wrong[6]);
    wrong[7] = redacted(&wrong[7]);
    tests.push(gap(
        "chain-gap-beside-redaction",
        "two messages without ciphertext, of which a block redacts one",
        &wrong,
    ));
    tests
}
