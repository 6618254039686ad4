//! `vectors/static.schema.json`: every file keeps it, and it is strict.

use crate::{files, list, root, text};
use jsonschema::Validator;
use serde_json::Value;

fn validator() -> Validator {
    let schema = root().join("vectors/static.schema.json");
    let schema = std::fs::read_to_string(schema).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

#[test]
fn every_file_keeps_the_schema() {
    let validator = validator();
    let mut faults = Vec::new();
    for (_, file) in files() {
        for error in validator.iter_errors(&file) {
            let what: String = error.to_string().chars().take(300).collect();
            let place = error.instance_path();
            faults.push(format!("{} {place}: {what}", file["name"]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The first test of each result in each group is spoilt in every way that the schema is there to notice.
#[test]
fn the_schema_notices_what_is_missing_unknown_or_of_another_form() {
    let validator = validator();
    let mut passed = Vec::new();
    let mut tried = 0;
    for (_, file) in files() {
        for (g, group) in list(&file, "groups").iter().enumerate() {
            for result in ["valid", "invalid"] {
                let tests = list(group, "tests");
                let Some(test) = tests.iter().find(|t| t["result"] == result) else {
                    continue;
                };
                let mut with_only = file.clone();
                with_only["groups"][g]["tests"] = Value::from(vec![test.clone()]);
                assert!(validator.is_valid(&with_only), "{}", test["id"]);
                for (what, spoilt) in spoilt(test) {
                    tried += 1;
                    with_only["groups"][g]["tests"] = Value::from(vec![spoilt]);
                    if validator.is_valid(&with_only) {
                        passed.push(format!("{}: {what}", text(test, "id")));
                    }
                }
            }
        }
    }
    assert!(tried > 700, "only {tried} ways were tried");
    assert!(passed.is_empty(), "nobody noticed\n{}", passed.join("\n"));
}

/// Members that some tests of a group have and others lack.
const OPTIONAL: [&str; 8] = [
    "length",
    "at",
    "pinned",
    "have",
    "kept",
    "welcome",
    "checkpoint",
    "accepted",
];

fn spoilt(test: &Value) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    let mut with = |what: String, spoil: &dyn Fn(&mut Value)| {
        let mut test = test.clone();
        spoil(&mut test);
        out.push((what, test));
    };
    let members = test.as_object().expect("a test");
    for name in members.keys() {
        if !OPTIONAL.contains(&&**name) {
            with(format!("{name} is missing"), &|test| {
                test.as_object_mut().expect("a test").remove(name);
            });
        }
        with(format!("{name} is null"), &|test| test[name] = Value::Null);
    }
    with("an unknown member".into(), &|test| {
        test["expected"] = true.into()
    });
    with("the other result".into(), &|test| {
        let other = if test["result"] == "valid" {
            "invalid"
        } else {
            "valid"
        };
        test["result"] = other.into();
    });
    with("an id with a space".into(), &|test| {
        test["id"] = "a b".into()
    });
    if test["result"] == "invalid" {
        with("no flag".into(), &|test| {
            test["flags"] = Value::Array(Vec::new())
        });
    }
    with("no requirement".into(), &|test| {
        test["requirements"] = Value::Array(Vec::new())
    });
    out
}
