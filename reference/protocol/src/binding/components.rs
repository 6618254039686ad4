//! The schemas of both documents, from the types: those of `spec/schemas/` in the form that generators of code can read.
//!
//! What differs is the form alone. A definition has a name in CamelCase and stands once under `components`; an entry is one of
//! seven schemas, told apart by `kind`; a list of constants is an `enum`; an integer says that it needs 64 bits.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::checkpoint::Checkpoint;
use crate::entry::SubmittedEntry;
use crate::wire::{
    Accepted, Blocks, Bye, Challenge, Consistency, Discovery, Hello, Inclusion, Problem, Prove,
    Refused, Resume, Submit, Welcome,
};

/// Where the schemas stand in both documents.
const PLACE: &str = "/components/schemas/";

/// Whom a document is for: the standards differ in how one of several schemas is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    OpenApi,
    AsyncApi,
}

/// What is said by requests.
pub(super) fn of_requests() -> Value {
    let mut generator = generator();
    let mut schemas = Map::new();
    let mut put = |name: &str, schema: Value| schemas.insert(name.to_owned(), schema);
    put("hello-frame", frame::<Hello>(&mut generator, "hello"));
    put(
        "challenge-frame",
        frame::<Challenge>(&mut generator, "challenge"),
    );
    put("prove-frame", frame::<Prove>(&mut generator, "prove"));
    put("welcome-frame", frame::<Welcome>(&mut generator, "welcome"));
    put("blocks-frame", frame::<Blocks>(&mut generator, "blocks"));
    put("checkpoint-frame", checkpoint(&mut generator));
    // Without `ref`: a request has its own answer.
    let mut accepted = frame::<Accepted>(&mut generator, "accepted");
    remove(&mut accepted["properties"], "ref");
    accepted["description"] = json!("Answers an entry that stands in the chain.");
    put("accepted-entry", accepted);
    for used in [
        generator.subschema_for::<Discovery>(),
        generator.subschema_for::<SubmittedEntry>(),
        generator.subschema_for::<Inclusion>(),
        generator.subschema_for::<Consistency>(),
        generator.subschema_for::<Problem>(),
    ] {
        drop(used);
    }
    let mut schemas = finish(schemas, generator, Dialect::OpenApi);
    remove(&mut schemas, "Ref");
    schemas
}

/// What is said on a socket and in a stream of events.
pub(super) fn of_frames() -> Value {
    let mut generator = generator();
    let mut schemas = Map::new();
    let mut put = |name: &str, schema: Value| schemas.insert(name.to_owned(), schema);
    put("hello-frame", frame::<Hello>(&mut generator, "hello"));
    put("prove-frame", frame::<Prove>(&mut generator, "prove"));
    put("resume-frame", frame::<Resume>(&mut generator, "resume"));
    put("submit-frame", frame::<Submit>(&mut generator, "submit"));
    put(
        "challenge-frame",
        frame::<Challenge>(&mut generator, "challenge"),
    );
    put("welcome-frame", frame::<Welcome>(&mut generator, "welcome"));
    let mut blocks = frame::<Blocks>(&mut generator, "blocks");
    blocks["properties"]["blocks"]["minItems"] = json!(1); // [SYNC-1], [SSE-1]
    blocks["properties"]["blocks"]["description"] = json!("The blocks, at least one.");
    put("blocks-frame", blocks);
    put("checkpoint-frame", checkpoint(&mut generator));
    put(
        "accepted-frame",
        frame::<Accepted>(&mut generator, "accepted"),
    );
    put("refused-frame", frame::<Refused>(&mut generator, "refused"));
    put("bye-frame", frame::<Bye>(&mut generator, "bye"));
    finish(schemas, generator, Dialect::AsyncApi)
}

/// The name of a definition in both documents: `card-body` is `CardBody`.
pub(super) fn name(definition: &str) -> String {
    definition
        .split('-')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        })
        .collect()
}

/// A reference to a definition.
pub(super) fn reference(definition: &str) -> Value {
    json!({"$ref": format!("#{PLACE}{}", name(definition))})
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = PLACE.into())
        .into_generator()
}

fn frame<T: JsonSchema>(generator: &mut SchemaGenerator, kind: &str) -> Value {
    with_type(kind, T::json_schema(generator).into())
}

fn checkpoint(generator: &mut SchemaGenerator) -> Value {
    let schema = json!({
        "description": "A new checkpoint, after the blocks that it covers.",
        "type": "object",
        "properties": {"checkpoint": generator.subschema_for::<Checkpoint>()},
        "required": ["checkpoint"],
    });
    with_type("checkpoint", schema)
}

