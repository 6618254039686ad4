//! The report as TAP, version 14: a line for each case, and the story of each that did not pass as YAML.

use std::fmt::Write as _;

use serde_json::json;

use super::{
    Report,
    telling::{Line, story, tally},
};
use crate::{
    result::{CaseResult, Verdict},
    story::{
        timeline,
        visible::{visible, visible_line},
    },
};

/// The report's text.
pub fn render(report: Report<'_>) -> String {
    let result = report.result;
    let mut out = format!("TAP version 14\n1..{}\n", result.cases.len());
    comment(&mut out, &format!("server {}", result.server.origin));
    let suite = &result.suite;
    comment(&mut out, &format!("suite {} {}", suite.version, suite.hash));
    for (number, case) in (1..).zip(&result.cases) {
        point(&mut out, number, case);
        if case.verdict != Verdict::Pass && case.reason.is_none() {
            diagnostics(&mut out, report, case);
        }
    }
    for finding in &result.noticed {
        comment(
            &mut out,
            &format!(
                "noticed {} in {}: {}",
                finding.requirement, finding.case, finding.detail
            ),
        );
    }
    for note in &result.notes {
        comment(&mut out, note);
    }
    comment(&mut out, &tally(result));
    if result.interrupted {
        out.push_str("Bail out! interrupted\n");
    }
    out
}

fn point(out: &mut String, number: usize, case: &CaseResult) {
    let title = format!("{} - {}", case.id, case.title);
    let expected = case
        .baseline
        .as_ref()
        .map_or("", |expected| expected.reason.as_str());
    let (ok, directive) = match case.verdict {
        Verdict::Pass => (true, None),
        Verdict::Unsupported => (
            true,
            Some(("SKIP", case.reason.as_deref().unwrap_or_default())),
        ),
        Verdict::Warn => (false, Some(("TODO", "a SHOULD or MAY that does not hold"))),
        Verdict::Xfail => (false, Some(("TODO", expected))),
        _ => (false, None),
    };
    let _ = write!(
        out,
        "{} {number} - {}",
        if ok { "ok" } else { "not ok" },
        escaped(&title)
    );
    if let Some((directive, reason)) = directive {
        let _ = write!(out, " # {directive} {}", escaped(reason));
    }
    out.push('\n');
    if let (None, Some(reason)) = (&directive, &case.reason) {
        comment(out, &format!("{}: {reason}", case.verdict.name()));
    }
}

/// A block of YAML whose texts are JSON's, which YAML takes as they are.
fn diagnostics(out: &mut String, report: Report<'_>, case: &CaseResult) {
    out.push_str("  ---\n");
    let mut member = |name: &str, text: &str| {
        let _ = writeln!(
            out,
            "  {}: {}",
            name.replace(' ', "_"),
            json!(visible(text))
        );
    };
    member("verdict", case.verdict.name());
    member(
        "severity",
        if case.verdict.counts_as_failure() {
            "fail"
        } else {
            "todo"
        },
    );
    if let Some(requirement) = case
        .failure
        .as_ref()
        .and_then(|failure| failure.requirement.as_ref())
    {
        member("requirement", requirement);
    }
    for Line { name, text } in story(report, case) {
        let is_requirement = name
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '-');
        if is_requirement {
            member("sentence", &text);
        } else if name.starts_with("step ") {
            member("step", &format!("{name}: {text}"));
        } else {
            member(&name, &text);
        }
    }
    member("again", &report.call.again(&case.id));
    member(
        "duration_ms",
        &format!("{:.3}", case.duration.as_secs_f64() * 1000.0),
    );
    if !case.timeline.is_empty() {
        out.push_str("  timeline:\n");
        for moment in &case.timeline {
            let _ = writeln!(out, "    - {}", json!(timeline::line(moment).trim_start()));
        }
    }
    out.push_str("  ...\n");
}

fn comment(out: &mut String, text: &str) {
    let _ = writeln!(out, "# {}", visible_line(text));
}

/// A description: `#` would begin a directive.
fn escaped(text: &str) -> String {
    visible_line(text).replace('\\', r"\\").replace('#', r"\#")
}
