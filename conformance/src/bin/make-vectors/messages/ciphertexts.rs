//! Message keys and ciphertexts.

use crate::community::labelled;
use crate::file::{Test, invalid, valid};
use crate::keys::named;
use crate::ordered::compact;
use dispatch_conformance::codec::Hash;
use dispatch_conformance::codec::fields::MAX_NUMBER;
use dispatch_conformance::codec::message::{Place, pad};
use serde_json::json;

fn place() -> Place {
    Place {
        community: labelled("community"),
        epoch: labelled("epoch"),
        author: named("m01").id(),
        seq: 7,
    }
}

pub(super) fn secret() -> Hash {
    labelled("epoch secret")
}

pub(super) fn salt() -> Vec<u8> {
    labelled("message salt")[..16].to_vec()
}

fn with_place(test: Test, place: &Place) -> Test {
    test.bytes("community", &place.community)
        .bytes("epoch", &place.epoch)
        .bytes("author", &place.author)
        .with("seq", place.seq)
}

pub(super) fn keys() -> Vec<Test> {
    let key = |id: &str, about: &str, secret: &Hash, salt: &[u8], place: &Place| {
        let info = dispatch_conformance::codec::Tuple::new("message-key")
            .bytes(&place.community)
            .bytes(&place.epoch)
            .bytes(&place.author);
        valid(id, about, &["ENC-6", "ENC-15"])
            .bytes("secret", secret)
            .bytes("salt", salt)
            .bytes("community", &place.community)
            .bytes("epoch", &place.epoch)
            .bytes("author", &place.author)
            .bytes("info", &info.encode())
            .bytes("okm", &place.key_and_nonce(secret, salt))
    };
    let mut other = place();
    other.author = named("m02").id();
    vec![
        key(
            "message-key-usual",
            "44 bytes: 32 of key and 12 of nonce",
            &secret(),
            &salt(),
            &place(),
        ),
        key(
            "message-key-zero-salt",
            "a salt of zeros is a salt",
            &secret(),
            &[0; 16],
            &place(),
        ),
        key(
            "message-key-other-author",
            "another author of the same epoch",
            &secret(),
            &salt(),
            &other,
        ),
    ]
}

pub(super) fn good() -> Vec<Test> {
    let of = |id: &str, about: &str, place: &Place, plaintext: &[u8]| {
        let padded = pad(plaintext);
        let ciphertext = place.seal(&secret(), &salt(), &padded);
        with_place(valid(id, about, &["ENC-6", "ENC-7", "ENC-15"]), place)
            .bytes("secret", &secret())
            .bytes("salt", &salt())
            .bytes("aad", &place.aad().encode())
            .bytes("ciphertext", &ciphertext)
            .bytes("padded", &padded)
            .bytes("plaintext", plaintext)
    };
    let text = |n: usize| {
        let empty = compact(&json!({ "text": "" })).len();
        compact(&json!({ "text": "a".repeat(n - empty) })).into_bytes()
    };
    let mut great = place();
    great.seq = MAX_NUMBER;
    vec![
        of(
            "message-usual",
            "a short text",
            &place(),
            br#"{"text":"Hello, Bob."}"#,
        ),
        of(
            "message-127",
            "127 bytes: the 0x80 fills the block",
            &place(),
            &text(127),
        ),
        of(
            "message-128",
            "128 bytes: the padding is a block of its own",
            &place(),
            &text(128),
        ),
        of("message-129", "129 bytes", &place(), &text(129)),
        of(
            "message-greatest-seq",
            "`seq` is 2^53 - 1",
            &great,
            br#"{"text":"x"}"#,
        ),
        of(
            "message-ends-like-padding",
            "a plaintext whose last bytes are 0x80 and zeros",
            &place(),
            &[br#"{"text":"x"}"#, &[0x80, 0, 0][..]].concat(),
        ),
    ]
}

pub(super) fn bad() -> Vec<Test> {
    let plaintext = br#"{"text":"Hello, Bob."}"#;
    let ciphertext = || place().seal(&secret(), &salt(), &pad(plaintext));
    let shut =
        |id: &str, about: &str, place: &Place, secret: &Hash, salt: &[u8], ciphertext: &[u8]| {
            with_place(invalid(id, about, &["ENC-6"], "bad_ciphertext"), place)
                .bytes("secret", secret)
                .bytes("salt", salt)
                .bytes("ciphertext", ciphertext)
        };
    let moved = |id: &str, about: &str, change: fn(&mut Place)| {
        let mut place = place();
        change(&mut place);
        shut(id, about, &place, &secret(), &salt(), &ciphertext()).flag("info-left-out")
    };
    let flipped = |at: usize| {
        let mut bytes = ciphertext();
        bytes[at] ^= 1;
        bytes
    };
    let padded = |id: &str, about: &str, padded: &[u8]| {
        with_place(invalid(id, about, &["ENC-7"], "bad_padding"), &place())
            .flag("lax-padding")
            .bytes("secret", &secret())
            .bytes("salt", &salt())
            .bytes("ciphertext", &place().seal(&secret(), &salt(), padded))
    };
    vec![
        moved("message-other-seq", "moved to another `seq`", |p| p.seq = 8),
        moved("message-other-author", "moved to another author", |p| {
            p.author = named("m02").id()
        }),
        moved("message-other-epoch", "moved to another epoch", |p| {
            p.epoch = labelled("another epoch")
        }),
        moved(
            "message-other-community",
            "moved to another community",
            |p| p.community = labelled("elsewhere"),
        ),
        shut(
            "message-other-secret",
            "another secret",
            &place(),
            &labelled("another secret"),
            &salt(),
            &ciphertext(),
        ),
        shut(
            "message-other-salt",
            "another salt",
            &place(),
            &secret(),
            &[1; 16],
            &ciphertext(),
        ),
        shut(
            "message-flipped",
            "a bit of the ciphertext is turned",
            &place(),
            &secret(),
            &salt(),
            &flipped(5),
        ),
        shut(
            "message-flipped-tag",
            "a bit of the tag is turned",
            &place(),
            &secret(),
            &salt(),
            &flipped(143),
        ),
        shut(
            "message-cut",
            "the last byte is missing",
            &place(),
            &secret(),
            &salt(),
            &ciphertext()[..143],
        ),
        padded("message-not-padded", "encrypted as it is", plaintext),
        padded(
            "message-padded-with-zeros",
            "padded with zeros alone",
            &[&plaintext[..], &[0; 106]].concat(),
        ),
    ]
}
