//! Steps: the verbs of the live vectors and what each of them takes.
//!
//! The first member of a step names its verb.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use super::{
    Pattern, Template,
    template::{Field, Members, SchemeName, hex},
};

/// One step of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Step {
    /// What it does.
    pub verb: Verb,
    /// What the vector's author says about it.
    pub note: Option<String>,
    /// Its text in the vector, on one line.
    pub text: String,
}

/// What a step does.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each variant is its struct's verb")]
pub enum Verb {
    Open(Open),
    Join(Join),
    Send(Send),
    Ping(Ping),
    Expect(Expect),
    ExpectRefused(ExpectRefused),
    ExpectBlock(ExpectBlock),
    ExpectCheckpoint(ExpectCheckpoint),
    ExpectEnd(ExpectEnd),
    Make(Make),
    Submit(Submit),
    Post(Post),
    Answers(Answers),
    Card(Card),
    Epoch(Epoch),
    Message(Message),
    Roster(Roster),
    Stall(Stall),
    Unstall(Unstall),
    WaitUntil(WaitUntil),
    Http(Http),
    Close(Close),
    Repeat(Repeat),
    Check(Check),
}

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
    /// The request's headers.
    #[serde(default)]
    pub headers: Members,
    /// The status that must come.
    pub status: u16,
    /// What the body must be.
    pub json: Option<Pattern>,
    /// What headers of the answer must be.
    #[serde(default)]
    pub header: BTreeMap<String, Pattern>,
    /// Keeps the body under a name.
    pub capture: Option<String>,
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

/// Runs steps several times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// How often.
    #[serde(rename = "repeat")]
    pub times: u64,
    /// What.
    pub steps: Vec<Step>,
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

fn switching_protocols() -> u16 {
    101
}

/// Tells a member that is `null` from one that is left out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
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

