//! A stage without a server: what was captured, made and answered is recalled from a transcript, so that patterns and checks can
//! be held against it again.

use serde_json::Value;

use super::{Made, Stage};
use crate::scenario::{Pattern, step::Check};

/// What depends on when it is asked, or on chance: no transcript gives its value.
const FLEETING: [&str; 8] = [
    "server.size",
    "server.head",
    "server.have",
    ".next_seq",
    ".last_seen_size",
    "$random",
    "$now",
    "$sign",
];

impl Stage {
    /// An entry was made under a name.
    pub fn recall_entry(&mut self, name: &str, entry: Value) {
        self.made.insert(name.to_owned(), Made::new(entry));
    }

    /// An entry was sent with a `ref`.
    pub fn recall_sent(&mut self, entry: &Value, reference: &str) {
        if let Some(made) = self.made.values_mut().find(|made| made.entry == *entry) {
            made.reference = Some(reference.to_owned());
        }
    }

    /// A `submit` was accepted.
    pub fn recall_accepted(&mut self, frame: &Value) {
        let reference = frame["ref"].as_str();
        let made = self
            .made
            .values_mut()
            .find(|made| made.reference.as_deref() == reference);
        if let (Some(made), Some(index), "accepted") = (
            made,
            frame["index"].as_u64(),
            frame["type"].as_str().unwrap_or_default(),
        ) {
            made.accepted.get_or_insert((index, frame["hash"].clone()));
        }
    }

    /// A frame was captured under a name.
    pub fn recall_frame(&mut self, name: &str, frame: &Value) {
        self.keep_frame(name, frame);
    }

    /// The round of the `repeat` that is played.
    pub fn recall_round(&mut self, round: Option<u64>) {
        self.round = round;
    }

    /// Where a value differs from a pattern; none if the pattern's values cannot be recalled. `step` is the step's text.
    pub fn recalled_differences(
        &self,
        pattern: &Pattern,
        value: &Value,
        step: &str,
    ) -> Option<Vec<String>> {
        if FLEETING.iter().any(|word| step.contains(word)) {
            return None;
        }
        self.differences(pattern, Some(value)).ok()
    }

    /// Whether a relation or a signature holds, and if not why; none if its values cannot be recalled.
    pub fn recalled_check(&mut self, check: &Check, step: &str) -> Option<Result<(), String>> {
        let fleeting = FLEETING.iter().any(|word| step.contains(word));
        match check {
            Check::Relation(_, left, right) if !fleeting => {
                self.evaluate(left).ok()?;
                self.evaluate(right).ok()?;
            }
            Check::Signature { of, .. } if !fleeting => {
                self.evaluate(of).ok()?;
            }
            _ => return None,
        }
        match self.check(check) {
            Ok(()) => Some(Ok(())),
            Err(miss) if miss.verdict == crate::result::Verdict::HarnessError => None,
            Err(miss) => Some(Err(format!(
                "{} was due, and came {}",
                miss.expected, miss.came
            ))),
        }
    }
}
