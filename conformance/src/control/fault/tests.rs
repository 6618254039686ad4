use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::corpus::Corpus;
use crate::requirement::{Requirement, Requirements};

/// Whether the sentence binds a server, or an implementation whose breach a server shows.
fn binds_a_server(requirement: &Requirement) -> bool {
    const OTHERS: [&str; 4] = ["A client", "A verifier", "A recipient", "Such a client"];
    !OTHERS
        .iter()
        .any(|who| requirement.sentence.starts_with(who))
}

/// The code of the control server, the catalogue excepted.
fn code() -> String {
    fn read(folder: &Path, out: &mut String) {
        for entry in fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("readable").path();
            if path.is_dir() && !path.ends_with("fault") {
                read(&path, out);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests.rs")
            {
                out.push_str(&fs::read_to_string(&path).expect("readable"));
            }
        }
    }
    let mut out = String::new();
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/control"),
        &mut out,
    );
    out
}

#[test]
fn each_fault_names_a_requirement_and_stands_once() {
    let requirements = Requirements::read(&Corpus::embedded());
    let mut seen = BTreeSet::new();
    for fault in catalogue() {
        assert!(seen.insert(fault.id), "{} stands twice", fault.id);
        let requirement = requirements.of(fault.requirement());
        let requirement =
            requirement.unwrap_or_else(|| panic!("{} breaks nothing that is", fault.id));
        assert!(
            !requirement.withdrawn,
            "{} breaks what was withdrawn",
            fault.id
        );
        assert!(!fault.mistake.is_empty());
    }
}

#[test]
fn each_testable_requirement_on_a_server_has_a_fault_or_a_reason() {
    let broken: BTreeSet<_> = catalogue().map(Fault::requirement).collect();
    let exempt: BTreeSet<_> = EXEMPT.iter().map(|(id, _)| *id).collect();
    let requirements = Requirements::read(&Corpus::embedded());
    let testable = requirements.iter().filter(|requirement| {
        binds_a_server(requirement) && requirement.untestable.is_none() && !requirement.withdrawn
    });
    let open: Vec<_> = testable
        .map(|requirement| requirement.id.as_str())
        .filter(|id| !broken.contains(id) && !exempt.contains(id))
        .collect();
    assert_eq!(open, Vec::<&str>::new(), "neither a fault nor a reason");
    let both: Vec<_> = exempt.iter().filter(|id| broken.contains(**id)).collect();
    assert!(both.is_empty(), "exempt, and yet broken: {both:?}");
    for id in exempt {
        assert!(
            requirements.of(id).is_some(),
            "{id} is exempt, and there is no such requirement"
        );
    }
}

#[test]
fn each_switch_is_consulted_and_none_is_consulted_in_vain() {
    let code = code();
    let known: BTreeSet<_> = catalogue().map(|fault| fault.id).collect();
    for id in &known {
        assert!(code.contains(&format!("\"{id}\"")), "nothing consults {id}");
    }
    for (at, call) in code.match_indices("has(\"") {
        let id = code[at + call.len()..]
            .split('"')
            .next()
            .unwrap_or_default();
        assert!(
            known.contains(id),
            "the code consults {id}, which the catalogue lacks"
        );
    }
}

#[test]
fn only_known_faults_can_be_switched_on() {
    let faults = Faults::of(&["ENTRY-4", "SYNC-4/silent"]).expect("both are known");
    assert!(faults.has("ENTRY-4") && faults.has("SYNC-4/silent") && !faults.has("SYNC-4"));
    assert_eq!(
        Faults::of(&["ENTRY-400"]).unwrap_err(),
        UnknownFault("ENTRY-400".into())
    );
    assert!(Faults::none().is_empty());
}
