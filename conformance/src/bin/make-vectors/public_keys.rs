//! `keys.json`: public keys in DER, and all that is nearly one.

use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use crate::measured::{self, Flag};
use dispatch_conformance::codec::der::{element, unsigned_integer};
use dispatch_conformance::codec::public_key::{RSA_ENCRYPTION, to_der};
use dispatch_conformance::codec::randomness::{Randomness, Seeded};
use dispatch_conformance::codec::sha256;
use rsa::traits::PublicKeyParts;
use serde_json::json;

const FLAGS: [Flag; 4] = [
    (
        "lax-der",
        "reads BER: lengths, integers or bytes behind the end that DER does not allow",
        &[],
    ),
    (
        "other-form",
        "takes another structure that holds an RSA key",
        &[],
    ),
    (
        "weak-key",
        "takes keys that are too short, even, or have another exponent",
        &[],
    ),
    (
        "odd-size",
        "takes, or cannot read, a modulus whose bits do not fill its bytes",
        &[],
    ),
];

pub fn file() -> File {
    measured::file(
        File::new(
            "keys",
            "Public keys. Read `der` as a public key; a valid one gives `account`, its SHA-256, and has `bits` bits.",
        ),
        &FLAGS,
        Group::new(
            "public-keys",
            "`der`: the bytes; `account`: the id; `bits`: the modulus' length. `defaults`: whether the library of that name takes the \
             bytes for a public key, called as the group's `defaults` says.",
        ),
        json!({
            "Node crypto": "Node 20 (OpenSSL 3): crypto.createPublicKey({key: der, format: 'der', type: 'spki'})",
            "WebCrypto": "Node 20 (OpenSSL 3): subtle.importKey('spki', der, {name: 'RSA-PSS', hash: 'SHA-256'}, false, ['verify'])",
            "Python cryptography": "cryptography 48 (OpenSSL): load_der_public_key(der)",
            "RustCrypto rsa": "rsa 0.9: RsaPublicKey::from_public_key_der(der)",
            "aws-lc-rs": "aws-lc-rs 1: ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der)",
        }),
        [good(), not_der(), other_forms(), unfit()]
            .into_iter()
            .flatten()
            .collect(),
    )
}

fn good() -> Vec<Test> {
    let of = |id: &str, about: &str, name: &str| key(id, about, named(name).public_key());
    vec![
        of("key-2048", "2048 bits", "m01"),
        of("key-3072", "3072 bits", "m13"),
        of("key-4096", "4096 bits: the largest", "m14"),
        key(
            "key-2056",
            "2056 bits: a multiple of 8 and of nothing larger",
            &to_der(&modulus(2056), &E),
        ),
        key("key-4088", "4088 bits", &to_der(&modulus(4088), &E)),
    ]
}

