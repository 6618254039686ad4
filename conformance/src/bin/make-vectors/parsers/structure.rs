//! The grammar around values, what stands around the object, encodings, and depth.

use super::{Text, bad, good};

pub(super) fn grammar() -> Vec<Text> {
    let no_json =
        |id: &str, about: &str, text: &str| bad("json-extension", "CONV-1", id, about, text);
    vec![
        good(
            "white-space",
            "all white space of RFC 8259, wherever it may stand",
            " {\t\"n\" :\r\n1 ,\"type\"\n:\"x\"\t}\r\n",
        ),
        no_json(
            "trailing-comma",
            "a comma behind the last member",
            r#"{"type":"x",}"#,
        ),
        no_json(
            "trailing-comma-list",
            "a comma behind the last item",
            r#"{"type":"x","z":[1,]}"#,
        ),
        no_json(
            "leading-comma",
            "a comma before the first member",
            r#"{,"type":"x"}"#,
        ),
        no_json("two-commas", "two commas", r#"{"n":1,,"type":"x"}"#),
        no_json("no-comma", "no comma", r#"{"n":1 "type":"x"}"#),
        no_json("semicolon", "a semicolon", r#"{"n":1;"type":"x"}"#),
        no_json("no-colon", "no colon", r#"{"type" "x"}"#),
        no_json("equals", "an equals sign", r#"{"type"="x"}"#),
        no_json(
            "hole",
            "an item that is not there",
            r#"{"type":"x","z":[1,,2]}"#,
        ),
        no_json(
            "no-value",
            "a value that is not there",
            r#"{"n":,"type":"x"}"#,
        ),
        no_json("comment", "a comment", r#"{"type":"x"/* note */}"#),
        no_json(
            "line-comment",
            "a comment up to the line's end",
            "{\"type\":\"x\"// note\n}",
        ),
        no_json(
            "hash-comment",
            "a comment of a shell",
            "# note\n{\"type\":\"x\"}",
        ),
        no_json("single-quotes", "single quotes", "{'type':'x'}"),
        no_json(
            "curly-quotes",
            "quotes of print",
            "{\u{201c}type\u{201d}:\"x\"}",
        ),
        no_json("bare-name", "a name without quotes", r#"{type:"x"}"#),
        no_json("number-name", "a number for a name", r#"{1:2,"type":"x"}"#),
        no_json(
            "true-capital",
            "True, as Python writes it",
            r#"{"type":"x","z":True}"#,
        ),
        no_json("none", "None", r#"{"type":"x","z":None}"#),
        no_json("undefined", "undefined", r#"{"type":"x","z":undefined}"#),
        no_json("nan-small", "nan", r#"{"n":nan,"type":"x"}"#),
        no_json("cut-word", "`tru`", r#"{"type":"x","z":tru}"#),
        no_json(
            "word-behind-word",
            "`truefalse`",
            r#"{"type":"x","z":truefalse}"#,
        ),
        no_json(
            "form-feed",
            "U+000C for white space",
            "{\u{c}\"type\":\"x\"}",
        ),
        no_json(
            "vertical-tab",
            "U+000B for white space",
            "{\u{b}\"type\":\"x\"}",
        ),
        no_json(
            "no-break-space",
            "U+00A0 for white space",
            "{\u{a0}\"type\":\"x\"}",
        ),
        no_json(
            "next-line",
            "U+0085 for white space",
            "{\u{85}\"type\":\"x\"}",
        ),
        no_json(
            "line-separator-space",
            "U+2028 for white space",
            "{\u{2028}\"type\":\"x\"}",
        ),
        no_json(
            "mark-space",
            "U+FEFF for white space",
            "{\u{feff}\"type\":\"x\"}",
        ),
        no_json("cut", "the last brace is missing", r#"{"type":"x""#),
        no_json("cut-list", "an open list", r#"{"type":"x","z":[1"#),
        no_json("crossed", "brackets that cross", r#"{"type":"x","z":[{]}}"#),
    ]
}

pub(super) fn around() -> Vec<Text> {
    let no_object =
        |id: &str, about: &str, text: &str| bad("not-one-object", "CONV-1", id, about, text);
    vec![
        no_object("nothing", "no bytes", ""),
        no_object("white-space-alone", "white space alone", " \n"),
        no_object("null", "null", "null"),
        no_object("number", "a number", "1"),
        no_object("text", "a text", r#""x""#),
        no_object(
            "list-of-frame",
            "a list that holds the frame",
            r#"[{"type":"x"}]"#,
        ),
        no_object(
            "list-as-struct",
            "the values alone, in a list: an object to readers that fill a struct in its members' order",
            r#"["x",1,"a"]"#,
        ),
        no_object("members-alone", "members without braces", r#""type":"x""#),
        no_object("two-objects", "two frames", r#"{"type":"x"}{"type":"y"}"#),
        no_object(
            "two-lines",
            "two frames on two lines",
            "{\"type\":\"x\"}\n{\"type\":\"y\"}",
        ),
        no_object("brace-behind", "a brace too many", r#"{"type":"x"}}"#),
        no_object(
            "comma-behind",
            "a comma behind the frame",
            r#"{"type":"x"},"#,
        ),
        no_object(
            "nul-behind",
            "a zero byte behind the frame",
            "{\"type\":\"x\"}\0",
        ),
        no_object(
            "nul-before",
            "a zero byte before the frame",
            "\0{\"type\":\"x\"}",
        ),
        no_object(
            "word-behind",
            "a word behind the frame",
            r#"{"type":"x"} x"#,
        ),
        no_object(
            "end-of-text",
            "U+001A behind the frame, with which files of old ended",
            "{\"type\":\"x\"}\u{1a}",
        ),
        no_object(
            "record-separator",
            "U+001E before the frame (RFC 7464)",
            "\u{1e}{\"type\":\"x\"}\n",
        ),
        no_object(
            "guard",
            "the prefix by which web applications keep scripts from reading",
            ")]}',\n{\"type\":\"x\"}",
        ),
        no_object("call", "a call with the frame in it", r#"f({"type":"x"})"#),
    ]
}

pub(super) fn encodings() -> Vec<Text> {
    let text = r#"{"type":"x"}"#;
    let other =
        |id: &str, about: &str, bytes: Vec<u8>| bad("other-encoding", "CONV-1", id, about, bytes);
    let broken = |id: &str, about: &str, letter: &[u8]| {
        let bytes = [b"{\"s\":\"a", letter, b"\",\"type\":\"x\"}"].concat();
        bad("invalid-utf8", "CONV-7", id, about, bytes)
    };
    let mark =
        |id: &str, about: &str, text: &str| bad("byte-order-mark", "CONV-5", id, about, text);
    let wide = |units: &dyn Fn(u16) -> Vec<u8>| text.encode_utf16().flat_map(units).collect();
    let big: Vec<u8> = wide(&|unit| unit.to_be_bytes().into());
    let little: Vec<u8> = wide(&|unit| unit.to_le_bytes().into());
    let wider: Vec<u8> = wide(&|unit| u32::from(unit).to_le_bytes().into());
    vec![
        mark("mark", "a byte-order mark", "\u{feff}{\"type\":\"x\"}"),
        mark(
            "mark-and-space",
            "a byte-order mark and a space",
            "\u{feff} {\"type\":\"x\"}",
        ),
        mark(
            "two-marks",
            "two byte-order marks",
            "\u{feff}\u{feff}{\"type\":\"x\"}",
        ),
        other(
            "utf-16-le",
            "UTF-16, least significant byte first",
            little.clone(),
        ),
        other(
            "utf-16-be",
            "UTF-16, most significant byte first",
            big.clone(),
        ),
        broken_whole(
            "utf-16-le-mark",
            "the same behind a byte-order mark, which is no UTF-8",
            [&[0xff, 0xfe][..], &little].concat(),
        ),
        broken_whole(
            "utf-16-be-mark",
            "the other way round",
            [&[0xfe, 0xff][..], &big].concat(),
        ),
        other("utf-32-le", "UTF-32", wider),
        broken("latin-1", "é in Latin-1", &[0xe9]),
        broken("continuation", "a continuation byte alone", &[0x80]),
        broken(
            "cut-character",
            "a character of which the last byte is missing",
            &[0xe2, 0x82],
        ),
        broken("overlong", "U+002F in two bytes", &[0xc0, 0xaf]),
        broken(
            "overlong-nul",
            "U+0000 in two bytes, as Java writes it",
            &[0xc0, 0x80],
        ),
        broken(
            "surrogate",
            "a lone surrogate, written as UTF-8",
            &[0xed, 0xa0, 0xbd],
        ),
        broken(
            "surrogate-pair",
            "a pair of surrogates, written as UTF-8 one by one, as Java and some databases do",
            &[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
        ),
        broken("above-unicode", "U+110000", &[0xf4, 0x90, 0x80, 0x80]),
        broken(
            "five-bytes",
            "a sequence of five bytes",
            &[0xf8, 0x88, 0x80, 0x80, 0x80],
        ),
        broken("byte-ff", "the byte 0xff", &[0xff]),
    ]
}

/// Bytes that are UTF-8 nowhere.
fn broken_whole(id: &str, about: &str, bytes: Vec<u8>) -> Text {
    bad("other-encoding", "CONV-7", id, about, bytes)
}

pub(super) fn depth() -> Vec<Text> {
    let lists = |depth: usize| {
        let inner = depth - 1;
        format!(
            r#"{{"type":"x","z":{}{}}}"#,
            "[".repeat(inner),
            "]".repeat(inner)
        )
    };
    let deep = |id: &str, about: &str, text: String| bad("deep-nesting", "CONV-8", id, about, text);
    let objects = format!(
        r#"{}0{},"type":"x"}}"#,
        r#"{"z":"#.repeat(17),
        "}".repeat(16)
    );
    vec![
        good("depth-16", "depth 16", lists(16)),
        deep("depth-17", "depth 17", lists(17)),
        deep("depth-17-objects", "depth 17, of objects", objects),
        deep("depth-127", "depth 127", lists(127)),
        deep("depth-128", "depth 128", lists(128)),
        deep("depth-500", "depth 500", lists(500)),
        deep("depth-2000", "depth 2000", lists(2000)),
        bad(
            "deep-nesting",
            "CONV-1",
            "depth-open",
            "3000 lists that do not end",
            format!(r#"{{"type":"x","z":{}"#, "[".repeat(3000)),
        ),
    ]
}
