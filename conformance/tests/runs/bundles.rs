//! Bundles, and what is done with one: `replay` and `judge`.

use std::{fs, path::Path};

use dispatch_conformance::{
    bundle::{Bundle, FORMAT},
    transcript::What,
};
use serde_json::Value;

use crate::program::{Server, exits_with, failing, folder, suite};

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

/// Writes a bundle that was tampered with, its digest made anew.
fn forged(path: &str, tamper: impl FnOnce(&mut Bundle)) {
    let mut bundle = Bundle::open(Path::new(path)).expect("a bundle");
    tamper(&mut bundle);
    bundle.result.settle();
    fs::write(path, bundle.to_text().expect("JSON")).expect("written");
}

#[test]
fn one_scenario_over_each_transport_is_played_judged_and_replayed() {
    let (_folder, at) = folder();
    let server = Server::with(&[]);
    let report = format!("bundle={}", at("all.bundle"));
    let cases = ["join-welcomed", "entry-every-kind", "ws-5"];
    let said = exits_with(
        0,
        &[
            &[
                "run",
                server.url(),
                "--transport",
                "all",
                "--report",
                &report,
            ],
            &cases[..],
        ]
        .concat(),
    );
    assert!(said.ends_with("8 passed, 0 failed\n"), "{said}");
    let said = exits_with(0, &["judge", &at("all.bundle")]);
    assert!(
        said.ends_with("8 verdicts follow, 0 contradicted, 0 open\n"),
        "{said}"
    );
    let what = format!("{}#entry-every-kind@sse", at("all.bundle"));
    assert!(exits_with(0, &["replay", &what]).contains("PASSED entry-every-kind@sse"));
    // by its id, and not where it means something on a socket alone
    let said = exits_with(0, &["run", server.url(), "join-welcomed@poll"]);
    assert!(said.ends_with("1 passed, 0 failed\n"), "{said}");
    let said = exits_with(2, &["run", server.url(), "ws-5@poll"]);
    assert!(said.contains("means something on a socket alone"), "{said}");
}

#[test]
fn a_run_over_requests_alone_plays_the_cases_about_them_too() {
    let server = Server::with(&["HTTP-3"]);
    // the right codes, and the wrong statuses beside them
    let said = exits_with(
        1,
        &[
            "run",
            server.url(),
            "--transport",
            "poll",
            "HTTP-3",
            "ENTRY-4",
        ],
    );
    assert!(
        said.contains("`bad_seq` with status 409 to POST /v1/entries"),
        "{said}"
    );
    assert!(said.ends_with("9 passed, 2 failed\n"), "{said}");
}
