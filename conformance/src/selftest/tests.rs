use super::*;
use crate::corpus::Corpus;

fn vectors() -> Arc<Vectors> {
    Arc::new(Vectors::read(&Corpus::embedded()).expect("the vectors are sound"))
}

fn plan(faults: &[&str]) -> Plan {
    Plan {
        subjects: faults.iter().map(|id| (*id).to_owned()).collect(),
        others: Others::Touchstones,
        at_a_time: 2,
        suite: Suite {
            version: String::new(),
            vectors: String::new(),
            hash: String::new(),
        },
        // No fault of these tests needs a process.
        program: std::path::PathBuf::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_killed_by_a_case_of_its_requirement() {
    let mut names = Vec::new();
    let requirements = Requirements::read(&Corpus::embedded());
    let told = |trial: &Trial| names.push(trial.subject.name());
    let plan = plan(&["JOIN-12", "ENTRY-2"]);
    let matrix = selftest(&vectors(), &requirements, &plan, told).await;
    assert_eq!(
        names.len(),
        3,
        "JOIN-12, JOIN-12/order and ENTRY-2: {names:?}"
    );
    assert!(matrix.survivors().is_empty(), "{}", report::render(&matrix));
    let (fault, trial) = matrix.faults().next().expect("the first fault");
    let killers = matrix.killers(fault, trial);
    assert!(
        !killers.is_empty()
            && killers.iter().all(|id| matrix.cases[*id]
                .requirements
                .contains(&"JOIN-12".to_owned()))
    );
}
