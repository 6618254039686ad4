//! Reads clients' frames: strictly, as the codec does, or as leniently as a fault asks.
//!
//! The codec's verdict names the rule that a frame breaks. Where that rule's switch is on, the text or the value is
//! mended as a lenient parser would have read it, and read again.

use serde_json::{Map, Value, json};

use super::fault::Faults;
use crate::codec::fields::MAX_NUMBER;
use crate::codec::json::{Rules, read_object};
use crate::codec::{Verdict, base64url, entry, frame};

mod spelling;
mod text;

/// The frame, or why it is none.
pub(super) fn read(bytes: &[u8], faults: &Faults) -> Result<Value, Verdict> {
    match frame::read_client(bytes) {
        Err(verdict) if !faults.is_empty() => lenient(bytes, verdict, faults),
        Ok(frame) if faults.has("CONV-1/order") && !text::begins_with_type(bytes) => Err(
            Verdict::malformed("CONV-1", format!("{} is not the first", frame["type"])),
        ),
        strict => strict,
    }
}

/// The `ref` of a frame that is a `submit` and has a usable one, refused or not.
pub(super) fn reference(bytes: &[u8]) -> Option<String> {
    let frame = read_object(bytes, Rules::FRAME).ok()?;
    let reference = frame["ref"]
        .as_str()
        .filter(|_| frame["type"] == "submit")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
    ((1..=64).contains(&reference.len()) && reference.chars().all(allowed))
        .then(|| reference.to_owned())
}

fn lenient(bytes: &[u8], verdict: Verdict, faults: &Faults) -> Result<Value, Verdict> {
    let has = |id| faults.has(id);
    let source = std::str::from_utf8(bytes).unwrap_or_default();
    let again = |mended: Option<String>| match mended {
        // One mistake is mended once; what is left of it is refused.
        Some(text) => frame::read_client(text.as_bytes()),
        None => Err(verdict.clone()),
    };
    let mend = |change: &dyn Fn(&mut Value)| {
        let mut value = read_object(bytes, Rules::FRAME).unwrap_or_default();
        change(&mut value);
        again(Some(value.to_string()))
    };
    let as_it_is = || read_object(bytes, Rules::FRAME);
    match verdict.requirement {
        "CONV-1" if has("CONV-1/trailing") => again(text::first_value(source)),
        "CONV-1" if has("CONV-1/comma") => again(Some(text::without_last_commas(source))),
        "CONV-1" if has("CONV-1/control") => again(Some(text::with_controls_escaped(source))),
        "CONV-1" if has("CONV-1/escape") => again(Some(text::with_escapes_of_javascript(source))),
        "CONV-1" if has("CONV-1/cut") => again(Some(text::closed(source))),
        "CONV-1" if has("CONV-1/batch") => again(text::first_of_array(source)),
        "CONV-1" if has("CONV-1/space") => again(Some(text::with_plain_space(source))),
        "CONV-2" if has("CONV-2") => again(text::last_wins(source)),
        "CONV-2" if has("CONV-2/nested") && !text::top_level_repeats(source) => {
            again(text::last_wins(source))
        }
        "CONV-2" if has("CONV-2/escapes") && !text::repeats_as_written(source) => {
            again(text::last_wins(source))
        }
        "CONV-3" if has("CONV-3") => as_it_is(),
        "CONV-3" if has("CONV-3/nested") && is_known_on_top(bytes) => as_it_is(),
        "CONV-4" if has("CONV-4/missing") => mend(&fill_up),
        "CONV-4" if has("CONV-4/null") => mend(&drop_nulls),
        "CONV-4" if has("CONV-4/type") => mend(&coerce),
        "CONV-4" if has("CONV-4/list") => mend(&structure),
        "CONV-4" if has("CONV-4/empty") => mend(&empty_lists),
        "CONV-3" | "CONV-4" if has("CONV-4/body") => mend(&kind_by_body),
        "CONV-5" if has("CONV-5") => again(source.strip_prefix('\u{feff}').map(str::to_owned)),
        "CONV-6" if has("CONV-6") => again(Some(text::with_surrogates_replaced(source))),
        "CONV-8" if has("CONV-8") => deep(bytes, 512),
        "CONV-8" if has("CONV-8/seventeen") => deep(bytes, 17),
        "CONV-12" if has("CONV-12/float") => again(Some(text::with_numbers(source, whole))),
        "CONV-12" if has("CONV-12/big") => again(Some(text::with_numbers(source, bounded))),
        "CONV-12" if has("CONV-12/minus-zero") => {
            again(Some(text::with_numbers(source, without_minus)))
        }
        "CONV-12" if has("CONV-12/leading-zero") => {
            again(Some(text::with_numbers(source, without_zeros)))
        }
        "CONV-13" => match spelling::Leniency::of(faults) {
            Some(leniency) => mend(&|frame| spelling::respell(frame, leniency)),
            None => Err(verdict),
        },
        "CONV-14" if has("CONV-14") || has("CONV-14/short") => {
            mend(&|frame| spelling::resize(frame, has("CONV-14")))
        }
        "CONV-16" if is_let_through(bytes, faults) => as_it_is(),
        "MSG-6" if has("MSG-6") => as_it_is(),
        "JOIN-4" if has("JOIN-4") => mend(&|frame| frame["version"] = VERSION.into()),
        "JOIN-4" if has("JOIN-4/prefix") && verdict.detail.contains(VERSION) => {
            mend(&|frame| frame["version"] = VERSION.into())
        }
        "JOIN-4" if has("JOIN-4/order") => {
            mend(&|frame| frame["version"] = VERSION.into()).and(Err(verdict))
        }
        "ENTRY-1" if has("ENTRY-1") => Err(Verdict::malformed("ENTRY-1", verdict.detail)),
        "ENTRY-1" if has("ENTRY-1/body") && !has_known_body(bytes) => {
            Err(Verdict::malformed("ENTRY-1", verdict.detail))
        }
        "ERR-6" if has("ERR-6") => Err(Verdict::malformed("ERR-6", verdict.detail)),
        "ERR-6" if has("ERR-6/server") && is_a_servers(bytes) => {
            Err(Verdict::new("unexpected_frame", "ERR-6", verdict.detail))
        }
        "ERR-6" if has("CONV-8/fifteen") => read_object(
            bytes,
            Rules {
                depth: 15,
                ..Rules::FRAME
            },
        )
        .and(Err(verdict)),
        _ => Err(verdict),
    }
}