impl TryFrom<Value> for EntryRef {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(name) => Ok(Self::Made(name)),
            other => Template::try_from(other).map(Self::Given),
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

impl TryFrom<Map<String, Value>> for Step {
    type Error = String;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, String> {
        let text = Value::Object(members.clone()).to_string();
        let note = match members.shift_remove("note") {
            None => None,
            Some(Value::String(note)) => Some(note),
            Some(other) => return Err(format!("a note is a text, not {other}")),
        };
        let verb = verb(members).map_err(|fault| format!("{fault}, in the step {text}"))?;
        Ok(Self { verb, note, text })
    }
}

fn verb(members: Map<String, Value>) -> Result<Verb, String> {
    let name = members
        .keys()
        .next()
        .ok_or("an empty object is no step")?
        .clone();
    match name.as_str() {
        "open" => parsed(members, Verb::Open),
        "join" => parsed(members, Verb::Join),
        "send" => parsed(members, Verb::Send).and_then(one_content),
        "ping" => parsed(members, Verb::Ping),
        "expect" => parsed(members, Verb::Expect),
        "expect_refused" => parsed(members, Verb::ExpectRefused),
        "expect_block" => parsed(members, Verb::ExpectBlock),
        "expect_checkpoint" => parsed(members, Verb::ExpectCheckpoint),
        "expect_end" => parsed(members, Verb::ExpectEnd),
        "make" => parsed(members, Verb::Make),
        "submit" => parsed(members, Verb::Submit),
        "post" => parsed(members, Verb::Post),
        "answers" => parsed(members, Verb::Answers),
        "card" => parsed(members, Verb::Card),
        "epoch" => parsed(members, Verb::Epoch),
        "message" => parsed(members, Verb::Message),
        "roster" => parsed(members, Verb::Roster),
        "stall" => parsed(members, Verb::Stall),
        "unstall" => parsed(members, Verb::Unstall),
        "wait_until" => parsed(members, Verb::WaitUntil),
        "http" => parsed(members, Verb::Http),
        "close" => parsed(members, Verb::Close),
        "repeat" => parsed(members, Verb::Repeat),
        "check" => parsed(members, Verb::Check),
        unknown => Err(format!(
            "`{unknown}` is no verb; a step's first member names its verb"
        )),
    }
}

/// Reads a verb's members.
fn parsed<T: for<'de> Deserialize<'de>>(
    members: Map<String, Value>,
    verb: fn(T) -> Verb,
) -> Result<Verb, String> {
    serde_json::from_value(Value::Object(members))
        .map(verb)
        .map_err(|error| error.to_string())
}

/// A `send` has one of `frame`, `text` and `hex` with `opcode`, and some members stand beside `frame` alone.
fn one_content(verb: Verb) -> Result<Verb, String> {
    let Verb::Send(send) = &verb else {
        return Ok(verb);
    };
    let frame_only = !send.edits.is_empty() || send.pad_to.is_some() || send.name.is_some();
    let fits = match (&send.frame, &send.text, &send.hex, send.opcode) {
        (Some(_), None, None, None | Some(Opcode::Binary)) => true,
        (None, Some(_), None, None) => !frame_only,
        (None, None, Some(_), Some(_)) => !frame_only && send.fragments.is_none(),
        _ => false,
    };
    if fits {
        Ok(verb)
    } else {
        Err("a `send` has a frame, or a text, or hex and opcode".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Step, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_member_names_the_verb() {
        let step = read(r#"{"message": "m", "by": "a", "on": "x", "epoch": "e"}"#).expect("a step");
        assert!(matches!(step.verb, Verb::Message(_)));
        let step = read(r#"{"expect_end": "x", "close": 1008, "bye": null}"#).expect("a step");
        let Verb::ExpectEnd(end) = step.verb else {
            panic!("another verb: {:?}", step.verb)
        };
        assert_eq!(end.bye, Some(None));
        assert_eq!(
            end.close.map(|close| close.as_slice().to_vec()),
            Some(vec![1008])
        );
    }

    #[test]
    fn a_member_that_a_verb_does_not_take_is_a_fault() {
        assert!(read(r#"{"ping": "x", "pong": 1}"#).is_err_and(|fault| fault.contains("pong")));
        assert!(read(r#"{"jion": "x"}"#).is_err_and(|fault| fault.contains("jion")));
    }

    #[test]
    fn any_step_may_have_a_note() {
        let step = read(r#"{"ping": "x", "note": "because"}"#).expect("a step");
        assert_eq!(step.note.as_deref(), Some("because"));
    }

    #[test]
    fn a_send_has_one_content() {
        assert!(read(r#"{"send": "x", "text": "a", "hex": "00", "opcode": "text"}"#).is_err());
        assert!(read(r#"{"send": "x", "hex": "00"}"#).is_err());
        assert!(read(r#"{"send": "x", "text": "a"}"#).is_ok());
        assert!(
            read(r#"{"send": "x", "text": "a", "edits": [{"replace": "a", "with": "b"}]}"#)
                .is_err()
        );
    }

    #[test]
    fn steps_inside_a_repeat_are_read_in_their_order_too() {
        let step = read(
            r#"{"repeat": 3, "steps": [{"message": "m", "by": "a", "on": "x", "epoch": "e"}]}"#,
        );
        let Verb::Repeat(repeat) = step.expect("a step").verb else {
            panic!("another verb")
        };
        assert!(matches!(repeat.steps[0].verb, Verb::Message(_)));
    }

    #[test]
    fn a_check_has_the_members_of_its_relation() {
        assert!(read(r#"{"check": "equal", "left": 1, "right": 1}"#).is_ok());
        assert!(read(r#"{"check": "chain", "on": "x"}"#).is_ok());
        assert!(read(r#"{"check": "chain", "left": 1, "right": 1}"#).is_err());
        assert!(read(r#"{"check": "once", "of": "m", "on": "x", "left": 1}"#).is_err());
        assert!(read(r#"{"check": "at_least", "left": 1, "right": 1}"#).is_err());
    }
}
