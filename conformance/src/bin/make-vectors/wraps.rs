//! `wraps.json`: commitments, and secrets wrapped to cards.

use crate::community::labelled;
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::chain::SMALL_ORDER;
use dispatch_conformance::codec::epoch::{Wrapping, commitment};
use dispatch_conformance::codec::{Hash, hpke};
use serde_json::{Value, json};

pub fn file() -> File {
    File::new("wraps", "Epoch secrets: commitments, and wraps by HPKE. Cards are those of vectors/keys/accounts.json.")
        .flag("info-left-out", "leaves a value out of HPKE's info, so that a wrap can be moved", &[])
        .flag("other-parameters", "opens under another KEM, KDF, AEAD, mode or aad", &[])
        .flag("zero-secret", "goes on with an X25519 result of zeros", &["x25519-dalek", "BoringSSL's raw X25519 without its return value"])
        .flag("commitment-unchecked", "takes whatever secret comes out", &[])
        .flag("first-wrap-only", "gives an epoch up because one wrap of several does not open", &[])
        .group(Group::new("commitments", "`commitment` is H(Tuple(\"commitment\", `secret`)).").tests(commitments()))
        .group(
            Group::new(
                "sealed",
                "Seal `secret` to `x25519` with the values of the info and the ephemeral private key `ephemeral` (RFC 9180, \
                 section 4.1, its key pair): `info` is the info tuple, `wrap` the result. A library that does not take an \
                 ephemeral key can run these as `opened`.",
            )
            .tests(sealed()),
        )
        .group(
            Group::new("not-sealed", "As `sealed`, but sealing must be refused.").tests(not_sealed()),
        )
        .group(
            Group::new(
                "opened",
                "Open `wrap` with the card's private key `x25519_private` and the values of the info: `secret`.",
            )
            .tests(opened())
            .tests(not_opened()),
        )
        .group(
            Group::new(
                "several-wraps",
                "The `wraps` that one recipient has of an epoch, in the order of their blocks, each with its `author`, the card `x25519` \
                 and that card's private key. Try each: `secret`. The code is that of an epoch that cannot be read.",
            )
            .tests(several()),
        )
        .flag_rest("unauthenticated", "decrypts without the tag, or under another key than the one derived", &["wrap-"])
}

/// A wrap's surroundings. Tests change one of them.
#[derive(Clone)]
struct Case {
    wrapping: Wrapping,
    private: [u8; 32],
    secret: Hash,
    ephemeral: [u8; 32],
}

fn case() -> Case {
    let (alice, bob) = (named("m01"), named("m02"));
    let secret = labelled("epoch secret");
    Case {
        wrapping: Wrapping::between(labelled("community"), alice, bob, commitment(&secret)),
        private: bob.x25519_private(),
        secret,
        ephemeral: labelled("ephemeral"),
    }
}

impl Case {
    fn wrap(&self) -> Vec<u8> {
        self.wrapping
            .wrap(&self.secret, &self.ephemeral)
            .expect("a usable card")
    }

    /// The values of the info.
    fn named(&self, test: Test) -> Test {
        let w = &self.wrapping;
        test.bytes("community", &w.community)
            .bytes("author", &w.author)
            .bytes("recipient", &w.recipient)
            .bytes("x25519", &w.x25519)
            .bytes("commitment", &w.commitment)
    }
}

fn commitments() -> Vec<Test> {
    [
        ("commitment-sevens", [7; 32]),
        ("commitment-zeros", [0; 32]),
        ("commitment-usual", labelled("epoch secret")),
    ]
    .into_iter()
    .map(|(id, secret)| {
        valid(id, "a secret and its commitment", &["TUPLE-1", "ENC-2"])
            .bytes("secret", &secret)
            .bytes("commitment", &commitment(&secret))
    })
    .collect()
}

fn sealed() -> Vec<Test> {
    let seal = |id: &str, about: &str, case: &Case| {
        case.named(valid(id, about, &["ENC-14"]))
            .bytes("info", &case.wrapping.info().encode())
            .bytes("ephemeral", &case.ephemeral)
            .bytes("secret", &case.secret)
            .bytes("wrap", &case.wrap())
    };
    let usual = case();
    let mut own = usual.clone();
    own.wrapping.recipient = own.wrapping.author;
    own.wrapping.x25519 = named("m01").x25519_public();
    let mut unclamped = usual.clone();
    unclamped.ephemeral = [0xff; 32];
    vec![
        seal("wrap-sealed", "m01 wraps for m02", &usual),
        seal("wrap-sealed-to-oneself", "m01 wraps for m01", &own),
        seal(
            "wrap-sealed-unclamped",
            "an ephemeral private key of ones, which X25519 clamps",
            &unclamped,
        ),
    ]
}

