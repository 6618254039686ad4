//! Entries whose common part does not fit their place, and authors who may not write.

use super::Blocks;
use crate::file::Test;
use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;

use super::good::{members, stale, talking};
use crate::community::{Community, labelled, sign, signed};
use dispatch_conformance::codec::{Account, Scheme, entry};
use serde_json::{Value, json};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = common(blocks);
    tests.extend(authors(blocks));
    tests
}

fn common(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let alice = named("m01");
    // Another story of the same community: the same length, other blocks.
    let mut other = Community::example();
    let roster = other.roster(&[named("m01"), named("m02")], &[]);
    other.append(roster);
    for name in ["m02", "m01", "m01"] {
        let card = other.card(named(name));
        other.append(card);
    }
    let mut bad = |id: &str,
                   about: &str,
                   requirement,
                   code,
                   flag: Option<&'static str>,
                   change: &dyn Fn(&mut Value)| {
        let mut entry = at.card(alice);
        change(&mut entry);
        let last = at.block(signed(entry, alice));
        let test = blocks.bad_end(id, about, requirement, code, &at, last);
        flag.into_iter().fold(test, Test::flag)
    };
    let (replay, fork) = (Some("replay"), Some("fork-joined"));
    let mut tests = vec![
        bad(
            "chain-other-community",
            "an entry for another community",
            "ENTRY-2",
            "wrong_community",
            replay,
            &|e| e["community"] = encode(&labelled("elsewhere")).into(),
        ),
        bad(
            "chain-zero-community",
            "an entry for the community of zeros",
            "ENTRY-2",
            "wrong_community",
            replay,
            &|e| e["community"] = encode(&[0; 32]).into(),
        ),
        bad(
            "chain-seq-gap",
            "a number is left out: the server dropped an entry",
            "ENTRY-4",
            "bad_seq",
            replay,
            &|e| e["seq"] = 3.into(),
        ),
        bad(
            "chain-seq-repeated",
            "a number comes twice, for another statement",
            "ENTRY-4",
            "bad_seq",
            replay,
            &|e| e["seq"] = 1.into(),
        ),
        bad(
            "chain-seq-zero",
            "`seq` is 0",
            "ENTRY-4",
            "bad_seq",
            replay,
            &|e| e["seq"] = 0.into(),
        ),
        bad(
            "chain-seen-foreign",
            "`seen` is the head of another story of the same community",
            "ENTRY-7",
            "bad_seen",
            fork,
            &|e| {
                e["seen"]["hash"] = encode(&other.model.head()).into();
            },
        ),
        bad(
            "chain-seen-beyond",
            "`seen` is larger than the chain before the block",
            "ENTRY-7",
            "bad_seen",
            fork,
            &|e| {
                e["seen"] = json!({ "size": 6, "hash": encode(&labelled("beyond")) });
            },
        ),
        bad(
            "chain-seen-size-off",
            "the head is right, the size is one less",
            "ENTRY-7",
            "bad_seen",
            fork,
            &|e| e["seen"]["size"] = 4.into(),
        ),
        bad(
            "chain-seen-back",
            "`seen` is a prefix, but smaller than in the author's entry before",
            "ENTRY-8",
            "bad_seen",
            fork,
            &|e| {
                e["seen"] =
                    json!({ "size": 1, "hash": encode(&at.model.head_of(1).expect("block 0")) });
            },
        ),
    ];
    let first = named("m04");
    let mut joined = at.clone();
    let roster = joined.roster(&[first], &[]);
    joined.append(roster);
    let mut entry = joined.card(first);
    entry["seen"] = json!({ "size": 0, "hash": encode(&[0; 32]) });
    let last = joined.block(signed(entry, first));
    tests.push(
        blocks
            .bad_end(
                "chain-seen-nothing",
                "a first entry whose `seen` is the empty prefix",
                "ENTRY-7",
                "bad_seen",
                &joined,
                last,
            )
            .flag("fork-joined"),
    );
    let again = at.block(at.blocks[2]["entry"].clone());
    tests.push(
        blocks
            .bad_end(
                "chain-entry-replayed",
                "an entry that was appended before",
                "ENTRY-4",
                "bad_seq",
                &at,
                again,
            )
            .flag("replay"),
    );
    let mut unknown = at.card(alice);
    unknown["kind"] = "reaction".into();
    unknown["body"] = json!({ "to": 4, "with": "smile" });
    let last = at.block(unknown);
    tests.push(blocks.bad_end(
        "chain-unknown-kind",
        "an entry of a kind that is not one of the seven",
        "ENTRY-1",
        "unknown_kind",
        &at,
        last,
    ));
    tests
}

