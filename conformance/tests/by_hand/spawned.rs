//! The reference server as the suite starts, kills and restarts it, by the wrapper that implementers are shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::programs::{program, suite};
use super::verdicts;

/// In the dev profile; it takes less than a third of this on two idle cores.
const FIFTY_KILLS: Duration = Duration::from_secs(20);

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
        ("restart-", 11),
        ("configured-", 2),
        ("stop-", 1),
        ("secrets-", 6),
    ] {
        let found = of(prefix);
        assert!(found.len() >= least, "{prefix}: {found:?}");
        assert!(
            found.iter().all(|verdict| *verdict == "PASS"),
            "{prefix}: {found:?}"
        );
    }
    assert_eq!(report["noticed"], serde_json::json!([]));

    let cases = report["cases"].as_array().expect("cases");
    let kills = cases
        .iter()
        .find(|case| case["id"] == "restart-keeps-what-was-acknowledged")
        .expect("the case of fifty kills");
    let took = Duration::from_secs_f64(kills["duration_ms"].as_f64().expect("a time") / 1000.0);
    assert!(took < FIFTY_KILLS, "fifty kills took {took:?}");
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
