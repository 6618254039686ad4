//! Files: their form, and their seal.

use super::{FEWEST, contents, okm, salt};
use crate::file::{Test, invalid, valid};
use crate::keys::named;
use crate::ordered::compact;
use dispatch_conformance::codec::backup::{self, FORMAT, aad};
use dispatch_conformance::codec::base64url::encode;
use serde_json::{Value, json};

const PASSPHRASE: &str = "correct horse battery staple";

fn file(salt: &[u8], iterations: u64, sealed: &[u8]) -> Value {
    json!({ "format": FORMAT, "salt": encode(salt), "iterations": iterations, "sealed": encode(sealed) })
}

/// A file that would be good if its seal were.
fn unsealed() -> Value {
    file(&salt(), FEWEST, &[7; 40])
}

pub(super) fn forms() -> Vec<Test> {
    let ok = |id: &str, about: &str, text: &str, salt: &[u8], iterations: u64, sealed: &[u8]| {
        valid(id, about, &["BACKUP-1"])
            .bytes("backup", text.as_bytes())
            .bytes("salt", salt)
            .with("iterations", iterations)
            .bytes("sealed", sealed)
    };
    let of = |iterations, sealed: &[u8]| compact(&file(&salt(), iterations, sealed));
    let bytes = |id: &str, about: &str, flag, bytes: &[u8]| {
        invalid(id, about, &["BACKUP-1"], "bad_backup")
            .flag(flag)
            .bytes("backup", bytes)
    };
    let json = |id: &str, about: &str, text: &str| bytes(id, about, "json", text.as_bytes());
    let form = |id: &str, about: &str, change: &dyn Fn(&mut Value)| {
        let mut file = unsealed();
        change(&mut file);
        bytes(id, about, "form", compact(&file).as_bytes())
    };
    let bounds = |id: &str, about: &str, iterations: u64| {
        bytes(id, about, "bounds", of(iterations, &[7; 40]).as_bytes())
    };
    let without = |name: &'static str| {
        form(
            &format!("backup-without-{name}"),
            &format!("`{name}` is missing"),
            &|file| drop(file.as_object_mut().expect("an object").remove(name)),
        )
    };
    let good = compact(&unsealed());
    let twice = good.replacen('{', r#"{"iterations":10000000,"#, 1);
    vec![
        ok(
            "backup-file",
            "the fewest iterations",
            &good,
            &salt(),
            FEWEST,
            &[7; 40],
        ),
        ok(
            "backup-file-most-iterations",
            "the most iterations",
            &of(10_000_000, &[7; 40]),
            &salt(),
            10_000_000,
            &[7; 40],
        ),
        ok(
            "backup-file-tag-alone",
            "a seal of a tag alone",
            &of(FEWEST, &[7; 16]),
            &salt(),
            FEWEST,
            &[7; 16],
        ),
        ok(
            "backup-file-spaced",
            "white space",
            &format!(" {}\n", good.replace(',', " , ")),
            &salt(),
            FEWEST,
            &[7; 40],
        ),
        bounds("backup-few-iterations", "599,999 iterations", FEWEST - 1),
        bounds(
            "backup-many-iterations",
            "10,000,001 iterations",
            10_000_001,
        ),
        bounds(
            "backup-greatest-iterations",
            "2^53 - 1 iterations",
            9_007_199_254_740_991,
        ),
        form(
            "backup-unknown-member",
            "a member that no backup has",
            &|f| f["hint"] = "a horse".into(),
        ),
        form("backup-other-format", "another format", &|f| {
            f["format"] = "dispatch-d/2 backup".into()
        }),
        form("backup-evidence", "the format of another file", &|f| {
            f["format"] = "dispatch-d/1 evidence".into()
        }),
        form("backup-short-salt", "a salt of 15 bytes", &|f| {
            f["salt"] = encode(&salt()[..15]).into()
        }),
        form("backup-long-salt", "a salt of 17 bytes", &|f| {
            f["salt"] = encode(&[7; 17]).into()
        }),
        form("backup-padded-salt", "a salt with padding", &|f| {
            f["salt"] = format!("{}==", encode(&salt())).into()
        }),
        form("backup-text-iterations", "iterations as a text", &|f| {
            f["iterations"] = "600000".into()
        }),
        form("backup-null-sealed", "a seal that is null", &|f| {
            f["sealed"] = Value::Null
        }),
        form(
            "backup-short-seal",
            "a seal that is shorter than a tag",
            &|f| f["sealed"] = encode(&[7; 15]).into(),
        ),
        form("backup-spaced-seal", "a line end inside the seal", &|f| {
            f["sealed"] = "QUFB\nQUFBQUFBQUFBQUFBQUFBQUFB".into()
        }),
        without("format"),
        without("salt"),
        without("iterations"),
        without("sealed"),
        json("backup-member-twice", "a member that stands twice", &twice),
        json(
            "backup-mark",
            "a byte-order mark",
            &format!("\u{feff}{good}"),
        ),
        json(
            "backup-trailing-text",
            "something behind the object",
            &format!("{good}{{}}"),
        ),
        json("backup-cut", "the end is missing", &good[..good.len() - 1]),
        json("backup-empty", "nothing", ""),
        json("backup-list", "a list", &format!("[{good}]")),
        json(
            "backup-fraction",
            "iterations as a fraction",
            &good.replace("600000", "600000.0"),
        ),
        json(
            "backup-exponent",
            "iterations with an exponent",
            &good.replace("600000", "6e5"),
        ),
        bytes(
            "backup-not-utf8",
            "bytes that are not UTF-8",
            "json",
            &[good.as_bytes(), b"\xff"].concat(),
        ),
    ]
}

