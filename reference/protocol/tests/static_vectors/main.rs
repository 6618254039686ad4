//! Every static vector of `vectors/static/` over this crate. A file or a group that nobody here runs is a failure, so that
//! nothing is skipped silently.

mod bytes;
mod chain;
mod clients;
mod conversation;
mod epoch;
mod join;
mod vector;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use vector::{Outcome, Vector};

/// What runs one test of a group. The second argument is the group, whose further members all of its tests share.
type Run = fn(&Vector, &Vector) -> Outcome;

fn runner(file: &str, group: &str) -> Option<Run> {
    Some(match (file, group) {
        ("base64", "bytes") => bytes::texts,
        ("cards", "cards") => bytes::cards,
        ("json", "client-frames") | ("parsers", "json-texts") => bytes::client_frames,
        ("json", "server-frames") => bytes::server_frames,
        ("keys", "public-keys") => bytes::public_keys,
        ("signatures", "signatures") => bytes::signatures,
        ("tuples", "tuples") => bytes::tuples,
        ("backups", "files") => clients::files,
        ("backups", "backups") => clients::backups,
        ("backups", "contents") => clients::contents,
        ("invitations", "invitations") => clients::invitations,
        ("blocks", "block-hashes") => chain::block_hashes,
        ("chains", "chains" | "views") => chain::views,
        ("chains", "writing") => chain::writing,
        ("checkpoints", "checkpoints") => chain::checkpoints,
        ("entries", "entries") => chain::entries,
        ("entries", "changed-entries") => chain::changed_entries,
        ("entries", "submitted-entries") => chain::submitted_entries,
        ("evidence", "evidence") => chain::evidence,
        ("merkle", "roots") => chain::roots,
        ("merkle", "inclusion") => chain::inclusion,
        ("merkle", "consistency") => chain::consistency,
        ("unicode", "texts") => chain::texts,
        ("unicode", "written-otherwise") => chain::written_otherwise,
        ("joins", "proofs") => join::proofs,
        ("joins", "welcomes") => join::welcomes,
        ("messages", "message-keys") => epoch::message_keys,
        ("messages", "messages") => epoch::messages,
        ("messages", "padding") => epoch::padding,
        ("messages", "plaintexts") => epoch::plaintexts,
        ("wraps", "commitments") => epoch::commitments,
        ("wraps", "sealed") => epoch::sealed,
        ("wraps", "not-sealed") => epoch::not_sealed,
        ("wraps", "opened") => epoch::opened,
        ("wraps", "several-wraps") => epoch::several_wraps,
        _ => return None,
    })
}

/// Vectors that say something else than the specification. They are run, and must fail: one that passes has been mended, and
/// goes from here.
const DISPUTED: [(&str, &str); 0] = [];

/// The files, by name.
fn files() -> BTreeMap<String, Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/static");
    std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let file: Value = serde_json::from_str(&text).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert_eq!(file["format"], "dispatch-d/1 static vectors", "{name}");
            assert_eq!(file["name"], *name);
            (name, file)
        })
        .collect()
}

#[test]
fn every_static_vector_gets_its_answer() {
    let mut faults = String::new();
    let mut run = 0;
    for (name, file) in files() {
        for group in file["groups"].as_array().unwrap() {
            let group_name = group["name"].as_str().unwrap();
            if (name.as_str(), group_name) == ("conversation", "conversation") {
                // Its tests are one: each goes on where the one before ended.
                run += conversation::play(&Vector(group));
                continue;
            }
            let runner = runner(&name, group_name).unwrap_or_else(|| {
                panic!("nobody runs the group {group_name} of {name}.json: write its runner")
            });
            for test in group["tests"].as_array().unwrap() {
                run += 1;
                let test = Vector(test);
                let expected = match test.text("result") {
                    "valid" => Ok(()),
                    "invalid" => Err(test.text("code")),
                    other => panic!("{}: the result {other}", test.text("id")),
                };
                let outcome = runner(&test, &Vector(group));
                let given = outcome.as_ref().copied().map_err(|(code, _)| code.as_str());
                let id = test.text("id");
                if let Some((_, why)) = DISPUTED.iter().find(|(disputed, _)| *disputed == id) {
                    if given == expected {
                        writeln!(
                            faults,
                            "{name}.json {id} passes now: it is disputed no more ({why})"
                        )
                        .unwrap();
                    }
                } else if given != expected {
                    writeln!(
                        faults,
                        "{name}.json {}: expected {expected:?}, got {outcome:?}",
                        test.text("id")
                    )
                    .unwrap();
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
    assert!(run > 700, "only {run} vectors were found");
}
