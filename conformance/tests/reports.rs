//! Reports as a reader sees them. A change of one is seen in review.

use std::{collections::BTreeMap, time::Duration};

use dispatch_conformance::{
    corpus::Corpus,
    learn::Course,
    report::{
        Call, Report, badge, html, json, junit,
        lesson::{Book, Standing},
        markdown, tap, terminal,
    },
    requirement::{Level, Requirements},
    result::{CaseResult, Direction, Failure, Finding, Moment, RunResult, Subject, Suite, Verdict},
    scenario::Vectors,
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
        baseline: None,
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
        format: RunResult::FORMAT.into(),
        suite: Suite {
            version: "1.2.3".into(),
            vectors: "00ff".into(),
            hash: "00ff".into(),
        },
        server: Subject {
            url: Some("ws://127.0.0.1:7311".into()),
            origin: "http://127.0.0.1:7311".into(),
            discovery: serde_json::json!({"versions": ["dispatch-d/1"]}),
        },
        conformant: false,
        interrupted: false,
        began_ms: 1_772_323_199_999,
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

/// A format's text of a result.
fn told(result: &RunResult, format: fn(Report<'_>) -> String) -> String {
    let requirements = Requirements::read(&Corpus::embedded());
    let call = Call {
        arguments: vec!["ws://127.0.0.1:7311".into()],
    };
    format(Report {
        result,
        requirements: &requirements,
        call: &call,
        transcripts: &BTreeMap::new(),
    })
}

fn rendered(result: &RunResult) -> String {
    anstream::adapter::strip_str(&told(result, terminal::render)).to_string()
}

#[test]
fn the_terminal_report_tells_each_failure_and_sums_up_last() {
    insta::assert_snapshot!(rendered(&sample()));
}

/// What `learn` says after these results.
fn lesson(cases: Vec<CaseResult>, from: usize) -> String {
    let corpus = Corpus::embedded();
    let requirements = Requirements::read(&corpus);
    let (course, vectors) = (
        Course::read().expect("a course"),
        Vectors::read(&corpus).expect("vectors"),
    );
    let call = Call {
        arguments: vec!["ws://127.0.0.1:7311".into()],
    };
    let book = Book {
        course: &course,
        corpus: &corpus,
        requirements: &requirements,
        vectors: &vectors,
    };
    let report = Report {
        result: &run(cases),
        requirements: &requirements,
        call: &call,
        transcripts: &BTreeMap::new(),
    };
    let standing = Standing {
        report,
        from,
        to: course.steps.len(),
        server: &call.server(),
    };
    anstream::adapter::strip_str(&book.standing(standing)).to_string()
}

#[test]
fn a_server_on_its_way_is_told_its_step_and_one_case() {
    let refused = |id: &str, came: &str| {
        let mut case = failed();
        case.id = id.into();
        case.requirements = vec!["JOIN-4".into(), "JOIN-2".into()];
        let failure = case.failure.as_mut().expect("a failure");
        failure.expected = "a frame `challenge` as the vector says".into();
        failure.came = came.into();
        case
    };
    let text = lesson(
        vec![
            case("disc-document", Verdict::Pass),
            case("conv-cut-short", Verdict::Pass),
            case("join-version", Verdict::Pass),
            refused("join-origin-near-miss", "status 500"),
            refused(
                "join-origin-foreign",
                "{type: \"refused\", code: \"bad_key\", detail: \"\"}",
            ),
        ],
        0,
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_server_at_the_end_is_told_what_it_left_out() {
    let text = lesson(
        vec![
            case("lim-garbage-beside", Verdict::Pass),
            unplayed(
                "http-problems",
                Verdict::Unsupported,
                "the server does not list `http`",
            ),
        ],
        30,
    );
    assert!(text.contains("holds       robustness (1 case)"), "{text}");
    assert!(
        text.contains("left out    http: the server does not list `http`"),
        "{text}"
    );
    assert!(
        text.contains("step 31 and all behind it are whole"),
        "{text}"
    );
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
fn a_report_that_was_written_can_be_read_again() {
    let again: RunResult = serde_json::from_str(&json::render(&sample())).expect("a report");
    assert_eq!(again, sample());
}

#[test]
fn the_junit_report_tells_failures_errors_and_what_was_skipped() {
    insta::assert_snapshot!(told(&sample(), junit::render));
}

#[test]
fn the_tap_report_tells_each_case_on_a_line() {
    insta::assert_snapshot!(told(&sample(), tap::render));
}

#[test]
fn the_markdown_report_is_short() {
    insta::assert_snapshot!(told(&sample(), markdown::render));
}

#[test]
fn the_badge_says_how_it_went() {
    insta::assert_snapshot!(badge::render(&sample()));
    let good = run(vec![case("a", Verdict::Pass)]);
    assert!(badge::render(&good).contains(">conformant, 1 case<"));
    let mut part = good.clone();
    part.interrupted = true;
    part.settle();
    assert!(badge::render(&part).contains(">not known<"));
}

#[test]
fn the_page_tells_failures_and_chapters() {
    let page = told(&sample(), html::render);
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, rest) = rest.split_once("</style>").expect("its end");
    // Long chapters of requirements are the specification's matter.
    let (start, rest) = rest
        .split_once("<section id=\"requirements\"")
        .expect("chapters");
    let (_, end) = rest
        .split_once("<section id=\"slowest\"")
        .expect("what is slow");
    let elided = format!("{head}{start}\n[…]\n{end}");
    insta::assert_snapshot!(elided.replace("><", ">\n<"));
    assert!(rest.contains("JOIN-2") && rest.contains("#case-join-other-origin"));
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
        Verdict::Xfail,
    ] {
        assert!(
            !run(vec![case("a", Verdict::Pass), case("b", verdict)]).conformant,
            "{verdict:?}"
        );
    }
}
