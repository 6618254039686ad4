//! `json.json`: frames as bytes, and what parsers make of them.

use crate::community::{Community, labelled, sign};
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use crate::ordered;
use dispatch_conformance::codec::{Scheme, base64url::encode};
use serde_json::{Value, json};

pub fn file() -> File {
    let file = File::new(
        "json",
        "Frames as bytes. A server reads those of `client-frames`, a client those of `server-frames`.",
    );
    let file = FLAGS.iter().fold(file, |file, (name, about, default_in)| {
        file.flag(name, about, default_in)
    });
    file.group(
        Group::new(
            "client-frames",
            "`frame`: the bytes that a client sent. Read them as far as the frame alone goes: JSON, members, their forms. \
             Signatures, states and the chain are not looked at. A `code` of `malformed` over bytes that are not UTF-8 is \
             close code 1007 on a WebSocket.",
        )
        .tests(good())
        .tests(grammar())
        .tests(members())
        .tests(numbers())
        .tests(encoding())
        .tests(depth())
        .tests(bounds())
        .tests(precedence()),
    )
    .group(
        Group::new(
            "server-frames",
            "`frame`: the bytes that a server sent. A client must take each; `ignored` says that it does nothing with the \
             frame because it does not know its type.",
        )
        .tests(from_servers()),
    )
}

const FLAGS: [(&str, &str, &[&str]); 12] = [
    (
        "duplicate-member",
        "keeps the first or the last of two members with one name",
        &[
            "JavaScript's JSON.parse",
            "Python json",
            "Go encoding/json",
            "serde_json::Value",
        ],
    ),
    (
        "lone-surrogate",
        "takes half of a surrogate pair, or puts U+FFFD in its place",
        &["JavaScript's JSON.parse", "Python json", "Go encoding/json"],
    ),
    (
        "invalid-utf8",
        "puts U+FFFD in the place of bytes that are not UTF-8",
        &[
            "Node's Buffer",
            "TextDecoder unless fatal",
            "Go encoding/json",
        ],
    ),
    (
        "byte-order-mark",
        "skips a byte-order mark",
        &["TextDecoder", "Python json on bytes"],
    ),
    (
        "integer-grammar",
        "takes 1.0, 1e3 or -0 for an integer",
        &["JavaScript's Number.isInteger", "ajv"],
    ),
    (
        "large-integer",
        "rounds integers above 2^53, or takes them",
        &["JavaScript's JSON.parse", "Python json"],
    ),
    (
        "json-extension",
        "takes NaN, comments, trailing commas, single quotes or other extensions",
        &["Python json (NaN, Infinity)"],
    ),
    (
        "control-character",
        "takes unescaped control characters in texts",
        &["Python json with strict=False"],
    ),
    (
        "trailing-text",
        "stops reading behind the first value",
        &["Go's json.Decoder", "Python's JSONDecoder.raw_decode"],
    ),
    (
        "deep-nesting",
        "has no bound for nesting, or another one",
        &["JavaScript's JSON.parse", "Python json", "serde_json (128)"],
    ),
    (
        "unknown-member",
        "ignores members that it does not know",
        &["serde", "Go encoding/json"],
    ),
    (
        "other-case",
        "matches names without regard to case",
        &["Go encoding/json"],
    ),
];

fn hello() -> Value {
    json!({
        "type": "hello",
        "version": "dispatch-d/1",
        "origin": "https://chat.example.org",
        "public_key": encode(named("m01").public_key()),
        "client_nonce": encode(&labelled("client nonce")),
    })
}

/// The shortest frame: most tests spoil this one.
fn prove() -> Value {
    json!({
        "type": "prove",
        "server_nonce": encode(&labelled("server nonce")),
        "signature": encode(&sign(named("m01"), b"a signature that nobody looks at here", Scheme::Pss)),
    })
}

fn resume() -> Value {
    json!({ "type": "resume", "token": prove()["signature"], "client_nonce": encode(&labelled("client nonce")) })
}

