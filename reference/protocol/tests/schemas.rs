//! `spec/schemas/`: the files are those that the types give, and they take and refuse what they should.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dispatch_protocol::schemas;
use jsonschema::Validator;
use serde_json::{Value, json};

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(folder(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(&read(&format!("spec/schemas/{name}.json"))).unwrap()
}

/// The frames and documents of the conversation that the specification shows, by test id.
fn conversation() -> Vec<(String, String, Value)> {
    read("vectors/static/conversation.json")["groups"][0]["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|test| {
            let text = |name: &str| test[name].as_str().unwrap().to_owned();
            (text("id"), text("said_by"), test["frame"].clone())
        })
        .collect()
}

fn frame(kind: &str) -> Value {
    conversation()
        .into_iter()
        .map(|(_, _, frame)| frame)
        .find(|frame| frame["type"] == kind)
        .unwrap_or_else(|| panic!("the conversation has no {kind}"))
}

#[test]
fn the_files_are_those_that_the_types_give() {
    let mut files: BTreeMap<String, String> = std::fs::read_dir(folder("spec/schemas"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    let how = "run `cargo run -p dispatch-protocol --example schemas` to write it anew";
    for named in schemas::all() {
        let file = files.remove(named.name);
        let same = file.is_some_and(|file| file == named.to_text());
        assert!(
            same,
            "spec/schemas/{}.json is not what the types give: {how}",
            named.name
        );
    }
    assert!(files.is_empty(), "no type gives {:?}: {how}", files.keys());
}

#[test]
fn each_is_a_schema_of_draft_2020_12_under_its_own_id() {
    for schemas::Named { name, schema } in schemas::all() {
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert_eq!(schema["$id"], format!("urn:dispatch-d:schema:{name}"));
        for member in ["title", "description"] {
            assert!(
                schema[member].as_str().is_some_and(|text| !text.is_empty()),
                "{name} has no {member}"
            );
        }
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        // it refers to nothing outside of itself
        let text = schema.to_string();
        assert_eq!(
            text.matches("\"$ref\":\"#/$defs/").count(),
            text.matches("\"$ref\":").count(),
            "{name}"
        );
    }
}

#[test]
fn every_frame_and_document_of_the_conversation_is_accepted() {
    for (id, said_by, frame) in conversation() {
        let kind = frame["type"].as_str().map(|kind| format!("frame-{kind}"));
        let names = match said_by.as_str() {
            "client" => vec![kind.unwrap(), "client-frame".to_owned()],
            "server" => vec![kind.unwrap(), "server-frame".to_owned()],
            "document" => vec!["discovery".to_owned()],
            "plaintext" => vec!["plaintext".to_owned()],
            "file" => vec!["evidence".to_owned()],
            other => panic!("{other} says nothing"),
        };
        for name in names {
            if let Err(error) = validator(&name).validate(&frame) {
                panic!("{name} refuses {id}: {error} at {}", error.instance_path());
            }
        }
    }
    let genesis = &frame("blocks")["blocks"][0];
    assert!(validator("block").is_valid(genesis));
    assert!(validator("entry").is_valid(&genesis["entry"]));
    assert!(validator("checkpoint").is_valid(&frame("checkpoint")["checkpoint"]));
    let mut frame = frame("blocks");
    frame["blocks"] = json!([]);
    assert!(validator("frame-blocks").is_valid(&frame));
}

#[test]
fn what_a_client_sends_is_exact_and_what_a_server_sends_may_have_more() {
    for (id, said_by, mut frame) in conversation() {
        let name = match said_by.as_str() {
            "client" => "client-frame",
            "server" => "server-frame",
            "document" => "discovery",
            "plaintext" => "plaintext",
            _ => continue,
        };
        frame["more"] = json!(1);
        assert_eq!(
            validator(name).is_valid(&frame),
            said_by != "client",
            "{id}"
        );
    }
    let mut discovery = conversation().remove(0).2;
    discovery["limits"]["more"] = json!(1);
    assert!(validator("discovery").is_valid(&discovery));

    // entries are exact wherever they stand
    let validator = validator("server-frame");
    for path in [
        "/blocks/0/entry",
        "/blocks/0/entry/body",
        "/blocks/0/entry/seen",
    ] {
        let mut blocks = frame("blocks");
        assert!(validator.is_valid(&blocks));
        blocks.pointer_mut(path).unwrap()["more"] = json!(1);
        assert!(!validator.is_valid(&blocks), "{path}");
    }
}

#[test]
fn a_message_in_a_block_may_have_lost_its_ciphertext_and_a_submitted_one_may_not() {
    let submit = conversation()
        .into_iter()
        .map(|(_, _, frame)| frame)
        .find(|frame| frame["type"] == "submit" && frame["entry"]["kind"] == "message")
        .unwrap();
    let mut redacted = submit.clone();
    let body = redacted["entry"]["body"].as_object_mut().unwrap();
    assert!(body.remove("ciphertext").is_some());
    for (frame, submitted) in [(&submit, true), (&redacted, false)] {
        assert!(validator("entry").is_valid(&frame["entry"]));
        assert_eq!(
            validator("submitted-entry").is_valid(&frame["entry"]),
            submitted
        );
        assert_eq!(validator("frame-submit").is_valid(frame), submitted);
    }
    let mut other = submit.clone();
    other["entry"]["kind"] = json!("card");
    assert!(!validator("frame-submit").is_valid(&other));
    other["entry"]["kind"] = json!("reaction");
    assert!(!validator("frame-submit").is_valid(&other));
}

#[test]
fn the_smallest_change_of_a_members_form_is_refused() {
    let hello = frame("hello");
    let validator = validator("frame-hello");
    let refuse = |name: &str, value: Value| {
        let mut hello = hello.clone();
        hello[name] = value.clone();
        assert!(!validator.is_valid(&hello), "{name}: {value}");
    };
    assert!(validator.is_valid(&hello));
    let nonce = hello["client_nonce"].as_str().unwrap();
    refuse("version", json!("dispatch-d/2"));
    refuse("type", json!("hallo"));
    refuse("origin", json!(""));
    refuse("origin", json!("é"));
    refuse("origin", json!("x".repeat(256)));
    refuse("client_nonce", json!(format!("{nonce}=")));
    refuse("client_nonce", json!(format!("{}B", &nonce[..42])));
    refuse("client_nonce", json!(&nonce[..42]));
    refuse(
        "client_nonce",
        json!(nonce.replacen(char::is_alphanumeric, "+", 1)),
    );
    refuse("client_nonce", json!(null));
    refuse("session_ms", json!(999));
    refuse("session_ms", json!(null));
    refuse("session_ms", json!(9_007_199_254_740_992u64));
    refuse("session_ms", json!("1000"));
    refuse("have", json!(null));
    refuse("have", json!({"size": 0}));
    refuse(
        "public_key",
        json!(hello["public_key"].as_str().unwrap()[..391]),
    );
}

#[test]
fn codes_are_those_that_the_frame_may_say() {
    let accepts = |name: &str, frame: &Value, code: &str| {
        let mut frame = frame.clone();
        frame["code"] = json!(code);
        validator(name).is_valid(&frame)
    };
    let (refused, bye) = (frame("refused"), frame("bye"));
    for (code, in_refused, in_bye) in [
        ("malformed", true, false),
        ("too_large", true, true),
        ("removed", false, true),
        ("shutting_down", true, true),
        ("rollback", false, false),
        ("unknown", false, false),
    ] {
        assert_eq!(
            accepts("frame-refused", &refused, code),
            in_refused,
            "{code}"
        );
        assert_eq!(accepts("frame-bye", &bye, code), in_bye, "{code}");
    }
    let problem =
        json!({"type": "urn:dispatch-d:refusal:bad_seq", "code": "bad_seq", "detail": ""});
    assert!(accepts("problem", &problem, "bad_seq"));
    assert!(!accepts("problem", &problem, "removed"));
}

#[test]
fn the_static_vectors_frames_are_told_apart_as_far_as_a_schema_can() {
    let (mut accepted, mut refused) = (0, 0);
    let client = validator("client-frame");
    let groups = read("vectors/static/json.json")["groups"].clone();
    let tests = groups
        .as_array()
        .unwrap()
        .iter()
        .filter(|group| group["name"] == "client-frames")
        .flat_map(|group| group["tests"].as_array().unwrap());
    for test in tests {
        let bytes = data_encoding::BASE64URL_NOPAD
            .decode(test["frame"].as_str().unwrap().as_bytes())
            .unwrap();
        let Ok(frame) = serde_json::from_slice::<Value>(&bytes) else {
            continue;
        };
        let requirements = test["requirements"].to_string();
        let in_reach = [
            "CONV-3", "CONV-4", "CONV-13", "CONV-14", "CONV-16", "ENTRY-1", "ERR-6", "JOIN-4",
            "MSG-6",
        ]
        .iter()
        .any(|id| requirements.contains(&format!("\"{id}\"")));
        if test["result"] == "valid" {
            let error = client.iter_errors(&frame).next();
            assert!(
                error.is_none(),
                "{}: {:?}",
                test["id"],
                error.map(|error| error.to_string())
            );
            accepted += 1;
        } else if in_reach && bytes.is_ascii() {
            // a length in bytes of UTF-8 is out of reach
            assert!(!client.is_valid(&frame), "{}", test["id"]);
            refused += 1;
        }
    }
    assert!(accepted >= 10 && refused >= 30, "{accepted} and {refused}");
}
