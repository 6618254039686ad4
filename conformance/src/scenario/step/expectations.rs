//! Steps that hold what came against what was due.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use crate::scenario::{Pattern, Template, template::Field};

/// Holds the next frame against a pattern.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The connection.
    #[serde(rename = "expect")]
    pub on: String,
    /// What must come.
    pub frame: Pattern,
    /// Keeps what came under a name.
    pub capture: Option<String>,
}

/// Expects a refusal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectRefused {
    /// The connection.
    #[serde(rename = "expect_refused")]
    pub on: String,
    /// The codes that are right.
    pub code: OneOrMore<String>,
    /// Keeps what came under a name.
    pub capture: Option<String>,
}

/// One value or a list of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    /// One.
    One(T),
    /// Any of these.
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// Waits for the block of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectBlock {
    /// The connection.
    #[serde(rename = "expect_block")]
    pub on: String,
    /// The entry's name.
    pub of: String,
    /// The connection may instead end by a `bye` with this code.
    pub or_bye: Option<String>,
}

/// Waits for a checkpoint that covers the block of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectCheckpoint {
    /// The connection.
    #[serde(rename = "expect_checkpoint")]
    pub on: String,
    /// The entry's name.
    pub of: String,
}

/// Reads on until the connection ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectEnd {
    /// The connection.
    #[serde(rename = "expect_end")]
    pub on: String,
    /// The code of its `bye`; `Some(None)` where there must be none.
    #[serde(default, deserialize_with = "present")]
    pub bye: Option<Option<String>>,
    /// The close codes that are right.
    pub close: Option<OneOrMore<u16>>,
}

/// Holds values against each other.
#[derive(Debug, Clone)]
pub enum Check {
    /// Two values.
    Relation(Relation, Template, Template),
    /// The bytes are a signature by a key over a tuple.
    Signature {
        /// The signature.
        of: Template,
        /// The public key.
        key: Template,
        /// The tuple's label.
        label: String,
        /// The tuple's fields.
        fields: Vec<Field>,
    },
    /// Of the blocks that arrived on a connection exactly one holds the entry of this name.
    Once {
        /// The entry's name.
        of: String,
        /// The connection.
        on: String,
    },
    /// None of them does.
    Never {
        /// The entry's name.
        of: String,
        /// The connection.
        on: String,
    },
    /// No frame that arrived on the connection holds these bytes' text.
    Unsaid {
        /// The bytes.
        of: Template,
        /// The connection.
        on: String,
    },
    /// What the server acknowledged, sent or covered, to anyone in this case, is in the chain that this connection joined.
    Kept {
        /// The connection.
        on: String,
    },
    /// A captured proof leads to the roots of the chain as the runner holds it.
    Proof {
        /// The name under which it was captured: `{index, size, path}` or `{from, to, path}`.
        of: String,
    },
    /// What came on a connection is one chain.
    Chain {
        /// The connection.
        on: String,
    },
}

/// How two values must stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same value.
    Equal,
    /// Not the same value.
    Differ,
    /// The left number is not greater than the right one.
    AtMost,
}

/// Tells a member that is `null` from one that is left out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?;
        let check = members.shift_remove("check").unwrap_or_default();
        let mut member = |name: &str| {
            members
                .shift_remove(name)
                .ok_or_else(|| D::Error::custom(format!("the check {check} lacks `{name}`")))
        };
        let read = match check.as_str().unwrap_or_default() {
            "signature" => Self::Signature {
                of: of(member("of")?)?,
                key: of(member("key")?)?,
                label: of(member("label")?)?,
                fields: of(member("fields")?)?,
            },
            "once" => Self::Once {
                of: of(member("of")?)?,
                on: of(member("on")?)?,
            },
            "never" => Self::Never {
                of: of(member("of")?)?,
                on: of(member("on")?)?,
            },
            "unsaid" => Self::Unsaid {
                of: of(member("of")?)?,
                on: of(member("on")?)?,
            },
            "kept" => Self::Kept {
                on: of(member("on")?)?,
            },
            "proof" => Self::Proof {
                of: of(member("of")?)?,
            },
            "chain" => Self::Chain {
                on: of(member("on")?)?,
            },
            _ => Self::Relation(
                of(check.clone())?,
                of(member("left")?)?,
                of(member("right")?)?,
            ),
        };
        match members.keys().next() {
            Some(unknown) => Err(D::Error::custom(format!(
                "the check {check} takes no `{unknown}`"
            ))),
            None => Ok(read),
        }
    }
}

fn of<T: for<'de> Deserialize<'de>, E: serde::de::Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(E::custom)
}
