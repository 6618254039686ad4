//! Steps that open, use and leave connections.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::scenario::{
    Pattern, Template, Transport,
    template::{Members, hex},
};

/// Opens a socket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The connection's name.
    #[serde(rename = "open")]
    pub on: String,
    /// Headers of the opening request; one of the usual ones is replaced.
    #[serde(default)]
    pub headers: Members,
    /// The status that must come; 101 where it is left out.
    #[serde(default = "switching_protocols")]
    pub status: u16,
    /// What headers of the answer must be.
    #[serde(default)]
    pub header: BTreeMap<String, Pattern>,
    /// Bytes that the system may hold for the socket while nobody reads.
    pub receive_buffer: Option<u32>,
}

/// Opens a socket and joins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The connection's name.
    #[serde(rename = "join")]
    pub on: String,
    /// The role that joins.
    #[serde(rename = "as")]
    pub role: String,
    /// What it says to hold.
    #[serde(default)]
    pub have: Have,
    /// The longest life of the session that it asks for.
    pub session_ms: Option<Template>,
    /// What carries the connection, in the place of what carries the case.
    pub over: Option<Transport>,
    /// Bytes that the system may hold for the socket while nobody reads.
    pub receive_buffer: Option<u32>,
}

/// What a joining client says to hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Value")]
pub enum Have {
    /// What the runner holds.
    #[default]
    All,
    /// Nothing.
    Nothing,
    /// This.
    This(Template),
}

/// Sends one message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The connection.
    #[serde(rename = "send")]
    pub on: String,
    /// A frame, sent as compact JSON.
    pub frame: Option<Template>,
    /// A text message as it stands.
    pub text: Option<Template>,
    /// Bytes as they stand.
    pub hex: Option<HexBytes>,
    /// The opcode of the bytes, or `binary` for a frame.
    pub opcode: Option<Opcode>,
    /// Changes of the frame's text.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Spaces are appended up to so many bytes.
    pub pad_to: Option<Template>,
    /// The message is cut into so many WebSocket frames.
    pub fragments: Option<usize>,
    /// Keeps the frame under a name.
    #[serde(rename = "as")]
    pub name: Option<String>,
}

/// Bytes that stand in hexadecimal.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct HexBytes(pub Vec<u8>);

/// The opcode of a data message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opcode {
    /// 0x1
    Text,
    /// 0x2
    Binary,
}

/// A text put in the place of one that occurs exactly once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What goes.
    pub replace: Template,
    /// What comes.
    pub with: Template,
}

/// Sends a ping and expects its pong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// The connection.
    #[serde(rename = "ping")]
    pub on: String,
}

/// Stops reading.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// The connection.
    #[serde(rename = "stall")]
    pub on: String,
}

/// Goes on reading.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unstall {
    /// The connection.
    #[serde(rename = "unstall")]
    pub on: String,
}

/// Waits for a time by the server's word.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitUntil {
    /// The time.
    #[serde(rename = "wait_until")]
    pub time: Template,
    /// Milliseconds past it.
    #[serde(default)]
    pub past: u64,
}

/// A plain HTTP request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Method and path.
    #[serde(rename = "http")]
    pub request: Request,
    /// Parameters, put behind the path in their order.
    #[serde(default)]
    pub query: Members,
    /// The connection under whose session it is made.
    pub session: Option<String>,
    /// The request's headers; those that are `null` are left out.
    #[serde(default)]
    pub headers: Members,
    /// The body, sent as compact JSON under `application/json`, unless a header says otherwise.
    pub body: Option<Template>,
    /// Spaces are appended to the body up to so many bytes.
    pub pad_to: Option<Template>,
    /// The status that must come.
    #[serde(default)]
    pub status: Option<u16>,
    /// The code of the refusal that must come, in the place of a status.
    pub code: Option<String>,
    /// Goes on while the answer is waited for: `answered` takes it, and holds it against what stands there.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// What the body must be.
    pub json: Option<Pattern>,
    /// What headers of the answer must be.
    #[serde(default)]
    pub header: BTreeMap<String, Pattern>,
    /// Keeps the body under a name.
    pub capture: Option<String>,
    /// Keeps headers of the answer under names, `null` where they are not there.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
}

/// Takes the answer to a request that was begun before.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The request's name.
    pub answered: String,
    /// The status that must come.
    pub status: Option<u16>,
    /// The code of the refusal that must come.
    pub code: Option<String>,
    /// What the body must be.
    pub json: Option<Pattern>,
}

/// Method and path of a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Begins with `/`.
    pub path: String,
}

/// Closes politely.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The connection.
    #[serde(rename = "close")]
    pub on: String,
}

fn switching_protocols() -> u16 {
    101
}

impl TryFrom<Value> for Have {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match &value {
            Value::String(text) if text == "all" => Ok(Self::All),
            Value::String(text) if text == "none" => Ok(Self::Nothing),
            Value::String(text) => Err(format!("`have` is all, none or a template, not `{text}`")),
            _ => Template::try_from(value).map(Self::This),
        }
    }
}

impl TryFrom<String> for HexBytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        hex(&text).map(Self)
    }
}

impl TryFrom<String> for Request {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(' ') {
            Some((method, path)) if path.starts_with('/') => Ok(Self {
                method: method.to_owned(),
                path: path.to_owned(),
            }),
            _ => Err(format!("`{text}` is not a method, a blank and a path")),
        }
    }
}
