//! The `ref` that comes back in the answer to a submit.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::json::{Fault, Field};

/// What a client tells its submits apart by: 1 to 64 of the characters `A-Z a-z 0-9 . _ ~ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ref(String);

impl Ref {
    /// Takes a text that is one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte));
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn read(field: &Field<'_, '_>) -> Result<Self, Fault> {
        Self::parse(field.text()?).ok_or_else(|| {
            field.broken(
                "CONV-16",
                "must have 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -",
            )
        })
    }
}

impl std::fmt::Display for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Ref {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for Ref {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ref".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Chosen by the client, to tell answers apart.",
            "pattern": "^[A-Za-z0-9._~-]{1,64}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_has_1_to_64_plain_characters() {
        let longest = "x".repeat(64);
        for text in ["a", "A-Z.a_z~09", &longest] {
            assert_eq!(Ref::parse(text).unwrap().as_str(), text);
        }
        let longer = "x".repeat(65);
        for text in ["", "a b", "a/b", "é", "a\n", "a+b", &longer] {
            assert_eq!(Ref::parse(text), None, "{text:?}");
        }
    }
}
