//! Failures that are known, with their reasons: a run that has no others, and all of these, is as it should be.
//!
//! A file of TOML, made to be edited and reviewed. It changes what a failure means for a run, never whether a server is
//! conformant.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde::Deserialize;

use crate::{
    result::{Expected, RunResult, Verdict},
    scenario::Vectors,
};

/// What stands for a reason that nobody has given yet.
pub const NO_REASON: &str = "not examined yet";

/// The known failures, by the case's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    expected: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expected: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    case: String,
    verdict: Verdict,
    reason: String,
}

impl Baseline {
    /// Reads a file, and holds it against the cases that there are.
    ///
    /// # Errors
    /// In words: no such file, no baseline, a case that there is not or that stands twice, no reason, a verdict that is no
    /// failure.
    pub fn open(path: &Path, vectors: &Vectors) -> Result<Self, String> {
        let in_file = |why: String| format!("the baseline {}: {why}", path.display());
        let text = fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
        Self::read(&text, vectors).map_err(in_file)
    }

    /// Reads a baseline's text.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(text: &str, vectors: &Vectors) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut expected = BTreeMap::new();
        for line in file.expected {
            if vectors.played(&line.case).is_none() {
                return Err(format!("there is no case `{}`", line.case));
            }
            if !line.verdict.counts_as_failure() {
                return Err(format!(
                    "{}: {} is no failure",
                    line.case,
                    line.verdict.name()
                ));
            }
            if line.reason.trim().is_empty() {
                return Err(format!("{}: a known failure needs a reason", line.case));
            }
            let value = Expected {
                verdict: line.verdict,
                reason: line.reason,
            };
            if expected.insert(line.case.clone(), value).is_some() {
                return Err(format!("{} stands there twice", line.case));
            }
        }
        Ok(Self { expected })
    }

    /// Says of each case whether it came as expected: XFAIL if it did, XPASS if it holds. One that fails in another way stays
    /// the failure that it is.
    pub fn apply(&self, result: &mut RunResult) {
        for case in &mut result.cases {
            let Some(expected) = self.expected.get(&case.id) else {
                continue;
            };
            match case.verdict {
                verdict if verdict == expected.verdict => case.verdict = Verdict::Xfail,
                Verdict::Pass | Verdict::Warn => case.verdict = Verdict::Xpass,
                // Not played, or failed in another way.
                _ => {}
            }
            case.baseline = Some(expected.clone());
        }
        let unexamined = self
            .expected
            .values()
            .filter(|expected| expected.reason == NO_REASON)
            .count();
        if unexamined > 0 {
            result.notes.push(format!(
                "{unexamined} of the baseline's {} known failures have no reason yet",
                self.expected.len()
            ));
        }
        result.settle();
    }

    /// A result's failures as a baseline's text; reasons that are known stay.
    pub fn of(result: &RunResult, known: &Self) -> String {
        let mut out = String::from(
            "# Failures that are known: `dispatch-conformance run --baseline` with this file expects each of them, and no other.\n",
        );
        let failed = result
            .cases
            .iter()
            .filter(|case| case.verdict.counts_as_failure());
        for case in failed {
            let reason = match known.expected.get(&case.id) {
                Some(expected) if expected.verdict == case.verdict => &expected.reason,
                _ => NO_REASON,
            };
            let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
            let _ = write!(
                out,
                "\n[[expected]]\ncase = {}\nverdict = {}\nreason = {}\n",
                text(&case.id),
                text(case.verdict.name()),
                text(reason)
            );
        }
        out
    }

    /// How many failures it knows.
    pub fn len(&self) -> usize {
        self.expected.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.expected.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Corpus;

    fn vectors() -> Vectors {
        Vectors::read(&Corpus::embedded()).expect("the vectors")
    }

    fn refused(text: &str, word: &str) {
        let error = Baseline::read(text, &vectors()).expect_err(text);
        assert!(error.contains(word), "{error}");
    }

    #[test]
    fn a_baseline_that_is_not_clear_is_refused() {
        refused(
            "[[expected]]\ncase = \"no-such\"\nverdict = \"FAIL\"\nreason = \"a\"",
            "no case `no-such`",
        );
        refused(
            "[[expected]]\ncase = \"join-welcomed\"\nverdict = \"FAIL\"\nreason = \" \"",
            "needs a reason",
        );
        refused(
            "[[expected]]\ncase = \"join-welcomed\"\nverdict = \"PASS\"\nreason = \"a\"",
            "no failure",
        );
        refused(
            "[[expected]]\ncase = \"join-welcomed\"\nverdict = \"FAIL\"\nraeson = \"a\"",
            "raeson",
        );
        let one = "[[expected]]\ncase = \"join-welcomed\"\nverdict = \"FAIL\"\nreason = \"a\"\n";
        refused(&one.repeat(2), "twice");
        assert_eq!(
            Baseline::read(one, &vectors()).expect("a baseline").len(),
            1
        );
        assert!(
            Baseline::read("", &vectors())
                .expect("an empty one")
                .is_empty()
        );
    }
}
