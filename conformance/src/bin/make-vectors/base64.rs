//! `base64.json`: the one spelling of bytes, and the others.

use crate::community::labelled;
use crate::file::{File, Group, Test, invalid, valid};
use crate::measured::{self, Flag};
use dispatch_conformance::codec::base64url::encode;
use serde_json::json;

const FLAGS: [Flag; 7] = [
    ("padding", "takes `=`", &[]),
    (
        "trailing-bits",
        "takes last letters whose unused bits are not zero",
        &["Go encoding/base64"],
    ),
    ("other-alphabet", "takes + and /", &[]),
    ("junk", "skips letters outside of the alphabet", &[]),
    (
        "line-ends",
        "skips line ends or other white space",
        &["Go encoding/base64 (line ends)"],
    ),
    ("odd-letter", "takes a single letter left over", &[]),
    (
        "length",
        "takes bytes of any length for an id, a hash or a nonce",
        &[],
    ),
];

pub fn file() -> File {
    let tests: Vec<Test> = [good(), spellings(), lengths()]
        .into_iter()
        .flatten()
        .collect();
    measured::file(
        File::new("base64", "Bytes as texts. Decode `text` as a server does."),
        &FLAGS,
        Group::new(
            "bytes",
            "`text`: the member's text; `bytes`, in hexadecimal: what it means. `length`, where it is there: the number \
             of bytes that the member's definition states. `defaults`: what the decoder of that name gives, in hexadecimal; null \
             where it refuses. How each one is called stands in the group's `defaults`; none of them knows a `length`.",
        ),
        json!({
            "data-encoding": "data-encoding 2: BASE64URL_NOPAD.decode(text)",
            "Buffer.from": "Node 20: Buffer.from(text, 'base64url')",
            "atob": "Node 20 and browsers: atob(text), with - and _ replaced by + and /",
            "urlsafe_b64decode": "Python 3.11: base64.urlsafe_b64decode(text + '==')",
            "b64decode, validate": "Python 3.11: base64.b64decode(text, altchars=b'-_', validate=True), behind the text as \
                                    many = as it lacks",
        }),
        tests,
    )
}

fn good() -> Vec<Test> {
    let ok = |id: &str, about: &str, bytes: &[u8]| {
        valid(id, about, &["CONV-13"])
            .with("text", encode(bytes))
            .with("bytes", hex(bytes))
    };
    vec![
        ok("base64-none", "no bytes", b""),
        ok(
            "base64-one",
            "one byte, two letters, four bits unused",
            b"A",
        ),
        ok(
            "base64-two",
            "two bytes, three letters, two bits unused",
            b"AB",
        ),
        ok("base64-three", "three bytes, four letters", b"ABC"),
        ok(
            "base64-alphabet",
            "every letter of the alphabet",
            &every_letter(),
        ),
        ok("base64-ones", "bytes of ones alone", &[0xff; 5]),
    ]
}

fn spellings() -> Vec<Test> {
    let bad = |id: &str, about: &str, text: &str, flag| {
        invalid(id, about, &["CONV-13"], "malformed")
            .flag(flag)
            .with("text", text)
    };
    let standard = encode(&every_letter()).replace('-', "+").replace('_', "/");
    vec![
        bad(
            "base64-padded-one",
            "the byte `A` with padding",
            "QQ==",
            "padding",
        ),
        bad(
            "base64-padded-two",
            "two bytes with padding",
            "QUI=",
            "padding",
        ),
        bad(
            "base64-half-padded",
            "one `=` where padding would be two",
            "QQ=",
            "padding",
        ),
        bad(
            "base64-padding-alone",
            "nothing but padding",
            "====",
            "padding",
        ),
        bad(
            "base64-trailing-bit-one",
            "`QR` is `A` with an unused bit set",
            "QR",
            "trailing-bits",
        ),
        bad(
            "base64-trailing-bit-highest",
            "the highest of the four unused bits",
            "QY",
            "trailing-bits",
        ),
        bad(
            "base64-trailing-bit-two",
            "`QUJ`: two bytes with an unused bit set",
            "QUJ",
            "trailing-bits",
        ),
        bad(
            "base64-standard-alphabet",
            "+ and / instead of - and _",
            &standard,
            "other-alphabet",
        ),
        bad(
            "base64-line-feed-behind",
            "a line feed at the end",
            "QUJD\n",
            "line-ends",
        ),
        bad(
            "base64-line-break-within",
            "a line break in the midst",
            "QU\r\nJD",
            "line-ends",
        ),
        bad(
            "base64-space-before",
            "a space at the start",
            " QUJD",
            "line-ends",
        ),
        bad(
            "base64-space-within",
            "a space in the midst",
            "QU JD",
            "line-ends",
        ),
        bad("base64-junk", "a full stop in the midst", "QU.JD", "junk"),
        bad("base64-percent", "an escape of URLs", "QU%4AD", "junk"),
        bad(
            "base64-beyond-ascii",
            "a letter that only looks like A (U+0410)",
            "\u{410}UJD",
            "junk",
        ),
        bad("base64-nul", "U+0000 at the end", "QUJD\0", "junk"),
        bad("base64-one-letter", "a single letter", "Q", "odd-letter"),
        bad(
            "base64-five-letters",
            "four letters and one",
            "QUJDQ",
            "odd-letter",
        ),
        bad(
            "base64-hexadecimal-prefix",
            "`0x` in front of hexadecimal: of 1 modulo 4 letters",
            "0x414",
            "odd-letter",
        ),
    ]
}

fn lengths() -> Vec<Test> {
    let hash = labelled("base64");
    let of = |id: &str, about: &str, bytes: &[u8], length: usize| {
        let test = match bytes.len() == length {
            true => valid(id, about, &["CONV-14"]).with("bytes", hex(bytes)),
            false => invalid(id, about, &["CONV-14"], "malformed"),
        };
        test.flag("length")
            .with("text", encode(bytes))
            .with("length", length)
    };
    vec![
        of("base64-hash", "32 bytes for a hash", &hash, 32),
        of("base64-hash-short", "31 bytes for a hash", &hash[..31], 32),
        of(
            "base64-hash-long",
            "33 bytes for a hash",
            &[&hash[..], &[0]].concat(),
            32,
        ),
        of("base64-hash-none", "no bytes for a hash", &[], 32),
        of(
            "base64-hash-twice",
            "two hashes for one",
            &[hash, hash].concat(),
            32,
        ),
        of("base64-salt", "16 bytes for a salt", &hash[..16], 16),
        of("base64-salt-short", "12 bytes for a salt", &hash[..12], 16),
        of("base64-wrap", "80 bytes for a wrap", &[7; 80], 80),
        of("base64-wrap-short", "79 bytes for a wrap", &[7; 79], 80),
    ]
}

/// 48 bytes whose text is the alphabet.
fn every_letter() -> Vec<u8> {
    let mut bits = (0..64u8).flat_map(|n| (0..6).rev().map(move |i| n >> i & 1));
    (0..48)
        .map(|_| bits.by_ref().take(8).fold(0, |byte, bit| byte << 1 | bit))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
