//! `unicode.json`: texts that look alike, and texts that nobody may touch.

use crate::community::Community;
use crate::file::{File, Group, Test, valid};
use crate::keys::named;
use crate::ordered;
use dispatch_conformance::codec::{base64url::encode, entry};
use serde_json::{Value, json};

pub fn file() -> File {
    File::new("unicode", "Entries with such texts. Compute the entry's id; it is `entry_id`.")
        .flag("normalised", "normalises texts, or compares them as if they were", &["Swift String comparison", "HFS+ file names"])
        .flag("trimmed", "cuts white space off, or changes line ends", &["forms in web pages"])
        .flag("utf-16-order", "sorts by UTF-16 units where it sorts at all", &["JavaScript", "Java", "C# (ordinal)"])
        .flag("nul-ends-text", "ends a text at U+0000", &["C", "SQLite's text functions"])
        .flag("filtered", "drops characters that cannot be seen, or noncharacters", &[])
        .group(
            Group::new(
                "texts",
                "`entry`: an entry without its signature, which holds the text whose UTF-8 bytes are `text_utf8`. \
                 `entry_id`: its id.",
            )
            .tests(twins())
            .tests(untouched()),
        )
        .group(
            Group::new(
                "written-otherwise",
                "`json`: bytes of an entry's JSON, written in another way than usual. `entry_id`: the id is that of the decoded values.",
            )
            .tests(written()),
        )
}

fn twins() -> Vec<Test> {
    let reason = |id: &str, about: &str, text: &str, flag| redaction(id, about, text).flag(flag);
    vec![
        reason(
            "unicode-nfc",
            "é as one code point",
            "caf\u{e9}",
            "normalised",
        ),
        reason(
            "unicode-nfd",
            "é as a letter and an accent: the twin of unicode-nfc, with another id",
            "cafe\u{301}",
            "normalised",
        ),
        reason(
            "unicode-fb33",
            "U+FB33, which NFC would take apart",
            "\u{fb33}",
            "normalised",
        ),
        reason(
            "unicode-fb33-apart",
            "U+05D3 U+05BC: the twin of unicode-fb33",
            "\u{5d3}\u{5bc}",
            "normalised",
        ),
        reason(
            "unicode-angstrom",
            "the sign U+212B, which NFC would replace by U+00C5",
            "\u{212b}",
            "normalised",
        ),
        reason(
            "unicode-ligature",
            "U+FB01, which NFKC would replace by fi",
            "o\u{fb01}ce",
            "normalised",
        ),
        reason(
            "unicode-accents-swapped",
            "two accents in an order that NFC would change",
            "a\u{301}\u{323}",
            "normalised",
        ),
        reason(
            "unicode-utf-16-order",
            "U+FB33 before U+1F600: in UTF-16 the order is the other one",
            "\u{fb33}\u{1f600}",
            "utf-16-order",
        ),
        reason(
            "unicode-utf-16-order-swapped",
            "the twin of unicode-utf-16-order",
            "\u{1f600}\u{fb33}",
            "utf-16-order",
        ),
        genesis(
            "unicode-name-nfc",
            "a community's name with é as one code point",
            "Caf\u{e9}",
        )
        .flag("normalised"),
        genesis(
            "unicode-name-nfd",
            "the twin of unicode-name-nfc: another community",
            "Cafe\u{301}",
        )
        .flag("normalised"),
    ]
}

fn untouched() -> Vec<Test> {
    let reason = |id: &str, about: &str, text: &str, flag| redaction(id, about, text).flag(flag);
    vec![
        reason(
            "unicode-spaces",
            "white space at both ends",
            " \t said \n",
            "trimmed",
        ),
        reason(
            "unicode-crlf",
            "CR LF stays CR LF",
            "a\r\nb\rc\nd",
            "trimmed",
        ),
        reason(
            "unicode-no-break-space",
            "U+00A0 and U+3000 at the ends",
            "\u{a0}said\u{3000}",
            "trimmed",
        ),
        reason(
            "unicode-nul",
            "U+0000 in the midst",
            "a\0b",
            "nul-ends-text",
        ),
        reason(
            "unicode-byte-order-mark",
            "U+FEFF at the start of a text",
            "\u{feff}said",
            "filtered",
        ),
        reason(
            "unicode-noncharacters",
            "U+FFFF, U+FDD0 and U+10FFFF",
            "\u{ffff}\u{fdd0}\u{10ffff}",
            "filtered",
        ),
        reason(
            "unicode-replacement",
            "U+FFFD is a character like any other",
            "\u{fffd}",
            "filtered",
        ),
        reason(
            "unicode-joiner",
            "a family: emojis with U+200D between them",
            "\u{1f469}\u{200d}\u{1f467}",
            "filtered",
        ),
        reason(
            "unicode-direction",
            "marks of direction",
            "\u{202e}abc\u{202c}\u{200f}",
            "filtered",
        ),
        reason(
            "unicode-escapes",
            "control characters, which JSON must escape",
            "\u{1}\u{1b}[31m\u{7f}\u{9b}",
            "filtered",
        ),
    ]
}

fn written() -> Vec<Test> {
    let entry = draft("caf\u{e9} \u{1f600} /");
    let usual = ordered::compact(&entry);
    let spaced = ordered::pretty(&entry);
    let escaped = usual
        .replace('\u{e9}', "\\u00E9")
        .replace('\u{1f600}', "\\uD83D\\uDe00")
        .replace(" /", " \\/");
    let reversed = reversed(&entry);
    let test = |id: &str, about: &str, text: &str| {
        valid(id, about, &["TUPLE-1", "CONV-15"])
            .bytes("json", text.as_bytes())
            .bytes("entry_id", &entry::id(&entry).expect("well formed"))
    };
    vec![
        test("unicode-written-usual", "on one line", &usual),
        test("unicode-written-spaced", "on many lines", &spaced),
        test(
            "unicode-written-escaped",
            "with escapes, in letters of both cases",
            &escaped,
        ),
        test(
            "unicode-written-reversed",
            "members in the reverse order",
            &reversed,
        ),
    ]
}

/// JSON text with the members of each object in the reverse order of the usual one.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| b.0.cmp(a.0));
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, v)| format!("{}:{}", Value::from(name.as_str()), reversed(v)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

fn draft(reason: &str) -> Value {
    let mut community = Community::example();
    let roster = community.roster(&[named("m01")], &[]);
    community.append(roster);
    community
        .draft(
            named("m01"),
            "redaction",
            json!({ "index": 1, "reason": reason }),
        )
        .unsigned()
}

fn redaction(id: &str, about: &str, text: &str) -> Test {
    of_entry(id, about, text, &draft(text))
}

fn genesis(id: &str, about: &str, name: &str) -> Test {
    let community = Community::found(name, named("authority"), named("server"));
    let mut entry = community.blocks[0]["entry"].clone();
    entry.as_object_mut().expect("an entry").remove("signature");
    assert_eq!(entry["community"], encode(&[0; 32]));
    of_entry(id, about, name, &entry)
}

fn of_entry(id: &str, about: &str, text: &str, entry: &Value) -> Test {
    valid(id, about, &["CONV-15", "TUPLE-1"])
        .bytes("text_utf8", text.as_bytes())
        .with("entry", entry.clone())
        .bytes("entry_id", &entry::id(entry).expect("well formed"))
}
