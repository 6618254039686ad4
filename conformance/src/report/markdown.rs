//! The report as Markdown, short: for a pull request's comment or a job's summary.
//!
//! What a server said stands in code alone, where no reader takes it for a link, a mention or HTML.

use std::fmt::Write as _;

use super::{
    Report,
    telling::{Line, broken, counted, headline, story, utc},
};
use crate::{
    result::{CaseResult, Verdict},
    story::{timeline, visible::visible},
};

/// More failures than a reader of a comment reads; the others are named.
const TOLD: usize = 20;

/// The report's text.
pub fn render(report: Report<'_>) -> String {
    let result = report.result;
    let mut out = String::from("# Conformance with dispatch-d/1\n\n");
    let _ = writeln!(out, "**{}**\n", headline(result).1);
    let _ = writeln!(
        out,
        "{} at {} UTC in {:.1} s; {} decided; suite {}, hash {}\n",
        code(&result.server.origin),
        utc(result.began_ms).replace('T', " "),
        result.duration.as_secs_f64(),
        counted(result.covered.len(), "requirement"),
        code(&result.suite.version),
        code(&result.suite.hash),
    );
    sums(&mut out, report);
    failures(&mut out, report);
    others(&mut out, report);
    out
}

fn sums(out: &mut String, report: Report<'_>) {
    out.push_str("| verdict | cases |\n|---|---:|\n");
    for verdict in Verdict::ALL {
        let count = report.result.count(verdict);
        if count > 0 || verdict == Verdict::Fail {
            let _ = writeln!(out, "| {} | {count} |", verdict.name());
        }
    }
}

fn failures(out: &mut String, report: Report<'_>) {
    let told = |case: &&CaseResult| {
        case.reason.is_none() && !matches!(case.verdict, Verdict::Pass | Verdict::Xfail)
    };
    let cases: Vec<&CaseResult> = report.result.cases.iter().filter(told).collect();
    if cases.is_empty() {
        return;
    }
    out.push_str("\n## Cases that did not pass\n");
    for case in cases.iter().take(TOLD) {
        failure(out, report, case);
    }
    if cases.len() > TOLD {
        let rest: Vec<String> = cases.iter().skip(TOLD).map(|case| code(&case.id)).collect();
        let _ = writeln!(out, "\nAnd {} more: {}", rest.len(), rest.join(" "));
    }
}

fn failure(out: &mut String, report: Report<'_>, case: &CaseResult) {
    let _ = writeln!(out, "\n### {} {}\n", case.verdict.name(), code(&case.id));
    if let Some(requirement) = broken(report, case) {
        let _ = writeln!(out, "> **{}** {}\n", requirement.id, requirement.sentence);
    }
    let sentence = broken(report, case).map(|requirement| requirement.id.as_str());
    for Line { name, text } in story(report, case) {
        if Some(name.as_str()) == sentence {
            continue;
        }
        if name == "why" {
            let _ = writeln!(out, "- why: {text}");
        } else {
            let _ = writeln!(out, "- {name}: {}", code(&text));
        }
    }
    let _ = writeln!(out, "- again: {}", code(&report.call.again(&case.id)));
    if !case.timeline.is_empty() {
        let frames: Vec<String> = case.timeline.iter().map(timeline::line).collect();
        let text = frames.join("\n");
        let fence = fence(&text, 3);
        let _ = writeln!(
            out,
            "\n<details><summary>Timeline</summary>\n\n{fence}text\n{text}\n{fence}\n\n</details>"
        );
    }
}

fn others(out: &mut String, report: Report<'_>) {
    let result = report.result;
    let mut list = |title: &str, items: &[String]| {
        if !items.is_empty() {
            let _ = writeln!(out, "\n## {title}\n");
            for item in items {
                let _ = writeln!(out, "- {item}");
            }
        }
    };
    let of = |verdict: Verdict| {
        result
            .cases
            .iter()
            .filter(move |case| case.verdict == verdict)
    };
    let expected = |case: &CaseResult| {
        let reason = case
            .baseline
            .as_ref()
            .map_or("", |expected| expected.reason.as_str());
        format!("{}: {}", code(&case.id), code(reason))
    };
    list(
        "Expected to fail",
        &of(Verdict::Xfail).map(expected).collect::<Vec<_>>(),
    );
    let unplayed = result.cases.iter().filter_map(|case| {
        let reason = case.reason.as_ref()?;
        Some(format!(
            "{} {}: {}",
            case.verdict.name(),
            code(&case.id),
            code(reason)
        ))
    });
    list("Not played", &unplayed.collect::<Vec<_>>());
    let noticed = result.noticed.iter().map(|finding| {
        format!(
            "**{}** in {}: {}",
            finding.requirement,
            code(&finding.case),
            code(&finding.detail)
        )
    });
    list("Noticed besides", &noticed.collect::<Vec<_>>());
    list(
        "Notes",
        &result
            .notes
            .iter()
            .map(|note| code(note))
            .collect::<Vec<_>>(),
    );
}

/// A text as code on one line, whatever it holds.
fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return "(nothing)".into();
    }
    let text = visible(text).replace('\n', " ⏎ ").replace('\t', " ");
    let fence = fence(&text, 1);
    let edge = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{edge}{text}{edge}{fence}")
}

/// Backticks, more of them than stand together anywhere in a text, and at least so many.
fn fence(text: &str, least: usize) -> String {
    let longest = text
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    "`".repeat(least.max(longest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_whatever_it_is_given() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`a` ``b"), "``` `a` ``b ```");
        assert_eq!(code("@everyone <img>\n# big"), "`@everyone <img> ⏎ # big`");
        assert_eq!(code(" \n"), "(nothing)");
    }
}