/// The test of a file that this passphrase seals; `typed` is what opens it.
fn opening(id: &str, about: &str, sealed_with: &str, typed: &str, contents: &str) -> Test {
    let (okm, aad) = (
        okm(sealed_with, &salt(), FEWEST),
        aad(&salt(), FEWEST).encode(),
    );
    let sealed = backup::seal(&okm, &aad, contents.as_bytes());
    valid(id, about, &["BACKUP-2"])
        .bytes(
            "backup",
            compact(&file(&salt(), FEWEST, &sealed)).as_bytes(),
        )
        .with("passphrase", typed)
        .bytes("okm", &okm)
        .bytes("aad", &aad)
        .bytes("contents", contents.as_bytes())
        .with("account", encode(&named("m01").id()))
}

pub(super) fn good() -> Vec<Test> {
    let (least, full) = (compact(&contents::least()), compact(&contents::full()));
    // composed by NFC, and what NFC leaves as it is: a ligature, a full-width letter, upper case
    let composed = "Zo\u{eb} \u{fb01}\u{ff21} \u{d55c}";
    let typed = "Zoe\u{308} \u{fb01}\u{ff21} \u{1112}\u{1161}\u{11ab}";
    vec![
        opening(
            "backup-usual",
            "every member",
            PASSPHRASE,
            PASSPHRASE,
            &full,
        ),
        opening(
            "backup-typed-otherwise",
            "a passphrase whose letters are typed in parts",
            composed,
            typed,
            &least,
        )
        .flag("passphrase-as-typed"),
        opening(
            "backup-spaces-around",
            "a passphrase with spaces around it",
            " open sesame ",
            " open sesame ",
            &least,
        )
        .flag("passphrase-changed"),
    ]
}

pub(super) fn shut() -> Vec<Test> {
    let contents = compact(&contents::least());
    let (okm, aad) = (
        okm(PASSPHRASE, &salt(), FEWEST),
        aad(&salt(), FEWEST).encode(),
    );
    let sealed = || backup::seal(&okm, &aad, contents.as_bytes());
    let refused = |test: Test, file: Value, passphrase: &str| {
        test.bytes("backup", compact(&file).as_bytes())
            .with("passphrase", passphrase)
    };
    let shut = |id: &str, about: &str, flag, sealed: &[u8]| {
        let test = invalid(id, about, &["BACKUP-2"], "bad_passphrase").flag(flag);
        refused(test, file(&salt(), FEWEST, sealed), PASSPHRASE)
    };
    let mut flipped = sealed();
    flipped[20] ^= 1;
    let mut zero_nonce = okm;
    zero_nonce[32..].fill(0);
    let test = |id: &str, about: &str, flag| {
        invalid(id, about, &["BACKUP-2"], "bad_passphrase").flag(flag)
    };
    let other_key = contents::with_key(&contents::private_key("short"));
    vec![
        refused(
            test(
                "backup-other-passphrase",
                "another passphrase",
                "unauthenticated",
            ),
            file(&salt(), FEWEST, &sealed()),
            "correct horse battery stapler",
        ),
        refused(
            test(
                "backup-other-iterations",
                "another number of iterations than it was sealed with",
                "unauthenticated",
            ),
            file(&salt(), FEWEST + 1, &sealed()),
            PASSPHRASE,
        ),
        shut(
            "backup-flipped",
            "a bit of the seal is turned",
            "unauthenticated",
            &flipped,
        ),
        shut(
            "backup-no-aad",
            "sealed without the parameters under the tag",
            "info-left-out",
            &backup::seal(&okm, &[], contents.as_bytes()),
        ),
        shut(
            "backup-zero-nonce",
            "sealed with a nonce of zeros",
            "other-parameters",
            &backup::seal(&zero_nonce, &aad, contents.as_bytes()),
        ),
        refused(
            invalid(
                "backup-sealed-list",
                "contents that are a list",
                &["BACKUP-3"],
                "bad_backup",
            )
            .flag("contents-form"),
            file(&salt(), FEWEST, &backup::seal(&okm, &aad, b"[]")),
            PASSPHRASE,
        ),
        refused(
            invalid(
                "backup-sealed-short-key",
                "a key of 1024 bits",
                &["BACKUP-4"],
                "bad_key",
            )
            .flag("key-unchecked"),
            file(
                &salt(),
                FEWEST,
                &backup::seal(&okm, &aad, compact(&other_key).as_bytes()),
            ),
            PASSPHRASE,
        ),
    ]
}
