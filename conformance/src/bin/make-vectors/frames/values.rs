//! Client frames: numbers, texts, depth, bounds, and which rule comes first.

use super::{entry_submit, good_text, hello_with, malformed, prove, submit};
use crate::file::{Test, invalid};
use crate::ordered;

pub(super) fn numbers() -> Vec<Test> {
    let bad = |id: &str, number: &str, flag| {
        malformed(
            id,
            &format!("`session_ms` is {number}"),
            "CONV-12",
            &hello_with("session_ms", number),
        )
        .flag(flag)
    };
    vec![
        bad("json-number-fraction", "1000.0", "integer-grammar"),
        bad("json-number-half", "1000.5", "integer-grammar"),
        bad("json-number-exponent", "1e3", "integer-grammar"),
        bad("json-number-large-exponent", "1E3", "integer-grammar"),
        bad("json-number-zero-exponent", "1000e0", "integer-grammar"),
        bad("json-number-huge-exponent", "1e400", "integer-grammar"),
        bad("json-number-negative", "-1000", "integer-grammar"),
        bad("json-number-leading-zero", "01000", "integer-grammar"),
        bad("json-number-plus", "+1000", "json-extension"),
        bad("json-number-2-53", "9007199254740992", "large-integer"),
        bad(
            "json-number-2-53-plus-1",
            "9007199254740993",
            "large-integer",
        ),
        bad("json-number-2-64", "18446744073709551616", "large-integer"),
        bad("json-number-40-digits", &"9".repeat(40), "large-integer"),
        malformed(
            "json-number-minus-zero",
            "the redacted index is -0",
            "CONV-12",
            &entry_submit("redaction", r#"{"index":-0,"reason":""}"#),
        )
        .flag("integer-grammar"),
        malformed(
            "json-number-zero-fraction",
            "the redacted index is 0.0",
            "CONV-12",
            &entry_submit("redaction", r#"{"index":0.0,"reason":""}"#),
        )
        .flag("integer-grammar"),
        good_text(
            "json-number-zero",
            "the twin of json-number-minus-zero",
            &entry_submit("redaction", r#"{"index":0,"reason":""}"#),
        ),
    ]
}

pub(super) fn encoding() -> Vec<Test> {
    let reason =
        |text: &str| entry_submit("redaction", &format!(r#"{{"index":1,"reason":"{text}"}}"#));
    let half = |id: &str, about: &str, text: &str| {
        malformed(id, about, "CONV-6", &reason(text)).flag("lone-surrogate")
    };
    let bytes = |id: &str, about: &str, inner: &[u8]| {
        let text = reason("MARK").into_bytes();
        let at = text
            .windows(4)
            .position(|w| w == b"MARK")
            .expect("it is there");
        let frame = [&text[..at], inner, &text[at + 4..]].concat();
        invalid(id, about, &["CONV-7"], "malformed")
            .flag("invalid-utf8")
            .bytes("frame", &frame)
    };
    let utf16: Vec<u8> = ordered::compact(&prove())
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    vec![
        good_text(
            "json-surrogate-pair",
            "a pair of escapes is one character",
            &reason("\\ud83d\\ude00"),
        ),
        good_text(
            "json-escaped-nul",
            "U+0000 and U+FFFF as escapes are text",
            &reason("\\u0000\\uffff"),
        ),
        good_text(
            "json-unescaped-beyond-ascii",
            "characters of two, three and four bytes",
            &reason("é ש 😀"),
        ),
        half("json-high-surrogate", "a first half alone", "\\ud800"),
        half("json-low-surrogate", "a second half alone", "\\udc00"),
        half(
            "json-surrogates-swapped",
            "the halves in the wrong order",
            "\\ude00\\ud83d",
        ),
        half(
            "json-two-high-surrogates",
            "two first halves",
            "\\ud83d\\ud83d",
        ),
        half(
            "json-high-surrogate-and-letter",
            "a first half and a letter",
            "\\ud83da",
        ),
        half(
            "json-high-surrogate-and-escape",
            "a first half and another escape",
            "\\ud83d\\n",
        ),
        malformed(
            "json-surrogate-in-name",
            "half of a pair in a member's name",
            "CONV-6",
            &ordered::compact(&prove()).replacen('{', r#"{"\ud800":1,"#, 1),
        )
        .flag("lone-surrogate"),
        malformed(
            "json-byte-order-mark",
            "a byte-order mark before the frame",
            "CONV-5",
            &format!("\u{feff}{}", ordered::compact(&prove())),
        )
        .flag("byte-order-mark"),
        bytes("json-latin-1", "é in Latin-1", &[0xe9]),
        bytes("json-overlong", "a slash in two bytes", &[0xc0, 0xaf]),
        bytes(
            "json-surrogate-in-utf8",
            "half of a pair in three bytes (CESU-8)",
            &[0xed, 0xa0, 0x80],
        ),
        bytes(
            "json-above-unicode",
            "a number above U+10FFFF",
            &[0xf4, 0x90, 0x80, 0x80],
        ),
        bytes("json-cut-character", "the first byte of two", &[0xc3]),
        invalid(
            "json-utf-16",
            "the frame in UTF-16",
            &["CONV-1"],
            "malformed",
        )
        .bytes("frame", &utf16),
    ]
}

pub(super) fn depth() -> Vec<Test> {
    // A body of an unknown kind may be any object: it is how deep a client can go and still be understood.
    let deep = |levels: usize| {
        let inner = levels - 3;
        let body = format!(r#"{{"a":{}{}}}"#, "[".repeat(inner), "]".repeat(inner));
        entry_submit("poll", &body)
    };
    let objects = format!("{}{}{}", r#"{"a":"#.repeat(16), "{}", "}".repeat(16));
    vec![
        invalid(
            "json-depth-16",
            "depth 16 is read: what is wrong is the kind",
            &["CONV-8", "ENTRY-1"],
            "unknown_kind",
        )
        .flag("deep-nesting")
        .bytes("frame", deep(16).as_bytes()),
        malformed("json-depth-17", "depth 17", "CONV-8", &deep(17)).flag("deep-nesting"),
        malformed(
            "json-depth-17-objects",
            "depth 17, of objects alone",
            "CONV-8",
            &objects,
        )
        .flag("deep-nesting"),
        malformed("json-depth-2000", "depth 2000", "CONV-8", &deep(2000)).flag("deep-nesting"),
    ]
}

pub(super) fn bounds() -> Vec<Test> {
    let bad = |id: &str, about: &str, text: &str| malformed(id, about, "CONV-16", text);
    let redaction = |reason: &str| {
        entry_submit(
            "redaction",
            &format!(r#"{{"index":1,"reason":"{reason}"}}"#),
        )
    };
    let named = |text: &str| {
        let mut frame = submit();
        frame["ref"] = text.into();
        ordered::compact(&frame)
    };
    vec![
        good_text(
            "json-ref-64",
            "a `ref` of 64 characters",
            &named(&"~".repeat(64)),
        ),
        bad(
            "json-ref-65",
            "a `ref` of 65 characters",
            &named(&"~".repeat(65)),
        ),
        bad("json-ref-empty", "an empty `ref`", &named("")),
        bad("json-ref-space", "a space in `ref`", &named("a b")),
        bad(
            "json-ref-beyond-ascii",
            "a letter beyond ASCII in `ref`",
            &named("é"),
        ),
        bad(
            "json-session-ms-999",
            "`session_ms` below 1000",
            &hello_with("session_ms", "999"),
        ),
        good_text(
            "json-origin-255",
            "an `origin` of 255 characters",
            &hello_with("origin", &format!("\"https://{}\"", "a".repeat(247))),
        ),
        bad(
            "json-origin-256",
            "an `origin` of 256 characters",
            &hello_with("origin", &format!("\"https://{}\"", "a".repeat(248))),
        ),
        bad(
            "json-origin-empty",
            "an empty `origin`",
            &hello_with("origin", "\"\""),
        ),
        bad(
            "json-origin-beyond-ascii",
            "an `origin` that is not ASCII",
            &hello_with("origin", "\"https://bücher.example\""),
        ),
        good_text(
            "json-reason-512",
            "a reason of 512 bytes in 256 characters",
            &redaction(&"é".repeat(256)),
        ),
        bad(
            "json-reason-514",
            "a reason of 514 bytes in 257 characters",
            &redaction(&"é".repeat(257)),
        ),
        good_text(
            "json-reason-escaped-512",
            "a reason of 512 bytes that takes 3072 as escapes",
            &redaction(&"\\u0061".repeat(512)),
        ),
    ]
}

pub(super) fn precedence() -> Vec<Test> {
    let code = |id: &str, about: &str, requirement, code, text: &str| {
        invalid(id, about, &[requirement], code).bytes("frame", text.as_bytes())
    };
    vec![
        code(
            "json-unknown-frame",
            "a type of no frame",
            "ERR-6",
            "unknown_frame",
            r#"{"type":"greet"}"#,
        ),
        code(
            "json-unknown-frame-whatever",
            "a type of no frame, with members of any kind",
            "ERR-6",
            "unknown_frame",
            r#"{"type":"greet","version":2,"note":[null,{"a":true}]}"#,
        ),
        code(
            "json-server-frame",
            "a frame of a server",
            "ERR-6",
            "unknown_frame",
            r#"{"type":"bye","code":"removed","detail":""}"#,
        ),
        code(
            "json-type-other-case",
            "`Prove`",
            "ERR-6",
            "unknown_frame",
            &ordered::compact(&prove()).replace("\"prove\"", "\"Prove\""),
        ),
        code(
            "json-other-version",
            "version 2 of a known form",
            "JOIN-4",
            "unknown_version",
            &hello_with("version", "\"dispatch-d/2\""),
        ),
        code(
            "json-other-version-whatever",
            "version 2, all else unknown",
            "JOIN-4",
            "unknown_version",
            r#"{"type":"hello","version":"dispatch-d/2","keys":[{"kty":"OKP"}],"origin":null}"#,
        ),
        code(
            "json-version-prefix",
            "a version that only begins alike",
            "JOIN-4",
            "unknown_version",
            &hello_with("version", "\"dispatch-d/10\""),
        ),
        code(
            "json-unknown-kind",
            "a kind that is not one of the seven",
            "ENTRY-1",
            "unknown_kind",
            &entry_submit("poll", r#"{"question":"?","options":[1,2]}"#),
        ),
        malformed(
            "json-unknown-frame-fraction",
            "a type of no frame, and a fraction: the rules on JSON's form come first",
            "CONV-12",
            r#"{"type":"greet","warmth":0.5}"#,
        ),
        malformed(
            "json-unknown-frame-duplicate",
            "a type of no frame, and a member twice",
            "CONV-2",
            r#"{"type":"greet","a":1,"a":1}"#,
        ),
        malformed(
            "json-unknown-frame-surrogate",
            "a type of no frame, and half of a surrogate pair",
            "CONV-6",
            r#"{"type":"greet","a":"\ud800"}"#,
        ),
        malformed(
            "json-other-version-negative",
            "another version, and a negative number",
            "CONV-12",
            r#"{"type":"hello","version":"dispatch-d/2","since":-1}"#,
        ),
        code(
            "json-unknown-kind-body-list",
            "an unknown kind whose body is no object",
            "ENTRY-1",
            "unknown_kind",
            &entry_submit("poll", "[]"),
        ),
    ]
}
