//! Whether the specification and the vectors fit together: every obligation is decided by something, and nothing decides what is none.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    requirement::{Level, Requirement, Requirements},
    scenario::{Capability, Case, KnownAnswer, Vectors},
};

/// What decides a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage<'a> {
    /// The requirement.
    pub requirement: &'a Requirement,
    /// The live cases that name it.
    pub cases: Vec<&'a str>,
    /// The static tests that name it.
    pub known_answers: Vec<&'a str>,
}

impl Coverage<'_> {
    /// Whether something decides it, or nothing needs to.
    pub fn is_settled(&self) -> bool {
        let requirement = self.requirement;
        !self.cases.is_empty()
            || !self.known_answers.is_empty()
            || requirement.untestable.is_some()
            || requirement.withdrawn
            || requirement.level() == Some(Level::May)
    }
}

/// For each requirement, in the order of the specification, what decides it.
pub fn coverage<'a>(requirements: &'a Requirements, vectors: &'a Vectors) -> Vec<Coverage<'a>> {
    let of = |requirement: &'a Requirement| Coverage {
        requirement,
        cases: vectors
            .cases_of(&requirement.id)
            .map(|case| case.id.as_str())
            .collect(),
        known_answers: vectors
            .known_answers_of(&requirement.id)
            .map(|answer| answer.id.as_str())
            .collect(),
    };
    requirements.iter().map(of).collect()
}

/// Everything that does not fit, in words.
pub fn faults(requirements: &Requirements, vectors: &Vectors) -> Vec<String> {
    let mut faults = specification_faults(requirements);
    for case in &vectors.cases {
        faults.extend(case_faults(case, requirements));
    }
    for answer in &vectors.known_answers {
        faults.extend(known_answer_faults(answer, requirements));
    }
    for coverage in coverage(requirements, vectors) {
        if !coverage.is_settled() {
            faults.push(format!(
                "{}: nothing decides it, and it is not marked untestable",
                coverage.requirement.id
            ));
        }
    }
    faults
}

fn specification_faults(requirements: &Requirements) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for requirement in requirements.iter() {
        let Requirement {
            id, file, keywords, ..
        } = requirement;
        if let Some(first) = seen.insert(id, file) {
            faults.push(format!("{id}: stands in {first} and again in {file}"));
        }
        let number = id.rsplit_once('-').map(|(_, number)| number);
        if !number
            .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
        {
            faults.push(format!("{id}: is no area and number"));
        }
        if keywords.len() != 1 && !requirement.withdrawn {
            faults.push(format!(
                "{id}: has {} keywords of BCP 14 ({}), not one",
                keywords.len(),
                keywords.join(", ")
            ));
        }
    }
    faults.extend(gaps(&seen));
    faults
}

/// Numbers that an area has lost: an id stays in its place when its requirement goes.
fn gaps(ids: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut areas: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for id in ids.keys() {
        if let Some((area, number)) = id.rsplit_once('-')
            && let Ok(number) = number.parse()
        {
            areas.entry(area).or_default().insert(number);
        }
    }
    let lost = areas.iter().flat_map(|(area, numbers)| {
        let last = numbers.last().copied().unwrap_or(0);
        (1..last)
            .filter(|number| !numbers.contains(number))
            .map(move |number| {
                format!("{area}-{number}: is not there; a requirement that goes leaves its id, marked *Withdrawn* (spec/changes.md)")
            })
    });
    lost.collect()
}

fn case_faults(case: &Case, requirements: &Requirements) -> Vec<String> {
    let Case { id, .. } = case;
    let mut faults = unknown(id, &case.requirements, requirements);
    let strongest = case
        .requirements
        .iter()
        .filter_map(|id| requirements.of(id)?.level())
        .max();
    if strongest.is_some_and(|strongest| strongest != case.level) {
        faults.push(format!(
            "{id}: its level is {}, that of its strongest requirement is not",
            case.level
        ));
    }
    let plays_authority = case
        .accounts
        .values()
        .any(|kind| *kind == crate::scenario::AccountKind::Authority);
    if plays_authority && !case.needs(Capability::Authority) {
        faults.push(format!(
            "{id}: has a role that is the authority, and does not say that it needs it"
        ));
    }
    faults
}

fn known_answer_faults(answer: &KnownAnswer, requirements: &Requirements) -> Vec<String> {
    unknown(&answer.id, &answer.requirements, requirements)
}

fn unknown(id: &str, named: &[String], requirements: &Requirements) -> Vec<String> {
    let mut faults = Vec::new();
    if named.is_empty() {
        faults.push(format!("{id}: decides no requirement"));
    }
    for name in named {
        match requirements.of(name) {
            None => faults.push(format!(
                "{id}: names {name}, which the specification does not have"
            )),
            Some(requirement) if requirement.withdrawn => {
                faults.push(format!("{id}: names {name}, which was withdrawn"))
            }
            Some(_) => {}
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirements(text: &str) -> Requirements {
        let mut requirements = Requirements::default();
        requirements.read_chapter("spec/x.md", text);
        requirements
    }

    fn vectors(requirement: &str, level: &str) -> Vectors {
        let case = serde_json::json!({
            "id": "a-case", "requirements": [requirement], "level": level, "title": "t", "why": "w", "steps": []
        });
        Vectors {
            cases: vec![serde_json::from_value(case).expect("a case")],
            known_answers: Vec::new(),
        }
    }

    #[test]
    fn an_id_that_went_without_a_tombstone_is_missed() {
        let gap = "- **[A-1]** It MUST be.\n- **[A-3]** It MAY be.\n";
        let tombstone = "- **[A-2]** *Withdrawn 2027-01-31: A-3 says it better.*\n";
        let found = faults(&requirements(gap), &vectors("A-1", "MUST"));
        assert!(
            found.len() == 1 && found[0].starts_with("A-2: is not there"),
            "{found:?}"
        );
        let mended = faults(
            &requirements(&format!("{gap}{tombstone}")),
            &vectors("A-1", "MUST"),
        );
        assert_eq!(mended, Vec::<String>::new());
    }

    #[test]
    fn a_specification_whose_obligations_are_all_decided_has_no_faults() {
        let requirements = requirements("- **[A-1]** It MUST be.\n- **[A-2]** It MAY be.\n");
        assert_eq!(
            faults(&requirements, &vectors("A-1", "MUST")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn each_way_of_not_fitting_is_said() {
        let found = |text: &str, vectors: &Vectors| faults(&requirements(text), vectors).join("\n");
        let one = "- **[A-1]** It MUST be.\n";
        assert!(found(&format!("{one}{one}"), &vectors("A-1", "MUST")).contains("and again"));
        assert!(
            found(
                "- **[A-1]** It MUST be, and SHOULD stay.\n",
                &vectors("A-1", "MUST")
            )
            .contains("2 keywords")
        );
        assert!(found("- **[A-1]** It is.\n", &vectors("A-1", "MUST")).contains("0 keywords"));
        assert!(found(one, &vectors("A-2", "MUST")).contains("does not have"));
        assert!(found(one, &vectors("A-2", "MUST")).contains("A-1: nothing decides it"));
        assert!(found(one, &vectors("A-1", "SHOULD")).contains("level"));
        assert!(found("- **[A-1]** *Withdrawn.*\n", &vectors("A-1", "MUST")).contains("withdrawn"));
    }
}