fn not_der() -> Vec<Test> {
    let n = named("m01").private_key().n().to_bytes_be();
    let good = named("m01").public_key();
    let numbers = [unsigned_integer(&n), unsigned_integer(&E)].concat();
    let spki = |numbers: &[u8]| {
        info(
            &RSA_ENCRYPTION,
            &[&[0], &element(0x30, numbers)[..]].concat(),
        )
    };
    let raw_integer = |contents: &[u8]| element(0x02, contents);
    let bad = |id: &str, about: &str, der: &[u8]| broken(id, about, "KEY-1", der).flag("lax-der");
    let octets = [
        &RSA_ENCRYPTION[..],
        &element(0x04, &[&[0], &element(0x30, &numbers)[..]].concat()),
    ];
    let octets = element(0x30, &octets.concat());
    let mut negative = n.clone();
    negative[0] |= 0x80;
    // The outer SEQUENCE's length, 290, is 82 01 22 in DER.
    assert_eq!(good[..4], [0x30, 0x82, 0x01, 0x22]);
    vec![
        bad(
            "key-long-length",
            "the outer length has a leading zero byte",
            &[&[0x30, 0x83, 0, 1, 0x22], &good[4..]].concat(),
        ),
        bad(
            "key-long-length-inside",
            "the exponent's length 3 is written as 81 03",
            &spki(&[&unsigned_integer(&n)[..], &[0x02, 0x81, 3, 1, 0, 1]].concat()),
        ),
        bad(
            "key-indefinite-length",
            "the outer SEQUENCE has an indefinite length",
            &[&[0x30, 0x80], &good[4..], &[0, 0]].concat(),
        ),
        bad(
            "key-modulus-with-needless-zero",
            "two zero bytes before the modulus",
            &spki(
                &[
                    raw_integer(&[&[0, 0], &n[..]].concat()),
                    unsigned_integer(&E),
                ]
                .concat(),
            ),
        ),
        bad(
            "key-exponent-with-needless-zero",
            "a zero byte before the exponent, whose first bit is zero",
            &spki(&[unsigned_integer(&n), raw_integer(&[0, 1, 0, 1])].concat()),
        ),
        bad(
            "key-negative-modulus",
            "the modulus' sign byte is missing, so it is negative",
            &spki(&[raw_integer(&negative), unsigned_integer(&E)].concat()),
        ),
        bad(
            "key-trailing-byte",
            "one byte behind the end",
            &[good, &[0]].concat(),
        ),
        bad(
            "key-trailing-byte-inside",
            "a NULL behind the two integers",
            &spki(&[&numbers[..], &[0x05, 0]].concat()),
        ),
        bad(
            "key-trailing-byte-in-bit-string",
            "a byte behind the inner SEQUENCE",
            &info(
                &RSA_ENCRYPTION,
                &[&[0], &element(0x30, &numbers)[..], &[0]].concat(),
            ),
        ),
        bad(
            "key-cut",
            "the last byte is missing",
            &good[..good.len() - 1],
        ),
        bad(
            "key-unused-bits",
            "the bit string says that one bit is unused",
            &info(
                &RSA_ENCRYPTION,
                &[&[1], &element(0x30, &numbers)[..]].concat(),
            ),
        ),
        bad(
            "key-set",
            "the outer SEQUENCE has the tag of a SET",
            &[&[0x31], &good[1..]].concat(),
        ),
        bad(
            "key-octet-string",
            "an OCTET STRING instead of the bit string",
            &octets,
        ),
        bad(
            "key-enumerated",
            "the exponent has the tag of an ENUMERATED",
            &spki(&[&unsigned_integer(&n)[..], &[0x0a, 3, 1, 0, 1]].concat()),
        ),
        bad(
            "key-modulus-zero",
            "the modulus is 0",
            &spki(&[unsigned_integer(&[0]), unsigned_integer(&E)].concat()),
        ),
        bad(
            "key-integer-empty",
            "the exponent is an integer without bytes",
            &spki(&[&unsigned_integer(&n)[..], &[2, 0]].concat()),
        ),
        bad(
            "key-constructed-bit-string",
            "the bit string is in constructed form (tag 23)",
            &element(
                0x30,
                &[
                    &RSA_ENCRYPTION[..],
                    &element(
                        0x23,
                        &element(0x03, &[&[0], &element(0x30, &numbers)[..]].concat()),
                    ),
                ]
                .concat(),
            ),
        ),
    ]
}

fn other_forms() -> Vec<Test> {
    let n = named("m01").private_key().n().to_bytes_be();
    let pkcs1 = element(0x30, &[unsigned_integer(&n), unsigned_integer(&E)].concat());
    let bits = [&[0], &pkcs1[..]].concat();
    let bad =
        |id: &str, about: &str, der: &[u8]| broken(id, about, "KEY-1", der).flag("other-form");
    // 1.2.840.113549.1.1.10, without and with the parameters of SIG-1.
    let pss_oid = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]);
    let sha256 = element(
        0x30,
        &[
            &element(0x06, &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1])[..],
            &[5, 0],
        ]
        .concat(),
    );
    let mgf1 = element(
        0x30,
        &[
            &element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8])[..],
            &sha256,
        ]
        .concat(),
    );
    let parameters = element(
        0x30,
        &[
            element(0xa0, &sha256),
            element(0xa1, &mgf1),
            element(0xa2, &[2, 1, 32]),
        ]
        .concat(),
    );
    let rsa_oid = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
    vec![
        bad("key-pkcs1", "PKCS#1: the inner SEQUENCE alone", &pkcs1),
        bad(
            "key-without-null",
            "the AlgorithmIdentifier has no parameters",
            &info(&element(0x30, &rsa_oid), &bits),
        ),
        bad(
            "key-null-with-contents",
            "the parameters are an empty SEQUENCE instead of NULL",
            &info(&element(0x30, &[&rsa_oid[..], &[0x30, 0]].concat()), &bits),
        ),
        bad(
            "key-rsassa-pss",
            "the OID of RSASSA-PSS without parameters",
            &info(&element(0x30, &pss_oid), &bits),
        ),
        bad(
            "key-rsassa-pss-with-parameters",
            "the OID of RSASSA-PSS with just the parameters of SIG-1",
            &info(
                &element(0x30, &[pss_oid.clone(), parameters].concat()),
                &bits,
            ),
        ),
        bad("key-pem", "PEM text of a good key", PEM.as_bytes()),
        bad("key-empty", "no bytes", &[]),
    ]
}

