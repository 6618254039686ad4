//! Contents: what is under the seal.

use crate::community::{Community, labelled};
use crate::file::{Test, invalid, valid};
use crate::keys::named;
use crate::ordered::compact;
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::invitation::Invitation;
use dispatch_conformance::codec::randomness::Seeded;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::{BigUint, RsaPrivateKey};
use serde_json::{Value, json};

const ORIGIN: &str = "https://chat.example.org";

/// The PKCS#8 of a test key; `short` is the one that has too few bits.
pub(super) fn private_key(name: &str) -> Vec<u8> {
    let short = include_str!("../../../../../vectors/keys/refused/short.test-key.pem");
    let key = match name {
        "short" => RsaPrivateKey::from_pkcs8_pem(short).expect("a key"),
        name => named(name).private_key().clone(),
    };
    pkcs8(&key)
}

fn pkcs8(key: &RsaPrivateKey) -> Vec<u8> {
    key.to_pkcs8_der().expect("a key").as_bytes().to_vec()
}

pub(super) fn with_key(private_key: &[u8]) -> Value {
    json!({ "private_key": encode(private_key), "cards": [], "communities": [] })
}

/// What must be there, and nothing in the lists.
pub(super) fn least() -> Value {
    with_key(&private_key("m01"))
}

fn invitation(community: &Community) -> String {
    Invitation {
        origin: ORIGIN.into(),
        community: community.id(),
    }
    .write()
}

/// Every member.
pub(super) fn full() -> Value {
    let here = Community::example();
    let elsewhere = Community::found("Elsewhere", named("other-authority"), named("other-server"));
    let mut full = least();
    full["cards"] = json!([
        encode(&labelled("newer card")),
        encode(&named("m01").x25519_private())
    ]);
    full["communities"] = json!([
        { "invitation": invitation(&here), "checkpoint": here.checkpoint() },
        { "invitation": invitation(&elsewhere) },
    ]);
    full["names"] = json!([
        { "account": encode(&named("m02").id()), "name": "Bob" },
        { "account": encode(&named("m03").id()), "name": "Zo\u{eb} \u{1f600}" },
    ]);
    full
}

fn ok(id: &str, about: &str, requirement: &'static str, contents: &str, name: &str) -> Test {
    valid(id, about, &[requirement])
        .bytes("contents", contents.as_bytes())
        .with("account", encode(&named(name).id()))
}

pub(super) fn good() -> Vec<Test> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut contents = full();
        change(&mut contents);
        compact(&contents)
    };
    let ok_least = |id: &str, about: &str, name: &str| {
        ok(
            id,
            about,
            "BACKUP-3",
            &compact(&with_key(&private_key(name))),
            name,
        )
    };
    let unknown = with(&|c| {
        c["theme"] = json!({ "is": ["dark", null, true] });
        c["communities"][0]["muted"] = true.into();
        c["communities"][0]["checkpoint"]["witness"] = "w".into();
        c["names"][0]["since"] = 7.into();
    });
    let fraction = compact(&least()).replacen('{', r#"{"size":-1.5e3,"#, 1);
    vec![
        ok_least("contents-least", "empty lists, no `names`", "m01"),
        ok_least("contents-3072", "a key of 3072 bits", "m13"),
        ok_least("contents-4096", "a key of 4096 bits", "m14"),
        ok(
            "contents-full",
            "every member",
            "BACKUP-3",
            &compact(&full()),
            "m01",
        ),
        ok(
            "contents-spaced",
            "white space",
            "BACKUP-3",
            &format!(" {} \n", compact(&full())),
            "m01",
        ),
        ok(
            "contents-1024-cards",
            "1024 cards",
            "BACKUP-3",
            &with(&|c| c["cards"] = cards(1024)),
            "m01",
        ),
        ok(
            "contents-name-255",
            "a name of 255 bytes",
            "BACKUP-3",
            &with(&|c| c["names"][0]["name"] = format!("{}.", "é".repeat(127)).into()),
            "m01",
        ),
        ok(
            "contents-same-community",
            "a community at two origins",
            "BACKUP-3",
            &with(&|c| {
                let again = c["communities"][0]["invitation"]
                    .as_str()
                    .expect("a text")
                    .replace("chat", "talk");
                c["communities"][1]["invitation"] = again.into();
            }),
            "m01",
        ),
        ok(
            "contents-unknown-members",
            "members that the reader does not know",
            "BACKUP-5",
            &unknown,
            "m01",
        )
        .flag("strict-reader"),
        ok(
            "contents-unknown-fraction",
            "a fraction in a member that the reader does not know",
            "BACKUP-5",
            &fraction,
            "m01",
        )
        .flag("strict-reader"),
    ]
}

fn cards(count: usize) -> Value {
    vec![encode(&labelled("card")); count].into()
}

