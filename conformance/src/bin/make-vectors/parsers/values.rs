//! Names, numbers and texts: what stands in an object.

use super::{Text, bad, good};

pub(super) fn names() -> Vec<Text> {
    let twice = |id: &str, about: &str, members: &str| {
        let text = format!(r#"{{{members},"type":"x"}}"#);
        bad("duplicate-member", "CONV-2", id, about, text)
    };
    let fine = |id: &str, about: &str, members: &str| {
        good(id, about, format!(r#"{{{members},"type":"x"}}"#))
    };
    vec![
        good("plain", "a frame", r#"{"type":"x"}"#),
        fine(
            "name-escaped",
            "`\\u0061` for `a` in a name",
            r#""\u0061":"\u0061""#,
        ),
        good(
            "type-escaped",
            "`type` written in escapes, with hexadecimal digits of both cases",
            r#"{"\u0074\u0079\u0070\u0065":"\u006A","x":"\u006a"}"#,
        ),
        fine("name-empty", "a name of no letters", r#""":1"#),
        fine(
            "name-proto",
            "`__proto__`, which is a name like any other",
            r#""__proto__":{"n":1}"#,
        ),
        fine("name-cases", "`a` and `A` are two names", r#""A":1,"a":2"#),
        fine(
            "name-nfc-and-nfd",
            "é as one code point and as two are two names",
            "\"e\u{301}\":2,\"\u{e9}\":1",
        ),
        twice("twice", "one name twice, with one value", r#""n":1,"n":1"#),
        twice(
            "twice-other",
            "one name twice, with two values",
            r#""n":1,"n":2"#,
        ),
        twice(
            "twice-other-type",
            "with values of two types",
            r#""n":1,"n":"2""#,
        ),
        twice(
            "twice-escaped",
            "the second time with an escape",
            r#""n":1,"\u006e":2"#,
        ),
        twice(
            "twice-escaped-first",
            "the first time with an escape",
            r#""\u006E":1,"n":2"#,
        ),
        twice(
            "twice-apart",
            "with another member between them",
            r#""n":1,"s":"a","n":2"#,
        ),
        twice(
            "twice-unknown",
            "a name that no struct has",
            r#""z":1,"z":2"#,
        ),
        twice("twice-inside", "in an inner object", r#""z":{"n":1,"n":2}"#),
        twice(
            "twice-in-list",
            "in an object of a list",
            r#""z":[{"n":1,"n":2}]"#,
        ),
        twice("twice-empty", "the name of no letters", r#""":1,"":2"#),
        twice(
            "twice-pair",
            "a character beyond the basic plane, once as itself and once as a pair of escapes",
            "\"\u{1f600}\":1,\"\\ud83d\\ude00\":2",
        ),
        twice(
            "twice-type",
            "`type`, so that two readers see two frames",
            r#""type":"hello""#,
        ),
    ]
}

pub(super) fn numbers() -> Vec<Text> {
    let spelt = |id: &str, about: &str, number: &str| {
        let text = format!(r#"{{"n":{number},"type":"x"}}"#);
        bad("number-spelling", "CONV-12", id, about, text)
    };
    let no_json = |id: &str, about: &str, number: &str| {
        let text = format!(r#"{{"n":{number},"type":"x"}}"#);
        bad("json-extension", "CONV-1", id, about, text)
    };
    vec![
        good("zero", "0", r#"{"n":0,"type":"x"}"#),
        spelt("fraction-zero", "1.0", "1.0"),
        spelt("fraction", "1.5", "1.5"),
        spelt("exponent-zero", "1e0", "1e0"),
        spelt("exponent", "1E3", "1E3"),
        spelt("exponent-plus", "1e+3", "1e+3"),
        spelt("exponent-minus", "10e-1", "10e-1"),
        spelt("exponent-fraction", "0.1e1", "0.1e1"),
        spelt("minus", "-1", "-1"),
        spelt("minus-zero", "-0", "-0"),
        spelt("minus-zero-fraction", "-0.0", "-0.0"),
        spelt(
            "digits-17",
            "0.1 with more digits than a double has",
            "0.1000000000000000055511151231257827",
        ),
        spelt("tiny", "1e-400: below every double", "1e-400"),
        spelt("huge", "1e400: above every double", "1e400"),
        spelt("huge-exponent", "an exponent of ten digits", "1e1000000000"),
        spelt("zero-huge-exponent", "0e1000000000", "0e1000000000"),
        no_json("leading-zero", "01", "01"),
        no_json("zero-zero", "00", "00"),
        no_json("minus-leading-zero", "-01", "-01"),
        no_json("plus", "+1", "+1"),
        no_json("two-minus", "--1", "--1"),
        no_json("minus-alone", "-", "-"),
        no_json("point-behind", "1.", "1."),
        no_json("point-before", ".5", ".5"),
        no_json("exponent-alone", "1e", "1e"),
        no_json("hexadecimal", "0x10", "0x10"),
        no_json("octal", "0o10", "0o10"),
        no_json("underscore", "1_000", "1_000"),
        no_json("big-int", "1n, as JavaScript writes it", "1n"),
        no_json("nan", "NaN", "NaN"),
        no_json("infinity", "Infinity", "Infinity"),
        no_json("minus-infinity", "-Infinity", "-Infinity"),
        no_json("inf", "inf", "inf"),
        no_json("wide-digit", "U+FF11, a digit of full width", "\u{ff11}"),
        no_json("other-digit", "U+0661, an Arabic-Indic digit", "\u{661}"),
    ]
}

pub(super) fn integers() -> Vec<Text> {
    let large = |id: &str, about: &str, number: &str| {
        let text = format!(r#"{{"n":{number},"type":"x"}}"#);
        bad("large-integer", "CONV-12", id, about, text)
    };
    vec![
        good(
            "2-53-minus-1",
            "2^53 - 1",
            r#"{"n":9007199254740991,"type":"x"}"#,
        ),
        large("2-53", "2^53", "9007199254740992"),
        large(
            "2-53-plus-1",
            "2^53 + 1, which a double rounds to 2^53",
            "9007199254740993",
        ),
        large("2-63", "2^63", "9223372036854775808"),
        large("2-64-minus-1", "2^64 - 1", "18446744073709551615"),
        large("2-64", "2^64", "18446744073709551616"),
        large("digits-40", "40 digits", &"1234567890".repeat(4)),
        large("digits-400", "400 digits", &"1".repeat(400)),
        large("digits-5000", "5000 digits", &"1".repeat(5000)),
    ]
}

pub(super) fn texts() -> Vec<Text> {
    let framed = |text: &str| format!(r#"{{"s":"{text}","type":"x"}}"#);
    let fine = |id: &str, about: &str, text: &str| good(id, about, framed(text));
    let half = |id: &str, about: &str, text: &str| {
        bad("lone-surrogate", "CONV-6", id, about, framed(text))
    };
    let no_json = |id: &str, about: &str, text: &str| {
        bad("json-extension", "CONV-1", id, about, framed(text))
    };
    vec![
        fine("pair", "a pair of escapes for U+1F600", "\\ud83d\\uDE00"),
        fine("beyond-ascii", "U+1F600 as itself", "\u{1f600}"),
        fine(
            "escapes",
            "every escape of RFC 8259",
            r#"\"\\\/\b\f\n\r\t\u0020"#,
        ),
        fine("escaped-nul", "U+0000 as an escape", "a\\u0000b"),
        fine("delete", "U+007F need not be escaped", "a\u{7f}b"),
        fine("line-separator", "U+2028 need not be escaped", "a\u{2028}b"),
        fine(
            "mark-within",
            "U+FEFF within a text is a character like any other",
            "\u{feff}a",
        ),
        fine("noncharacter", "U+FFFF", "\u{ffff}"),
        half("high-surrogate", "the first half alone", "\\ud83d"),
        half("low-surrogate", "the second half alone", "\\ude00"),
        half("halves-swapped", "the halves swapped", "\\ude00\\ud83d"),
        half("two-first-halves", "the first half twice", "\\ud83d\\ud83d"),
        half("half-and-letter", "a half and a letter", "\\ud83dA"),
        half(
            "half-and-escape",
            "a half and another escape",
            "\\ud83d\\u0041",
        ),
        bad(
            "lone-surrogate",
            "CONV-6",
            "half-in-name",
            "a half in a name",
            r#"{"\ud83d":1,"type":"x"}"#,
        ),
        bad(
            "duplicate-member",
            "CONV-6",
            "halves-in-names",
            "two names which are one once their halves are replaced by U+FFFD",
            r#"{"\ud800":1,"\ud801":2,"type":"x"}"#,
        ),
        no_json("raw-line-feed", "a line feed", "a\nb"),
        no_json("raw-tab", "a tab", "a\tb"),
        no_json("raw-nul", "a zero byte", "a\0b"),
        no_json("raw-unit-separator", "U+001F", "a\u{1f}b"),
        no_json("escape-x", "`\\x41`", "\\x41"),
        no_json("escape-v", "`\\v`", "\\v"),
        no_json("escape-zero", "`\\0`", "\\0"),
        no_json("escape-quote", "`\\'`", "\\'"),
        no_json("escape-line", "a backslash before a line's end", "a\\\nb"),
        no_json("escape-braces", "`\\u{41}`", "\\u{41}"),
        no_json("escape-capital", "`\\U0041`", "\\U0041"),
        no_json("escape-short", "three hexadecimal digits", "\\u041"),
        no_json("escape-plus", "a sign among the digits", "\\u+041"),
        no_json("escape-space", "a space among the digits", "\\u 041"),
        no_json(
            "escape-underscore",
            "an underscore among the digits",
            "\\u0_41",
        ),
        no_json(
            "escape-wide",
            "digits of full width",
            "\\u\u{ff10}\u{ff10}\u{ff14}\u{ff11}",
        ),
        no_json("open-text", "a text that does not end", "a\\"),
    ]
}