fn submit() -> Value {
    let mut community = Community::example();
    let alice = named("m01");
    let roster = community.roster(&[alice], &[]);
    community.append(roster);
    let card = community.card(alice);
    community.append(card);
    let (epoch, id) = community.epoch(alice, &[alice], "json");
    community.append(epoch);
    let entry = community.message(alice, &id, "Hello.");
    json!({ "type": "submit", "ref": "a-1", "token": prove()["signature"], "entry": entry })
}

fn good() -> Vec<Test> {
    let ok = |id: &str, about: &str, text: &str| good_text(id, about, text);
    let with = |mut frame: Value, name: &str, value: Value| {
        frame[name] = value;
        ordered::compact(&frame)
    };
    let reordered = {
        let frame = prove();
        format!(
            " {{\r\n\t\"signature\" : {},\n \"server_nonce\":{} , \"type\":\"prove\" }}\n",
            frame["signature"], frame["server_nonce"]
        )
    };
    let escaped = ordered::compact(&prove())
        .replace("\"prove\"", "\"\\u0070rove\"")
        .replace("\"type\"", "\"t\\u0079pe\"");
    vec![
        ok("json-hello", "a `hello`", &ordered::compact(&hello())),
        ok(
            "json-hello-with-session-ms",
            "with `session_ms`",
            &with(hello(), "session_ms", 1000.into()),
        ),
        ok(
            "json-hello-with-have",
            "with `have`",
            &with(
                hello(),
                "have",
                json!({ "size": 7, "hash": encode(&labelled("head")) }),
            ),
        ),
        ok("json-prove", "a `prove`", &ordered::compact(&prove())),
        ok("json-resume", "a `resume`", &ordered::compact(&resume())),
        ok(
            "json-submit",
            "a `submit` of a message",
            &ordered::compact(&submit()),
        ),
        ok(
            "json-reordered",
            "other order of members, and white space wherever it may stand",
            &reordered,
        ),
        ok(
            "json-escaped",
            "letters written as escapes are the same text",
            &escaped,
        ),
        ok(
            "json-escaped-solidus",
            "`\\/` is `/`",
            &ordered::compact(&hello()).replace("dispatch-d/1", "dispatch-d\\/1"),
        ),
        ok(
            "json-greatest-number",
            "2^53 - 1",
            &with(hello(), "session_ms", 9_007_199_254_740_991_u64.into()),
        ),
    ]
}