fn authors(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let (alice, bob, outsider) = (named("m01"), named("m02"), named("o01"));
    let (removed, _) = stale();
    let (talk, _) = talking();
    let carol = named("m03");
    let mut back = removed.clone();
    let roster = back.roster(&[carol], &[]);
    back.append(roster);
    let mut restarted = back.card(carol);
    restarted["seq"] = 1.into();
    let mut behind = back.card(carol);
    behind["seen"] = json!({ "size": 1, "hash": encode(&back.model.head_of(1).expect("block 0")) });
    let with = |by: &Account, scheme| {
        let mut entry = at.card(alice);
        let tuple = entry::tuple(&entry).expect("well formed").encode();
        entry["signature"] = encode(&sign(by, &tuple, scheme)).into();
        at.block(entry)
    };
    vec![
        blocks.bad_end(
            "chain-signed-by-another",
            "signed by another member",
            "ENTRY-3",
            "bad_signature",
            &at,
            with(bob, Scheme::Pss),
        ),
        blocks.bad_end(
            "chain-signed-by-server",
            "signed by the server key",
            "ENTRY-3",
            "bad_signature",
            &at,
            with(at.server, Scheme::Pss),
        ),
        blocks.bad_end(
            "chain-signed-pkcs1v15",
            "signed by RSASSA-PKCS1-v1_5",
            "ENTRY-3",
            "bad_signature",
            &at,
            with(alice, Scheme::Pkcs1v15),
        ),
        blocks.bad_end(
            "chain-signed-salt-20",
            "signed with a salt of 20 bytes",
            "ENTRY-3",
            "bad_signature",
            &at,
            with(alice, Scheme::PssSalt(20)),
        ),
        blocks
            .bad_end(
                "chain-by-outsider",
                "by an account that never was on the roster",
                "ENTRY-10",
                "not_allowed",
                &at,
                at.block(at.card(outsider)),
            )
            .flag("roster-now"),
        blocks
            .bad_end(
                "chain-by-server-key",
                "by the server key's account",
                "ENTRY-10",
                "not_allowed",
                &at,
                at.block(at.card(at.server)),
            )
            .flag("roster-now"),
        blocks
            .bad_end(
                "chain-by-removed",
                "by an account that a block removed",
                "ENTRY-10",
                "not_allowed",
                &removed,
                removed.block(removed.card(carol)),
            )
            .flag("roster-now"),
        {
            // m05 writes in block 7 and is added in block 8: in the end it is on the roster, at its block it was not.
            let late = named("m05");
            let mut list = talk.clone();
            let early = list.block(list.card(late));
            list.blocks.push(early.clone());
            let blocks_so_far = list.blocks.clone();
            let place = blocks_so_far.len() - 1;
            let mut later = early.clone();
            later["index"] = 8.into();
            later["entry"] = talk.roster(&[late], &[]);
            later["prev"] =
                encode(&dispatch_conformance::codec::block::hash(&early).expect("well formed"))
                    .into();
            let all = [&blocks_so_far[..], &[later]].concat();
            blocks
                .bad(
                    "chain-before-being-added",
                    "by an account that the next block adds",
                    "ENTRY-10",
                    "not_allowed",
                    &all,
                    place,
                )
                .flag("roster-now")
        },
        blocks
            .bad_end(
                "chain-seq-restarted",
                "an account that returns begins at 1 again",
                "ENTRY-4",
                "bad_seq",
                &back,
                back.block(signed(restarted, carol)),
            )
            .flag("replay"),
        blocks
            .bad_end(
                "chain-seen-restarted",
                "an account that returns has seen less than before",
                "ENTRY-8",
                "bad_seen",
                &back,
                back.block(signed(behind, carol)),
            )
            .flag("fork-joined"),
    ]
}
