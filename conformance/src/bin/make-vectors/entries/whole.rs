//! Entries of all kinds, whole and well signed.

use super::{community, of, redactable};
use crate::community::{roster_body, signed};
use crate::file::Test;
use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::randomness::Seeded;
use dispatch_conformance::codec::{Scheme, entry};
use serde_json::json;

pub(super) fn kinds() -> Vec<Test> {
    let mut at = community();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let genesis = at.blocks[0]["entry"].clone();
    let roster = at.roster(&[named("m13"), named("m14")], &[carol]);
    let card = at.card(bob);
    let (epoch, id) = at.epoch(alice, &[alice, bob], "entries");
    at.append(epoch.clone());
    let share = at.share(bob, &id, &[carol]);
    let message = at.message(alice, &id, "Hello, Bob.");
    let message_block = at.append(message.clone());
    let redaction = at.redaction(
        alice,
        message_block["index"].as_u64().expect("an index"),
        "a slip of the pen",
    );
    let mut gap = message.clone();
    gap["body"]
        .as_object_mut()
        .expect("a body")
        .remove("ciphertext");
    let authority = named("authority");
    vec![
        of("entry-genesis", "genesis", authority, &genesis),
        of(
            "entry-roster",
            "roster: adds two, removes one",
            authority,
            &roster,
        ),
        of("entry-card", "card", bob, &card),
        of("entry-epoch", "epoch: two wraps", alice, &epoch),
        of("entry-share", "share: one wrap", bob, &share),
        of("entry-message", "message", alice, &message),
        of(
            "entry-message-redacted",
            "the same message without its ciphertext has the same id and signature",
            alice,
            &gap,
        ),
        of("entry-redaction", "redaction", alice, &redaction),
    ]
}

pub(super) fn corners() -> Vec<Test> {
    let at = community();
    let (alice, authority) = (named("m01"), named("authority"));
    let message = redactable(&at, alice);
    let mut again = message.clone();
    let tuple = entry::tuple(&again).expect("well formed").encode();
    again["signature"] =
        encode(&alice.sign(&tuple, Scheme::Pss, &mut Seeded::new("signed again"))).into();
    let keys = [named("m04"), named("m05")];
    let swapped = [named("m05"), named("m04")];
    let by_large = |name: &str| {
        let mut at = at.clone();
        let roster = at.roster(&[named(name)], &[]);
        at.append(roster);
        at.card(named(name))
    };
    let great = {
        let mut entry = at
            .draft(
                alice,
                "redaction",
                json!({ "index": 9_007_199_254_740_991_u64, "reason": "" }),
            )
            .unsigned();
        entry["seq"] = 9_007_199_254_740_991_u64.into();
        entry["sent_at"] = 9_007_199_254_740_991_u64.into();
        entry["seen"]["size"] = 9_007_199_254_740_991_u64.into();
        signed(entry, alice)
    };
    vec![
        of("entry-signed-once", "a statement", alice, &message).flag("id-covers-signature"),
        of(
            "entry-signed-again",
            "the same statement under another signature: the same id",
            alice,
            &again,
        )
        .flag("id-covers-signature"),
        of(
            "entry-roster-order",
            "adds two keys",
            authority,
            &at.entry(authority, "roster", roster_body(&keys, &[])),
        )
        .flag("order-matters-not"),
        of(
            "entry-roster-order-swapped",
            "adds the same keys in the other order: another id",
            authority,
            &at.entry(authority, "roster", roster_body(&swapped, &[])),
        )
        .flag("order-matters-not"),
        of(
            "entry-roster-removes-only",
            "an empty `add`",
            authority,
            &at.roster(&[], &[named("m02")]),
        ),
        of(
            "entry-by-3072",
            "signed by a key of 3072 bits",
            named("m13"),
            &by_large("m13"),
        ),
        of(
            "entry-by-4096",
            "signed by a key of 4096 bits",
            named("m14"),
            &by_large("m14"),
        ),
        of(
            "entry-greatest-numbers",
            "2^53 - 1 wherever there is a number",
            alice,
            &great,
        ),
        of(
            "entry-reason-empty",
            "an empty reason",
            alice,
            &at.entry(alice, "redaction", json!({ "index": 0, "reason": "" })),
        ),
    ]
}
