//! The JSON Schemas (draft 2020-12) of every frame and document, generated from the types.
//!
//! What a client sends is held to its exact members; what a server sends may have more (CONV-9), entries excepted, whose
//! every value is signed. A schema cannot say everything: bytes' trailing bits it can, two members of one name, `1.0` for
//! 1 and lengths in bytes of UTF-8 it cannot. Each schema holds all that it refers to.

pub(crate) mod text;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::backup::{Backup, Written};
use crate::chain::Block;
use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, SubmittedEntry};
use crate::epoch::Plaintext;
use crate::limits::Limits;
use crate::verify::Evidence;
use crate::wire::{
    Accepted, Blocks, Bye, Challenge, Consistency, Discovery, Hello, Inclusion, Problem, Prove,
    Refused, Resume, Submit, Welcome,
};

/// A schema, as it stands in `spec/schemas/`.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The file's name without `.json`; the `$id` is `urn:dispatch-d:schema:` and this.
    pub name: &'static str,
    /// The schema.
    pub schema: Value,
}

impl Named {
    /// The file's text: members in a fixed order, those first that say what it is.
    pub fn to_text(&self) -> String {
        text::write(&self.schema)
    }
}

/// The frames of a client, then those of a server: name and what makes the members beside `type`.
type Frame = (
    &'static str,
    &'static str,
    fn(&mut SchemaGenerator) -> Value,
);

const CLIENT_FRAMES: [Frame; 4] = [
    ("frame-hello", "hello", members::<Hello>),
    ("frame-prove", "prove", members::<Prove>),
    ("frame-resume", "resume", members::<Resume>),
    ("frame-submit", "submit", members::<Submit>),
];

const SERVER_FRAMES: [Frame; 7] = [
    ("frame-challenge", "challenge", members::<Challenge>),
    ("frame-welcome", "welcome", members::<Welcome>),
    ("frame-blocks", "blocks", members::<Blocks>),
    ("frame-checkpoint", "checkpoint", checkpoint),
    ("frame-accepted", "accepted", members::<Accepted>),
    ("frame-refused", "refused", members::<Refused>),
    ("frame-bye", "bye", members::<Bye>),
];

/// Every schema, by name.
pub fn all() -> Vec<Named> {
    let mut all = vec![
        frames("client-frame", "A frame of a client", &CLIENT_FRAMES),
        frames("server-frame", "A frame of a server", &SERVER_FRAMES),
        document::<Entry>("entry", "An entry in a block"),
        document::<SubmittedEntry>("submitted-entry", "An entry that is submitted"),
        document::<Block>("block", "A block"),
        document::<Checkpoint>("checkpoint", "A checkpoint"),
        document::<Discovery>("discovery", "The discovery document"),
        document::<Limits>("limits", "The limits of a server"),
        document::<Evidence>("evidence", "A file of evidence"),
        document::<Inclusion>("inclusion-proof", "An inclusion proof"),
        document::<Consistency>("consistency-proof", "A consistency proof"),
        document::<Problem>("problem", "A problem document"),
        document::<Plaintext>("plaintext", "A message's plaintext"),
        document::<Backup>("backup", "A backup"),
        document::<Written<'_>>("backup-contents", "A backup's contents"),
    ];
    for (name, kind, make) in CLIENT_FRAMES.into_iter().chain(SERVER_FRAMES) {
        all.push(build(name, &format!("The frame `{kind}`"), |generator| {
            frame(kind, make(generator))
        }));
    }
    all.sort_by_key(|named| named.name);
    all
}

fn document<T: JsonSchema>(name: &'static str, title: &str) -> Named {
    build(name, title, members::<T>)
}

/// A schema for any one of these frames.
fn frames(name: &'static str, title: &str, frames: &[Frame]) -> Named {
    build(name, title, |generator| {
        let any: Vec<_> = frames
            .iter()
            .map(|(_, kind, make)| frame(kind, make(generator)))
            .collect();
        json!({"description": "By its `type`.", "oneOf": any})
    })
}

fn build(
    name: &'static str,
    title: &str,
    make: impl FnOnce(&mut SchemaGenerator) -> Value,
) -> Named {
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let made = make(&mut generator);
    let definitions = generator.take_definitions(true);
    let mut schema = Map::new();
    schema.insert(
        "$schema".into(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    schema.insert("$id".into(), format!("urn:dispatch-d:schema:{name}").into());
    schema.insert("title".into(), title.into());
    schema.extend(object(made));
    if !definitions.is_empty() {
        schema.insert("$defs".into(), definitions.into());
    }
    let mut schema = Value::Object(schema);
    tidy(&mut schema);
    Named { name, schema }
}

/// The members of a frame or document, as its type has them.
fn members<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut members = object(T::json_schema(generator).into());
    members.remove("title");
    Value::Object(members)
}

/// The frame that pushes a checkpoint.
fn checkpoint(generator: &mut SchemaGenerator) -> Value {
    json!({
        "description": "A new checkpoint, after the blocks that it covers.",
        "type": "object",
        "properties": {"checkpoint": generator.subschema_for::<Checkpoint>()},
        "required": ["checkpoint"],
    })
}

/// Puts a frame's `type` before its other members.
fn frame(kind: &str, members: Value) -> Value {
    let mut frame = object(members);
    if let Some(Value::Object(properties)) = frame.get_mut("properties") {
        properties.insert("type".into(), json!({"type": "string", "const": kind}));
    }
    if let Some(Value::Array(required)) = frame.get_mut("required") {
        required.insert(0, "type".into());
    }
    Value::Object(frame)
}

/// Takes out what the generator says for Rust's sake, and lets limits have members that are not known.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| {
                !(name == "format"
                    && value
                        .as_str()
                        .is_some_and(|format| format.starts_with("uint")))
            });
            if members
                .get("properties")
                .is_some_and(|properties| properties.get("frame_bytes").is_some())
            {
                members.remove("additionalProperties");
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn object(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(members) => members,
        other => unreachable!("a frame's or document's schema is an object, not {other}"),
    }
}