fn not_sealed() -> Vec<Test> {
    SMALL_ORDER
        .iter()
        .enumerate()
        .map(|(i, point)| {
            let mut case = case();
            case.wrapping.x25519 = *point;
            case.named(invalid(
                format!("wrap-not-sealed-{i}"),
                "a card of small order: the X25519 result is zeros",
                &["ENC-4"],
                "bad_wrap",
            ))
            .flag("zero-secret")
            .bytes("ephemeral", &case.ephemeral)
            .bytes("secret", &case.secret)
        })
        .collect()
}

fn opened() -> Vec<Test> {
    let all = ["m01", "m03", "m13", "o01"];
    let open = |id: &str, about: &str, case: &Case| {
        case.named(valid(id, about, &["ENC-3"]))
            .bytes("x25519_private", &case.private)
            .bytes("wrap", &case.wrap())
            .bytes("secret", &case.secret)
    };
    let mut tests = vec![open("wrap-opened", "m02 opens what m01 wrapped", &case())];
    tests.extend(all.map(|name| {
        let account = named(name);
        let mut case = case();
        case.wrapping.recipient = account.id();
        case.wrapping.x25519 = account.x25519_public();
        case.private = account.x25519_private();
        case.ephemeral = labelled(name);
        open(
            &format!("wrap-opened-by-{name}"),
            &format!("{name} opens what m01 wrapped"),
            &case,
        )
    }));
    tests
}

fn not_opened() -> Vec<Test> {
    let bad = |id: &str, about: &str, requirement, code, case: &Case, wrap: &[u8]| {
        case.named(invalid(id, about, &[requirement], code))
            .bytes("x25519_private", &case.private)
            .bytes("wrap", wrap)
    };
    let good = case();
    let other = |id: &str, about: &str, change: fn(&mut Case)| {
        let mut case = good.clone();
        change(&mut case);
        bad(id, about, "ENC-3", "bad_wrap", &case, &good.wrap())
    };
    let info = |id: &str, about: &str, change: fn(&mut Case)| {
        other(id, about, change).flag("info-left-out")
    };
    let flipped = |at: usize| {
        let mut wrap = good.wrap();
        wrap[at] ^= 1;
        wrap
    };
    let raw = |info: &[u8], aad: &[u8]| {
        let (encapsulated, ciphertext) = hpke::seal(
            &good.wrapping.x25519,
            info,
            aad,
            &good.secret,
            &good.ephemeral,
        )
        .expect("a usable card");
        [&encapsulated[..], &ciphertext].concat()
    };
    let tuple = good.wrapping.info().encode();
    let mut lying = good.clone();
    lying.wrapping.commitment = commitment(&labelled("another secret"));
    let zeros = [&[0; 32], &good.wrap()[32..]].concat();
    let small = |i: usize| [&SMALL_ORDER[i], &good.wrap()[32..]].concat();
    let zero_result = |id: &str, about: &str, wrap: &[u8]| {
        bad(id, about, "ENC-4", "bad_wrap", &good, wrap).flag("zero-secret")
    };
    vec![
        info(
            "wrap-other-community",
            "moved into another community",
            |c| c.wrapping.community = labelled("elsewhere"),
        ),
        info(
            "wrap-other-author",
            "moved into another author's entry",
            |c| c.wrapping.author = named("m03").id(),
        ),
        info(
            "wrap-other-recipient",
            "moved to another account that holds the same card",
            |c| c.wrapping.recipient = named("m03").id(),
        ),
        info("wrap-other-card-in-info", "another card in the info", |c| {
            c.wrapping.x25519 = named("m03").x25519_public()
        }),
        info("wrap-other-commitment", "moved into another epoch", |c| {
            c.wrapping.commitment = commitment(&labelled("another secret"))
        }),
        other(
            "wrap-other-private-key",
            "opened with another card's private key",
            |c| c.private = named("m03").x25519_private(),
        ),
        bad(
            "wrap-empty-info",
            "sealed with an empty info",
            "ENC-3",
            "bad_wrap",
            &good,
            &raw(b"", b""),
        )
        .flag("other-parameters"),
        bad(
            "wrap-with-aad",
            "sealed with the info as aad, too",
            "ENC-3",
            "bad_wrap",
            &good,
            &raw(&tuple, &tuple),
        )
        .flag("other-parameters"),
        bad(
            "wrap-flipped-key",
            "a bit of the encapsulated key is turned",
            "ENC-3",
            "bad_wrap",
            &good,
            &flipped(3),
        ),
        bad(
            "wrap-flipped-ciphertext",
            "a bit of the ciphertext is turned",
            "ENC-3",
            "bad_wrap",
            &good,
            &flipped(40),
        ),
        bad(
            "wrap-flipped-tag",
            "a bit of the tag is turned",
            "ENC-3",
            "bad_wrap",
            &good,
            &flipped(79),
        ),
        zero_result("wrap-key-zero", "the encapsulated key is 0", &zeros),
        zero_result("wrap-key-one", "the encapsulated key is 1", &small(1)),
        zero_result(
            "wrap-key-order-8",
            "the encapsulated key is a point of order 8",
            &small(2),
        ),
        zero_result(
            "wrap-known-to-all",
            "sealed by anyone for anyone: the encapsulated key is 0, the rest follows from a result of zeros",
            &known_to_all(&good),
        ),
        bad(
            "wrap-commitment-broken",
            "opens, to another secret than the one committed to",
            "ENC-2",
            "bad_commitment",
            &lying,
            &lying.wrap(),
        )
        .flag("commitment-unchecked"),
    ]
}

