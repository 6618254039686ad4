//! Bytes in JSON as lenient decoders would have read them.

use serde_json::Value;

use crate::codec::base64url;
use crate::control::fault::Faults;

/// Which wrong spelling is taken. [CONV-13]
#[derive(Debug, Clone, Copy)]
pub(super) enum Leniency {
    Padded,
    TrailingBits,
    Standard,
    Space,
    OddLetter,
}

impl Leniency {
    /// The one that is switched on.
    pub(super) fn of(faults: &Faults) -> Option<Self> {
        Some(match faults {
            _ if faults.has("CONV-13/padded") => Self::Padded,
            _ if faults.has("CONV-13/trailing-bits") => Self::TrailingBits,
            _ if faults.has("CONV-13/standard") => Self::Standard,
            _ if faults.has("CONV-13/space") => Self::Space,
            _ if faults.has("CONV-13/odd-letter") => Self::OddLetter,
            _ => return None,
        })
    }

    fn canonical(self, text: &str) -> String {
        match self {
            Self::Padded => text.trim_end_matches('=').to_owned(),
            Self::TrailingBits => {
                let mut specification = data_encoding::BASE64URL_NOPAD.specification();
                specification.check_trailing_bits = false;
                let lenient = specification
                    .encoding()
                    .expect("one bit less strict than a known one");
                let bytes = lenient.decode(text.as_bytes());
                bytes.map_or_else(|_| text.to_owned(), |bytes| base64url::encode(&bytes))
            }
            Self::Standard => text.replace('+', "-").replace('/', "_"),
            Self::Space => text.split_ascii_whitespace().collect(),
            Self::OddLetter if text.len() % 4 == 1 => text[..text.len() - 1].to_owned(),
            Self::OddLetter => text.to_owned(),
        }
    }
}

/// The members that are bytes, with the length that they have, if it is fixed.
const BYTES: &[(&str, Option<usize>)] = &[
    ("public_key", None),
    ("signature", None),
    ("token", None),
    ("ciphertext", None),
    ("authority", None),
    ("server_key", None),
    ("add", None),
    ("remove", Some(32)),
    ("client_nonce", Some(32)),
    ("server_nonce", Some(32)),
    ("community", Some(32)),
    ("author", Some(32)),
    ("hash", Some(32)),
    ("x25519", Some(32)),
    ("commitment", Some(32)),
    ("epoch", Some(32)),
    ("ciphertext_hash", Some(32)),
    ("member", Some(32)),
    ("salt", Some(16)),
    ("wrap", Some(80)),
];

/// Gives all bytes their canonical spelling.
pub(super) fn respell(frame: &mut Value, leniency: Leniency) {
    each(frame, &mut |text, _| leniency.canonical(text));
}

/// Gives all bytes the length that is due: fills short ones up, and cuts long ones where `cut` says so. [CONV-14]
pub(super) fn resize(frame: &mut Value, cut: bool) {
    each(frame, &mut |text, length| {
        let (Some(length), Ok(mut bytes)) = (length, base64url::decode(text)) else {
            return text.to_owned();
        };
        if cut || bytes.len() < length {
            bytes.resize(length, 0);
        }
        base64url::encode(&bytes)
    });
}

fn each(value: &mut Value, change: &mut dyn FnMut(&str, Option<usize>) -> String) {
    let Value::Object(members) = value else {
        if let Value::Array(items) = value {
            items.iter_mut().for_each(|item| each(item, change));
        }
        return;
    };
    for (name, inner) in members {
        let row = BYTES.iter().find(|(known, _)| known == name);
        match (row, inner) {
            (Some((_, length)), Value::String(text)) => *text = change(text, *length),
            (Some((_, length)), Value::Array(items)) => {
                for item in items {
                    if let Value::String(text) = item {
                        *text = change(text, *length);
                    }
                }
            }
            (_, inner) => each(inner, change),
        }
    }
}
