//! What is inside: padding and plaintexts.

use crate::community::labelled;
use crate::file::{Test, invalid, valid};
use crate::ordered::compact;
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::message::pad;
use serde_json::json;

pub(super) fn padding() -> Vec<Test> {
    let ok = |id: &str, about: &str, plaintext: &[u8]| {
        valid(id, about, &["ENC-7", "ENC-15"])
            .bytes("padded", &pad(plaintext))
            .bytes("plaintext", plaintext)
    };
    let bad = |id: &str, about: &str, padded: &[u8]| {
        invalid(id, about, &["ENC-7"], "bad_padding")
            .flag("lax-padding")
            .bytes("padded", padded)
    };
    let body = |n: usize| vec![b'x'; n];
    vec![
        ok("padding-none", "no bytes become a block", b""),
        ok("padding-one", "one byte", b"x"),
        ok("padding-126", "one zero byte", &body(126)),
        ok("padding-127", "no zero byte", &body(127)),
        ok("padding-128", "a block more", &body(128)),
        ok("padding-of-zeros", "a plaintext of zero bytes", &[0; 3]),
        ok(
            "padding-of-0x80",
            "a plaintext that ends in 0x80",
            &[0x80; 5],
        ),
        bad("padding-empty", "no bytes at all", &[]),
        bad("padding-all-zeros", "zeros alone", &[0; 128]),
        bad(
            "padding-full",
            "128 bytes of text and no padding",
            &body(128),
        ),
        bad(
            "padding-no-mark",
            "zeros behind the text, without 0x80",
            &[&body(100)[..], &[0; 28]].concat(),
        ),
        bad(
            "padding-other-mark",
            "0x01 instead of 0x80",
            &[&body(100)[..], &[1], &[0; 27]].concat(),
        ),
        bad(
            "padding-pkcs7",
            "28 times 28",
            &[&body(100)[..], &[28; 28]].concat(),
        ),
        bad(
            "padding-128-zeros",
            "0x80 and 128 zeros: a block too many",
            &[&body(127)[..], &[0x80], &[0; 128]].concat(),
        ),
        bad(
            "padding-short",
            "127 bytes",
            &[&body(100)[..], &[0x80], &[0; 26]].concat(),
        ),
        bad(
            "padding-to-16",
            "padded to a multiple of 16",
            &[&body(10)[..], &[0x80], &[0; 5]].concat(),
        ),
    ]
}

