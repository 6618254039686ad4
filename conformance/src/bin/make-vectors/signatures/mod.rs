//! `signatures.json`: the one scheme, and what must not pass for it.

mod encodings;

use crate::community::{labelled, sign};
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use crate::measured::{self, Flag};
use dispatch_conformance::codec::randomness::Seeded;
use dispatch_conformance::codec::{Account, Scheme, Tuple, sha256};
use serde_json::json;

const FLAGS: [Flag; 10] = [
    (
        "unverified",
        "takes an error, or a number without meaning, for a yes",
        &[],
    ),
    (
        "salt-length",
        "finds the salt's length out instead of demanding 32 bytes",
        &["Go crypto/rsa without options"],
    ),
    (
        "mgf1-sha1",
        "takes SHA-1 in MGF1 where nothing else is said",
        &["Java (PSSParameterSpec.DEFAULT)"],
    ),
    (
        "other-hash",
        "takes the hash from the key or the signature",
        &[],
    ),
    (
        "pkcs1v15",
        "verifies RSASSA-PKCS1-v1_5, alone or as a second try",
        &[],
    ),
    (
        "malleable",
        "accepts a number that is not smaller than the modulus, so that a signature has two forms",
        &[],
    ),
    (
        "length",
        "pads or trims a signature to the modulus' length before it verifies",
        &[],
    ),
    (
        "lax-padding",
        "does not look at every byte of the encoding",
        &["hand-written code"],
    ),
    (
        "double-hash",
        "hashes the message twice, or not at all",
        &["libraries that take a digest"],
    ),
    (
        "wrong-statement",
        "verifies over other bytes than the tuple",
        &[],
    ),
];

