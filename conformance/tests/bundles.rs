//! Bundles, and what is done with them: replay, judge, matrix; baselines; recordings. Played by the program itself against the
//! control server, right or with a fault.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dispatch_conformance::{
    bundle::{Bundle, FORMAT},
    control::{self, Faults, Running},
    transcript::What,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A control server with faults, served until it is dropped.
struct Server {
    running: Option<Running>,
    runtime: Runtime,
}

impl Server {
    fn with(faults: &[&str]) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let faults: Vec<String> = faults.iter().map(|fault| (*fault).to_owned()).collect();
        let faults = Faults::of(&faults).expect("known faults");
        let running = runtime
            .block_on(control::start(faults))
            .expect("a free port");
        Self {
            running: Some(running),
            runtime,
        }
    }

    fn url(&self) -> &str {
        &self.running.as_ref().expect("it runs").url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}

fn suite(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dispatch-conformance"))
        .args(args)
        .output()
        .expect("the suite runs")
}

/// Runs the suite; gives what it printed.
fn exits_with(code: i32, args: &[&str]) -> String {
    let output = suite(args);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    text
}

fn folder() -> (TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    (folder, move |name: &str| {
        path.join(name).display().to_string()
    })
}

/// A bundle of a run of `join-version` and others against a server with the fault JOIN-4.
fn failing(path: &str) -> Server {
    let server = Server::with(&["JOIN-4"]);
    let report = format!("bundle={path}");
    exits_with(
        1,
        &[
            "run",
            server.url(),
            "join-version",
            "join-welcomed",
            "sub-receipt",
            "--report",
            &report,
        ],
    );
    server
}

/// Writes a bundle that was tampered with, its digest made anew.
fn forged(path: &str, tamper: impl FnOnce(&mut Bundle)) {
    let mut bundle = Bundle::open(Path::new(path)).expect("a bundle");
    tamper(&mut bundle);
    bundle.result.settle();
    fs::write(path, bundle.to_text().expect("JSON")).expect("written");
}

#[test]
fn a_bundle_holds_every_case_and_survives_being_written_again() {
    let (_folder, at) = folder();
    let _server = failing(&at("run.bundle"));
    let bundle = Bundle::open(Path::new(&at("run.bundle"))).expect("a bundle");
    for case in &bundle.result.cases {
        let lines = &bundle.transcripts[&case.id].lines;
        assert!(
            lines
                .iter()
                .any(|line| matches!(line.what, What::Received(_))),
            "{}",
            case.id
        );
    }
    let text = bundle.to_text().expect("JSON");
    assert_eq!(Bundle::read(&text).expect("the same"), bundle);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["format"], FORMAT);
    assert_eq!(bundle.result.suite.vectors.len(), 64);
}

#[test]
fn replay_says_whether_a_case_is_mended() {
    let (_folder, at) = folder();
    let server = failing(&at("run.bundle"));
    let what = |case: &str| format!("{}#{case}", at("run.bundle"));
    assert!(exits_with(1, &["replay", &what("join-version")]).contains("FAILED join-version"));
    assert!(exits_with(0, &["replay", &what("join-welcomed")]).contains("PASSED join-welcomed"));
    let mended = Server::with(&[]);
    assert!(
        exits_with(0, &["replay", &what("join-version"), mended.url()])
            .contains("FIXED join-version")
    );
    assert!(exits_with(2, &["replay", &what("join-nothing")]).contains("join-nothing"));
    drop(server);
    assert!(exits_with(3, &["replay", &what("join-version")]).contains("ERROR join-version"));
}

#[test]
fn what_follows_from_a_bundle_is_judged_again() {
    let (_folder, at) = folder();
    let _server = failing(&at("run.bundle"));
    let said = exits_with(0, &["judge", &at("run.bundle")]);
    assert!(
        said.ends_with("3 verdicts follow, 0 contradicted, 0 open\n"),
        "{said}"
    );
}

#[test]
fn a_changed_byte_is_found_by_the_digest() {
    let (_folder, at) = folder();
    let _server = failing(&at("run.bundle"));
    let text = fs::read_to_string(at("run.bundle")).expect("a bundle");
    fs::write(
        at("run.bundle"),
        text.replacen("\"verdict\":\"FAIL\"", "\"verdict\":\"PASS\"", 1),
    )
    .expect("written");
    assert!(exits_with(2, &["judge", &at("run.bundle")]).contains("changed after it was written"));
}

#[test]
fn a_verdict_that_does_not_follow_is_found_though_the_digest_is_right() {
    use dispatch_conformance::result::Verdict;
    let (_folder, at) = folder();
    let _server = failing(&at("run.bundle"));
    forged(&at("run.bundle"), |bundle| {
        for case in &mut bundle.result.cases {
            case.verdict = Verdict::Pass;
            case.failure = None;
        }
    });
    let said = exits_with(1, &["judge", &at("run.bundle")]);
    assert!(
        said.contains("CONTRADICTS join-version") && said.contains("unknown_version"),
        "{said}"
    );
}

