//! The default parsers of Rust, asked about the texts of `parsers.json` and `base64.json`: their answers are those committed.
//! `conformance/crosscheck/parsers` asks Node's and Python's.
//!
//! With `WRITE_ANSWERS=1` the answers go to `conformance/crosscheck/parsers/serde.json`, from which make-vectors takes them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// A frame as one would write it: what is not named is ignored, as serde does by default.
#[derive(Deserialize, Serialize)]
struct Frame {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<String>,
}

/// What is read of a test's text, or nothing where it is refused.
type Parser = fn(&Value) -> Option<String>;

const PARSERS: [(&str, &str, Parser); 3] = [
    ("parsers", "serde_json::Value", |test| {
        let value = serde_json::from_slice::<Value>(&frame(test)).ok()?;
        Some(serde_json::to_string(&value).expect("a value"))
    }),
    ("parsers", "serde_json, struct", |test| {
        let frame = serde_json::from_slice::<Frame>(&frame(test)).ok()?;
        Some(serde_json::to_string(&frame).expect("a frame"))
    }),
    ("base64", "data-encoding", |test| {
        let text = test["text"].as_str().expect("a text");
        let bytes = data_encoding::BASE64URL_NOPAD
            .decode(text.as_bytes())
            .ok()?;
        Some(data_encoding::HEXLOWER.encode(&bytes))
    }),
];

#[test]
fn the_answers_of_rusts_parsers_are_those_in_the_vectors() {
    let write = std::env::var_os("WRITE_ANSWERS").is_some();
    let mut measured: Map<String, Value> = Map::new();
    let mut wrong = Vec::new();
    for (name, parser, read) in PARSERS {
        let mut answers = Map::new();
        for test in tests(name) {
            let id = test["id"].as_str().expect("an id").to_owned();
            let ours = read(&test).map_or(Value::Null, Value::from);
            let committed = test["parsers"].get(parser);
            if !write && committed != Some(&ours) {
                let committed = committed.map_or("nothing".into(), Value::to_string);
                wrong.push(format!("{id}: {parser} gives {ours}, not {committed}"));
            }
            answers.insert(id, ours);
        }
        assert!(
            answers.len() > 30,
            "{name}.json has {} tests",
            answers.len()
        );
        measured.insert(parser.into(), answers.into());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if write {
        let text = serde_json::to_string_pretty(&measured).expect("answers");
        std::fs::write(
            root().join("conformance/crosscheck/parsers/serde.json"),
            text + "\n",
        )
        .expect("the file can be written");
    }
}

fn tests(name: &str) -> Vec<Value> {
    let path = root().join(format!("vectors/static/{name}.json"));
    let file = std::fs::read_to_string(path).expect("a file of vectors");
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let groups = file["groups"].as_array().expect("groups").iter();
    groups
        .flat_map(|group| group["tests"].as_array().expect("tests").clone())
        .collect()
}

fn frame(test: &Value) -> Vec<u8> {
    let text = test["frame"].as_str().expect("bytes");
    data_encoding::BASE64URL_NOPAD
        .decode(text.as_bytes())
        .expect("bytes")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