fn with_type(kind: &str, mut schema: Value) -> Value {
    schema["properties"]["type"] = json!({"type": "string", "const": kind});
    if let Value::Array(required) = &mut schema["required"] {
        required.insert(0, "type".into());
    }
    schema
}

fn finish(
    mut schemas: Map<String, Value>,
    mut generator: SchemaGenerator,
    dialect: Dialect,
) -> Value {
    schemas.extend(generator.take_definitions(true));
    let kinds: Vec<_> = ["entry", "submitted-entry"]
        .into_iter()
        .filter_map(|entry| Some((entry, schemas.remove(entry)?)))
        .collect();
    for (entry, schema) in kinds {
        by_kind(entry, schema, dialect, &mut schemas);
    }
    schemas.remove("kind");
    let mut named = Map::new();
    for (definition, mut schema) in schemas {
        tidy(&mut schema);
        remove(&mut schema, "title");
        named.insert(name(&definition), schema);
    }
    if let Some(limits) = named.get_mut("Limits") {
        remove(limits, "additionalProperties"); // [CONV-9]
    }
    Value::Object(named)
}

/// An entry as one of seven schemas that differ in `kind` and `body`. // [ENTRY-1]
fn by_kind(entry: &str, mut schema: Value, dialect: Dialect, schemas: &mut Map<String, Value>) {
    let Some(Value::Array(kinds)) = remove(&mut schema, "oneOf") else {
        unreachable!("an entry's schema has one for each kind")
    };
    let (mut any, mut mapping) = (Vec::new(), Map::new());
    for kind in kinds {
        let (of, mut body) = (
            kind["properties"]["kind"]["const"].clone(),
            kind["properties"]["body"].clone(),
        );
        let of = of.as_str().unwrap_or_default();
        let definition = format!("{entry}-{of}");
        // A message that is submitted has all its members.
        if let Some(Value::Array(parts)) = remove(&mut body, "allOf") {
            let mut whole = schemas["message"].clone();
            if let (Value::Array(required), Value::Array(more)) =
                (&mut whole["required"], &parts[1]["required"])
            {
                required.extend(more.iter().cloned());
            }
            whole["description"] =
                json!("A ciphertext under an epoch, by one of its recipients, as it is submitted.");
            schemas.insert("submitted-message".into(), whole);
            body = json!({"$ref": format!("#{PLACE}submitted-message")});
        }
        let mut one = schema.clone();
        one["properties"]["kind"] = json!({"type": "string", "const": of});
        one["properties"]["body"] = body;
        let description = schema["description"].as_str().unwrap_or_default();
        one["description"] = json!(format!("{description} Of the kind `{of}`."));
        schemas.insert(definition.clone(), one);
        mapping.insert(of.to_owned(), reference(&definition)["$ref"].clone());
        any.push(reference(&definition));
    }
    let discriminator = match dialect {
        Dialect::OpenApi => json!({"propertyName": "kind", "mapping": mapping}),
        Dialect::AsyncApi => json!("kind"),
    };
    schemas.insert(
        entry.to_owned(),
        json!({"description": schema["description"], "oneOf": any, "discriminator": discriminator}),
    );
}

/// Brings a schema into the form that the module describes.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get_mut("$ref")
                && let Some(definition) = target.strip_prefix(&format!("#{PLACE}"))
            {
                *target = format!("#{PLACE}{}", name(definition));
            }
            let is_integer = members.get("type").is_some_and(|kind| kind == "integer");
            if is_integer {
                members.insert("format".into(), "int64".into());
            }
            // A list that never differs is one of constant items.
            if let Some(Value::Array(items)) = members.get("const").cloned() {
                members.remove("const");
                members.insert("minItems".into(), items.len().into());
                members.insert("maxItems".into(), items.len().into());
                members.insert("items".into(), json!({"type": "string", "enum": items}));
            }
            if let Some(constants) = constants(members) {
                members.remove("oneOf");
                members.insert("type".into(), "string".into());
                members.insert("enum".into(), constants);
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// The constants of a schema that is one of several.
fn constants(members: &Map<String, Value>) -> Option<Value> {
    let any = members.get("oneOf")?.as_array()?;
    let constants: Option<Vec<_>> = any.iter().map(|one| one.get("const").cloned()).collect();
    Some(constants?.into())
}

fn remove(schema: &mut Value, member: &str) -> Option<Value> {
    schema.as_object_mut()?.remove(member)
}
