//! Patterns: what a server's frame or answer is held against.
//!
//! A pattern says what differs by a list of places, so that a failure can name each.

use serde::Deserialize;
use serde_json::Value;

use super::Template;

/// A pattern of the live vectors.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub enum Pattern {
    /// Must be equal.
    Equal(Value),
    /// A list, item by item.
    List(Vec<Pattern>),
    /// An object that has at least these members.
    Object(Vec<(String, Pattern)>),
    /// `{"$any": FORM}`: anything of a form.
    Any(Form),
    /// `{"$absent": true}`: the member must not be there.
    Absent,
    /// `{"$one_of": [P]}`: one of these must match.
    OneOf(Vec<Pattern>),
    /// `{"$has": P}`: a list with an item that matches.
    Has(Box<Pattern>),
    /// `{"$is": T}`: equal to a template's value.
    Is(Template),
}

/// A form that `{"$any": FORM}` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Canonical unpadded base64url.
    Bytes,
    /// The same, of 32 bytes.
    Bytes32,
    /// An unsigned integer up to 2^53 - 1.
    Uint,
    /// A time in milliseconds, of this age.
    Time,
    /// A text.
    Text,
    /// An object.
    Object,
    /// A list.
    List,
    /// true or false.
    Boolean,
}

impl Pattern {
    /// The `type` that a pattern of a frame asks for, where it asks for one.
    pub fn frame_type(&self) -> Option<&str> {
        let Self::Object(members) = self else {
            return None;
        };
        members.iter().find_map(|(name, pattern)| match pattern {
            Self::Equal(Value::String(text)) if name == "type" => Some(text.as_str()),
            _ => None,
        })
    }
}

impl TryFrom<Value> for Pattern {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Array(items) => items
                .into_iter()
                .map(Self::try_from)
                .collect::<Result<_, _>>()
                .map(Self::List),
            Value::Object(members) if members.keys().any(|name| name.starts_with('$')) => {
                let mut members = members.into_iter();
                match (members.next(), members.next()) {
                    (Some((name, value)), None) => operator(&name, value),
                    _ => Err("a pattern's operator has no member beside it".into()),
                }
            }
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| Ok((name, Self::try_from(value)?)))
                .collect::<Result<_, String>>()
                .map(Self::Object),
            value => Ok(Self::Equal(value)),
        }
    }
}

fn operator(name: &str, value: Value) -> Result<Pattern, String> {
    let fault = |error: serde_json::Error| format!("in `{name}`: {error}");
    match name {
        "$any" => serde_json::from_value(value)
            .map(Pattern::Any)
            .map_err(fault),
        "$absent" if value == Value::Bool(true) => Ok(Pattern::Absent),
        "$absent" => Err("`$absent` is always true".into()),
        "$one_of" => serde_json::from_value(value)
            .map(Pattern::OneOf)
            .map_err(fault),
        "$has" => Pattern::try_from(value).map(|pattern| Pattern::Has(Box::new(pattern))),
        "$is" => Template::try_from(value).map(Pattern::Is),
        unknown => Err(format!("`{unknown}` is no operator of patterns")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misspelt_operator_or_form_is_a_fault_of_the_vectors() {
        assert!(Pattern::try_from(json!({"a": {"$ayn": "uint"}})).is_err());
        assert!(Pattern::try_from(json!({"$any": "int"})).is_err());
        assert!(Pattern::try_from(json!({"$absent": false})).is_err());
        assert!(Pattern::try_from(json!({"$any": "uint", "more": 1})).is_err());
    }

    #[test]
    fn the_type_that_a_pattern_asks_for_is_known() {
        let pattern = Pattern::try_from(json!({"type": "blocks", "from": 0})).expect("a pattern");
        assert_eq!(pattern.frame_type(), Some("blocks"));
        let pattern = Pattern::try_from(json!({"type": {"$any": "text"}})).expect("a pattern");
        assert_eq!(pattern.frame_type(), None);
    }
}
