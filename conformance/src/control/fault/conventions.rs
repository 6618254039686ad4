//! Faults in reading: spec/conventions.md.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new(
        "CONV-1/trailing",
        "reads the first JSON value and ignores what follows it",
    ),
    Fault::new(
        "CONV-1/comma",
        "lets a comma stand before a closing bracket",
    ),
    Fault::new(
        "CONV-1/control",
        "lets raw control characters stand in strings, as Python does with strict=False",
    ),
    Fault::new(
        "CONV-1/escape",
        "takes escapes that JavaScript has and JSON does not",
    ),
    Fault::new("CONV-1/cut", "closes what a text leaves open"),
    Fault::new(
        "CONV-1/empty",
        "ignores a message of nothing or white space",
    ),
    Fault::new("CONV-1/batch", "looks for a frame in an array"),
    Fault::new(
        "CONV-1/space",
        "takes what Unicode calls white space for JSON's",
    ),
    Fault::new("CONV-1/order", "asks that `type` is the first member"),
    Fault::new(
        "CONV-2",
        "keeps the last of two equal names and says nothing",
    ),
    Fault::new(
        "CONV-2/nested",
        "looks for equal names in the outermost object alone",
    ),
    Fault::new(
        "CONV-2/escapes",
        "compares names before escapes are decoded",
    ),
    Fault::new("CONV-3", "ignores members that it does not know")
        .spreading("other cases' malformed frames are such ones"),
    Fault::new(
        "CONV-3/nested",
        "ignores members that it does not know below the outermost object",
    ),
    Fault::new(
        "CONV-4/missing",
        "puts a default in the place of a missing member",
    ),
    Fault::new("CONV-4/null", "takes null for a member that is left out"),
    Fault::new(
        "CONV-4/type",
        "turns texts of digits into numbers and numbers into texts",
    ),
    Fault::new("CONV-4/list", "fills structures from lists"),
    Fault::new("CONV-4/body", "tells a body's kind by its members"),
    Fault::new(
        "CONV-4/empty",
        "takes an empty object or text for an empty list, as PHP and Lua do",
    ),
    Fault::new("CONV-5", "skips a byte-order mark"),
    Fault::new("CONV-6", "puts U+FFFD in the place of a lone surrogate"),
    Fault::new(
        "CONV-7/lossy",
        "puts U+FFFD in the place of bytes that are not UTF-8",
    ),
    Fault::new(
        "CONV-7/refused",
        "refuses a text that is not UTF-8 and keeps the connection",
    ),
    Fault::new(
        "CONV-7/close",
        "fails the connection with 1002 where 1007 is due",
    ),
    Fault::new("CONV-8", "follows JSON to any depth"),
    Fault::new(
        "CONV-8/seventeen",
        "refuses a depth beyond 17 instead of 16",
    ),
    Fault::new("CONV-8/fifteen", "refuses a depth of 16, too"),
    Fault::new("CONV-11", "leaves `detail` out of a refusal")
        .spreading("cases that look at a whole refusal miss the member, too"),
    Fault::new(
        "CONV-11/null",
        "writes null for a `ref` that it does not have",
    )
    .spreading("cases that look at a whole refusal find the member, too"),
    Fault::new(
        "CONV-11/padded",
        "writes hashes in an `accepted` with padding",
    )
    .spreading("frames that repeat the hash of an `accepted` repeat its padding"),
    Fault::new("CONV-12/float", "takes 1.0 and 1e3 for integers"),
    Fault::new("CONV-12/big", "reads numbers beyond 2^53 - 1 as doubles"),
    Fault::new("CONV-12/minus-zero", "takes -0 for 0"),
    Fault::new("CONV-12/leading-zero", "ignores zeros before a number"),
    Fault::new("CONV-13/padded", "ignores padding behind base64url"),
    Fault::new(
        "CONV-13/trailing-bits",
        "ignores the unused bits of the last letter",
    ),
    Fault::new("CONV-13/standard", "takes `+` and `/` for `-` and `_`"),
    Fault::new("CONV-13/space", "ignores white space in base64url"),
    Fault::new(
        "CONV-13/odd-letter",
        "drops a last letter that makes no byte",
    ),
    Fault::new(
        "CONV-14",
        "reads bytes into a buffer of the right length, cutting or filling up",
    )
    .spreading("a case about details resumes by a token that is too short"),
    Fault::new(
        "CONV-14/short",
        "checks that bytes are not too long, and fills up short ones",
    )
    .spreading("a case about details resumes by a token that is too short"),
    Fault::new("CONV-15/trim", "trims white space off a redaction's reason"),
    Fault::new(
        "CONV-15/nfc",
        "composes letters and accents in a redaction's reason",
    ),
    Fault::new("CONV-15/nul", "cuts a redaction's reason at U+0000"),
    Fault::new("CONV-16/text", "checks no text's length"),
    Fault::new(
        "CONV-16/characters",
        "counts characters where bytes are meant",
    ),
    Fault::new(
        "CONV-16/alphabet",
        "checks a `ref`'s length and not its characters",
    ),
    Fault::new("CONV-16/integer", "takes a `session_ms` below 1000"),
    Fault::new(
        "TUPLE-1",
        "hashes a block over its signature instead of the signature's hash",
    )
    .spreading("every block's hash is another, the community's id among them"),
    Fault::new(
        "TUPLE-1/json",
        "computes the body digest over the body's JSON text",
    )
    .spreading("no entry's signature verifies"),
];
