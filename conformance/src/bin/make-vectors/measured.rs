//! What parsers and libraries make of a test when they are called as by default: measured, in the files beside the scripts.
//!
//! An answer is never written by hand. `./test` asks again and holds the answers against the vectors.

use crate::file::{File, Group, Test};

use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Reader → test id → its answer.
type Answers = Map<String, Value>;

static MEASURED: LazyLock<Vec<Answers>> = LazyLock::new(|| {
    [
        include_str!("../../../crosscheck/defaults/rust.json"),
        include_str!("../../../crosscheck/defaults/node.json"),
        include_str!("../../../crosscheck/defaults/python.json"),
        include_str!("../../../crosscheck/defaults/libraries.json"),
    ]
    .map(|text| serde_json::from_str(text).expect("a file that a script wrote"))
    .into()
});

/// A flag: its name, the mistake, and who makes it by default besides those that are asked.
pub type Flag = (&'static str, &'static str, &'static [&'static str]);

/// The flag of good texts, about which the mistake is to refuse them.
pub const TOO_STRICT: &str = "too-strict";

/// The file with these flags and one group, whose tests say in `defaults` what was measured of them. `readers` says how each
/// reader is called. A flag's `default_in` is every reader that takes an invalid test with this flag (where it
/// is [`TOO_STRICT`], that refuses one).
pub fn file(file: File, flags: &[Flag], group: Group, readers: Value, tests: Vec<Test>) -> File {
    let file = flags.iter().fold(file, |file, (name, about, others)| {
        let mut takers: Vec<String> = Vec::new();
        for test in tests.iter().filter(|t| t.is_invalid_with(name)) {
            let mistaken = |(_, answer): &(_, Value)| is_taken(answer) != (*name == TOO_STRICT);
            let taking = answers(test.id()).into_iter().filter(mistaken);
            takers.extend(taking.map(|(reader, _)| reader));
        }
        takers.sort();
        takers.dedup();
        takers.extend(others.iter().map(|other| String::from(*other)));
        let takers: Vec<&str> = takers.iter().map(String::as_str).collect();
        file.flag(name, about, &takers)
    });
    let tests = tests.into_iter().map(|test| {
        let answers = answers(test.id());
        test.with("defaults", answers)
    });
    file.group(group.shared("defaults", readers).tests(tests))
}

/// The answers of all readers that were asked about this test.
fn answers(id: &str) -> Map<String, Value> {
    let readers = MEASURED.iter().flatten();
    readers
        .filter_map(|(reader, answers)| Some((reader.clone(), answers.get(id)?.clone())))
        .collect()
}

/// A parser's text, or a library's yes.
fn is_taken(answer: &Value) -> bool {
    answer.is_string() || *answer == true
}