pub(super) fn plaintexts() -> Vec<Test> {
    let ok = |id: &str, about: &str, requirement, plaintext: &str, text: &str| {
        valid(id, about, &[requirement])
            .bytes("plaintext", plaintext.as_bytes())
            .with("text", text)
    };
    let bytes = |id: &str, about: &str, plaintext: &[u8]| {
        invalid(id, about, &["ENC-8"], "bad_plaintext").bytes("plaintext", plaintext)
    };
    let bad = |id: &str, about: &str, plaintext: &str| bytes(id, about, plaintext.as_bytes());
    let id = encode(&labelled("entry"));
    let full = compact(&json!({ "text": "Yes.", "reply_to": id, "channel": "general" }));
    let channel = |n: usize| compact(&json!({ "text": "x", "channel": "c".repeat(n) }));
    let deep = |n: usize| {
        format!(
            r#"{{"text":"x","later":{}{}}}"#,
            "[".repeat(n - 1),
            "]".repeat(n - 1)
        )
    };
    vec![
        ok(
            "plaintext-text",
            "a text",
            "ENC-8",
            r#"{"text":"Hello, Bob."}"#,
            "Hello, Bob.",
        ),
        ok(
            "plaintext-all-members",
            "every member",
            "ENC-8",
            &full,
            "Yes.",
        ),
        ok(
            "plaintext-empty-text",
            "an empty text",
            "ENC-8",
            r#"{"text":""}"#,
            "",
        ),
        ok(
            "plaintext-spaced",
            "white space",
            "ENC-8",
            " { \"text\" : \"a\" }\n",
            "a",
        ),
        ok(
            "plaintext-escapes",
            "escapes",
            "ENC-8",
            r#"{"text":"\u0000\ud83d\ude00\/\n"}"#,
            "\0😀/\n",
        ),
        ok(
            "plaintext-unknown-member",
            "a member that the reader does not know",
            "ENC-9",
            r#"{"text":"a","mood":{"is":["fine",1,null]}}"#,
            "a",
        )
        .flag("strict-reader"),
        ok(
            "plaintext-unknown-fraction",
            "a fraction in a member that the reader does not know",
            "ENC-9",
            r#"{"text":"a","at":-1.5e3}"#,
            "a",
        )
        .flag("strict-reader"),
        ok(
            "plaintext-reply-to-nothing",
            "`reply_to` names a message that nobody holds",
            "ENC-9",
            &full,
            "Yes.",
        ),
        ok(
            "plaintext-channel-64",
            "a channel of 64 bytes",
            "ENC-8",
            &channel(64),
            "x",
        ),
        ok("plaintext-depth-16", "depth 16", "ENC-8", &deep(16), "x"),
        bad("plaintext-empty", "no bytes", ""),
        bad("plaintext-bare", "a text that is no JSON", "Hello, Bob."),
        bad("plaintext-array", "an array", r#"["Hello, Bob."]"#),
        bad("plaintext-string", "a JSON text", r#""Hello, Bob.""#),
        bad(
            "plaintext-trailing",
            "something behind the object",
            r#"{"text":"a"} b"#,
        ),
        bad("plaintext-no-text", "no `text`", r#"{"channel":"general"}"#),
        bad("plaintext-null-text", "`text` is null", r#"{"text":null}"#),
        bad(
            "plaintext-number-text",
            "`text` is a number",
            r#"{"text":1}"#,
        ),
        bad(
            "plaintext-text-twice",
            "two texts",
            r#"{"text":"yes","text":"no"}"#,
        )
        .flag("json"),
        bad(
            "plaintext-text-twice-escaped",
            "two texts, one under an escaped name",
            r#"{"text":"yes","te\u0078t":"no"}"#,
        )
        .flag("json"),
        bad(
            "plaintext-duplicate-deep",
            "equal names in a member that the reader does not know",
            r#"{"text":"a","later":{"b":1,"b":2}}"#,
        )
        .flag("json"),
        bad(
            "plaintext-leading-zero",
            "a number that is no JSON, in a member that the reader does not know",
            r#"{"text":"a","n":01}"#,
        ),
        bad(
            "plaintext-bare-fraction",
            "the number .5",
            r#"{"text":"a","n":.5}"#,
        ),
        bad("plaintext-nan", "NaN", r#"{"text":"a","n":NaN}"#).flag("json"),
        bad(
            "plaintext-lone-surrogate",
            "half of a surrogate pair",
            r#"{"text":"\ud83d"}"#,
        )
        .flag("json"),
        bytes(
            "plaintext-not-utf-8",
            "a byte that is no UTF-8",
            b"{\"text\":\"\xff\"}",
        )
        .flag("json"),
        bad(
            "plaintext-byte-order-mark",
            "a byte-order mark",
            "\u{feff}{\"text\":\"a\"}",
        )
        .flag("json"),
        bad("plaintext-depth-17", "depth 17", &deep(17)),
        bad(
            "plaintext-reply-to-short",
            "`reply_to` of 31 bytes",
            &compact(&json!({ "text": "a", "reply_to": encode(&[1; 31]) })),
        ),
        bad(
            "plaintext-reply-to-padded",
            "`reply_to` with padding",
            &compact(&json!({ "text": "a", "reply_to": format!("{id}=") })),
        ),
        bad(
            "plaintext-reply-to-number",
            "`reply_to` is a number",
            r#"{"text":"a","reply_to":7}"#,
        ),
        bad("plaintext-channel-empty", "an empty channel", &channel(0)),
        bad(
            "plaintext-channel-65",
            "a channel of 65 bytes",
            &channel(65),
        ),
        bad(
            "plaintext-channel-list",
            "a list for `channel`",
            r#"{"text":"a","channel":[]}"#,
        ),
    ]
}
