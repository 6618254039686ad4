//! What a server says may be made to break a report: markup, control characters, directives of TAP, fences of Markdown.

use std::{collections::BTreeMap, time::Duration};

use dispatch_conformance::{
    corpus::Corpus,
    report::{Call, Report, badge, html, json, junit, markdown, tap, terminal},
    requirement::{Level, Requirements},
    result::{
        CaseResult, Direction, Expected, Failure, Finding, Moment, RunResult, Subject, Suite,
        Verdict,
    },
};
use quick_xml::{Reader, events::Event};

/// Markup, an end of CDATA, quotes, a fence, a TAP directive and a plan, controls of terminals, what XML forbids, a turn of the
/// writing's direction, a mention.
const HOSTILE: &str = "</script></style><img src=x onerror=alert(1)>]]>&amp;\"'`````\n```\n1..0 # SKIP all\nBail out!\n# TODO @everyone | \\ \u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{0}\u{8}\u{b}\r\u{7f}\u{85}\u{202e}\u{2066}\u{2028}\u{200b}\u{fffe}\u{ffff}\u{feff}";

fn hostile(verdict: Verdict) -> CaseResult {
    let text = || HOSTILE.to_owned();
    CaseResult {
        id: "join-good".into(),
        title: text(),
        // Of the vector, and so never hostile.
        why: "A server that goes by what it is told lets a hostile community in.".into(),
        level: Level::Must,
        requirements: vec!["JOIN-2".into()],
        verdict,
        duration: Duration::from_millis(1),
        reason: (verdict == Verdict::Untestable).then(text),
        baseline: Some(Expected {
            verdict: Verdict::Fail,
            reason: text(),
        }),
        failure: Some(Failure {
            requirement: Some("JOIN-2".into()),
            step: Some("1".into()),
            does: Some(text()),
            expected: text(),
            came: text(),
        }),
        timeline: vec![Moment {
            at: Duration::ZERO,
            connection: text(),
            direction: Direction::Received,
            text: text(),
        }],
    }
}

fn told(format: fn(Report<'_>) -> String) -> String {
    let text = || HOSTILE.to_owned();
    let mut result = RunResult {
        format: RunResult::FORMAT.into(),
        suite: Suite {
            version: "1".into(),
            vectors: "00".into(),
            hash: "00".into(),
        },
        server: Subject {
            url: Some(text()),
            origin: text(),
            discovery: serde_json::json!({ HOSTILE: HOSTILE }),
        },
        conformant: false,
        interrupted: false,
        began_ms: 0,
        duration: Duration::ZERO,
        counts: BTreeMap::new(),
        covered: Vec::new(),
        cases: Verdict::ALL.map(hostile).into(),
        noticed: vec![Finding {
            requirement: "CHAIN-2".into(),
            detail: text(),
            case: text(),
            connection: text(),
        }],
        notes: vec![text()],
    };
    result.settle();
    let requirements = Requirements::read(&Corpus::embedded());
    let call = Call {
        arguments: vec![text()],
    };
    format(Report {
        result: &result,
        requirements: &requirements,
        call: &call,
        transcripts: &BTreeMap::new(),
    })
}

/// Nothing in a text moves a cursor, hides, or turns the writing.
fn assert_visible(text: &str) {
    let hidden = text.chars().find(|letter| {
        (letter.is_control() && *letter != '\n')
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    });
    assert_eq!(hidden, None);
}

#[test]
fn a_terminal_gets_no_command_of_a_server() {
    let text = anstream::adapter::strip_str(&told(terminal::render)).to_string();
    assert_visible(&text);
    assert!(text.contains("\\u{1b}[2J"));
    // With its colours, every escape is one of the report's own: a colour or a weight.
    let coloured = told(terminal::render);
    for after in coloured.split('\u{1b}').skip(1) {
        let end =
            after.find(|letter: char| !letter.is_ascii_digit() && letter != ';' && letter != '[');
        assert_eq!(
            end.map(|end| &after[end..=end]),
            Some("m"),
            "{:?}",
            &after[..10.min(after.len())]
        );
    }
}

#[test]
fn junit_stays_well_formed_xml() {
    let text = told(junit::render);
    assert_visible(&text);
    let mut reader = Reader::from_str(&text);
    let (mut depth, mut names) = (0, Vec::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                depth += 1;
                names.push(start.name().as_ref().to_owned());
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    assert!(
        !names.iter().any(|name| name == "img" || name == "script"),
        "{names:?}"
    );
}

#[test]
fn a_page_holds_no_markup_of_a_server() {
    let text = told(html::render);
    assert_visible(&text);
    assert!(!text.contains("<img") && !text.contains("<script"));
    assert_eq!(text.matches("</style>").count(), 1);
    assert!(text.contains("&lt;/script&gt;&lt;/style&gt;&lt;img src=x"));
}

#[test]
fn tap_has_one_line_for_each_case_and_one_plan() {
    let text = told(tap::render);
    assert_visible(&text);
    let count = |begins: &str| text.lines().filter(|line| line.starts_with(begins)).count();
    assert_eq!(count("1.."), 1);
    assert_eq!(count("ok ") + count("not ok "), Verdict::ALL.len());
    assert_eq!(count("Bail out!"), 0);
    let skips = |line: &&str| line.starts_with("ok ") && line.replace(r"\#", "").contains("# SKIP");
    assert_eq!(
        text.lines().filter(skips).count(),
        1,
        "the unsupported case alone"
    );
    assert!(text.lines().all(|line| {
        ["TAP ", "1..", "ok ", "not ok ", "# ", "  "]
            .iter()
            .any(|start| line.starts_with(start))
    }));
}

#[test]
fn markdown_keeps_what_a_server_says_in_code() {
    let text = told(markdown::render);
    assert_visible(&text);
    // Outside of fences and spans nothing of it is left that a reader would act on.
    let mut outside = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|letter| *letter == '`').collect();
        match &fence {
            Some(open) if *open == line => fence = None,
            None if ticks.len() >= 3 && line.ends_with("text") => fence = Some(ticks),
            None => outside += &without_spans(line),
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "each fence is closed");
    for word in ["@everyone", "<img", "<script", "onerror", "Bail out"] {
        assert!(!outside.contains(word), "{word} in {outside}");
    }
}

/// A line without its code spans, each of which ends at as many backticks as began it.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        out += &rest[..start];
        let after = &rest[start..];
        let ticks = after.len() - after.trim_start_matches('`').len();
        let body = &after[ticks..];
        let mut from = 0;
        let end = loop {
            let place = from + body[from..].find('`').expect("the span ends");
            let run = body[place..].len() - body[place..].trim_start_matches('`').len();
            if run == ticks {
                break place + run;
            }
            from = place + run;
        };
        rest = &body[end..];
    }
    out + rest
}

#[test]
fn a_badge_and_a_json_report_say_nothing_of_what_a_server_says_unescaped() {
    let badge = told(|report| badge::render(report.result));
    assert_visible(&badge);
    assert!(!badge.contains("onerror"));
    let again: RunResult =
        serde_json::from_str(&told(|report| json::render(report.result))).expect("JSON");
    assert_eq!(again.server.origin, HOSTILE);
}
