//! The forms of JSON values, as the chapters' tables state them, and the check of a value against one.
//!
//! The tables themselves stand in [`super::frame`].

use super::fields::MAX_NUMBER;
use super::{Verdict, base64url, entry};
use serde_json::Value;

/// What a member's value must be.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A text of so many bytes.
    Text(usize, usize),
    /// A text that is just this.
    Word(&'static str),
    /// A text of so many ASCII characters.
    Ascii(usize, usize),
    /// A text of so many of the characters `A-Z a-z 0-9 . _ ~ -`.
    Reference(usize, usize),
    /// An integer from this one on.
    Uint(u64),
    /// Bytes of any length.
    Bytes,
    /// So many bytes.
    BytesExactly(usize),
    /// A list of at least so many.
    List(usize, &'static Form),
    /// An object with these members.
    Object(&'static [Member]),
    /// An object of any members.
    AnyObject,
    /// An entry. A message's ciphertext may be missing where this is `true`.
    Entry(bool),
}

/// 32 bytes.
pub const HASH: Form = Form::BytesExactly(32);
/// `{size, hash}`.
pub const PLACE: Form = Form::Object(&[must("size", Form::Uint(0)), must("hash", HASH)]);

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    name: &'static str,
    required: bool,
    form: Form,
}

/// A member that must be there.
pub const fn must(name: &'static str, form: Form) -> Member {
    Member {
        name,
        required: true,
        form,
    }
}

/// A member that may be left out.
pub const fn may(name: &'static str, form: Form) -> Member {
    Member {
        name,
        required: false,
        form,
    }
}

/// Who reads: a server refuses members that it does not know [CONV-3], a client ignores them [CONV-9].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Strict.
    Server,
    /// Lenient.
    Client,
}

/// Holds the value against the form: `malformed` (or `unknown_kind` for an entry) where it has another.
pub fn check(value: &Value, form: Form, path: &str, reader: Reader) -> Result<(), Verdict> {
    let wrong = |what: &str| Verdict::malformed("CONV-4", format!("{path} is not {what}"));
    let text = || value.as_str().ok_or_else(|| wrong("a text"));
    let here = |result: Result<(), Verdict>| {
        result.map_err(|v| Verdict {
            detail: format!("{path}: {}", v.detail),
            ..v
        })
    };
    match form {
        Form::Text(min, max) => within(text()?.len(), min, max, path),
        Form::Word(word) => match text()? == word {
            true => Ok(()),
            false => Err(Verdict::malformed(
                "CONV-16",
                format!("{path} is not {word:?}"),
            )),
        },
        Form::Ascii(min, max) => characters(text()?, |c| c.is_ascii(), path)
            .and_then(|()| within(text()?.len(), min, max, path)),
        Form::Reference(min, max) => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
            characters(text()?, allowed, path).and_then(|()| within(text()?.len(), min, max, path))
        }
        Form::Uint(min) => match value.as_u64() {
            _ if !value.is_number() => Err(wrong("a number")),
            Some(n) if n <= MAX_NUMBER && n >= min => Ok(()),
            Some(n) if n <= MAX_NUMBER => Err(Verdict::malformed(
                "CONV-16",
                format!("{path} is less than {min}"),
            )),
            _ => Err(Verdict::malformed(
                "CONV-12",
                format!("{path} is not an integer from 0 to 2^53 - 1"),
            )),
        },
        Form::Bytes => here(base64url::decode(text()?).map(drop)),
        Form::BytesExactly(n) => here(base64url::decode_exactly(text()?, n).map(drop)),
        Form::List(min, item) => {
            let items = value.as_array().ok_or_else(|| wrong("a list"))?;
            within(items.len(), min, usize::MAX, path)?;
            items
                .iter()
                .try_for_each(|i| check(i, *item, &format!("an item of {path}"), reader))
        }
        Form::Object(members) => object(value, members, path, reader),
        Form::AnyObject => value
            .as_object()
            .map(drop)
            .ok_or_else(|| wrong("an object")),
        Form::Entry(gaps) => entry_form(value, gaps, path, reader),
    }
}