/// What opens for an implementation that does not look at the X25519 result: the schedule over zeros is anyone's.
fn known_to_all(case: &Case) -> Vec<u8> {
    let encapsulated = [0; 32];
    let ciphertext = hpke::seal_over(
        &[0; 32],
        &encapsulated,
        &case.wrapping.x25519,
        &case.wrapping.info().encode(),
        b"",
        &case.secret,
    );
    [&encapsulated[..], &ciphertext].concat()
}

/// Several wraps for one recipient, some of them of no use.
fn several() -> Vec<Test> {
    let good = case();
    let by_carol = Case {
        wrapping: Wrapping {
            author: named("m03").id(),
            ..good.wrapping.clone()
        },
        ephemeral: labelled("ephemeral of m03"),
        ..good.clone()
    };
    let new_card = Case {
        wrapping: Wrapping {
            x25519: named("o02").x25519_public(),
            ..by_carol.wrapping.clone()
        },
        private: named("o02").x25519_private(),
        ..by_carol.clone()
    };
    let other_secret = Case {
        secret: labelled("another secret"),
        ..good.clone()
    };
    let useless = vec![5; 80];
    let test = |test: Test, wraps: &[(&Case, Vec<u8>)]| {
        let wraps: Vec<Value> = wraps
            .iter()
            .map(|(case, wrap)| {
                json!({
                    "author": encode(&case.wrapping.author),
                    "x25519": encode(&case.wrapping.x25519),
                    "x25519_private": encode(&case.private),
                    "wrap": encode(wrap),
                })
            })
            .collect();
        test.flag("first-wrap-only")
            .bytes("community", &good.wrapping.community)
            .bytes("recipient", &good.wrapping.recipient)
            .bytes("commitment", &good.wrapping.commitment)
            .with("wraps", wraps)
    };
    let ok = |id: &str, about: &str, wraps: &[(&Case, Vec<u8>)]| {
        test(valid(id, about, &["ENC-17"]), wraps).bytes("secret", &good.secret)
    };
    vec![
        ok(
            "wraps-second-opens",
            "the epoch's author wrapped rubbish, another recipient the secret",
            &[(&good, useless.clone()), (&by_carol, by_carol.wrap())],
        ),
        ok(
            "wraps-first-opens",
            "the first opens, the second does not",
            &[(&good, good.wrap()), (&by_carol, useless.clone())],
        ),
        ok(
            "wraps-other-secret-first",
            "the first opens to a secret that was not committed to",
            &[(&good, other_secret.wrap()), (&by_carol, by_carol.wrap())],
        ),
        ok(
            "wraps-zero-result-first",
            "the encapsulated key of the first is 0",
            &[
                (&good, [&[0; 32], &good.wrap()[32..]].concat()),
                (&by_carol, by_carol.wrap()),
            ],
        ),
        ok(
            "wraps-new-card",
            "the second is for a newer card",
            &[(&good, useless.clone()), (&new_card, new_card.wrap())],
        ),
        test(
            invalid(
                "wraps-none-opens",
                "neither opens",
                &["ENC-17", "ENC-3"],
                "bad_wrap",
            ),
            &[(&good, useless.clone()), (&by_carol, useless.clone())],
        ),
    ]
}