#[test]
fn a_tampered_transcript_is_found_though_the_digest_is_right() {
    type Tamper = fn(&mut Bundle);
    let tampers: [(&str, Tamper); 6] = [
        ("a receipt for another block", |bundle| {
            received(bundle, |text| {
                replaced(text, "{\"type\":\"accepted\"", "\"index\":", "\"index\":1")
            });
        }),
        ("a welcome of another size", |bundle| {
            received(bundle, |text| {
                replaced(text, "{\"type\":\"welcome\"", "\"size\":", "\"size\":1")
            });
        }),
        ("a block of another time", |bundle| {
            received(bundle, |text| {
                replaced(text, "{\"type\":\"blocks\"", "\"time\":", "\"time\":1")
            });
        }),
        ("a refusal for an acceptance", |bundle| {
            received(bundle, |text| {
                replaced(
                    text,
                    "{\"type\":\"accepted\"",
                    "\"accepted\"",
                    "\"refused\",\"code\":\"malformed\",\"detail\":\"\",\"was\":\"accepted\"",
                )
            });
        }),
        ("a step left out", |bundle| {
            let lines = lines(bundle);
            let place = lines
                .iter()
                .rposition(|line| matches!(line.what, What::Step(_)))
                .expect("a step");
            lines.remove(place - 1);
            let place = lines
                .iter()
                .rposition(|line| matches!(&line.what, What::Step(place) if place == "10"))
                .expect("a step");
            lines.remove(place);
        }),
        ("another answer taken", |bundle| {
            let lines = lines(bundle);
            let took = lines.iter_mut().filter_map(|line| match &mut line.what {
                What::Took(n) => Some(n),
                _ => None,
            });
            let mut took: Vec<&mut u64> = took.collect();
            *took[0] = *took[1];
        }),
    ];
    let (_folder, at) = folder();
    let _server = failing(&at("whole.bundle"));
    for (what, tamper) in tampers {
        fs::copy(at("whole.bundle"), at("run.bundle")).expect("copied");
        forged(&at("run.bundle"), tamper);
        let output = suite(&["judge", "--verbose", &at("run.bundle")]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains("CONTRADICTS sub-receipt"), "{what}: {said}");
    }
}

fn lines(bundle: &mut Bundle) -> &mut Vec<dispatch_conformance::transcript::Line> {
    &mut bundle
        .transcripts
        .get_mut("sub-receipt")
        .expect("played")
        .lines
}

/// Changes one received text.
fn received(bundle: &mut Bundle, change: impl Fn(&mut String) -> bool) {
    let changed = lines(bundle).iter_mut().any(|line| match &mut line.what {
        What::Received(text) => change(text),
        _ => false,
    });
    assert!(changed, "there is something to tamper with");
}

fn replaced(text: &mut String, begins: &str, old: &str, new: &str) -> bool {
    let fits = text.starts_with(begins) && text.contains(old);
    if fits {
        *text = text.replacen(old, new, 1);
    }
    fits
}

#[test]
fn a_bundle_of_other_vectors_is_not_judged() {
    let (_folder, at) = folder();
    let _server = failing(&at("run.bundle"));
    forged(&at("run.bundle"), |bundle| {
        bundle.result.suite.vectors = "00".into()
    });
    assert!(exits_with(2, &["judge", &at("run.bundle")]).contains("take the suite that wrote it"));
}

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

#[test]
fn a_recording_can_be_followed_step_by_step() {
    let (_folder, at) = folder();
    let server = Server::with(&[]);
    exits_with(
        0,
        &[
            "record",
            server.url(),
            "sub-receipt",
            "--to",
            &at("transcripts"),
        ],
    );
    let folder = PathBuf::from(at("transcripts"));
    let text = fs::read_to_string(folder.join("sub-receipt.md")).expect("a transcript");
    for part in [
        "# sub-receipt",
        "**SUB-1**",
        "## Step 1\n",
        "## Step 11\n",
        "→ {type: \"hello\"",
        "← {type: \"accepted\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        fs::read_to_string(folder.join("README.md"))
            .expect("an index")
            .contains("(sub-receipt.md)")
    );
}

#[test]
fn a_matrix_puts_runs_side_by_side() {
    let (_folder, at) = folder();
    let _server = failing(&at("broken.bundle"));
    let right = Server::with(&[]);
    let report = format!("json={}", at("right.json"));
    exits_with(
        0,
        &[
            "run",
            right.url(),
            "join-version",
            "join-welcomed",
            "--report",
            &report,
        ],
    );
    let named = format!("<b>Right</b>={}", at("right.json"));
    exits_with(
        0,
        &[
            "matrix",
            &at("broken.bundle"),
            &named,
            "--to",
            &at("matrix.html"),
        ],
    );
    let page = fs::read_to_string(at("matrix.html")).expect("a page");
    for part in [
        "broken",
        "&lt;b&gt;Right&lt;/b&gt;",
        "2 implementations",
        "NOT PLAYED",
        "join-version",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (differences, _) = page.split_once("id=\"all\"").expect("two parts");
    assert!(
        differences.contains("join-version") && !differences.contains("<code>join-welcomed</code>")
    );
    assert!(
        exits_with(2, &["matrix", &at("matrix.html"), "--to", &at("x.html")])
            .contains("matrix.html")
    );
}

#[test]
fn capabilities_that_are_not_named_are_absent() {
    let server = Server::with(&[]);
    let said = exits_with(
        0,
        &[
            "run",
            server.url(),
            "join-challenge-expired",
            "--capabilities",
            "authority",
        ],
    );
    assert!(
        said.contains("`short-challenge` was declared absent"),
        "{said}"
    );
    exits_with(
        2,
        &["run", "--capabilities", "authority", "--without", "http"],
    );
}