fn object(value: &Value, members: &[Member], path: &str, reader: Reader) -> Result<(), Verdict> {
    let Some(found) = value.as_object() else {
        return Err(Verdict::malformed(
            "CONV-4",
            format!("{path} is not an object"),
        ));
    };
    // [CONV-3]
    let unknown = found
        .keys()
        .find(|name| !members.iter().any(|m| m.name == *name));
    if let (Some(name), Reader::Server) = (unknown, reader) {
        return Err(Verdict::malformed(
            "CONV-3",
            format!("{path} has an unknown member {name:?}"),
        ));
    }
    for member in members {
        match found.get(member.name) {
            Some(inner) => check(inner, member.form, &format!("`{}`", member.name), reader)?,
            // [CONV-4]
            None if member.required => {
                return Err(Verdict::malformed(
                    "CONV-4",
                    format!("{path} lacks `{}`", member.name),
                ));
            }
            None => {}
        }
    }
    Ok(())
}

fn entry_form(value: &Value, gaps: bool, path: &str, reader: Reader) -> Result<(), Verdict> {
    let kind = value
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let known = entry::KINDS.iter().position(|k| *k == kind);
    // [ENTRY-1] comes before the rules on the body.
    if known.is_none() && value["kind"].is_string() {
        return Err(Verdict::new(
            "unknown_kind",
            "ENTRY-1",
            format!("there is no kind {kind:?}"),
        ));
    }
    object(value, ENTRY, path, reader)?;
    let body = &value["body"];
    object(
        body,
        BODIES[known.expect("a text, by the check above")],
        "`body`",
        reader,
    )?;
    // [MSG-6]
    if kind == "message" && !gaps && body.get("ciphertext").is_none() {
        return Err(Verdict::malformed("MSG-6", "`body` lacks `ciphertext`"));
    }
    Ok(())
}

const ENTRY: &[Member] = &[
    must("community", HASH),
    must("kind", Form::Text(0, usize::MAX)),
    must("author", HASH),
    must("seq", Form::Uint(0)),
    must("seen", PLACE),
    must("sent_at", Form::Uint(0)),
    must("body", Form::AnyObject),
    must("signature", Form::Bytes),
];

const WRAPS: Form = Form::List(
    0,
    &Form::Object(&[
        must("member", HASH),
        must("wrap", Form::BytesExactly(entry::WRAP_LENGTH)),
    ]),
);

/// The bodies, in the order of [`entry::KINDS`].
const BODIES: [&[Member]; 7] = [
    &[
        must("name", Form::Text(1, 128)),
        must("authority", Form::Bytes),
        must("server_key", Form::Bytes),
        must("created_at", Form::Uint(0)),
    ],
    &[
        must("add", Form::List(0, &Form::Bytes)),
        must("remove", Form::List(0, &HASH)),
    ],
    &[must("x25519", HASH)],
    &[must("commitment", HASH), must("wraps", WRAPS)],
    &[must("epoch", HASH), must("wraps", WRAPS)],
    &[
        must("epoch", HASH),
        must("salt", Form::BytesExactly(16)),
        must("ciphertext_hash", HASH),
        may("ciphertext", Form::Bytes),
    ],
    &[
        must("index", Form::Uint(0)),
        must("reason", Form::Text(0, 512)),
    ],
];

fn within(n: usize, min: usize, max: usize, path: &str) -> Result<(), Verdict> {
    // [CONV-16]
    match (min..=max).contains(&n) {
        true => Ok(()),
        false => Err(Verdict::malformed(
            "CONV-16",
            format!("the length of {path} is {n}, out of bounds"),
        )),
    }
}

fn characters(text: &str, allowed: impl Fn(char) -> bool, path: &str) -> Result<(), Verdict> {
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => Err(Verdict::malformed("CONV-16", format!("{path} holds {c:?}"))),
    }
}