fn grammar() -> Vec<Test> {
    let text = ordered::compact(&prove());
    let bad =
        |id: &str, about: &str, text: &str, flag| malformed(id, about, "CONV-1", text).flag(flag);
    let plain = |id: &str, about: &str, text: &str| malformed(id, about, "CONV-1", text);
    let inner = &text[1..text.len() - 1];
    vec![
        plain("json-empty", "no bytes", ""),
        plain("json-white-space", "white space alone", " \n"),
        plain(
            "json-array",
            "an array that holds the frame",
            &format!("[{text}]"),
        ),
        plain("json-null", "`null`", "null"),
        plain(
            "json-text",
            "a text that holds the frame",
            &Value::from(text.clone()).to_string(),
        ),
        plain(
            "json-cut",
            "the last brace is missing",
            &text[..text.len() - 1],
        ),
        bad(
            "json-two-objects",
            "two frames in one message",
            &format!("{text}{text}"),
            "trailing-text",
        ),
        bad(
            "json-two-lines",
            "two frames on two lines",
            &format!("{text}\n{text}"),
            "trailing-text",
        ),
        bad(
            "json-trailing-brace",
            "a brace too many",
            &format!("{text}}}"),
            "trailing-text",
        ),
        bad(
            "json-trailing-nul",
            "a zero byte behind the frame",
            &format!("{text}\0"),
            "trailing-text",
        ),
        bad(
            "json-trailing-comma",
            "a comma before the brace",
            &format!("{{{inner},}}"),
            "json-extension",
        ),
        bad(
            "json-comment",
            "a comment",
            &format!("{{/* hello */{inner}}}"),
            "json-extension",
        ),
        bad(
            "json-line-comment",
            "a comment up to the line's end",
            &format!("{{{inner}}} // hello"),
            "json-extension",
        ),
        bad(
            "json-single-quotes",
            "single quotes",
            &text.replace('"', "'"),
            "json-extension",
        ),
        bad(
            "json-bare-names",
            "names without quotes",
            &text.replace("\"type\"", "type"),
            "json-extension",
        ),
        bad(
            "json-nan",
            "NaN",
            &hello_with("session_ms", "NaN"),
            "json-extension",
        ),
        bad(
            "json-infinity",
            "Infinity",
            &hello_with("session_ms", "Infinity"),
            "json-extension",
        ),
        bad(
            "json-hexadecimal",
            "a number in hexadecimal",
            &hello_with("session_ms", "0x1000"),
            "json-extension",
        ),
        bad(
            "json-escape-x",
            "the escape `\\x70`",
            &text.replace("\"prove\"", "\"\\x70rove\""),
            "json-extension",
        ),
        bad(
            "json-other-white-space",
            "U+00A0 between members",
            &text.replacen(',', ",\u{a0}", 1),
            "json-extension",
        ),
        bad(
            "json-form-feed",
            "U+000C between members",
            &text.replacen(',', ",\u{c}", 1),
            "json-extension",
        ),
        bad(
            "json-control-character",
            "a line feed inside a text",
            &hello_with("origin", "\"https://chat.example.org\n\""),
            "control-character",
        ),
        bad(
            "json-control-tab",
            "a tab inside a text",
            &hello_with("origin", "\"https://chat\t.example.org\""),
            "control-character",
        ),
        bad(
            "json-nul-in-text",
            "a zero byte inside a text",
            &hello_with("origin", "\"https://chat\0\""),
            "control-character",
        ),
    ]
}

