//! Known failures, and what is new.

use std::fs;

use serde_json::Value;

use crate::program::{Server, exits_with, folder};

#[test]
fn a_baseline_tells_known_failures_from_new_ones_and_says_what_passes_after_all() {
    let (_folder, at) = folder();
    let broken = Server::with(&["JOIN-4"]);
    let cases = ["join-version", "join-welcomed"];
    let file = at("known.toml");
    exits_with(
        0,
        &["baseline", "write", &file, broken.url(), cases[0], cases[1]],
    );
    let text = fs::read_to_string(&file).expect("a baseline");
    assert!(
        text.contains("join-version") && !text.contains("join-welcomed"),
        "{text}"
    );
    fs::write(
        &file,
        text.replace("not examined yet", "waits for version 2"),
    )
    .expect("written");

    let report = format!("json={}", at("report.json"));
    let run = |url: &str, code: i32| {
        exits_with(
            code,
            &[
                "run",
                url,
                cases[0],
                cases[1],
                "--baseline",
                &file,
                "--report",
                &report,
            ],
        )
    };
    let said = run(broken.url(), 0);
    assert!(
        said.contains("XFAIL") && said.contains("waits for version 2"),
        "{said}"
    );
    assert!(
        said.ends_with("1 passed, 0 failed, 1 expected to fail\n"),
        "{said}"
    );
    let written: Value =
        serde_json::from_slice(&fs::read(at("report.json")).expect("a report")).expect("JSON");
    assert_eq!(written["conformant"], false, "a known failure is a failure");

    let mended = Server::with(&[]);
    assert!(run(mended.url(), 5).contains("XPASS"));
    let said = exits_with(
        5,
        &["baseline", "check", &file, "--from", &{
            exits_with(
                0,
                &["run", mended.url(), cases[0], cases[1], "--report", &report],
            );
            at("report.json")
        }],
    );
    assert!(
        said.contains("take out of") && said.contains("join-version"),
        "{said}"
    );

    let worse = Server::with(&["JOIN-4", "SUB-3"]);
    exits_with(
        1,
        &[
            "run",
            worse.url(),
            "join-version",
            "sub-receipt",
            "--baseline",
            &file,
        ],
    );
    // Reasons stay when a baseline is written again.
    exits_with(
        0,
        &[
            "baseline",
            "write",
            &file,
            worse.url(),
            "join-version",
            "sub-receipt",
        ],
    );
    let text = fs::read_to_string(&file).expect("a baseline");
    assert!(
        text.contains("waits for version 2") && text.contains("not examined yet"),
        "{text}"
    );
    fs::write(
        &file,
        "[[expected]]\ncase = \"no-such-case\"\nverdict = \"FAIL\"\nreason = \"x\"\n",
    )
    .expect("written");
    assert!(run(mended.url(), 2).contains("no-such-case"));
}
