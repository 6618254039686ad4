//! The static vectors, run over the suite's own codec; and the generator, run against what is committed.
//!
//! Every file, group and test must be known here: a vector that nobody runs would be worth nothing.

mod bytes;
mod chains;
mod clients;
mod conversation;
mod encryption;
mod outcome;
mod schema;
mod statements;

use outcome::{Failure, Outcome};
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The check for the tests of a group: it reads the test and the group that holds it.
type Check = fn(test: &Value, group: &Value) -> Outcome;

const CHECKS: &[(&str, &str, Check)] = &[
    ("tuples", "tuples", bytes::tuple),
    ("base64", "bytes", bytes::base64),
    ("keys", "public-keys", bytes::public_key),
    ("signatures", "signatures", bytes::signature),
    ("json", "client-frames", bytes::client_frame),
    ("json", "server-frames", bytes::server_frame),
    ("parsers", "json-texts", bytes::client_frame),
    ("merkle", "roots", bytes::root),
    ("merkle", "inclusion", bytes::inclusion),
    ("merkle", "consistency", bytes::consistency),
    ("unicode", "texts", statements::text),
    (
        "unicode",
        "written-otherwise",
        statements::written_otherwise,
    ),
    ("entries", "entries", statements::entry),
    ("entries", "changed-entries", statements::changed_entry),
    ("entries", "submitted-entries", statements::submitted_entry),
    ("blocks", "block-hashes", statements::block),
    ("checkpoints", "checkpoints", statements::checkpoint),
    ("joins", "proofs", statements::proof),
    ("joins", "welcomes", statements::welcome),
    ("evidence", "evidence", statements::evidence),
    ("cards", "cards", encryption::card),
    ("wraps", "commitments", encryption::commitment),
    ("wraps", "sealed", encryption::sealed),
    ("wraps", "not-sealed", encryption::sealed),
    ("wraps", "opened", encryption::opened),
    ("wraps", "several-wraps", encryption::several),
    ("messages", "message-keys", encryption::message_key),
    ("messages", "messages", encryption::message),
    ("messages", "padding", encryption::padding),
    ("messages", "plaintexts", encryption::plaintext),
    ("invitations", "invitations", clients::invitation),
    ("backups", "files", clients::file),
    ("backups", "backups", clients::backup),
    ("backups", "contents", clients::contents),
    ("chains", "chains", chains::chain),
    ("chains", "views", chains::chain),
    ("chains", "writing", chains::writing),
];

#[test]
fn every_test_of_every_file_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for_each_group(|file, name, group| {
        if (file, name) == ("conversation", "conversation") {
            count += list(group, "tests").len();
            wrong.extend(conversation::failures(group));
            return;
        }
        let known = CHECKS.iter().find(|(f, g, _)| (*f, *g) == (file, name));
        let (_, _, check) =
            known.unwrap_or_else(|| panic!("nobody runs the group {name} of {file}"));
        for test in list(group, "tests") {
            count += 1;
            if let Err(why) = compare(test, check(test, group)) {
                wrong.push(format!("{}: {why}", test["id"]));
            }
        }
    });
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 500, "only {count} tests were found");
}

#[test]
fn every_group_that_can_be_run_is_there() {
    let mut found = HashSet::new();
    for_each_group(|file, name, _| {
        found.insert((file.to_owned(), name.to_owned()));
    });
    for (file, name, _) in CHECKS {
        assert!(
            found.contains(&((*file).into(), (*name).into())),
            "{file} has no group {name}"
        );
    }
}

#[test]
fn every_test_has_the_members_that_the_readme_gives_it() {
    let mut ids = HashSet::new();
    for (path, file) in files() {
        let name = path.file_stem().and_then(|s| s.to_str()).expect("a name");
        assert_eq!(file["format"], "dispatch-d/1 static vectors", "{name}");
        assert_eq!(file["name"], name);
        for test in list(&file, "groups").iter().flat_map(|g| list(g, "tests")) {
            let id = text(test, "id");
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            assert!(
                id.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{id}"
            );
            assert!(!text(test, "about").is_empty(), "{id}");
            assert!(!list(test, "requirements").is_empty(), "{id}");
            assert_eq!(
                test["result"] == "invalid",
                test["code"].is_string(),
                "{id}"
            );
            for flag in list(test, "flags") {
                assert!(
                    file["flags"][flag.as_str().expect("a text")].is_object(),
                    "{id}: {flag}"
                );
            }
        }
    }
}

#[test]
fn every_requirement_that_a_test_names_stands_in_the_spec() {
    let mut defined = HashSet::new();
    for entry in std::fs::read_dir(root().join("spec"))
        .expect("the spec")
        .filter_map(Result::ok)
    {
        let chapter = std::fs::read_to_string(entry.path()).unwrap_or_default();
        defined.extend(
            chapter
                .split("**[")
                .skip(1)
                .filter_map(|rest| rest.split_once("]**"))
                .map(|(id, _)| id.to_owned()),
        );
    }
    for (_, file) in files() {
        for test in list(&file, "groups").iter().flat_map(|g| list(g, "tests")) {
            for id in list(test, "requirements") {
                assert!(
                    defined.contains(id.as_str().expect("a text")),
                    "{} names {id}",
                    test["id"]
                );
            }
        }
    }
}

#[test]
fn making_the_vectors_again_gives_the_committed_bytes() {
    let output = Command::new(env!("CARGO_BIN_EXE_make-vectors"))
        .arg("--check")
        .output()
        .expect("it starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What the test says, against what came out.
fn compare(test: &Value, outcome: Outcome) -> Result<(), String> {
    let code = test["code"].as_str();
    match (outcome, code) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(code)) => Err(format!("was accepted, {code} is due")),
        (Err(Failure::Refused(v, at)), Some(code)) if v.code == code => {
            match (test["at"].as_str(), at) {
                (Some(due), Some(at)) if due != at => Err(format!("refused at {at}, {due} is due")),
                _ => Ok(()),
            }
        }
        (Err(Failure::Refused(v, _)), Some(code)) => Err(format!("{v}; {code} is due")),
        (Err(Failure::Refused(v, _)), None) => Err(format!("{v}; it is valid")),
        (Err(Failure::Differs(what)), _) => Err(what),
    }
}

fn for_each_group(mut visit: impl FnMut(&str, &str, &Value)) {
    for (_, file) in files() {
        for group in list(&file, "groups") {
            visit(text(&file, "name"), text(group, "name"), group);
        }
    }
}

fn files() -> Vec<(PathBuf, Value)> {
    let folder = root().join("vectors/static");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the vectors")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a file");
        let file =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (path, file)
    };
    paths.into_iter().map(read).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name]
        .as_array()
        .unwrap_or_else(|| panic!("`{name}` is no list"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("`{name}` is no text"))
}
