//! The JSON Schema of entries, whose body goes by their kind.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::body::{CardBody, Epoch, Genesis, Kind, Message, Redaction, Roster, Share};
use super::prefix::Prefix;
use super::statement::Entry;
use crate::bounds;
use crate::bytes::Id;
use crate::json::GREATEST_INTEGER;

impl JsonSchema for Entry {
    fn schema_name() -> Cow<'static, str> {
        "entry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        entry(
            generator,
            "An entry as it stands in a block: a message that was redacted has lost its ciphertext.",
            |generator| generator.subschema_for::<Message>(),
        )
    }
}

/// An entry that a client submits: a message has its ciphertext.
pub(crate) struct SubmittedEntry;

impl JsonSchema for SubmittedEntry {
    fn schema_name() -> Cow<'static, str> {
        "submitted-entry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        entry(
            generator,
            "An entry as it is submitted: a message has its ciphertext.",
            |generator| {
                let message = generator.subschema_for::<Message>();
                json_schema!({"allOf": [message, {"required": ["ciphertext"]}]})
            },
        )
    }
}

fn entry(
    generator: &mut SchemaGenerator,
    description: &str,
    message: impl Fn(&mut SchemaGenerator) -> Schema,
) -> Schema {
    let kinds: Vec<Value> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let body = match kind {
                Kind::Genesis => generator.subschema_for::<Genesis>(),
                Kind::Roster => generator.subschema_for::<Roster>(),
                Kind::Card => generator.subschema_for::<CardBody>(),
                Kind::Epoch => generator.subschema_for::<Epoch>(),
                Kind::Share => generator.subschema_for::<Share>(),
                Kind::Message => message(generator),
                Kind::Redaction => generator.subschema_for::<Redaction>(),
            };
            json!({"properties": {"kind": {"const": kind.as_str()}, "body": body}})
        })
        .collect();
    let id = generator.subschema_for::<Id>();
    let prefix = generator.subschema_for::<Prefix>();
    let kind = generator.subschema_for::<Kind>();
    let signature = bounds::signature(generator);
    json_schema!({
        "type": "object",
        "description": description,
        "properties": {
            "community": described(&id, "The community's id; 32 zero bytes in genesis."),
            "kind": kind,
            "author": described(&id, "The account's id."),
            "seq": {
                "description": "1, 2, 3 and so on: the author's entries, counted.",
                "type": "integer", "minimum": 1, "maximum": GREATEST_INTEGER,
            },
            "seen": described(&prefix, "The chain as the author held it; size 0 and 32 zero bytes in genesis."),
            "sent_at": {
                "description": "By the author's clock, in milliseconds since 1970.",
                "type": "integer", "minimum": 0, "maximum": GREATEST_INTEGER,
            },
            "body": {"description": "By kind.", "type": "object"},
            "signature": signature,
        },
        "required": ["community", "kind", "author", "seq", "seen", "sent_at", "body", "signature"],
        "additionalProperties": false,
        "oneOf": kinds,
    })
}

/// The same schema with a description of its own.
fn described(schema: &Schema, description: &str) -> Schema {
    let mut schema = schema.clone();
    schema.insert("description".into(), description.into());
    schema
}
