//! Whether the course fits the vectors: every case stands in one lesson, and none uses what is taught later.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Course, FILE, Lesson,
    skill::{self, Skill},
};
use crate::{
    corpus::Corpus,
    requirement::Requirements,
    scenario::{Capability, Case, Vectors},
};

/// What a server may do without, or what a URL alone does not give the suite.
const ASIDE: [Capability; 5] = [
    Capability::Http,
    Capability::Sse,
    Capability::Spawn,
    Capability::DataDir,
    Capability::ServerLog,
];

/// Everything that does not fit, in words.
pub fn faults(
    course: &Course,
    corpus: &Corpus,
    requirements: &Requirements,
    vectors: &Vectors,
) -> Vec<String> {
    let mut faults = place_faults(course, vectors);
    let taught = taught(course, &mut faults);
    let named = named(course, requirements, vectors);
    let mut read: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (place, lesson) in course.steps.iter().enumerate() {
        let told = format!("{FILE}, step {} ({})", place + 1, lesson.id);
        let mut fault = |fault: String| faults.push(format!("{told}: {fault}"));
        for case in lesson.cases(vectors) {
            for skill in skill::used(case) {
                match taught.get(&skill) {
                    None => fault(format!("{} uses {skill:?}, which no step teaches", case.id)),
                    Some(&later) if later > place => fault(format!(
                        "{} uses {skill:?}, which step {} ({}) teaches: move the case there or behind it",
                        case.id,
                        later + 1,
                        course.steps[later].id
                    )),
                    Some(_) => {}
                }
            }
            for codes in skill::codes(case) {
                let first = codes.iter().filter_map(|code| named.get(code)).min();
                if let Some(&later) = first.filter(|first| **first > place) {
                    fault(format!(
                        "{} expects `{}`, which is first asked for in step {} ({}): move the case there or behind it",
                        case.id,
                        codes.join("` or `"),
                        later + 1,
                        course.steps[later].id
                    ));
                }
            }
            let is_aside = ASIDE.iter().any(|need| case.needs(*need));
            if is_aside != lesson.aside.is_some() {
                fault(format!(
                    "{} is {} every server is asked, and the step is not",
                    case.id,
                    if is_aside { "nothing that" } else { "what" }
                ));
            }
        }
        let places = lesson.read.iter().filter_map(|chapter| {
            let (path, _) = chapter.split_once('#')?;
            Some((path, heading(corpus, chapter)?))
        });
        read.extend(places);
        for requirement in lesson.requirements(vectors, requirements) {
            let place = (requirement.file.as_str(), requirement.section.as_str());
            if !read.contains(&place) {
                fault(format!(
                    "{} stands in {}, section `{}`, which nobody was told to read",
                    requirement.id, requirement.file, requirement.section
                ));
            }
        }
        for id in &lesson.upon {
            if !course.steps[..place]
                .iter()
                .any(|earlier| earlier.id == *id)
            {
                fault(format!("it stands upon `{id}`, which is no earlier step"));
            }
        }
        for chapter in &lesson.read {
            if heading(corpus, chapter).is_none() {
                fault(format!("there is no heading {chapter} to read"));
            }
        }
        for group in &lesson.known_answers {
            if !is_group(corpus, group) {
                fault(format!("there is no group {group} of known answers"));
            }
        }
    }
    faults
}

