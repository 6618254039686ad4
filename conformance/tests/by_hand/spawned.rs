//! The reference server as the suite starts, kills and restarts it, by the wrapper that implementers are shown.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::programs::{program, suite};
use super::verdicts;

/// The template for `dispatchd`.
fn template() -> String {
    let wrapper = Path::new(env!("CARGO_MANIFEST_DIR")).join("spawn/dispatchd.sh");
    format!(
        "'{}' '{}' {{config}}",
        wrapper.display(),
        program().display()
    )
}

#[test]
fn dispatchd_passes_every_case_of_its_transports_killed_and_restarted_and_searched() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("report.json");
    let report = format!("json={}", path.display());
    let output = suite(&["run", "--spawn", &template(), "--report", &report]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value =
        serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON");

    let verdicts: BTreeMap<String, String> = verdicts(&report);
    let of = |prefix: &str| -> Vec<&str> {
        let cases = verdicts.iter().filter(|(id, _)| id.starts_with(prefix));
        cases.map(|(_, verdict)| verdict.as_str()).collect()
    };
    for (prefix, least) in [
        ("restart-", 13),
        ("configured-", 3),
        ("stop-", 1),
        ("secrets-", 7),
    ] {
        let found = of(prefix);
        assert!(found.len() >= least, "{prefix}: {found:?}");
        assert!(
            found.iter().all(|verdict| *verdict == "PASS"),
            "{prefix}: {found:?}"
        );
    }
    assert_eq!(report["noticed"], serde_json::json!([]));
}

#[test]
fn without_spawn_the_cases_that_kill_and_search_are_unsupported_by_their_ids() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("report.json");
    let report = format!("json={}", path.display());
    let output = suite(&["run", "restart-*", "secrets-*", "--report", &report]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value =
        serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON");
    for (id, verdict) in verdicts(&report) {
        let due = match id.as_str() {
            "secrets-none-in-a-detail" => "PASS",
            _ => "UNSUPPORTED",
        };
        assert_eq!(verdict, due, "{id}");
    }
}
