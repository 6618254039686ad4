//! `parsers.json`: short texts about which JSON parsers disagree, with what the default ones make of each.

mod structure;
mod values;

use crate::file::{File, Group, Test, invalid};
use crate::measured::{self, Flag, TOO_STRICT};
use serde_json::json;

/// A text, and the mistake of a reader that takes it. Good texts have no requirement that they break.
struct Text {
    id: String,
    about: String,
    breaks: Option<(&'static str, &'static str)>,
    bytes: Vec<u8>,
}

/// A good text.
fn good(id: &str, about: &str, bytes: impl Into<Vec<u8>>) -> Text {
    Text {
        id: format!("parser-{id}"),
        about: about.into(),
        breaks: None,
        bytes: bytes.into(),
    }
}

/// A text that breaks a requirement.
fn bad(
    flag: &'static str,
    requirement: &'static str,
    id: &str,
    about: &str,
    bytes: impl Into<Vec<u8>>,
) -> Text {
    Text {
        breaks: Some((flag, requirement)),
        ..good(id, about, bytes)
    }
}

const FLAGS: [Flag; 11] = [
    (
        TOO_STRICT,
        "refuses good JSON, or reads a name as something else than a name",
        &[],
    ),
    (
        "duplicate-member",
        "keeps the first or the last of two members with one name",
        &[],
    ),
    (
        "number-spelling",
        "takes another spelling of an integer, or a number that is none",
        &[],
    ),
    ("large-integer", "takes integers above 2^53 - 1", &[]),
    ("lone-surrogate", "takes half of a surrogate pair", &[]),
    (
        "invalid-utf8",
        "puts U+FFFD in the place of bytes that are not UTF-8",
        &[],
    ),
    ("byte-order-mark", "skips a byte-order mark", &[]),
    (
        "other-encoding",
        "guesses the encoding from the first bytes",
        &[],
    ),
    (
        "json-extension",
        "takes what RFC 8259 does not have: comments, trailing commas, other numbers, quotes, escapes or white space",
        &[],
    ),
    (
        "not-one-object",
        "takes another value than an object, or something before or behind it",
        &[],
    ),
    (
        "deep-nesting",
        "has no bound for nesting, or one of its own",
        &[],
    ),
];

pub fn file() -> File {
    let texts: Vec<Text> = [
        values::names(),
        values::numbers(),
        values::integers(),
        values::texts(),
        structure::grammar(),
        structure::around(),
        structure::encodings(),
        structure::depth(),
    ]
    .into_iter()
    .flatten()
    .collect();
    measured::file(
        File::new(
            "parsers",
            "Short texts about which JSON parsers disagree, and what the default ones make of each. Every answer here was measured, and \
             is measured again by the project's tests.",
        ),
        &FLAGS,
        Group::new(
            "json-texts",
            "`frame`: the bytes of a frame, to be read as those of `client-frames` in json.json. Its type is one that nobody knows, so \
             that `unknown_frame` says: this is good JSON. `defaults`: what the default parser of that name reads, written again \
             by the writer that comes with it; null where it refuses. How each one is called stands in the group's `defaults`.",
        ),
        parsers(),
        texts.into_iter().map(Text::test).collect(),
    )
}

fn parsers() -> serde_json::Value {
    json!({
        "serde_json::Value": "serde_json 1: from_slice::<Value>(bytes), to_string(&value)",
        "serde_json, struct": "serde_json 1: from_slice::<Frame>(bytes), to_string(&frame), with derive(Deserialize, Serialize) on \
                               struct Frame { type: String, n: Option<u64>, s: Option<String> }, as far as a frame has them",
        "JSON.parse, Buffer": "Node 20: JSON.parse(buffer.toString()), JSON.stringify(value)",
        "JSON.parse, TextDecoder": "Node 20 and browsers: JSON.parse(new TextDecoder().decode(bytes)), JSON.stringify(value)",
        "Python json": "Python 3.11: json.loads(bytes), json.dumps(value, separators=(',', ':'))",
    })
}

impl Text {
    fn test(self) -> Test {
        let (flag, requirement) = self.breaks.unwrap_or((TOO_STRICT, "ERR-6"));
        let code = match flag {
            TOO_STRICT => "unknown_frame",
            _ => "malformed",
        };
        invalid(&self.id, self.about, &[requirement], code)
            .flag(flag)
            .bytes("frame", &self.bytes)
    }
}