pub fn file() -> File {
    measured::file(
        File::new(
            "signatures",
            "Signatures. Verify `signature` by `public_key` over the bytes in `message`, which are a whole tuple (hash them \
             once). In a join the code is `bad_proof` instead.",
        ),
        &FLAGS,
        Group::new(
            "signatures",
            "`public_key`: the signer's key; `message`: the signed bytes; `signature`: what is to be verified. `defaults`: whether \
             the library of that name takes it, called as the group's `defaults` says.",
        ),
        json!({
            "Node crypto": "Node 20 (OpenSSL 3): crypto.verify('sha256', message, {key, padding: RSA_PKCS1_PSS_PADDING}, signature)",
            "WebCrypto": "Node 20 (OpenSSL 3): subtle.verify({name: 'RSA-PSS', saltLength: 32}, key, signature, message), hash SHA-256",
            "Python cryptography": "cryptography 48 (OpenSSL): key.verify with PSS(MGF1(SHA256()), PSS.AUTO), SHA256()",
            "RustCrypto rsa, Pss": "rsa 0.9: key.verify(Pss::new::<Sha256>(), hash, signature)",
            "RustCrypto rsa, VerifyingKey": "rsa 0.9: pss::VerifyingKey::<Sha256>::new(key).verify(message, signature)",
            "aws-lc-rs": "aws-lc-rs 1: UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(message, signature)",
        }),
        [
            good(),
            variants(),
            lengths(),
            encodings::encodings(),
            statements(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    )
}

fn good() -> Vec<Test> {
    let by = |id: &str, about: &str, name: &str| {
        let account = named(name);
        valid(id, about, &["SIG-1"])
            .bytes("public_key", account.public_key())
            .bytes("message", &message())
            .bytes("signature", &sign(account, &message(), Scheme::Pss))
    };
    let short = leading_zero();
    vec![
        by("signature-2048", "2048 bits", "m01"),
        by("signature-3072", "3072 bits", "m13"),
        by("signature-4096", "4096 bits", "m14"),
        valid(
            "signature-another-salt",
            "the same statement, signed again with another salt",
            &["SIG-1"],
        )
        .bytes("public_key", signer().public_key())
        .bytes("message", &message())
        .bytes(
            "signature",
            &signer().sign(&message(), Scheme::Pss, &mut Seeded::new("another salt")),
        ),
        valid(
            "signature-leading-zero",
            "a signature that begins with a zero byte",
            &["SIG-1", "SIG-2"],
        )
        .bytes("public_key", signer().public_key())
        .bytes("message", &message())
        .bytes("signature", &short),
    ]
}

fn variants() -> Vec<Test> {
    let by = |id: &str, about: &str, scheme| {
        bad(id, about, "SIG-1", &sign(signer(), &message(), scheme))
    };
    let prehashed = |id: &str, about: &str, signed: &[u8]| {
        bad(id, about, "SIG-1", &sign(signer(), signed, Scheme::Pss))
    };
    vec![
        by("signature-salt-0", "no salt", Scheme::PssSalt(0)).flag("salt-length"),
        by(
            "signature-salt-20",
            "a salt of 20 bytes",
            Scheme::PssSalt(20),
        )
        .flag("salt-length"),
        by(
            "signature-salt-31",
            "a salt of 31 bytes",
            Scheme::PssSalt(31),
        )
        .flag("salt-length"),
        by(
            "signature-salt-33",
            "a salt of 33 bytes",
            Scheme::PssSalt(33),
        )
        .flag("salt-length"),
        by(
            "signature-salt-64",
            "a salt of 64 bytes",
            Scheme::PssSalt(64),
        )
        .flag("salt-length"),
        by(
            "signature-salt-222",
            "the longest salt that fits",
            Scheme::PssSalt(222),
        )
        .flag("salt-length"),
        by(
            "signature-mgf1-sha1",
            "SHA-256, but SHA-1 in MGF1",
            Scheme::PssMgf1Sha1,
        )
        .flag("mgf1-sha1"),
        by(
            "signature-sha512",
            "SHA-512 in both places, with 64 bytes of salt",
            Scheme::PssSha512,
        )
        .flag("other-hash"),
        by(
            "signature-pkcs1v15",
            "RSASSA-PKCS1-v1_5 with SHA-256",
            Scheme::Pkcs1v15,
        )
        .flag("pkcs1v15"),
        prehashed(
            "signature-double-hash",
            "over the SHA-256 of the tuple instead of the tuple",
            &sha256(&message()),
        )
        .flag("double-hash"),
    ]
}

fn lengths() -> Vec<Test> {
    let good = sign(signer(), &message(), Scheme::Pss);
    let short = leading_zero();
    let plus = sign(signer(), &message(), Scheme::PssPlusModulus);
    let long = |id: &str, about: &str, bytes: &[u8]| bad(id, about, "SIG-2", bytes).flag("length");
    vec![
        bad(
            "signature-plus-modulus",
            "a good signature plus the modulus, in as many bytes",
            "SIG-3",
            &plus,
        )
        .flag("malleable"),
        bad(
            "signature-all-ones",
            "the greatest number of so many bytes",
            "SIG-3",
            &[0xff; 256],
        )
        .flag("malleable"),
        bad(
            "signature-modulus",
            "the modulus itself",
            "SIG-3",
            &modulus(signer()),
        )
        .flag("malleable"),
        long(
            "signature-trimmed",
            "a good signature without its leading zero byte",
            &short[1..],
        ),
        long(
            "signature-prefixed",
            "a good signature behind a zero byte",
            &[&[0], &good[..]].concat(),
        ),
        long(
            "signature-suffixed",
            "a good signature before a zero byte",
            &[&good[..], &[0]].concat(),
        ),
        long(
            "signature-cut",
            "a good signature without its last byte",
            &good[..255],
        ),
        long("signature-empty", "no bytes", &[]),
        bad("signature-zero", "256 zero bytes", "SIG-1", &[0; 256]).flag("unverified"),
    ]
}

fn statements() -> Vec<Test> {
    let over = |id: &str, about: &str, bytes: &[u8], by: &Account| {
        bad(id, about, "SIG-1", &sign(by, bytes, Scheme::Pss)).flag("wrong-statement")
    };
    let checkpoint = || {
        Tuple::new("checkpoint")
            .bytes(&labelled("community"))
            .uint(5)
            .bytes(&labelled("head"))
            .bytes(&labelled("root"))
    };
    let labelled_otherwise = |label| {
        let mut tuple = Tuple::new(label);
        for field in statement().fields() {
            tuple = tuple.bytes(field);
        }
        tuple.encode()
    };
    let mut flipped = sign(signer(), &message(), Scheme::Pss);
    flipped[128] ^= 1;
    vec![
        over(
            "signature-other-statement",
            "over the same checkpoint with another time",
            &checkpoint().uint(6).encode(),
            signer(),
        ),
        over(
            "signature-other-label",
            "over the same fields under another label",
            &labelled_otherwise("entry"),
            signer(),
        ),
        over(
            "signature-other-key",
            "by another account",
            &message(),
            named("m02"),
        ),
        bad(
            "signature-flipped",
            "one bit in the midst is turned",
            "SIG-1",
            &flipped,
        )
        .flag("unverified"),
    ]
}

fn signer() -> &'static Account {
    named("m01")
}

fn statement() -> Tuple {
    Tuple::new("checkpoint")
        .bytes(&labelled("community"))
        .uint(5)
        .bytes(&labelled("head"))
        .bytes(&labelled("root"))
        .uint(1_772_355_605_000)
}

fn message() -> Vec<u8> {
    statement().encode()
}

fn modulus(account: &Account) -> Vec<u8> {
    use rsa::traits::PublicKeyParts;
    account.private_key().n().to_bytes_be()
}

/// A good signature whose first byte is zero: one in 256 is.
fn leading_zero() -> Vec<u8> {
    (0..)
        .map(|i| {
            signer().sign(
                &message(),
                Scheme::Pss,
                &mut Seeded::new(&format!("leading zero {i}")),
            )
        })
        .find(|s| s[0] == 0)
        .expect("there is one")
}

fn bad(id: &str, about: &str, requirement: &'static str, bytes: &[u8]) -> Test {
    invalid(id, about, &[requirement], "bad_signature")
        .bytes("public_key", signer().public_key())
        .bytes("message", &message())
        .bytes("signature", bytes)
}