const VERSION: &str = "dispatch-d/1";

/// [CONV-8] Reads a frame that is nested too deeply, and goes on with the question of its type.
fn deep(bytes: &[u8], depth: usize) -> Result<Value, Verdict> {
    let frame = read_object(
        bytes,
        Rules {
            depth,
            ..Rules::FRAME
        },
    )?;
    match frame["type"].as_str() {
        Some("hello" | "prove" | "resume" | "submit") => {
            Err(Verdict::malformed("CONV-3", "unknown members"))
        }
        _ => Err(Verdict::new(
            "unknown_frame",
            "ERR-6",
            "no frame of a client has this type",
        )),
    }
}

/// [CONV-3] Whether the outermost object has no unknown member.
fn is_known_on_top(bytes: &[u8]) -> bool {
    let frame = read_object(bytes, Rules::FRAME).unwrap_or_default();
    let known: &[&str] = match frame["type"].as_str() {
        Some("hello") => &[
            "type",
            "version",
            "origin",
            "public_key",
            "client_nonce",
            "session_ms",
            "have",
        ],
        Some("prove") => &["type", "server_nonce", "signature"],
        Some("resume") => &["type", "token", "client_nonce", "have"],
        Some("submit") => &["type", "ref", "token", "entry"],
        _ => &[],
    };
    frame
        .as_object()
        .is_some_and(|members| members.keys().all(|name| known.contains(&name.as_str())))
}

/// [CONV-16] Whether a fault does not look at the bound that the frame breaks.
fn is_let_through(bytes: &[u8], faults: &Faults) -> bool {
    let frame = read_object(bytes, Rules::FRAME).unwrap_or_default();
    let is_short = frame["session_ms"].as_u64().is_some_and(|n| n < 1000);
    let reason = frame["entry"]["body"]["reason"]
        .as_str()
        .unwrap_or_default();
    let reference = frame["ref"].as_str().unwrap_or_default();
    let in_characters = reason.len() > 512 && reason.chars().count() <= 512;
    let of_right_length = (1..=64).contains(&reference.len());
    faults.has("CONV-16/integer") && is_short
        || faults.has("CONV-16/characters") && in_characters
        || faults.has("CONV-16/alphabet") && of_right_length && reason.len() <= 512 && !is_short
        || faults.has("CONV-16/text") && !is_short
}

fn has_known_body(bytes: &[u8]) -> bool {
    let frame = read_object(bytes, Rules::FRAME).unwrap_or_default();
    let body = &frame["entry"]["body"];
    entry::KINDS
        .iter()
        .any(|kind| entry::body_tuple(kind, body).is_ok())
}

fn is_a_servers(bytes: &[u8]) -> bool {
    let frame = read_object(bytes, Rules::FRAME).unwrap_or_default();
    let names = [
        "challenge",
        "welcome",
        "blocks",
        "checkpoint",
        "accepted",
        "refused",
        "bye",
    ];
    frame["type"]
        .as_str()
        .is_some_and(|name| names.contains(&name))
}

