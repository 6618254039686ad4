//! `cards.json`: X25519 values that a card may and may not hold.

use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use crate::measured::{self, Flag};
use dispatch_conformance::codec::chain::SMALL_ORDER;
use serde_json::json;

const FLAGS: [Flag; 3] = [
    (
        "not-canonical",
        "takes values of 2^255 - 19 and more, or clears the highest bit before it looks",
        &["RFC 7748 itself"],
    ),
    (
        "small-order",
        "takes points whose shared secret is zero for everyone",
        &["OpenSSL 3 and WebCrypto until they derive"],
    ),
    ("byte-order", "reads the value as a big-endian number", &[]),
];

pub fn file() -> File {
    measured::file(
        File::new("cards", "Cards. Hold `x25519` against CARD-1 and CARD-2."),
        &FLAGS,
        Group::new(
            "cards",
            "`x25519`: the card's value. `defaults`: whether the library of that name computes a shared secret with it, called as \
             the group's `defaults` says.",
        ),
        json!({
            "Node crypto": "Node 20 (OpenSSL 3): crypto.diffieHellman, the card behind the DER of RFC 8410",
            "Python cryptography": "cryptography 48 (OpenSSL): private.exchange(X25519PublicKey.from_public_bytes(card))",
            "x25519-dalek": "x25519-dalek 3: StaticSecret::diffie_hellman(&PublicKey::from(card))",
            "aws-lc-rs": "aws-lc-rs 1: agreement::agree with X25519",
        }),
        [good(), not_canonical(), small_order()]
            .into_iter()
            .flatten()
            .collect(),
    )
}

/// 2^255 - 19 plus a small number, little-endian.
fn near_prime(plus: i16) -> [u8; 32] {
    let mut value = [0xff; 32];
    value[31] = 0x7f;
    value[0] = u8::try_from(0xed + plus).expect("a small number");
    value
}

fn with_high_bit(mut value: [u8; 32]) -> [u8; 32] {
    value[31] |= 0x80;
    value
}

fn good() -> Vec<Test> {
    let ok = |id: &str, about: &str, value: &[u8; 32]| {
        valid(id, about, &["CARD-1", "CARD-2"]).bytes("x25519", value)
    };
    let mut nine = [0; 32];
    nine[0] = 9;
    let mut big_endian_large = [0xff; 32];
    big_endian_large[31] = 0;
    let mut two = [0; 32];
    two[0] = 2;
    vec![
        ok("card-usual", "a public key", &named("m01").x25519_public()),
        ok("card-base-point", "the base point, 9", &nine),
        ok(
            "card-two",
            "2, the least value that is not of small order",
            &two,
        ),
        ok(
            "card-greatest",
            "2^255 - 21, the greatest value that is not of small order",
            &near_prime(-2),
        ),
        ok(
            "card-large-if-reversed",
            "less than 2^255 - 19, though not if its bytes are read the other way",
            &big_endian_large,
        )
        .flag("byte-order"),
    ]
}

fn not_canonical() -> Vec<Test> {
    let bad = |id: &str, about: &str, value: &[u8; 32]| {
        invalid(id, about, &["CARD-1"], "bad_card")
            .flag("not-canonical")
            .bytes("x25519", value)
    };
    let usual = named("m01").x25519_public();
    let mut reversed = [0; 32];
    reversed[31] = 0x80;
    vec![
        bad(
            "card-prime",
            "2^255 - 19, another spelling of 0",
            &near_prime(0),
        ),
        bad(
            "card-prime-plus-1",
            "2^255 - 18, another spelling of 1",
            &near_prime(1),
        ),
        bad(
            "card-prime-plus-9",
            "2^255 - 10, another spelling of the base point",
            &near_prime(9),
        ),
        bad("card-2-255-minus-1", "2^255 - 1", &near_prime(18)),
        bad("card-2-255", "2^255", &reversed),
        bad(
            "card-high-bit",
            "a public key with the highest bit set, which X25519 ignores",
            &with_high_bit(usual),
        ),
        bad("card-all-ones", "2^256 - 1", &[0xff; 32]),
        bad(
            "card-small-order-high-bit",
            "a point of small order with the highest bit set",
            &with_high_bit(SMALL_ORDER[2]),
        ),
    ]
}

fn small_order() -> Vec<Test> {
    let names = ["0", "1", "order-8", "other-order-8", "minus-1"];
    let abouts = [
        "0",
        "1",
        "a point of order 8",
        "the other point of order 8",
        "2^255 - 20, which is -1",
    ];
    SMALL_ORDER
        .iter()
        .zip(names)
        .zip(abouts)
        .map(|((value, name), about)| {
            invalid(format!("card-{name}"), about, &["CARD-2"], "bad_card")
                .flag("small-order")
                .bytes("x25519", value)
        })
        .collect()
}