fn unfit() -> Vec<Test> {
    let n = named("m01").private_key().n().to_bytes_be();
    let weak = |id: &str, about: &str, requirement, n: &[u8], e: &[u8]| {
        broken(id, about, requirement, &to_der(n, e)).flag("weak-key")
    };
    let odd = |id: &str, about: &str, bits| {
        broken(id, about, "KEY-2", &to_der(&modulus(bits), &E)).flag("odd-size")
    };
    let mut even = n.clone();
    even[255] &= 0xfe;
    vec![
        weak("key-1024", "1024 bits", "KEY-2", &modulus(1024), &E),
        weak(
            "key-2040",
            "2040 bits: 8 too few",
            "KEY-2",
            &modulus(2040),
            &E,
        ),
        weak(
            "key-4104",
            "4104 bits: 8 too many",
            "KEY-2",
            &modulus(4104),
            &E,
        ),
        weak("key-8192", "8192 bits", "KEY-2", &modulus(8192), &E),
        odd("key-2047", "2047 bits: one too few, in 256 bytes", 2047),
        odd("key-2049", "2049 bits, in 257 bytes", 2049),
        odd("key-2055", "2055 bits", 2055),
        odd("key-3071", "3071 bits", 3071),
        odd("key-4095", "4095 bits, in 512 bytes", 4095),
        weak("key-exponent-3", "the exponent is 3", "KEY-3", &n, &[3]),
        weak(
            "key-exponent-1",
            "the exponent is 1: every message is its own signature",
            "KEY-3",
            &n,
            &[1],
        ),
        weak("key-exponent-17", "the exponent is 17", "KEY-3", &n, &[17]),
        weak(
            "key-exponent-65539",
            "the exponent is 65539",
            "KEY-3",
            &n,
            &[1, 0, 3],
        ),
        weak(
            "key-exponent-even",
            "the exponent is 65536",
            "KEY-3",
            &n,
            &[1, 0, 0],
        ),
        weak(
            "key-exponent-long",
            "the exponent is 2^32 + 65537",
            "KEY-3",
            &n,
            &[1, 0, 1, 0, 1],
        ),
        weak(
            "key-even-modulus",
            "the modulus is even",
            "KEY-4",
            &even,
            &E,
        ),
    ]
}

const E: [u8; 3] = [1, 0, 1];

const PEM: &str =
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n";

/// An odd number of just so many bits whose factors nobody knows: the rules do not ask for them.
fn modulus(bits: usize) -> Vec<u8> {
    let mut bytes =
        Seeded::new(&format!("dispatch-d/1 test modulus {bits}")).bytes(bits.div_ceil(8));
    let top = (bits - 1) % 8;
    bytes[0] &= 0xff >> (7 - top);
    bytes[0] |= 1 << top;
    let last = bytes.len() - 1;
    bytes[last] |= 1;
    bytes
}

fn info(algorithm: &[u8], bits: &[u8]) -> Vec<u8> {
    element(0x30, &[algorithm, &element(0x03, bits)].concat())
}

fn key(id: &str, about: &str, der: &[u8]) -> Test {
    let bits: usize = id
        .trim_start_matches("key-")
        .parse()
        .expect("the id says the size");
    valid(id, about, &["KEY-1", "KEY-2", "KEY-5"])
        .bytes("der", der)
        .bytes("account", &sha256(der))
        .with("bits", bits)
}

fn broken(id: &str, about: &str, requirement: &'static str, der: &[u8]) -> Test {
    invalid(id, about, &[requirement], "bad_key").bytes("der", der)
}