fn members() -> Vec<Test> {
    let text = ordered::compact(&prove());
    let submit = ordered::compact(&submit());
    let twice = |id: &str, about: &str, text: &str| {
        malformed(id, about, "CONV-2", text).flag("duplicate-member")
    };
    let unknown = |id: &str, about: &str, text: &str| {
        malformed(id, about, "CONV-3", text).flag("unknown-member")
    };
    let typed = |id: &str, about: &str, text: &str| malformed(id, about, "CONV-4", text);
    let without = |mut frame: Value, name: &str| {
        frame.as_object_mut().expect("a frame").remove(name);
        ordered::compact(&frame)
    };
    let wraps = format!(
        r#"[{{"member":"{0}","wrap":"{1}","wrap":"{1}"}}]"#,
        "A".repeat(43),
        "A".repeat(107)
    );
    let epoch = format!(
        r#"{{"commitment":"{0}","wraps":[{{"member":"{0}","wrap":"{1}","note":"x"}}]}}"#,
        "A".repeat(43),
        "A".repeat(107)
    );
    vec![
        twice(
            "json-duplicate-type",
            "`type` twice, the same",
            &text.replacen('{', r#"{"type":"prove","#, 1),
        ),
        twice(
            "json-duplicate-last-wins",
            "two nonces: a parser that keeps the last takes the good one",
            &text.replacen(
                '{',
                &format!(r#"{{"server_nonce":"{}","#, "A".repeat(43)),
                1,
            ),
        ),
        twice(
            "json-duplicate-first-wins",
            "two nonces: a parser that keeps the first takes the good one",
            &format!(
                r#"{},"server_nonce":"{}"}}"#,
                &text[..text.len() - 1],
                "A".repeat(43)
            ),
        ),
        twice(
            "json-duplicate-escaped",
            "the second name is written with an escape",
            &format!(
                r#"{},"server\u005fnonce":"{}"}}"#,
                &text[..text.len() - 1],
                "A".repeat(43)
            ),
        ),
        twice(
            "json-duplicate-in-entry",
            "`seq` twice in the entry",
            &submit.replacen(r#""seq":"#, r#""seq":1,"seq":"#, 1),
        ),
        twice(
            "json-duplicate-in-seen",
            "`size` twice in `seen`",
            &submit.replacen(r#""size":"#, r#""size":1,"size":"#, 1),
        ),
        twice(
            "json-duplicate-in-body",
            "`salt` twice in the body",
            &submit.replacen(
                r#""salt":"#,
                r#""salt":"AAAAAAAAAAAAAAAAAAAAAA","salt":"#,
                1,
            ),
        ),
        twice(
            "json-duplicate-in-wrap",
            "`wrap` twice in a list's item",
            &epoch_submit(&format!(
                r#"{{"commitment":"{}","wraps":{wraps}}}"#,
                "A".repeat(43)
            )),
        ),
        unknown(
            "json-unknown-member",
            "a member that no chapter defines",
            &text.replacen('{', r#"{"note":"x","#, 1),
        ),
        unknown(
            "json-unknown-member-null",
            "the same with `null`",
            &text.replacen('{', r#"{"note":null,"#, 1),
        ),
        unknown(
            "json-unknown-in-entry",
            "in the entry",
            &submit.replacen(r#""seq":"#, r#""note":1,"seq":"#, 1),
        ),
        unknown(
            "json-unknown-in-seen",
            "in `seen`",
            &submit.replacen(r#""size":"#, r#""note":1,"size":"#, 1),
        ),
        unknown(
            "json-unknown-in-body",
            "in the body",
            &submit.replacen(r#""salt":"#, r#""note":1,"salt":"#, 1),
        ),
        unknown(
            "json-unknown-in-wrap",
            "in a list's item",
            &epoch_submit(&epoch),
        ),
        unknown(
            "json-member-of-another-frame",
            "`ref` in a `prove`",
            &text.replacen('{', r#"{"ref":"a","#, 1),
        ),
        malformed(
            "json-other-case",
            "`Server_Nonce` instead of `server_nonce`",
            "CONV-3",
            &text.replace("server_nonce", "Server_Nonce"),
        )
        .flag("other-case"),
        typed("json-without-type", "no `type`", &without(prove(), "type")),
        typed(
            "json-type-number",
            "`type` is a number",
            &text.replace("\"prove\"", "1"),
        ),
        typed(
            "json-without-nonce",
            "no `server_nonce`",
            &without(prove(), "server_nonce"),
        ),
        typed(
            "json-without-public-key",
            "no `public_key`",
            &without(hello(), "public_key"),
        ),
        typed(
            "json-without-version",
            "no `version`",
            &without(hello(), "version"),
        ),
        typed(
            "json-null-member",
            "`null` for a member that may be left out",
            &hello_with("session_ms", "null"),
        ),
        typed(
            "json-null-have",
            "`null` for `have`",
            &hello_with("have", "null"),
        ),
        typed(
            "json-number-as-text",
            "a number in quotation marks",
            &hello_with("session_ms", "\"1000\""),
        ),
        typed(
            "json-text-as-number",
            "a number for a text",
            &hello_with("origin", "1"),
        ),
        typed(
            "json-version-number",
            "`version` is a number",
            &hello_with("version", "1"),
        ),
        typed(
            "json-bytes-as-list",
            "a list of numbers for bytes",
            &hello_with("client_nonce", "[1,2,3]"),
        ),
        typed(
            "json-boolean-as-number",
            "`true` for a number",
            &hello_with("session_ms", "true"),
        ),
        typed(
            "json-list-as-object",
            "a list for `have`",
            &hello_with("have", "[]"),
        ),
        typed(
            "json-entry-null",
            "`entry` is null",
            r#"{"type":"submit","ref":"a","token":"AA","entry":null}"#,
        ),
        typed("json-seen-without-hash", "`seen` without `hash`", &{
            let mut frame = self::submit();
            frame["entry"]["seen"]
                .as_object_mut()
                .expect("an object")
                .remove("hash");
            ordered::compact(&frame)
        }),
    ]
}

fn numbers() -> Vec<Test> {
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

fn encoding() -> Vec<Test> {
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

fn depth() -> Vec<Test> {
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

fn bounds() -> Vec<Test> {
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

fn precedence() -> Vec<Test> {
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
            "json-unknown-kind-body-list",
            "an unknown kind whose body is no object",
            "CONV-4",
            &entry_submit("poll", "[]"),
        ),
    ]
}

fn from_servers() -> Vec<Test> {
    let ok = |id: &str, about: &str, requirement, ignored: bool, text: &str| {
        valid(id, about, &[requirement])
            .with("ignored", ignored)
            .bytes("frame", text.as_bytes())
    };
    let nonce = encode(&labelled("server nonce"));
    let known = |more: &str| {
        format!(
            r#"{{"type":"challenge","community":"{nonce}","server_nonce":"{nonce}","expires_at":1772355660000{more}}}"#
        )
    };
    let mut community = Community::example();
    let roster = community.roster(&[named("m01")], &[]);
    community.append(roster);
    let mut block = community.blocks[1].clone();
    block["witness"] = json!({ "by": -1.5 });
    block["entry"]["hint"] = json!([null]);
    block["entry"]["body"]["colour"] = "blue".into();
    block["entry"]["seen"]["by"] = json!({});
    let mut checkpoint = community.checkpoint();
    checkpoint["witnesses"] = json!([]);
    vec![
        ok(
            "json-client-known-frame",
            "a frame as it stands in the chapter",
            "CONV-9",
            false,
            &known(""),
        ),
        ok(
            "json-client-unknown-member",
            "a member that the client does not know",
            "CONV-9",
            false,
            &known(r#","motd":"hi""#),
        ),
        ok(
            "json-client-unknown-member-deep",
            "unknown members may hold what no member of this version does: fractions, negative numbers, null, depth",
            "CONV-9",
            false,
            &known(&format!(
                r#","x":[-1.5e3,null,{}1{}]"#,
                "[".repeat(30),
                "]".repeat(30)
            )),
        ),
        ok(
            "json-client-unknown-in-block",
            "unknown members in a block, its entry, its `seen` and its body",
            "CONV-9",
            false,
            &ordered::compact(&json!({ "type": "blocks", "from": 1, "blocks": [block] })),
        ),
        ok(
            "json-client-unknown-in-checkpoint",
            "an unknown member in a checkpoint",
            "CONV-9",
            false,
            &ordered::compact(&json!({ "type": "checkpoint", "checkpoint": checkpoint })),
        ),
        ok(
            "json-client-unknown-code",
            "a code of a later time is a refusal all the same",
            "CONV-9",
            false,
            r#"{"type":"refused","code":"too_sunny","detail":"","shade":true}"#,
        ),
        ok(
            "json-client-unknown-type",
            "a frame whose type the client does not know",
            "CONV-10",
            true,
            r#"{"type":"typing","who":"someone"}"#,
        ),
        ok(
            "json-client-unknown-type-anything",
            "the same with members that other frames have in another form",
            "CONV-10",
            true,
            r#"{"type":"weather","code":17,"blocks":"none","checkpoint":null}"#,
        ),
    ]
}

/// A `hello` in which this member has this JSON text.
fn hello_with(name: &str, json: &str) -> String {
    let mut frame = hello();
    frame[name] = "MARK".into();
    ordered::compact(&frame).replace("\"MARK\"", json)
}

/// A `submit` of an entry with this kind and this JSON text as its body.
fn entry_submit(kind: &str, body: &str) -> String {
    let mut frame = submit();
    frame["entry"]["kind"] = kind.into();
    frame["entry"]["body"] = "MARK".into();
    ordered::compact(&frame).replace("\"MARK\"", body)
}

fn epoch_submit(body: &str) -> String {
    entry_submit("epoch", body)
}

fn good_text(id: &str, about: &str, text: &str) -> Test {
    valid(id, about, &["CONV-1"]).bytes("frame", text.as_bytes())
}

fn malformed(id: &str, about: &str, requirement: &'static str, text: &str) -> Test {
    invalid(id, about, &[requirement], "malformed").bytes("frame", text.as_bytes())
}
