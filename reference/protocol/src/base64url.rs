//! Canonical base64url without padding (RFC 4648, section 5; CONV-13), many letters at a time: a message is mostly that.

use std::fmt;
use std::sync::LazyLock;

use base64::display::Base64Display;
use base64::engine::general_purpose::NO_PAD;
use base64::{DecodeError, DecodeSliceError, Engine as _, decoded_len_estimate, encoded_len};

use crate::bytes::BytesError;

// The engine asks the processor what it can do, once. Elsewhere than on these two there is only the plain one.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Chosen = base64::engine::Simd;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Chosen = base64::engine::GeneralPurpose;

static ENGINE: LazyLock<Chosen> = LazyLock::new(|| {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    return Chosen::url_safe(NO_PAD);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return Chosen::new(&base64::alphabet::URL_SAFE, NO_PAD);
});

/// Decodes a text of any length.
///
/// # Errors
/// [`BytesError::NotCanonical`]: padding, foreign letters and trailing bits are refused.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, BytesError> {
    Ok(ENGINE.decode(text)?)
}

/// Decodes a text that must fill `bytes` exactly.
///
/// # Errors
/// [`BytesError`]
pub(crate) fn decode_into(text: &str, bytes: &mut [u8]) -> Result<(), BytesError> {
    if encoded_len(bytes.len(), false) != Some(text.len()) {
        // [CONV-13] what is no base64url at all is told so, whatever its length
        let found = decode(text)?.len();
        // [CONV-14]
        return Err(BytesError::WrongLength {
            expected: bytes.len(),
            found,
        });
    }
    match ENGINE.decode_slice(text, bytes) {
        Ok(_) => Ok(()),
        Err(DecodeSliceError::DecodeError(error)) => Err(error.into()),
        Err(DecodeSliceError::OutputSliceTooSmall) => Err(BytesError::WrongLength {
            expected: bytes.len(),
            found: decoded_len_estimate(text.len()),
        }),
    }
}

/// The text of some bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Appends the text of some bytes.
pub(crate) fn encode_append(bytes: &[u8], text: &mut String) {
    ENGINE.encode_string(bytes, text);
}

/// The text of some bytes, to be written into another.
pub(crate) fn display(bytes: &[u8]) -> impl fmt::Display + '_ {
    Base64Display::new(bytes, &*ENGINE)
}

impl From<DecodeError> for BytesError {
    fn from(error: DecodeError) -> Self {
        Self::NotCanonical(match error {
            DecodeError::InvalidLength(_) => "a length of 1 modulo 4 is no base64url",
            DecodeError::InvalidByte(_, b'=') | DecodeError::InvalidPadding => "padding",
            DecodeError::InvalidByte(..) => "a character outside the base64url alphabet",
            DecodeError::InvalidLastSymbol { .. } => "trailing bits that are not zero",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    /// Another implementation is asked, too.
    fn agrees(text: &str) {
        let found = decode(text).ok();
        assert_eq!(
            found,
            BASE64URL_NOPAD.decode(text.as_bytes()).ok(),
            "{text}"
        );
        if let Some(bytes) = found {
            let mut filled = vec![0; bytes.len()];
            decode_into(text, &mut filled).unwrap();
            assert_eq!(filled, bytes);
            assert_eq!(encode(&bytes), text);
            assert_eq!(display(&bytes).to_string(), text);
        }
    }

    #[test]
    fn a_foreign_letter_is_found_wherever_it_stands() {
        for length in [1, 43, 100, 342, 343, 344] {
            let text = "Az09-_Qg".repeat(length / 8 + 1)[..length].to_owned();
            for place in 0..length {
                for foreign in ["+", "/", "=", "\n", " ", "\0", "\u{7f}", "é"] {
                    let broken = format!("{}{foreign}{}", &text[..place], &text[place + 1..]);
                    assert!(decode(&broken).is_err(), "{broken:?}");
                    let mut bytes = vec![0; broken.len() * 3 / 4];
                    let error = decode_into(&broken, &mut bytes).unwrap_err();
                    assert_eq!(error.requirement(), "CONV-13", "{broken:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_by_another_implementation(text in "[A-Za-z0-9_-]{0,400}", tail in "[=+/ ]{0,1}") {
            agrees(&text);
            agrees(&format!("{text}{tail}"));
        }

        #[test]
        fn any_bytes_are_written_as_by_another_implementation(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut text = "before".to_owned();
            encode_append(&bytes, &mut text);
            prop_assert_eq!(&text[6..], BASE64URL_NOPAD.encode(&bytes));
            agrees(&text[6..]);
        }
    }
}