/// Each case in one lesson, each lesson with a name of its own.
fn place_faults(course: &Course, vectors: &Vectors) -> Vec<String> {
    let mut faults = Vec::new();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for lesson in &course.steps {
        if !ids.insert(&lesson.id) {
            faults.push(format!("{FILE}: two steps are called `{}`", lesson.id));
        }
        if lesson.cases.is_empty() {
            faults.push(format!("{FILE}: the step `{}` has no case", lesson.id));
        }
        for case in &lesson.cases {
            places.entry(case).or_default().push(&lesson.id);
        }
    }
    if !course
        .steps
        .iter()
        .is_sorted_by_key(|lesson| lesson.aside.is_some())
    {
        faults.push(format!("{FILE}: what stands aside does not stand last"));
    }
    for case in &vectors.cases {
        match places.remove(case.id.as_str()).as_deref() {
            None => faults.push(format!(
                "{}: it is in no step of {FILE}: {}",
                case.id,
                advice(course, case)
            )),
            Some([_]) => {}
            Some(lessons) => faults.push(format!(
                "{}: it stands in several steps of {FILE}: {}",
                case.id,
                lessons.join(", ")
            )),
        }
    }
    let unknown = places.into_keys();
    faults.extend(unknown.map(|case| format!("{FILE}: there is no case `{case}`")));
    faults
}

/// Where a new case belongs, as far as can be told.
fn advice(course: &Course, case: &Case) -> String {
    let is_aside = ASIDE.iter().any(|need| case.needs(*need));
    let used = skill::used(case);
    let last = |lesson: &&Lesson| lesson.teaches.iter().any(|skill| used.contains(skill));
    match course.steps.iter().rfind(last) {
        Some(lesson) if lesson.aside.is_some() == is_aside => format!(
            "add it to the cases of `{}`, the last step that teaches what it uses, or of a later one that is about it",
            lesson.id
        ),
        _ => "add it to the cases of the step that is about it".into(),
    }
}

/// In which lesson each skill is taught.
fn taught(course: &Course, faults: &mut Vec<String>) -> BTreeMap<Skill, usize> {
    let mut taught = BTreeMap::new();
    for (place, lesson) in course.steps.iter().enumerate() {
        for skill in &lesson.teaches {
            if taught.insert(*skill, place).is_some() {
                faults.push(format!("{FILE}: two steps teach {skill:?}"));
            }
        }
    }
    taught
}

/// In which lesson a requirement that names each code is first decided.
fn named(
    course: &Course,
    requirements: &Requirements,
    vectors: &Vectors,
) -> BTreeMap<String, usize> {
    let mut named = BTreeMap::new();
    for (place, lesson) in course.steps.iter().enumerate() {
        for requirement in lesson.requirements(vectors, requirements) {
            for code in requirement.sentence.split('`').skip(1).step_by(2) {
                named.entry(code.to_owned()).or_insert(place);
            }
        }
    }
    named
}

/// The heading that an anchor such as `spec/join.md#hello` names.
pub fn heading<'a>(corpus: &'a Corpus, chapter: &str) -> Option<&'a str> {
    let (path, anchor) = chapter.split_once('#')?;
    let headings = corpus
        .text(path)?
        .lines()
        .filter(|line| line.starts_with('#'));
    headings
        .map(|line| line.trim_start_matches('#').trim())
        .find(|title| slug(title) == anchor)
}

/// A heading's anchor, as GitHub and mdBook make it.
fn slug(title: &str) -> String {
    let kept = title
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
    kept.map(|c| {
        if c == ' ' {
            '-'
        } else {
            c.to_ascii_lowercase()
        }
    })
    .collect()
}

