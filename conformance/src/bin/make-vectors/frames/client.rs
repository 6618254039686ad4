//! Client frames: their grammar and their members.

use super::{epoch_submit, good_text, hello, hello_with, malformed, prove, resume, submit};
use crate::community::labelled;
use crate::file::Test;
use crate::ordered;
use dispatch_conformance::codec::base64url::encode;
use serde_json::{Value, json};

pub(super) fn good() -> Vec<Test> {
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

pub(super) fn grammar() -> Vec<Test> {
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

pub(super) fn members() -> Vec<Test> {
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
