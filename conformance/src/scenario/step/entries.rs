//! Steps that make entries and submit them.

use serde::Deserialize;
use serde_json::Value;

use super::{connections::Edit, expectations::OneOrMore};
use crate::scenario::{
    Template,
    template::{Members, SchemeName},
};

/// Builds and signs an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Make {
    /// The entry's name.
    #[serde(rename = "make")]
    pub name: String,
    /// The author's role.
    pub by: String,
    /// The kind.
    pub kind: String,
    /// The body.
    pub body: Template,
    /// Members put in the place of the usual ones, before it is signed.
    #[serde(default)]
    pub with: Members,
    /// How it is signed.
    #[serde(default)]
    pub sign: Signing,
}

/// How an entry is signed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// The scheme.
    #[serde(default)]
    pub scheme: SchemeName,
    /// The role that signs in the author's place.
    pub by: Option<String>,
}

/// Submits an entry and holds the answer against an expectation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// The connection.
    #[serde(rename = "submit")]
    pub on: String,
    /// The entry.
    pub entry: EntryRef,
    /// `accepted`, or the codes of the refusal that are right.
    pub expect: OneOrMore<String>,
    /// The `ref`; a fresh one where it is left out.
    #[serde(rename = "ref")]
    pub reference: Option<Template>,
    /// Changes of the frame's text.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Spaces are appended up to so many bytes.
    pub pad_to: Option<Template>,
    /// The message is cut into so many WebSocket frames.
    pub fragments: Option<usize>,
    /// A token in the place of the connection's.
    pub token: Option<Template>,
    /// Keeps the answer under a name.
    pub capture: Option<String>,
}

/// An entry by its name, or as a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub enum EntryRef {
    /// The name under which it was made.
    Made(String),
    /// A template of the entry.
    Given(Template),
}

/// Submits without waiting for an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// The connection.
    #[serde(rename = "post")]
    pub on: String,
    /// The entry.
    pub entry: EntryRef,
    /// The `ref`; a fresh one where it is left out.
    #[serde(rename = "ref")]
    pub reference: Option<Template>,
}

/// Waits for the answers to posted entries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The connection.
    #[serde(rename = "answers")]
    pub on: String,
    /// The entries' names.
    pub to: Vec<String>,
    /// `accepted`, or the codes of the refusal that are right.
    pub expect: OneOrMore<String>,
}

/// Makes sure that an account has its card on the chain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The role.
    #[serde(rename = "card")]
    pub role: String,
    /// The connection, which is the role's.
    pub on: String,
}

/// Submits a real epoch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// The epoch's name.
    #[serde(rename = "epoch")]
    pub name: String,
    /// The author's role.
    pub by: String,
    /// The connection, which is the author's.
    pub on: String,
    /// The recipients' roles.
    pub to: Vec<String>,
}

/// Submits a real message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The message's name.
    #[serde(rename = "message")]
    pub name: String,
    /// The author's role.
    pub by: String,
    /// The connection, which is the author's.
    pub on: String,
    /// The epoch's name.
    pub epoch: String,
    /// What is said.
    pub text: Option<Template>,
}

/// Submits a roster entry of the authority.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The entry's name.
    #[serde(rename = "roster")]
    pub name: String,
    /// The connection, which is the authority's.
    pub on: String,
    /// The roles whose keys it adds.
    #[serde(default)]
    pub add: Vec<String>,
    /// The roles whose accounts it removes.
    #[serde(default)]
    pub remove: Vec<String>,
}

impl TryFrom<Value> for EntryRef {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(name) => Ok(Self::Made(name)),
            other => Template::try_from(other).map(Self::Given),
        }
    }
}