fn is_group(corpus: &Corpus, name: &str) -> bool {
    let Some((file, group)) = name.split_once('/') else {
        return false;
    };
    let text = corpus
        .text(&format!("vectors/static/{file}.json"))
        .unwrap_or_default();
    let file: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let groups = file["groups"].as_array();
    groups.is_some_and(|groups| groups.iter().any(|known| known["name"] == group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> (Course, Corpus, Requirements, Vectors) {
        let corpus = Corpus::embedded();
        let requirements = Requirements::read(&corpus);
        let vectors = Vectors::read(&corpus).expect("vectors");
        (
            Course::read().expect("a course"),
            corpus,
            requirements,
            vectors,
        )
    }

    fn found(change: impl FnOnce(&mut Course, &mut Vectors)) -> String {
        let (mut course, corpus, requirements, mut vectors) = all();
        change(&mut course, &mut vectors);
        faults(&course, &corpus, &requirements, &vectors).join("\n")
    }

    fn shift(course: &mut Course, case: &str, from: &str, to: &str) {
        let (from, to) = (
            course.place(from).expect("a step"),
            course.place(to).expect("a step"),
        );
        course.steps[from].cases.retain(|id| id != case);
        course.steps[to].cases.push(case.into());
    }

    #[test]
    fn every_live_case_stands_in_one_step_behind_what_it_uses() {
        assert_eq!(found(|_, _| ()), "");
    }

    #[test]
    fn a_new_case_is_told_where_it_belongs() {
        let new = found(|_, vectors| {
            let mut case = vectors.case("sess-resume").expect("a case").clone();
            case.id = "sess-new".into();
            vectors.cases.push(case);
        });
        assert!(
            new.contains("sess-new: it is in no step of conformance/learn.json"),
            "{new}"
        );
        assert!(new.contains("add it to the cases of `resume`"), "{new}");
    }

    #[test]
    fn a_case_that_uses_what_is_taught_later_is_a_fault() {
        let early = found(|course, _| shift(course, "red-gone", "redactions", "messages"));
        assert!(early.contains("red-gone uses Redaction"), "{early}");
        let early = found(|course, _| shift(course, "sub-refusal-has-ref", "states", "submit"));
        assert!(
            early.contains("sub-refusal-has-ref expects `bad_seq`"),
            "{early}"
        );
        let optional = found(|course, _| shift(course, "poll-wakes", "http", "limits"));
        assert!(
            optional.contains("poll-wakes is nothing that every server is asked"),
            "{optional}"
        );
    }

    #[test]
    fn each_other_way_of_not_fitting_is_said() {
        let twice = found(|course, _| course.steps[0].cases.push("red-gone".into()));
        assert!(
            twice.contains("red-gone: it stands in several steps"),
            "{twice}"
        );
        let unknown = found(|course, _| course.steps[0].cases.push("red-goner".into()));
        assert!(unknown.contains("no case `red-goner`"), "{unknown}");
        let unread = found(|course, _| course.steps[0].read.push("spec/join.md#nothing".into()));
        assert!(
            unread.contains("no heading spec/join.md#nothing"),
            "{unread}"
        );
        let group = found(|course, _| course.steps[0].known_answers.push("joins/nothing".into()));
        assert!(group.contains("no group joins/nothing"), "{group}");
        let rule = found(|course, _| {
            course.steps[0]
                .read
                .retain(|chapter| !chapter.starts_with("spec/transports"))
        });
        assert!(
            rule.contains("DISC-1 stands in spec/transports.md, section `Discovery`"),
            "{rule}"
        );
        let upon = found(|course, _| course.steps[0].upon.push("prove".into()));
        assert!(upon.contains("stands upon `prove`"), "{upon}");
    }

    #[test]
    fn steps_that_do_not_fit_each_other_are_said() {
        let named = found(|course, _| course.steps[1].id = course.steps[0].id.clone());
        assert!(
            named.contains("two steps are called `discovery`"),
            "{named}"
        );
        let empty = found(|course, _| course.steps[0].cases.clear());
        assert!(
            empty.contains("the step `discovery` has no case"),
            "{empty}"
        );
        let last = found(|course, _| course.steps.reverse());
        assert!(
            last.contains("what stands aside does not stand last"),
            "{last}"
        );
        let skill = Skill::Redaction;
        let twice = found(|course, _| course.steps[0].teaches.push(skill));
        assert!(twice.contains("two steps teach Redaction"), "{twice}");
        let nowhere = found(|course, _| {
            let steps = course.steps.iter_mut();
            steps.for_each(|step| step.teaches.retain(|taught| *taught != skill));
        });
        assert!(
            nowhere.contains("red-gone uses Redaction, which no step teaches"),
            "{nowhere}"
        );
    }
}
