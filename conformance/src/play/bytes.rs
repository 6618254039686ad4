//! Arithmetic of templates: values that are bytes' texts or numbers, and what the operators make of them.

use data_encoding::{BASE64, BASE64URL};
use serde_json::{Map, Value};

use crate::{codec::base64url, scenario::template::Misspelling};

/// Bytes as a value.
pub fn value(bytes: &[u8]) -> Value {
    Value::String(base64url::encode(bytes))
}

/// The bytes of a value.
///
/// # Errors
/// In words, if it is not the canonical text of any bytes.
pub fn of(value: &Value) -> Result<Vec<u8>, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("bytes were due, not {value}"))?;
    base64url::decode(text)
        .map_err(|verdict| format!("{text:?} is no text of bytes: {}", verdict.detail))
}

/// 32 bytes of a value.
///
/// # Errors
/// In words, if it is not the canonical text of 32 bytes.
pub fn hash(value: &Value) -> Result<[u8; 32], String> {
    of(value)?
        .try_into()
        .map_err(|bytes: Vec<u8>| format!("32 bytes were due, not {}", bytes.len()))
}

/// The last bit of the first byte turned.
///
/// # Errors
/// In words, if there is no byte.
pub fn flip(mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    *bytes.first_mut().ok_or("there is no byte to flip")? ^= 1;
    Ok(bytes)
}

/// Without the last byte.
///
/// # Errors
/// In words, if there is no byte.
pub fn cut(mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    bytes.pop().ok_or("there is no byte to cut")?;
    Ok(bytes)
}

/// With a zero byte more.
pub fn grow(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(0);
    bytes
}

/// A number plus a number; either may be negative.
///
/// # Errors
/// In words, if one is no integer or the sum is beyond 64 bits.
pub fn add(left: &Value, right: &Value) -> Result<Value, String> {
    let integer = |value: &Value| {
        let number = value
            .as_i64()
            .map(i128::from)
            .or_else(|| value.as_u64().map(i128::from));
        number.ok_or_else(|| format!("an integer was due, not {value}"))
    };
    self::integer(integer(left)? + integer(right)?)
}

/// A number as a value.
///
/// # Errors
/// In words, if it is beyond 64 bits.
pub fn integer(number: i128) -> Result<Value, String> {
    match (u64::try_from(number), i64::try_from(number)) {
        (Ok(number), _) => Ok(number.into()),
        (_, Ok(number)) => Ok(number.into()),
        _ => Err(format!("{number} is beyond 64 bits")),
    }
}

/// A wrong text of bytes.
///
/// # Errors
/// In words, if these bytes' text cannot go wrong so.
pub fn misspelt(bytes: &[u8], how: Misspelling) -> Result<String, String> {
    let right = base64url::encode(bytes);
    let wrong = match how {
        Misspelling::Padded => BASE64URL.encode(bytes),
        Misspelling::Standard => BASE64.encode(bytes).trim_end_matches('=').to_owned(),
        Misspelling::TrailingBits => trailing_bit(&right),
        Misspelling::Spaced => {
            let (first, second) = right.split_at(right.len() / 2);
            format!("{first} {second}")
        }
        Misspelling::Broken => format!("{right}\n"),
        Misspelling::OddLetter => {
            let missing = (5 - right.len() % 4) % 4;
            format!("{right}{}", "A".repeat(missing))
        }
    };
    if wrong == right {
        return Err(format!(
            "{} bytes have no text that is wrong so: {right}",
            bytes.len()
        ));
    }
    Ok(wrong)
}

/// Sets the lowest unused bit of the last letter, where it has one.
fn trailing_bit(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let Some((rest, last)) = text.len().checked_sub(1).map(|end| text.split_at(end)) else {
        return String::new();
    };
    match ALPHABET.find(last) {
        Some(place) if !text.len().is_multiple_of(4) => {
            format!("{rest}{}", &ALPHABET[place + 1..place + 2])
        }
        _ => text.to_owned(),
    }
}

