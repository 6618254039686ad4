//! All vectors together, read from the corpus and checked on the way.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::Deserialize;

use super::{Case, KnownAnswer, Transport};
use crate::corpus::Corpus;

const FORMAT: &str = "dispatch-d/1 live vectors";

/// The live cases and the static tests.
#[derive(Debug, Clone, Default)]
pub struct Vectors {
    /// In the order of their files.
    pub cases: Vec<Case>,
    /// In the order of their files.
    pub known_answers: Vec<KnownAnswer>,
}

/// A vector file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct VectorFault {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub fault: String,
}

impl fmt::Display for VectorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.fault)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    #[expect(dead_code, reason = "for readers of the vectors")]
    about: String,
    cases: Vec<Case>,
}

impl Vectors {
    /// Reads every vector.
    ///
    /// # Errors
    /// The first file that is not what the vectors' READMEs say, or an id that stands twice.
    pub fn read(corpus: &Corpus) -> Result<Self, VectorFault> {
        let mut vectors = Self::default();
        for (path, text) in corpus.folder("vectors/live") {
            if path.ends_with(".json") {
                vectors
                    .cases
                    .extend(live(path, text).map_err(|fault| VectorFault {
                        path: path.into(),
                        fault,
                    })?);
            }
        }
        for (path, text) in corpus.folder("vectors/static") {
            if path.ends_with(".json") {
                let answers = KnownAnswer::read(path, text).map_err(|fault| VectorFault {
                    path: path.into(),
                    fault,
                })?;
                vectors.known_answers.extend(answers);
            }
        }
        vectors.check_ids()?;
        Ok(vectors)
    }

    /// The case of the id that a result has: `join-welcomed`, or `join-welcomed@sse` for the same over another transport.
    pub fn played(&self, id: &str) -> Option<Cow<'_, Case>> {
        let Some((id, transport)) = Transport::split(id) else {
            return self.case(id).map(Cow::Borrowed);
        };
        self.case(id)?.over(transport).map(Cow::Owned)
    }

    /// The case of an id.
    pub fn case(&self, id: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.id == id)
    }

    /// The cases that decide a requirement, in their order.
    pub fn cases_of<'a>(&'a self, requirement: &'a str) -> impl Iterator<Item = &'a Case> {
        let names = move |case: &&Case| case.requirements.iter().any(|id| id == requirement);
        self.cases.iter().filter(names)
    }

    /// The known answers that decide a requirement, in the files' order.
    pub fn known_answers_of<'a>(
        &'a self,
        requirement: &'a str,
    ) -> impl Iterator<Item = &'a KnownAnswer> {
        let names =
            move |answer: &&KnownAnswer| answer.requirements.iter().any(|id| id == requirement);
        self.known_answers.iter().filter(names)
    }

    fn check_ids(&self) -> Result<(), VectorFault> {
        unique(
            self.cases
                .iter()
                .map(|case| (case.id.as_str(), case.file.clone())),
        )?;
        let file = |answer: &KnownAnswer| format!("vectors/static/{}.json", answer.file);
        unique(
            self.known_answers
                .iter()
                .map(|answer| (answer.id.as_str(), file(answer))),
        )
    }
}

/// Cases and known answers are told apart by their kind, so that each has ids of its own.
fn unique<'a>(ids: impl Iterator<Item = (&'a str, String)>) -> Result<(), VectorFault> {
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (id, path) in ids {
        if let Some(first) = seen.insert(id, path.clone()) {
            return Err(VectorFault {
                path,
                fault: format!("the id `{id}` stands in {first} already"),
            });
        }
    }
    Ok(())
}

/// The cases of a live file's text.
fn live(path: &str, text: &str) -> Result<Vec<Case>, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if file.format != FORMAT {
        return Err(format!("its format is `{}`, not `{FORMAT}`", file.format));
    }
    let mut cases = file.cases;
    for case in &mut cases {
        path.clone_into(&mut case.file);
        let sound = !case.id.is_empty()
            && case.id.split('-').all(|word| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            });
        if !sound {
            return Err(format!(
                "the id `{}` is not of lower-case words joined by `-`",
                case.id
            ));
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(cases: &str) -> Result<Vec<Case>, String> {
        live(
            "vectors/live/x.json",
            &format!(r#"{{"format": "{FORMAT}", "about": "x", "cases": [{cases}]}}"#),
        )
    }

    #[test]
    fn a_case_is_read_with_its_steps() {
        let cases = file(
            r#"{"id": "hello-first", "requirements": ["JOIN-6"], "level": "MUST", "title": "t", "why": "w",
                "needs": ["short-challenge"], "accounts": {"alice": "member"},
                "steps": [{"open": "a"}, {"expect": "a", "frame": {"type": "challenge"}}]}"#,
        )
        .expect("read");
        assert_eq!(cases[0].steps.len(), 2);
        assert_eq!(cases[0].file, "vectors/live/x.json");
    }

    #[test]
    fn a_fault_in_a_step_says_which_step() {
        let fault = file(
            r#"{"id": "a", "requirements": [], "level": "MUST", "title": "t", "why": "w", "steps": [{"open": "a", "stats": 1}]}"#,
        )
        .expect_err("a fault");
        assert!(fault.contains("stats"), "{fault}");
    }

    #[test]
    fn an_id_of_other_letters_is_a_fault() {
        assert!(file(r#"{"id": "Hello", "requirements": [], "level": "MUST", "title": "t", "why": "w", "steps": []}"#).is_err());
    }
}
