//! JSON texts as lenient parsers would have read them. A text that cannot be mended comes back as it was, or not.

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The first JSON value, without what follows it.
pub(super) fn first_value(text: &str) -> Option<String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok()?;
    Some(text[..values.byte_offset()].to_owned())
}

/// The first item of an array.
pub(super) fn first_of_array(text: &str) -> Option<String> {
    let items: Vec<Value> = serde_json::from_str(text).ok()?;
    items.first().map(Value::to_string)
}

/// Whether the first member's name is `type`.
pub(super) fn begins_with_type(bytes: &[u8]) -> bool {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    value
        .as_object()
        .is_some_and(|members| members.keys().next().is_some_and(|name| name == "type"))
}

/// With `\x41` and the like as JSON has them.
pub(super) fn with_escapes_of_javascript(text: &str) -> String {
    text.replace("\\x", "\\u00").replace("\\'", "'")
}

/// With closing signs for what is open at the end.
pub(super) fn closed(text: &str) -> String {
    let mut open = Vec::new();
    for part in parts(text) {
        match part {
            Part::Sign('{') => open.push('}'),
            Part::Sign('[') => open.push(']'),
            Part::Sign('}' | ']') => drop(open.pop()),
            _ => {}
        }
    }
    text.chars().chain(open.into_iter().rev()).collect()
}

/// With spaces for all white space of Unicode outside of strings.
pub(super) fn with_plain_space(text: &str) -> String {
    let mut out = String::new();
    for part in parts(text) {
        match part {
            Part::Sign(c) if c.is_whitespace() => out.push(' '),
            other => other.write(&mut out),
        }
    }
    out
}

/// The text in which each name stands once, with its last value.
pub(super) fn last_wins(text: &str) -> Option<String> {
    Some(serde_json::from_str::<Value>(text).ok()?.to_string())
}

/// Whether a name stands twice in the outermost object.
pub(super) fn top_level_repeats(text: &str) -> bool {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some((name, IgnoredAny)) = map.next_entry()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let names = serde::Deserializer::deserialize_map(&mut deserializer, Names);
    let mut names = names.unwrap_or_default();
    let count = names.len();
    names.sort();
    names.dedup();
    names.len() < count
}

/// Whether a name stands twice in an object when escapes are left as they are written.
pub(super) fn repeats_as_written(text: &str) -> bool {
    use crate::codec::json::{Rules, read_object};
    let written = text.replace("\\u", "\\\\u");
    read_object(written.as_bytes(), Rules::FRAME)
        .is_err_and(|verdict| verdict.requirement == "CONV-2")
}

/// Without commas before closing brackets.
pub(super) fn without_last_commas(text: &str) -> String {
    let mut out = String::new();
    for part in parts(text) {
        if let Part::Sign(']' | '}') = part {
            let kept = out.trim_end_matches([' ', '\t', '\r', '\n']);
            if let Some(before) = kept.strip_suffix(',') {
                out.truncate(before.len());
            }
        }
        part.write(&mut out);
    }
    out
}

/// With control characters in strings as escapes.
pub(super) fn with_controls_escaped(text: &str) -> String {
    let mut out = String::new();
    for part in parts(text) {
        match part {
            Part::Text(inner) => {
                for c in inner.chars() {
                    match c {
                        '\0'..'\u{20}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                        _ => out.push(c),
                    }
                }
            }
            other => other.write(&mut out),
        }
    }
    out
}

/// With `\ufffd` for each surrogate that is not half of a pair.
pub(super) fn with_surrogates_replaced(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                out.push_str("\\ufffd");
                at += 6;
                continue;
            }
            // A backslash goes with what it escapes.
            _ if c == '\\' => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            _ => c.len_utf8(),
        };
        out.push_str(&text[at..at + length]);
        at += length;
    }
    out
}

/// With each number outside of strings as the function gives it.
pub(super) fn with_numbers(text: &str, change: fn(&str) -> String) -> String {
    let mut out = String::new();
    for part in parts(text) {
        match part {
            Part::Number(token) => out.push_str(&change(token)),
            other => other.write(&mut out),
        }
    }
    out
}

enum Part<'a> {
    /// A string, quotation marks and all.
    Text(&'a str),
    /// A run of characters of a number.
    Number(&'a str),
    /// Anything else.
    Sign(char),
}

impl Part<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) | Self::Number(text) => out.push_str(text),
            Self::Sign(c) => out.push(*c),
        }
    }
}

/// Cuts a JSON text up.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let (length, is_number) = match first {
            '"' => (string_length(rest), false),
            '-' | '0'..='9' => {
                let end =
                    rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
                (end.unwrap_or(rest.len()), true)
            }
            _ => {
                rest = &rest[first.len_utf8()..];
                return Some(Part::Sign(first));
            }
        };
        let (part, after) = rest.split_at(length);
        rest = after;
        Some(if is_number {
            Part::Number(part)
        } else {
            Part::Text(part)
        })
    })
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}
