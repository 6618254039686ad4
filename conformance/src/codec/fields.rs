//! Reads members of JSON objects in the forms that the protocol gives them.
//!
//! Each function takes an object and a member's name, and says `malformed` where the member is missing or has
//! another form. Whether there are members too many is not its question; see [`super::frame`].

use super::{Hash, Verdict, base64url};
use serde_json::{Map, Value};

/// 2^53 - 1: the greatest number of the protocol.
pub const MAX_NUMBER: u64 = 9_007_199_254_740_991;

/// The value as an object. `what` names it in the error.
pub fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Verdict> {
    value
        .as_object()
        .ok_or_else(|| Verdict::malformed("CONV-4", format!("{what} is not an object")))
}

/// A member, whatever it is.
pub fn member<'a>(value: &'a Value, name: &str) -> Result<&'a Value, Verdict> {
    object(value, &format!("what should hold `{name}`"))?
        .get(name)
        .ok_or_else(|| Verdict::malformed("CONV-4", format!("`{name}` is missing")))
}

/// A text.
pub fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Verdict> {
    member(value, name)?
        .as_str()
        .ok_or_else(|| wrong(name, "a text"))
}

/// An integer or time.
pub fn uint(value: &Value, name: &str) -> Result<u64, Verdict> {
    let member = member(value, name)?;
    if !member.is_number() {
        return Err(wrong(name, "a number"));
    }
    // [CONV-12]
    member.as_u64().filter(|n| *n <= MAX_NUMBER).ok_or_else(|| {
        Verdict::malformed(
            "CONV-12",
            format!("`{name}` is not an integer from 0 to 2^53 - 1"),
        )
    })
}

/// Bytes of any length.
pub fn bytes(value: &Value, name: &str) -> Result<Vec<u8>, Verdict> {
    named(name, base64url::decode(text(value, name)?))
}

/// Exactly so many bytes.
pub fn bytes_exactly(value: &Value, name: &str, length: usize) -> Result<Vec<u8>, Verdict> {
    named(name, base64url::decode_exactly(text(value, name)?, length))
}

/// An id or hash.
pub fn hash(value: &Value, name: &str) -> Result<Hash, Verdict> {
    named(name, base64url::decode_hash(text(value, name)?))
}

/// A list.
pub fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], Verdict> {
    match member(value, name)? {
        Value::Array(items) => Ok(items),
        _ => Err(wrong(name, "a list")),
    }
}

/// A list of texts in base64url.
pub fn bytes_list(value: &Value, name: &str) -> Result<Vec<Vec<u8>>, Verdict> {
    let decode = |item: &Value| match item {
        Value::String(text) => named(name, base64url::decode(text)),
        _ => Err(wrong(name, "a list of bytes")),
    };
    list(value, name)?.iter().map(decode).collect()
}

/// `{size, hash}`: a place in the chain.
pub fn place(value: &Value, name: &str) -> Result<(u64, Hash), Verdict> {
    let place = member(value, name)?;
    object(place, name)?;
    Ok((uint(place, "size")?, hash(place, "hash")?))
}

fn wrong(name: &str, form: &str) -> Verdict {
    Verdict::malformed("CONV-4", format!("`{name}` is not {form}"))
}

fn named<T>(name: &str, result: Result<T, Verdict>) -> Result<T, Verdict> {
    result.map_err(|mut verdict| {
        verdict.detail = format!("`{name}`: {}", verdict.detail);
        verdict
    })
}