/// [CONV-4] Missing members become what a parser with defaults gives.
fn fill_up(frame: &mut Value) {
    let zeros = base64url::encode(&[0; 32]);
    let defaults: &[(&str, Value)] = match frame["type"].as_str() {
        Some("hello") => &[
            ("version", VERSION.into()),
            ("origin", "".into()),
            ("client_nonce", json!(zeros)),
            ("public_key", "".into()),
        ],
        Some("prove") => &[("server_nonce", json!(zeros)), ("signature", "".into())],
        Some("resume") => &[("token", "".into()), ("client_nonce", json!(zeros))],
        Some("submit") => &[("ref", "0".into()), ("token", "".into())],
        _ => &[],
    };
    insert(frame.as_object_mut(), defaults);
    let place = json!({ "size": 0, "hash": zeros });
    if frame.get("have").is_some() {
        insert(
            frame["have"].as_object_mut(),
            &[("size", 0.into()), ("hash", json!(zeros))],
        );
    }
    let Some(entry) = frame.get_mut("entry").filter(|entry| entry.is_object()) else {
        return;
    };
    let common = [
        ("seq", 0.into()),
        ("seen", place),
        ("sent_at", 0.into()),
        ("signature", "".into()),
        ("body", json!({})),
    ];
    insert(entry.as_object_mut(), &common);
    let empty = json!([]);
    let body: &[(&str, Value)] = match entry["kind"].as_str() {
        Some("roster") => &[("add", empty.clone()), ("remove", empty)],
        Some("epoch" | "share") => &[("wraps", empty)],
        Some("redaction") => &[("reason", "".into()), ("index", 0.into())],
        _ => &[],
    };
    insert(entry["body"].as_object_mut(), body);
}

fn insert(object: Option<&mut Map<String, Value>>, defaults: &[(&str, Value)]) {
    if let Some(object) = object {
        for (name, value) in defaults {
            object.entry(*name).or_insert_with(|| value.clone());
        }
    }
}

/// [CONV-4] Members that are null vanish.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, inner| !inner.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// [CONV-4] A body that is a list becomes an object with the kind's members, in their order.
fn structure(frame: &mut Value) {
    let entry = &mut frame["entry"];
    let names: &[&str] = match entry["kind"].as_str() {
        Some("card") => &["x25519"],
        Some("roster") => &["add", "remove"],
        Some("redaction") => &["index", "reason"],
        Some("epoch") => &["commitment", "wraps"],
        Some("share") => &["epoch", "wraps"],
        _ => &["epoch", "salt", "ciphertext_hash", "ciphertext"],
    };
    if let Some(items) = entry["body"].as_array() {
        let members = names
            .iter()
            .zip(items)
            .map(|(name, item)| ((*name).to_owned(), item.clone()));
        entry["body"] = Value::Object(members.collect());
    }
}

/// [CONV-4] Lists that are empty in another language become empty lists.
fn empty_lists(frame: &mut Value) {
    for name in ["wraps", "add", "remove"] {
        if let Some(list) = frame["entry"]["body"].get_mut(name)
            && (*list == json!({}) || *list == "")
        {
            *list = json!([]);
        }
    }
}

/// [CONV-4] An entry's kind becomes that whose body it has.
fn kind_by_body(frame: &mut Value) {
    let entry = &mut frame["entry"];
    let fits = |kind: &&&str| entry::body_tuple(kind, &entry["body"]).is_ok();
    if let Some(kind) = entry::KINDS.iter().find(fits) {
        entry["kind"] = (*kind).into();
    }
}

/// [CONV-4] Numbers and texts of digits turn into each other where the other one is due.
fn coerce(value: &mut Value) {
    const NUMBERS: [&str; 6] = [
        "size",
        "seq",
        "sent_at",
        "index",
        "session_ms",
        "created_at",
    ];
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let is_number = NUMBERS.contains(&name.as_str());
                match inner {
                    Value::String(digits) if is_number => {
                        if let Ok(number) = digits.parse::<u64>() {
                            *inner = number.into();
                        }
                    }
                    Value::Number(number) if !is_number => *inner = number.to_string().into(),
                    other => coerce(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(coerce),
        _ => {}
    }
}

/// [CONV-12] `1.0` and `1e3` as integers.
fn whole(token: &str) -> String {
    match token.parse::<f64>() {
        Ok(number) if token.contains(['.', 'e', 'E']) && number >= 0.0 && number.fract() == 0.0 => {
            format!("{number:.0}")
        }
        _ => token.to_owned(),
    }
}

/// [CONV-12] Numbers beyond the greatest as the greatest.
fn bounded(token: &str) -> String {
    match token.parse::<f64>() {
        Ok(number) if token.bytes().all(|b| b.is_ascii_digit()) && number > MAX_NUMBER as f64 => {
            MAX_NUMBER.to_string()
        }
        _ => token.to_owned(),
    }
}

fn without_minus(token: &str) -> String {
    if token == "-0" {
        "0".to_owned()
    } else {
        token.to_owned()
    }
}

fn without_zeros(token: &str) -> String {
    match token.trim_start_matches('0') {
        rest if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
        rest => format!("0{rest}"),
    }
}
