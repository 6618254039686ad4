//! `spec/openapi.json` and `spec/asyncapi.json`: the files are those that the types give, and their examples are what they say.

use std::collections::BTreeSet;
use std::path::PathBuf;

use dispatch_protocol::binding::{self, Conversation};
use dispatch_protocol::refusal::Code;
use jsonschema::Validator;
use serde_json::{Value, json};

fn text(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

fn held() -> String {
    text("vectors/static/conversation.json")
}

fn documents() -> [(&'static str, Value); 2] {
    let examples = Conversation::read(&held()).unwrap();
    [
        ("openapi", binding::openapi(&examples)),
        ("asyncapi", binding::asyncapi(&examples)),
    ]
}

/// What checks values by a schema that stands in a document.
fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({"components": document["components"], "allOf": [schema]});
    jsonschema::draft202012::new(&whole).unwrap()
}

/// Every object in a document that has this member, and its place.
fn holders<'d>(value: &'d Value, member: &str, place: &str, found: &mut Vec<(String, &'d Value)>) {
    match value {
        Value::Object(members) => {
            if members.contains_key(member) {
                found.push((place.to_owned(), value));
            }
            for (name, value) in members {
                holders(value, member, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                holders(item, member, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_files_are_those_that_the_types_give() {
    for (name, document) in documents() {
        assert!(
            text(&format!("spec/{name}.json")) == binding::to_text(&document),
            "spec/{name}.json is not what the types give: \
             run `cargo run -p dispatch-protocol --example schemas` to write it anew"
        );
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    for (name, document) in documents() {
        let mut found = Vec::new();
        holders(&document, "$ref", "", &mut found);
        let targets: BTreeSet<&str> = found
            .iter()
            .map(|(place, holder)| {
                let target = holder["$ref"].as_str().unwrap();
                let there = target.strip_prefix('#').unwrap();
                assert!(document.pointer(there).is_some(), "{name}{place}: {target}");
                target
            })
            .collect();
        for schema in document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            let target = format!("#/components/schemas/{schema}");
            assert!(targets.contains(&*target), "{name}: {schema} is not used");
        }
    }
}

#[test]
fn every_requirement_that_is_named_is_one_of_the_specification() {
    let chapters: String =
        std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
    let mut named = 0;
    for (name, document) in documents() {
        let mut described = Vec::new();
        holders(&document, "description", "", &mut described);
        for (place, holder) in described {
            // A member of that name is none.
            let Some(description) = holder["description"].as_str() else {
                continue;
            };
            let words = description.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            for word in words {
                let id = word.split_once('-').is_some_and(|(area, number)| {
                    area.len() > 2
                        && area.bytes().all(|byte| byte.is_ascii_uppercase())
                        && !["RFC", "SHA", "UTF"].contains(&area)
                        && number.parse::<u32>().is_ok()
                });
                if id {
                    named += 1;
                    let known = chapters.contains(&format!("**[{word}]**"));
                    assert!(known, "{name}{place}: there is no {word}");
                }
            }
        }
    }
    assert!(named > 30, "{named}");
}

#[test]
fn every_example_is_what_its_schema_says_and_no_longer_is_with_one_letter_less() {
    let [(_, openapi), (_, asyncapi)] = documents();
    let mut checked = 0;
    let mut check = |document: &Value, place: &str, schema: &Value, example: &Value| {
        let validator = validator(document, schema);
        if let Err(error) = validator.validate(example) {
            panic!("{place}: {error} at {}", error.instance_path());
        }
        // Its first member that is bytes of a fixed length, a code or a frame's type.
        if let Value::Object(members) = example {
            let mut changed = members.clone();
            let name = changed
                .iter()
                .find(|(name, value)| *name == "type" || *name == "community" || value.is_array())
                .map(|(name, _)| name.clone());
            if let Some(name) = name {
                changed.insert(name.clone(), json!("x"));
                assert!(
                    !validator.is_valid(&Value::Object(changed)),
                    "{place}: {name}"
                );
                checked += 1;
            }
        }
    };
    let mut media = Vec::new();
    holders(&openapi["paths"], "examples", "", &mut media);
    assert!(media.len() > 20, "{}", media.len());
    for (place, media) in media {
        for example in media["examples"].as_object().unwrap().values() {
            let value = match example["$ref"].as_str() {
                Some(there) => &openapi.pointer(&there[1..]).unwrap()["value"],
                None => &example["value"],
            };
            check(&openapi, &place, &media["schema"], value);
        }
    }
    let messages = asyncapi["components"]["messages"].as_object().unwrap();
    assert_eq!(messages.len(), 11 + 3);
    for (name, message) in messages {
        for example in message["examples"].as_array().unwrap() {
            check(&asyncapi, name, &message["payload"], &example["payload"]);
            if let Some(headers) = message.get("headers") {
                check(&asyncapi, name, headers, &example["headers"]);
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

/// The frames of the conversation are told apart as `spec/schemas/` tells them: the documents' form is another, and no more.
#[test]
fn the_schemas_take_and_refuse_what_those_of_the_folder_do() {
    let [(_, openapi), (_, asyncapi)] = documents();
    let file: Value = serde_json::from_str(&held()).unwrap();
    let tests = file["groups"][0]["tests"].as_array().unwrap();
    let mut compared = 0;
    for (document, kinds) in [
        (
            &openapi,
            vec!["hello", "prove", "challenge", "welcome", "checkpoint"],
        ),
        (
            &asyncapi,
            vec![
                "hello",
                "prove",
                "submit",
                "challenge",
                "welcome",
                "blocks",
                "checkpoint",
                "accepted",
                "refused",
                "bye",
            ],
        ),
    ] {
        for kind in kinds {
            let capital = kind[..1].to_uppercase() + &kind[1..];
            let ours = validator(
                document,
                &json!({"$ref": format!("#/components/schemas/{capital}Frame")}),
            );
            let schema = text(&format!("spec/schemas/frame-{kind}.json"));
            let theirs =
                jsonschema::draft202012::new(&serde_json::from_str(&schema).unwrap()).unwrap();
            let frames = tests.iter().map(|test| &test["frame"]);
            for frame in frames.filter(|frame| frame["type"] == kind) {
                assert!(ours.is_valid(frame) && theirs.is_valid(frame), "{kind}");
                for changed in changes(frame) {
                    let (here, there) = (ours.is_valid(&changed), theirs.is_valid(&changed));
                    assert_eq!(here, there, "{kind}: {changed}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

/// A value with one thing changed, in each way: a member is missing, is too many, or is something else.
fn changes(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let mut without = members.clone();
                without.remove(name);
                all.push(Value::Object(without));
                for other in changes(inner).into_iter().chain([
                    Value::Null,
                    json!(-1),
                    json!(9_007_199_254_740_992_u64),
                    json!(""),
                    json!("genesis"),
                    json!([]),
                    json!({}),
                ]) {
                    // A list of no blocks is another matter.
                    if name == "blocks" && other == json!([]) {
                        continue;
                    }
                    let mut changed = members.clone();
                    changed.insert(name.clone(), other);
                    all.push(Value::Object(changed));
                }
            }
            let mut more = members.clone();
            more.insert("more".into(), json!(1));
            all.push(Value::Object(more));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().take(2) {
                for other in changes(item) {
                    let mut changed = items.clone();
                    changed[index] = other;
                    all.push(Value::Array(changed));
                }
            }
        }
        _ => {}
    }
    all
}

#[test]
fn every_code_that_a_request_can_be_refused_with_stands_at_one_and_no_other_does() {
    let [(_, openapi), _] = documents();
    let there: BTreeSet<&str> = openapi["components"]["examples"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let ours: BTreeSet<&str> = Code::ALL
        .iter()
        .filter(|code| code.http_status().is_some())
        .map(|code| code.as_str())
        .collect();
    assert_eq!(there, ours);
}

#[test]
fn a_conversation_that_is_none_gives_no_examples() {
    let whole: Value = serde_json::from_str(&held()).unwrap();
    assert!(Conversation::read(&whole.to_string()).is_ok());
    let mut without = whole.clone();
    without["groups"][0]["tests"]
        .as_array_mut()
        .unwrap()
        .remove(1);
    let told = Conversation::read(&without.to_string())
        .unwrap_err()
        .to_string();
    assert_eq!(told, "hello: it is not there");
    let mut forged = whole.clone();
    forged["groups"][0]["tests"][5]["frame"]["blocks"][1]["time"] = json!(0);
    let told = Conversation::read(&forged.to_string())
        .unwrap_err()
        .to_string();
    assert!(told.starts_with("blocks: "), "{told}");
    let mut wrong = whole;
    wrong["groups"][0]["tests"][3]["frame"]["signature"] = json!("QR");
    let told = Conversation::read(&wrong.to_string())
        .unwrap_err()
        .to_string();
    assert!(told.starts_with("prove: malformed"), "{told}");
    assert!(Conversation::read("{}").is_err() && Conversation::read("").is_err());
}
