//! Reports as a reader sees them. A change of one is seen in review.

use std::{collections::BTreeMap, time::Duration};

use dispatch_conformance::{
    corpus::Corpus,
    report::{
        json,
        terminal::{self, Call},
    },
    requirement::{Level, Requirements},
    result::{CaseResult, Direction, Failure, Finding, Moment, RunResult, Subject, Suite, Verdict},
};

fn case(id: &str, verdict: Verdict) -> CaseResult {
    CaseResult {
        id: id.into(),
        title: "a hello for another origin is refused".into(),
        why: "A server that goes by what it is told lets a hostile community in.".into(),
        level: Level::Must,
        requirements: vec!["JOIN-2".into()],
        verdict,
        duration: Duration::from_micros(12_345),
        reason: None,
        failure: None,
        timeline: Vec::new(),
    }
}

fn failed() -> CaseResult {
    let moment = |at, direction, text: &str| Moment {
        at: Duration::from_micros(at),
        connection: "a".into(),
        direction,
        text: text.into(),
    };
    CaseResult {
        failure: Some(Failure {
            requirement: Some("JOIN-2".into()),
            step: Some("3".into()),
            does: Some(r#"{"expect_refused":"a","code":"wrong_origin"}"#.into()),
            expected: "`refused` with `wrong_origin`".into(),
            came: "{type: \"challenge\"}\nand more".into(),
        }),
        timeline: vec![
            moment(0, Direction::Happened, "(opens a socket)"),
            moment(1_500, Direction::Sent, "{type: \"hello\"}"),
            moment(2_500, Direction::Received, "{type: \"challenge\"}"),
        ],
        ..case("join-other-origin", Verdict::Fail)
    }
}

fn unplayed(id: &str, verdict: Verdict, reason: &str) -> CaseResult {
    CaseResult {
        reason: Some(reason.into()),
        duration: Duration::ZERO,
        ..case(id, verdict)
    }
}

fn run(cases: Vec<CaseResult>) -> RunResult {
    let mut result = RunResult {
        format: RunResult::FORMAT,
        suite: Suite {
            version: "1.2.3",
            vectors: "00ff".into(),
        },
        server: Subject {
            url: Some("ws://127.0.0.1:7311".into()),
            origin: "http://127.0.0.1:7311".into(),
            discovery: serde_json::json!({"versions": ["dispatch-d/1"]}),
        },
        conformant: false,
        interrupted: false,
        duration: Duration::from_millis(3_210),
        counts: BTreeMap::new(),
        covered: Vec::new(),
        cases,
        noticed: vec![Finding {
            requirement: "CHAIN-2".into(),
            detail: "block 7's `prev` is not the hash of the block before it".into(),
            case: "join-good".into(),
            connection: "a".into(),
        }],
        notes: vec!["the roster was mended: 2 test members added, 0 outsiders removed".into()],
    };
    result.settle();
    result
}

fn sample() -> RunResult {
    run(vec![
        case("join-good", Verdict::Pass),
        failed(),
        unplayed(
            "join-expired",
            Verdict::Unsupported,
            "`short-challenge` was declared absent",
        ),
        unplayed(
            "roster-add",
            Verdict::Untestable,
            "the suite does not hold the authority's key",
        ),
    ])
}

fn rendered(result: &RunResult) -> String {
    let requirements = Requirements::read(&Corpus::embedded());
    let call = Call {
        arguments: vec!["ws://127.0.0.1:7311".into()],
    };
    let text = terminal::render(result, &requirements, &call);
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn the_terminal_report_tells_each_failure_and_sums_up_last() {
    insta::assert_snapshot!(rendered(&sample()));
}

#[test]
fn the_last_line_is_the_tally_alone() {
    let last = |result: &RunResult| rendered(result).lines().last().map(str::to_owned);
    assert_eq!(
        last(&sample()).as_deref(),
        Some("1 passed, 2 failed, 1 skipped")
    );
    let good = run(vec![case("a", Verdict::Pass), case("b", Verdict::Pass)]);
    assert_eq!(last(&good).as_deref(), Some("2 passed, 0 failed"));
}

#[test]
fn the_json_report_has_a_stable_shape() {
    insta::assert_snapshot!(json::render(&sample()));
}

#[test]
fn only_a_whole_run_without_failures_is_conformant() {
    assert!(!sample().conformant);
    assert!(!run(Vec::new()).conformant);
    assert!(run(vec![case("a", Verdict::Pass), case("b", Verdict::Warn)]).conformant);
    for verdict in [
        Verdict::Fail,
        Verdict::Crashed,
        Verdict::Timeout,
        Verdict::Untestable,
        Verdict::HarnessError,
    ] {
        assert!(
            !run(vec![case("a", Verdict::Pass), case("b", verdict)]).conformant,
            "{verdict:?}"
        );
    }
}
