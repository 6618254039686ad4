//! Rosters and cards that break a rule.

use super::Blocks;
use super::good::members;
use crate::community::roster_body;
use crate::file::Test;
use crate::keys::named;
use dispatch_conformance::codec::Account;
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::chain::SMALL_ORDER;
use dispatch_conformance::codec::public_key::to_der;
use rsa::traits::PublicKeyParts;

use serde_json::{Value, json};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = rosters(blocks);
    tests.extend(cards(blocks));
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
