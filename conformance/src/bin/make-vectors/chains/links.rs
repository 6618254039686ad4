//! Blocks at the wrong place, and blocks that were changed after they were appended.

use super::Blocks;
use super::good::members;
use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::randomness::Seeded;
use serde_json::Value;

use crate::community::{labelled, signed};
use crate::file::{Test, invalid};
use dispatch_conformance::codec::{Scheme, entry};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = places(blocks);
    tests.extend(rewritten(blocks));
    tests
}

fn places(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let all = &at.blocks;
    let pick = |order: &[usize]| order.iter().map(|i| all[*i].clone()).collect::<Vec<_>>();
    let mut renumbered = pick(&[0, 1, 2, 4]);
    renumbered[3]["index"] = 3.into();
    let mut other_prev = at.block(at.card(named("m01")));
    other_prev["prev"] = encode(&labelled("prev")).into();
    let mut own_prev = at.block(at.card(named("m01")));
    own_prev["prev"] = all[4]["prev"].clone();
    let mut early = at.block(at.card(named("m01")));
    early["time"] = (all[4]["time"].as_u64().expect("a time") - 1).into();
    let id = "chain-from-too-far";
    let shifted = vec![
        blocks.frame(id, 0, &all[..2]),
        blocks.frame(id, 3, &all[2..]),
    ];
    let mut bad = |id: &str, about: &str, requirement, code, list: &[Value], place: usize| {
        blocks
            .bad(id, about, requirement, code, list, place)
            .flag("links")
    };
    vec![
        bad(
            "chain-reordered",
            "two blocks in the wrong order",
            "CHAIN-8",
            "bad_index",
            &pick(&[0, 1, 3, 2, 4]),
            2,
        ),
        bad(
            "chain-block-missing",
            "a block is left out",
            "CHAIN-8",
            "bad_index",
            &pick(&[0, 1, 3, 4]),
            2,
        ),
        bad(
            "chain-block-twice",
            "a block comes twice",
            "CHAIN-8",
            "bad_index",
            &pick(&[0, 1, 1, 2]),
            2,
        ),
        bad(
            "chain-block-missing-renumbered",
            "a block is left out and the next has its index",
            "CHAIN-9",
            "bad_prev",
            &renumbered,
            3,
        ),
        bad(
            "chain-other-prev",
            "`prev` is the hash of no block",
            "CHAIN-9",
            "bad_prev",
            &[&all[..], &[other_prev]].concat(),
            5,
        ),
        bad(
            "chain-prev-of-the-one-before",
            "`prev` is the hash of the block before the last one",
            "CHAIN-9",
            "bad_prev",
            &[&all[..], &[own_prev]].concat(),
            5,
        ),
        bad(
            "chain-time-falls",
            "a millisecond earlier than the block before",
            "CHAIN-10",
            "bad_time",
            &[&all[..], &[early]].concat(),
            5,
        ),
        invalid(
            id,
            "the second frame's `from` is not the index of its first block",
            &["CHAIN-8"],
            "bad_index",
        )
        .flag("links")
        .with("frames", shifted)
        .with("at", "from"),
    ]
}

/// What was appended is changed, and everything behind it stays as it was.
fn rewritten(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let alice = named("m01");
    let mut bad =
        |id: &str, about: &str, requirement, code, refused: usize, change: &dyn Fn(&mut Value)| {
            let mut list = at.blocks.clone();
            change(&mut list[2]);
            blocks
                .bad(id, about, requirement, code, &list, refused)
                .flag("links")
        };
    vec![
        bad(
            "chain-entry-changed",
            "an entry was changed",
            "ENTRY-3",
            "bad_signature",
            2,
            &|b| {
                b["entry"]["body"]["x25519"] = encode(&named("m02").x25519_public()).into();
            },
        ),
        bad(
            "chain-signature-replaced",
            "an entry has another good signature: the next block is not linked to it",
            "CHAIN-9",
            "bad_prev",
            3,
            &|b| {
                let tuple = entry::tuple(&b["entry"]).expect("well formed").encode();
                b["entry"]["signature"] =
                    encode(&alice.sign(&tuple, Scheme::Pss, &mut Seeded::new("replaced"))).into();
            },
        ),
        bad(
            "chain-time-changed",
            "a block has another time, which fits",
            "CHAIN-9",
            "bad_prev",
            3,
            &|b| {
                b["time"] = (b["time"].as_u64().expect("a time") + 1).into();
            },
        ),
        bad(
            "chain-entry-replaced",
            "an entry was replaced by another good one of its author",
            "CHAIN-9",
            "bad_prev",
            3,
            &|b| {
                b["entry"]["sent_at"] = 1.into();
                b["entry"] = signed(b["entry"].take(), alice);
            },
        ),
    ]
}
