//! Bytes as they travel: unpadded, canonical base64url (RFC 4648, section 5), of a fixed or a free length.
//!
//! Not for what the bytes mean: keys, cards and secrets have modules of their own.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

use crate::base64url;

/// Why a text is not the bytes that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// Not canonical unpadded base64url (CONV-13).
    #[error("{0}; write unpadded base64url with zero trailing bits")]
    NotCanonical(&'static str),
    /// Canonical, but of another length than the member is defined with (CONV-14). Both lengths in bytes.
    #[error("{found} bytes where {expected} are due")]
    WrongLength {
        /// The length that the definition states.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
}

impl BytesError {
    /// The id of the requirement that the text breaks.
    pub fn requirement(&self) -> &'static str {
        match self {
            Self::NotCanonical(_) => "CONV-13",
            Self::WrongLength { .. } => "CONV-14",
        }
    }
}

/// Bytes of a free length, such as a signature or a ciphertext.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// Decodes canonical unpadded base64url.
    ///
    /// # Errors
    /// [`BytesError::NotCanonical`] for any other text.
    pub fn decode(text: &str) -> Result<Self, BytesError> {
        base64url::decode(text).map(Self)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, by value.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        base64url::display(&self.0).fmt(f)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::decode(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Bytes as canonical base64url (RFC 4648, section 5) without padding.",
            "pattern": "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]|[A-Za-z0-9_-][AQgw])?$",
        })
    }
}

/// The pattern of canonical unpadded base64url of exactly `length` bytes.
pub(crate) fn pattern(length: usize) -> String {
    let whole = length * 8 / 6;
    match length % 3 {
        0 => format!("^[A-Za-z0-9_-]{{{whole}}}$"),
        1 => format!("^[A-Za-z0-9_-]{{{whole}}}[AQgw]$"),
        _ => format!("^[A-Za-z0-9_-]{{{whole}}}[AEIMQUYcgkosw048]$"),
    }
}

/// Declares a type of bytes of one fixed length.
macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $length:literal, $schema:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The length in bytes.
            pub const LENGTH: usize = $length;

            /// From the bytes themselves.
            pub const fn new(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Decodes canonical unpadded base64url.
            ///
            /// # Errors
            /// [`BytesError`](crate::bytes::BytesError) for any other text, or one of another length.
            pub fn decode(text: &str) -> Result<Self, $crate::bytes::BytesError> {
                let mut bytes = [0; $length];
                $crate::base64url::decode_into(text, &mut bytes)?;
                Ok(Self(bytes))
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl From<[u8; $length]> for $name {
            fn from(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::base64url::display(&self.0).fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::decode(&text).map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::bytes::BytesError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::decode(text)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).to_ascii_lowercase().into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $schema,
                    "pattern": $crate::bytes::pattern($length),
                })
            }
        }
    };
}
pub(crate) use fixed_bytes;

fixed_bytes!(
    /// Names an account (the SHA-256 of its public key, KEY-5), a community (the hash of block 0) or an entry.
    Id,
    32,
    "An id: 32 bytes as canonical unpadded base64url, 43 letters."
);

fixed_bytes!(
    /// A SHA-256 digest: of a block, a ciphertext, a token, a node of the tree.
    Hash,
    32,
    "A SHA-256 hash: 32 bytes as canonical unpadded base64url, 43 letters."
);

fixed_bytes!(
    /// 32 bytes that are used once: a client's or a server's part of a join.
    Nonce,
    32,
    "32 fresh random bytes as canonical unpadded base64url, 43 letters."
);

fixed_bytes!(
    /// The 16 bytes from which, with the epoch's secret, a message's key is made.
    Salt,
    16,
    "A message's salt: 16 fresh random bytes as canonical unpadded base64url, 22 letters."
);

fixed_bytes!(
    /// An epoch's secret, sealed for one recipient: 32 bytes of encapsulated key, 48 of ciphertext.
    Wrap,
    80,
    "A wrapped secret: 32 bytes of encapsulated key and 48 of ciphertext, as canonical unpadded base64url, 107 letters."
);

impl Id {
    /// 32 zero bytes: the community of a genesis entry.
    pub const ZERO: Self = Self::new([0; 32]);
}

impl Hash {
    /// 32 zero bytes: the head of the empty chain.
    pub const ZERO: Self = Self::new([0; 32]);

    /// SHA-256 (FIPS 180-4).
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// SHA-256 of the parts, one behind the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

impl From<Hash> for Id {
    /// An id *is* a hash: of a key, of block 0, of an entry's tuple.
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_value_has_one_text() {
        assert_eq!(Bytes::decode("QQ").unwrap().as_slice(), b"A");
        for text in ["QR", "QQ==", "Q", "QQ\n", " QQ", "Q+", "Q/"] {
            let error = Bytes::decode(text).unwrap_err();
            assert_eq!(error.requirement(), "CONV-13", "{text:?}");
        }
    }

    #[test]
    fn a_length_that_is_off_by_one_is_told_from_junk() {
        let good = Hash::of(b"").to_string();
        assert_eq!(good.len(), 43);
        assert_eq!(Hash::decode(&good).unwrap(), Hash::of(b""));
        assert_eq!(
            Hash::decode(&Bytes::from(vec![0; 31]).to_string()),
            Err(BytesError::WrongLength {
                expected: 32,
                found: 31
            })
        );
        assert_eq!(Hash::decode("===").unwrap_err().requirement(), "CONV-13");
        assert_eq!(Hash::decode("").unwrap_err().requirement(), "CONV-14");
        let trailing = format!("{}B", &good[..42]);
        assert_eq!(
            Hash::decode(&trailing).unwrap_err().requirement(),
            "CONV-13"
        );
    }

    #[test]
    fn sha_256_answers_as_fips_180_4_does() {
        // FIPS 180-4's example "abc"
        let abc = data_encoding::HEXLOWER.encode(Hash::of(b"abc").as_bytes());
        assert_eq!(
            abc,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Hash::of_parts(&[b"a", b"", b"bc"]), Hash::of(b"abc"));
    }

    proptest! {
        #[test]
        fn bytes_come_back_from_their_text(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            prop_assert_eq!(Bytes::decode(&bytes.to_string()).unwrap(), bytes);
        }

        #[test]
        fn whatever_decodes_encodes_to_the_same_text(text in "[A-Za-z0-9_=+/-]{0,12}") {
            if let Ok(bytes) = Bytes::decode(&text) {
                prop_assert_eq!(bytes.to_string(), text);
            }
        }
    }
}
