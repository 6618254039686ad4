//! What the default parsers make of each text, as measured: the files beside the scripts that measure it.
//!
//! A parser's answer is never written by hand. `./test` runs the parsers again and holds them against the vectors.

use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Parser → test id → what it read, or null.
type Answers = Map<String, Value>;

static MEASURED: LazyLock<Vec<Answers>> = LazyLock::new(|| {
    [
        include_str!("../../../../crosscheck/parsers/serde.json"),
        include_str!("../../../../crosscheck/parsers/node.json"),
        include_str!("../../../../crosscheck/parsers/python.json"),
    ]
    .map(|text| serde_json::from_str(text).expect("a file that a script wrote"))
    .into()
});

/// The answers of all parsers that were asked about this test.
pub fn answers(id: &str) -> Value {
    let parsers = MEASURED.iter().flatten();
    parsers
        .filter_map(|(parser, answers)| Some((parser.clone(), answers.get(id)?.clone())))
        .collect::<Map<_, _>>()
        .into()
}

/// The parsers that take at least one of these tests, in the order of their names.
pub fn takers<'t>(ids: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut takers: Vec<String> = Vec::new();
    for id in ids {
        let Value::Object(answers) = answers(id) else {
            unreachable!("answers are an object")
        };
        let taking = answers.into_iter().filter(|(_, read)| !read.is_null());
        takers.extend(taking.map(|(parser, _)| parser));
    }
    takers.sort();
    takers.dedup();
    takers
}
