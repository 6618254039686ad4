//! The specification and the vectors fit together: every obligation is decided, every vector is of its form.

use std::{collections::BTreeMap, fs, path::Path};

use dispatch_conformance::{corpus::Corpus, gate, requirement::Requirements, scenario::Vectors};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn every_obligation_is_decided_and_every_vector_decides_one() {
    let corpus = Corpus::embedded();
    let requirements = Requirements::read(&corpus);
    let vectors = Vectors::read(&corpus).expect("the vectors can be read");
    let faults = gate::faults(&requirements, &vectors);
    assert!(
        faults.is_empty(),
        "specification and vectors do not fit together:\n{}",
        faults.join("\n")
    );
}

#[test]
fn every_live_file_keeps_the_schema() {
    let schema = fs::read_to_string(root().join("vectors/live.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let corpus = Corpus::embedded();
    let mut faults = Vec::new();
    for (path, text) in corpus.folder("vectors/live") {
        let file: Value = serde_json::from_str(text).expect("JSON");
        let mut cases: BTreeMap<String, usize> = BTreeMap::new();
        for error in validator.iter_errors(&file) {
            let place = error.instance_path().to_string();
            let case = place
                .split('/')
                .nth(2)
                .and_then(|index| index.parse::<usize>().ok());
            let id = case.map_or_else(String::new, |index| file["cases"][index]["id"].to_string());
            *cases.entry(format!("{path} {id} {place}")).or_default() += 1;
        }
        faults.extend(cases.into_keys());
    }
    assert!(
        faults.is_empty(),
        "not as vectors/live.schema.json says:\n{}",
        faults.join("\n")
    );
}

#[test]
fn the_schema_is_strict() {
    let schema = fs::read_to_string(root().join("vectors/live.schema.json")).expect("the schema");
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&schema).expect("JSON"))
        .expect("a schema");
    let file = |step: Value| {
        serde_json::json!({"format": "dispatch-d/1 live vectors", "about": "x", "cases": [{
            "id": "a", "requirements": ["A-1"], "level": "MUST", "title": "t", "why": "w", "steps": [step]
        }]})
    };
    for (step, sound) in [
        (serde_json::json!({"ping": "a"}), true),
        (serde_json::json!({"ping": "a", "note": "n"}), true),
        (serde_json::json!({"ping": "a", "close": "a"}), false),
        (serde_json::json!({"pong": "a"}), false),
        (
            serde_json::json!({"send": "a", "frame": {"x": {"$random": 3}}}),
            true,
        ),
        (
            serde_json::json!({"send": "a", "frame": {"x": {"$rnadom": 3}}}),
            false,
        ),
        (
            serde_json::json!({"send": "a", "frame": {}, "text": "x"}),
            false,
        ),
        (
            serde_json::json!({"expect": "a", "frame": {"x": {"$any": "number"}}}),
            false,
        ),
    ] {
        assert_eq!(validator.is_valid(&file(step.clone())), sound, "{step}");
    }
}

/// The suite's verdicts never pass through the implementation that it judges.
#[test]
fn the_suite_names_the_reference_in_one_file_alone() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(own.join("Cargo.toml")).expect("the manifest");
    assert!(
        !manifest.contains("dispatch-protocol"),
        "Cargo.toml names dispatch-protocol"
    );
    assert!(
        !manifest.contains("dispatch-client"),
        "Cargo.toml names dispatch-client"
    );
    let mut sources = Vec::new();
    collect(&own.join("src"), &mut sources);
    assert!(sources.len() > 30);
    for path in sources {
        let text = fs::read_to_string(&path).expect("a source");
        let name = path.strip_prefix(own).expect("below").display().to_string();
        assert!(
            !text.contains("dispatch_protocol"),
            "{name} names dispatch_protocol"
        );
        assert!(
            !text.contains("dispatch_client"),
            "{name} names dispatch_client"
        );
        assert!(
            !text.contains("dispatch_server") || name == "src/embedded.rs",
            "{name} names dispatch_server"
        );
    }
}

fn collect(folder: &Path, sources: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            sources.push(path);
        }
    }
}

/// What a step says of the frame before it: that it was taken, or the code, status or end by which it was not.
fn outcome(step: &Value) -> Option<Result<(), String>> {
    let refused = |code: &Value| match code == "accepted" {
        true => Ok(()),
        false => Err(code.to_string()),
    };
    let verb = step.as_object()?.keys().next()?.as_str();
    match verb {
        "expect_refused" => Some(Err(step["code"].to_string())),
        "expect_end" => Some(Err(format!("end {}", step["close"]))),
        "submit" | "answers" => Some(refused(&step["expect"])),
        "open" | "http" => match step["status"].as_u64() {
            Some(status @ 400..) => Some(Err(status.to_string())),
            _ => (verb == "http").then_some(Ok(())),
        },
        "join" | "card" | "epoch" | "message" | "roster" | "expect" => Some(Ok(())),
        _ => None,
    }
}

/// A server that refuses everything with one code must not pass a case because it asks for nothing but refusals: before
/// the first one the valid form is accepted, or what differs by the rule alone is refused with another code.
#[test]
fn no_refusal_stands_without_its_twin() {
    fn outcomes(steps: &Value, out: &mut Vec<Result<(), String>>) {
        for step in steps.as_array().expect("steps") {
            match step.get("repeat") {
                Some(_) => outcomes(&step["steps"], out),
                None => out.extend(outcome(step)),
            }
        }
    }
    let mut alone = Vec::new();
    for (path, text) in Corpus::embedded().folder("vectors/live") {
        let file: Value = serde_json::from_str(text).expect("JSON");
        for case in file["cases"].as_array().expect("cases") {
            let mut found = Vec::new();
            outcomes(&case["steps"], &mut found);
            let accepted_first = found.first().is_none_or(Result::is_ok);
            let mut codes: Vec<&String> =
                found.iter().filter_map(|one| one.as_ref().err()).collect();
            codes.sort();
            codes.dedup();
            if !accepted_first && codes.len() < 2 {
                alone.push(format!("{path}: {}", case["id"]));
            }
        }
    }
    assert!(alone.is_empty(), "refusals without a twin: {alone:#?}");
}