pub(super) fn bad() -> Vec<Test> {
    let bytes = |id: &str, about: &str, flag, bytes: &[u8]| {
        invalid(id, about, &["BACKUP-3"], "bad_backup")
            .flag(flag)
            .bytes("contents", bytes)
    };
    let json =
        |id: &str, about: &str, text: &str| bytes(id, about, "contents-json", text.as_bytes());
    let flagged = |id: &str, about: &str, flag, change: &dyn Fn(&mut Value)| {
        let mut contents = full();
        change(&mut contents);
        bytes(id, about, flag, compact(&contents).as_bytes())
    };
    let form = |id: &str, about: &str, change: &dyn Fn(&mut Value)| {
        flagged(id, about, "contents-form", change)
    };
    let without = |name: &'static str| {
        form(
            &format!("contents-without-{}", name.replace('_', "-")),
            &format!("`{name}` is missing"),
            &|c| {
                drop(c.as_object_mut().expect("an object").remove(name));
            },
        )
    };
    let good = compact(&full());
    let elsewhere = |c: &mut Value| {
        let other = Community::found("Elsewhere", named("other-authority"), named("other-server"));
        c["communities"][0]["checkpoint"] = other.checkpoint();
    };
    let deep = good.replacen(
        '{',
        &format!(r#"{{"later":{}{},"#, "[".repeat(16), "]".repeat(16)),
        1,
    );
    let mut tests = vec![
        without("private_key"),
        without("cards"),
        without("communities"),
        form("contents-null-cards", "cards that are null", &|c| {
            c["cards"] = Value::Null
        }),
        form("contents-null-names", "names that are null", &|c| {
            c["names"] = Value::Null
        }),
        form("contents-short-card", "a card's key of 31 bytes", &|c| {
            c["cards"][0] = encode(&[7; 31]).into()
        }),
        form(
            "contents-padded-key",
            "a private key in base64 with padding",
            &|c| {
                c["private_key"] =
                    format!("{}=", c["private_key"].as_str().expect("a text")).into();
            },
        ),
        form(
            "contents-text-community",
            "an invitation in the place of an object",
            &|c| {
                c["communities"][1] = c["communities"][1]["invitation"].clone();
            },
        ),
        form(
            "contents-bad-invitation",
            "an invitation with a path",
            &|c| {
                c["communities"][1]["invitation"] = "https://chat.example.org/chat".into();
            },
        ),
        form(
            "contents-null-checkpoint",
            "a checkpoint that is null",
            &|c| c["communities"][0]["checkpoint"] = Value::Null,
        ),
        form(
            "contents-short-root",
            "a checkpoint's root of 31 bytes",
            &|c| {
                c["communities"][0]["checkpoint"]["root"] = encode(&[7; 31]).into();
            },
        ),
        form(
            "contents-text-time",
            "a checkpoint's time as a text",
            &|c| c["communities"][0]["checkpoint"]["time"] = "1".into(),
        ),
        form("contents-empty-name", "an empty name", &|c| {
            c["names"][0]["name"] = "".into()
        }),
        form("contents-long-name", "a name of 256 bytes", &|c| {
            c["names"][0]["name"] = "é".repeat(128).into()
        }),
        form("contents-short-account", "an account of 31 bytes", &|c| {
            c["names"][0]["account"] = encode(&[7; 31]).into()
        }),
        flagged(
            "contents-1025-cards",
            "1025 cards",
            "contents-bounds",
            &|c| c["cards"] = cards(1025),
        ),
        flagged(
            "contents-1025-communities",
            "1025 communities",
            "contents-bounds",
            &|c| {
                c["communities"] = vec![json!({ "invitation": c["communities"][1]["invitation"].as_str().expect("a text").replace("https://chat.example.org", "http://a") }); 1025].into();
            },
        ),
        flagged(
            "contents-other-community",
            "a checkpoint of another community than the invitation",
            "other-community",
            &elsewhere,
        ),
        flagged(
            "contents-empty-checkpoint",
            "a checkpoint of no block",
            "other-community",
            &|c| {
                c["communities"][0]["checkpoint"]["size"] = 0.into();
            },
        ),
        json(
            "contents-member-twice",
            "a member that stands twice",
            &good.replacen('{', r#"{"cards":[],"#, 1),
        ),
        json(
            "contents-mark",
            "a byte-order mark",
            &format!("\u{feff}{good}"),
        ),
        json(
            "contents-trailing-text",
            "something behind the object",
            &format!("{good} {{}}"),
        ),
        json("contents-list", "a list", &format!("[{good}]")),
        json("contents-deep", "nested 17 deep", &deep),
        json(
            "contents-surrogate",
            "half of a surrogate pair",
            &good.replace("Bob", r"\ud800"),
        ),
        bytes(
            "contents-not-utf8",
            "bytes that are not UTF-8",
            "contents-json",
            &[good.as_bytes(), b"\xff"].concat(),
        ),
    ];
    tests.extend(bad_keys());
    tests
}

fn bad_keys() -> Vec<Test> {
    let bad = |id: &str, about: &str, key: &[u8]| {
        invalid(id, about, &["BACKUP-4"], "bad_key")
            .flag("key-unchecked")
            .bytes("contents", compact(&with_key(key)).as_bytes())
    };
    let good = private_key("m01");
    let mut seed = Seeded::new("dispatch-d/1 test key with the exponent 3");
    let three =
        RsaPrivateKey::new_with_exp(&mut seed, 2048, &BigUint::from(3u8)).expect("2048 bits");
    let pkcs1 = named("m01").private_key().to_pkcs1_der().expect("a key");
    vec![
        bad(
            "contents-key-1024",
            "a key of 1024 bits",
            &private_key("short"),
        ),
        bad(
            "contents-key-exponent-3",
            "an exponent of 3",
            &pkcs8(&three),
        ),
        bad(
            "contents-key-pkcs1",
            "PKCS#1 in the place of PKCS#8",
            pkcs1.as_bytes(),
        ),
        bad(
            "contents-key-public",
            "a public key",
            named("m01").public_key(),
        ),
        bad(
            "contents-key-cut",
            "the last byte is missing",
            &good[..good.len() - 1],
        ),
        bad(
            "contents-key-trailing",
            "a byte behind the key",
            &[&good[..], &[0]].concat(),
        ),
        bad(
            "contents-key-pem",
            "the text of a PEM",
            b"-----BEGIN PRIVATE KEY-----",
        ),
        bad("contents-key-empty", "no bytes", b""),
    ]
}
