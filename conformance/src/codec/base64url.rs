//! Bytes in JSON: unpadded base64url, in its one canonical spelling (spec/conventions.md, "Bytes, text").

use super::{Hash, Verdict};
use data_encoding::BASE64URL_NOPAD;

/// The text of these bytes.
pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// The bytes of this text, or `malformed` where it is not the canonical spelling of any.
pub fn decode(text: &str) -> Result<Vec<u8>, Verdict> {
    // [CONV-13] The decoder refuses padding, foreign letters, white space and trailing bits that are not zero.
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|e| Verdict::malformed("CONV-13", format!("not canonical base64url: {e}")))
}

/// The bytes of this text, which must be exactly so many.
pub fn decode_exactly(text: &str, length: usize) -> Result<Vec<u8>, Verdict> {
    let bytes = decode(text)?;
    // [CONV-14]
    if bytes.len() != length {
        return Err(Verdict::malformed(
            "CONV-14",
            format!("{} bytes where {length} are defined", bytes.len()),
        ));
    }
    Ok(bytes)
}

/// The 32 bytes of an id or hash.
pub fn decode_hash(text: &str) -> Result<Hash, Verdict> {
    let bytes = decode_exactly(text, 32)?;
    Ok(bytes.try_into().expect("the length was checked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_spelling() {
        assert_eq!(decode("QQ").unwrap(), b"A");
        for other in ["QR", "QQ==", "QQ=", "Q", "Q Q", "Q\n", "+/+/", "QQ "] {
            assert_eq!(
                decode(other).unwrap_err().requirement,
                "CONV-13",
                "{other:?}"
            );
        }
        assert_eq!(decode_hash("QQ").unwrap_err().requirement, "CONV-14");
    }
}