/// Sets a member by a name, or by a path with `/`; what lies on the path must be there.
///
/// # Errors
/// In words, if the path leads nowhere.
pub fn set(object: &mut Value, path: &str, new: Value) -> Result<(), String> {
    let (members, name) = parent(object, path)?;
    match members {
        Place::Object(members) => {
            members.insert(name.to_owned(), new);
        }
        Place::Item(item) => *item = new,
    }
    Ok(())
}

/// Takes a member away, by a name or a path with `/`.
///
/// # Errors
/// In words, if it is not there.
pub fn drop_member(object: &mut Value, path: &str) -> Result<(), String> {
    match parent(object, path)? {
        (Place::Object(members), name) => members
            .shift_remove(name)
            .map(|_| ())
            .ok_or_else(|| format!("there is no member `{path}` to drop")),
        (Place::Item(_), _) => Err(format!(
            "`{path}` is an item of a list: only members are dropped"
        )),
    }
}

enum Place<'a> {
    Object(&'a mut Map<String, Value>),
    Item(&'a mut Value),
}

fn parent<'a, 'p>(object: &'a mut Value, path: &'p str) -> Result<(Place<'a>, &'p str), String> {
    let (way, name) = path
        .rsplit_once('/')
        .map_or(("", path), |(way, name)| (way, name));
    let mut place = object;
    for part in way.split('/').filter(|part| !part.is_empty()) {
        place = match place {
            Value::Object(members) => members.get_mut(part),
            Value::Array(items) => part
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index)),
            _ => None,
        }
        .ok_or_else(|| format!("the path `{path}` ends at `{part}`"))?;
    }
    match place {
        Value::Object(members) => Ok((Place::Object(members), name)),
        Value::Array(items) => {
            let item = name
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index));
            item.map(|item| (Place::Item(item), name))
                .ok_or_else(|| format!("there is no item `{path}`"))
        }
        _ => Err(format!("`{path}` is not a member of an object")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_are_flipped_cut_and_grown() {
        assert_eq!(flip(vec![2, 2]), Ok(vec![3, 2]));
        assert_eq!(cut(vec![1, 2]), Ok(vec![1]));
        assert_eq!(grow(vec![1]), [1, 0]);
        assert!(flip(vec![]).is_err() && cut(vec![]).is_err());
    }

    #[test]
    fn sums_may_be_negative_and_reach_beyond_the_protocols_numbers() {
        assert_eq!(add(&json!(1), &json!(-2)), Ok(json!(-1)));
        assert_eq!(
            add(&json!(9_007_199_254_740_991_u64), &json!(1)),
            Ok(json!(9_007_199_254_740_992_u64))
        );
        assert!(add(&json!("1"), &json!(1)).is_err());
    }

    #[test]
    fn every_misspelling_differs_from_the_canonical_text_and_is_refused_by_the_codec() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        for how in [
            Misspelling::Padded,
            Misspelling::TrailingBits,
            Misspelling::Standard,
            Misspelling::Spaced,
            Misspelling::Broken,
            Misspelling::OddLetter,
        ] {
            let wrong = misspelt(&bytes, how).expect("a misspelling");
            assert!(base64url::decode(&wrong).is_err(), "{how:?}: {wrong}");
        }
        assert_eq!(
            misspelt(&[0x41], Misspelling::TrailingBits),
            Ok("QR".into())
        );
    }

    #[test]
    fn a_misspelling_that_would_be_right_is_an_error() {
        assert!(misspelt(&[0, 0, 0], Misspelling::Padded).is_err());
        assert!(misspelt(&[0, 0, 0], Misspelling::TrailingBits).is_err());
        assert!(misspelt(&[0, 0, 0], Misspelling::Standard).is_err());
    }

    #[test]
    fn members_are_set_and_dropped_by_their_paths() {
        let mut object = json!({"a": {"b": [1, {"c": 2}]}, "d": 3});
        set(&mut object, "a/b/1/c", json!(4)).expect("set");
        set(&mut object, "a/b/0", json!(5)).expect("set");
        set(&mut object, "new", json!(6)).expect("set");
        drop_member(&mut object, "d").expect("dropped");
        assert_eq!(object, json!({"a": {"b": [5, {"c": 4}]}, "new": 6}));
        assert!(set(&mut object, "x/y", json!(1)).is_err());
        assert!(drop_member(&mut object, "d").is_err());
    }
}
