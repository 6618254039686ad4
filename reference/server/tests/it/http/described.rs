//! `spec/openapi.json` as something that answers are held against.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::caller::Answer;

/// An answer as the document names it: the request's id, the status, and the code of a refusal.
pub type Named = (String, u16, Option<String>);

/// A document of `spec/`.
pub struct Described {
    pub document: Value,
}

impl Described {
    /// The document of this name.
    pub fn read(name: &str) -> Described {
        let path = format!("{}/../../spec/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        Described {
            document: serde_json::from_str(&text).unwrap(),
        }
    }

    /// What a reference stands for.
    pub fn found<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value["$ref"].as_str() {
            Some(there) => self.document.pointer(&there[1..]).unwrap(),
            None => value,
        }
    }

    pub fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({"components": self.document["components"], "allOf": [schema]});
        jsonschema::draft202012::new(&whole).unwrap()
    }

    /// The methods and operations of each path.
    pub fn paths(&self) -> BTreeMap<&str, BTreeMap<&str, &Value>> {
        let paths = self.document["paths"].as_object().unwrap();
        paths
            .iter()
            .map(|(path, methods)| {
                let methods = methods.as_object().unwrap();
                let methods = methods.iter().map(|(method, one)| (&**method, one));
                (&**path, methods.collect())
            })
            .collect()
    }

    /// The request with this method and path, whose query does not matter.
    pub fn operation(&self, method: &str, path: &str) -> &Value {
        let path = path.split('?').next().unwrap();
        let found = &self.document["paths"][path][method.to_lowercase()];
        assert!(found.is_object(), "{method} {path} is not in the document");
        found
    }

    /// Checks an answer: its status, headers and body are as the document says.
    pub fn check(&self, method: &str, path: &str, answer: &Answer) -> Named {
        let place = format!("{method} {path}: {} {}", answer.status, answer.body);
        let operation = self.operation(method, path);
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "not in the document: {place}");
        let headers = response["headers"].as_object();
        for (name, header) in headers.into_iter().flatten() {
            let header = self.found(header);
            match answer.header(name) {
                Some(text) => {
                    let value = match header["schema"]["type"] == "integer" {
                        true => json!(text.parse::<u64>().unwrap()),
                        false => json!(text),
                    };
                    let validator = self.validator(&header["schema"]);
                    assert!(validator.is_valid(&value), "{name}: {value}: {place}");
                }
                None => assert_ne!(header["required"], true, "no {name}: {place}"),
            }
        }
        let mut code = None;
        match response["content"].as_object() {
            None => assert_eq!(answer.body, "", "{place}"),
            Some(content) => {
                let (content_type, media) = content.iter().next().unwrap();
                assert_eq!(
                    answer.header("content-type"),
                    Some(&**content_type),
                    "{place}"
                );
                if content_type.ends_with("json") {
                    let body: Value = serde_json::from_str(&answer.body).unwrap();
                    if let Err(error) = self.validator(&media["schema"]).validate(&body) {
                        panic!("{error} at {}: {place}", error.instance_path());
                    }
                    code = body["code"].as_str().map(str::to_owned);
                }
            }
        }
        let id = operation["operationId"].as_str().unwrap();
        (id.to_owned(), answer.status, code)
    }

    /// Every answer that the document names.
    pub fn answers(&self) -> BTreeSet<Named> {
        let mut answers = BTreeSet::new();
        let paths = self.paths();
        for operation in paths.values().flat_map(BTreeMap::values) {
            let id = operation["operationId"].as_str().unwrap();
            for (status, response) in operation["responses"].as_object().unwrap() {
                let status = status.parse().unwrap();
                let problem = &response["content"]["application/problem+json"]["schema"];
                match problem["properties"]["code"]["enum"].as_array() {
                    None => drop(answers.insert((id.to_owned(), status, None))),
                    Some(codes) => answers.extend(codes.iter().map(|code| {
                        let code = code.as_str().unwrap().to_owned();
                        (id.to_owned(), status, Some(code))
                    })),
                }
            }
        }
        answers
    }
}
