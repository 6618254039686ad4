//! The shapes of what passes between the suite and the reference, case by case: a change of behaviour shows in review.
//! Values are left out, but for types, codes and kinds; pushes stand apart, since they come when they come.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use regex_lite::Regex;

/// One case for each kind of conversation.
const CASES: [&str; 7] = [
    "join-welcomed",
    "join-stranger-challenged",
    "sub-receipt",
    "share-goes-on",
    "lim-frame-one-more",
    "red-gone",
    "sess-removed",
];

#[test]
fn the_reference_speaks_as_it_did() {
    let mut all = String::new();
    for case in CASES {
        let output = Command::new(env!("CARGO_BIN_EXE_dispatch-conformance"))
            .args(["run", case, "--trace", "--jobs", "1"])
            .output()
            .expect("the suite runs");
        assert!(output.status.success(), "{case}: {output:?}");
        let trace = String::from_utf8(output.stderr).expect("UTF-8");
        writeln!(all, "== {case}\n{}", shapes(&trace, case)).expect("a text takes all");
    }
    insta::assert_snapshot!(all);
}

/// A case's frames, connection by connection in their order, then the distinct shapes of what was pushed.
fn shapes(trace: &str, case: &str) -> String {
    let event =
        Regex::new(&format!(r"^{case} +[0-9.]+ ms +(\S+) +([→←·]) (.*)$")).expect("a pattern");
    let mut connections = BTreeMap::<String, String>::new();
    let mut pushes = BTreeSet::new();
    for event in trace.lines().filter_map(|line| event.captures(line)) {
        let shape = shape(&event[3]);
        if shape.starts_with(r#"{type: "blocks""#) {
            pushes.extend(blocks(&shape));
        } else if shape.starts_with(r#"{type: "checkpoint""#) {
            pushes.insert(shape);
        } else if !shape.ends_with("close code 1000") {
            // The answer to one's own close may come after the case's end.
            let frames = connections.entry(event[1].to_owned()).or_default();
            writeln!(frames, "{:<2} {} {shape}", &event[1], &event[2]).expect("a text takes all");
        }
    }
    let mut frames: String = connections.into_values().collect();
    for push in pushes {
        writeln!(frames, "push {push}").expect("a text takes all");
    }
    frames
}

/// A frame without its values; those of `type`, `code` and `kind` stay, and a list stands for its distinct items.
fn shape(frame: &str) -> String {
    let replace = |text: &str, pattern: &str, by: &str| {
        Regex::new(pattern)
            .expect("a pattern")
            .replace_all(text, by)
            .into_owned()
    };
    let text = replace(frame, r#"((?:type|code|kind): )"([a-z_0-9]+)""#, "$1<$2>");
    let text = replace(&text, r#""(?:[^"\\]|\\.)*"(?:\(\d+\))?"#, "text");
    let text = replace(&text, r": \d+", ": uint");
    let text = replace(
        &text,
        r"(text|\{member: text, wrap: text\})(?:, (?:text|\{member: text, wrap: text\}))+",
        "$1",
    );
    replace(&text, r"<([a-z_0-9]+)>", "\"$1\"")
}

/// The blocks of a frame of that type; a trace cuts long frames, and what was cut is left out.
fn blocks(frame: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in frame.match_indices("{index: uint, prev:") {
        let mut depth = 0;
        let end = frame[start..].find(|letter| {
            depth += match letter {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        found.extend(end.map(|end| frame[start..=start + end].to_owned()));
    }
    found
}
