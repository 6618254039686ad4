//! The report for people: each failure with its story, then the summary, whose last line stands alone.

use std::collections::BTreeMap;

use owo_colors::{OwoColorize, Style};

use super::{
    Report,
    page::Tone,
    telling::{self, Line, counted, tally},
};
use crate::{
    result::{CaseResult, Moment, RunResult, Suite, Verdict},
    story::{
        timeline,
        visible::{visible, visible_line},
    },
    suite_hash::short,
};

/// How much of a long story a terminal shows.
const BEGINNING: usize = 20;
const END: usize = 40;

/// The whole report, with colours; who prints it takes them away where they are not wanted.
pub fn render(report: Report<'_>) -> String {
    let result = report.result;
    let mut out = String::new();
    for case in result.cases.iter().filter(|case| {
        !matches!(case.verdict, Verdict::Pass | Verdict::Xfail) && case.reason.is_none()
    }) {
        failure(&mut out, report, case);
    }
    expected(&mut out, result);
    unplayed(&mut out, result);
    noticed(&mut out, report);
    for note in &result.notes {
        line(&mut out, "note", note);
    }
    summary(&mut out, result);
    out
}

/// A verdict and a case's id, as they stand in every list.
pub fn headline(case: &CaseResult) -> String {
    format!(
        "{} {}",
        format!("{:<13}", case.verdict.name()).style(style(case.verdict)),
        case.id.bold()
    )
}

/// A case that did not pass, with its story and the command that plays it again.
pub(super) fn failure(out: &mut String, report: Report<'_>, case: &CaseResult) {
    write_line(
        out,
        &format!("{}  {}", headline(case), visible_line(&case.title)),
    );
    for Line { name, text } in telling::story(report, case) {
        line(out, &name, &text);
    }
    for moment in shortened(&case.timeline) {
        write_line(out, &format!("  {}", moment.dimmed()));
    }
    if let Some(reason) = &case.reason {
        line(out, "not played", reason);
    }
    line(out, "again", &report.call.again(&case.id));
    out.push('\n');
}

/// A story as a terminal shows it: a long one, such as of a thousand connections, by its beginning and its end.
fn shortened(timeline: &[Moment]) -> Vec<String> {
    let lines: Vec<String> = timeline.iter().map(timeline::line).collect();
    let left_out = lines.len().saturating_sub(BEGINNING + END);
    if left_out == 0 {
        return lines;
    }
    let told = format!("… {left_out} moments left out; --report html=PATH shows more");
    let end = lines[BEGINNING + left_out..].to_vec();
    [&lines[..BEGINNING], &[told], &end].concat()
}

/// Failures that the baseline expects, a line each.
fn expected(out: &mut String, result: &RunResult) {
    for case in result
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Xfail)
    {
        let reason = case
            .baseline
            .as_ref()
            .map_or("", |expected| expected.reason.as_str());
        write_line(
            out,
            &format!("{}  {}", headline(case), visible_line(reason)),
        );
    }
}

/// Cases that were not played, those with one reason together.
fn unplayed(out: &mut String, result: &RunResult) {
    let mut groups: BTreeMap<(Verdict, &str), Vec<&str>> = BTreeMap::new();
    for case in &result.cases {
        if let Some(reason) = &case.reason {
            groups
                .entry((case.verdict, reason))
                .or_default()
                .push(&case.id);
        }
    }
    for ((verdict, reason), cases) in groups {
        let name = format!("{:<13}", verdict.name());
        write_line(
            out,
            &format!("{} {}", name.style(style(verdict)), visible_line(reason)),
        );
        line(out, &counted(cases.len(), "case"), &cases.join(" "));
    }
}

fn noticed(out: &mut String, report: Report<'_>) {
    const SHOWN: usize = 10;
    let Report {
        result,
        requirements,
        ..
    } = report;
    for finding in result.noticed.iter().take(SHOWN) {
        let sentence = requirements
            .of(&finding.requirement)
            .map_or("", |requirement| requirement.sentence.as_str());
        write_line(
            out,
            &format!(
                "{} {}",
                "noticed      ".yellow(),
                finding.requirement.bold()
            ),
        );
        line(out, "", sentence);
        line(
            out,
            "came",
            &format!("in {}: {}", finding.case, finding.detail),
        );
    }
    if result.noticed.len() > SHOWN {
        line(
            out,
            "",
            &format!("and {} more, in the report", result.noticed.len() - SHOWN),
        );
    }
}

fn summary(out: &mut String, result: &RunResult) {
    let counts = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict, result.count(verdict)))
        .filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(verdict, count)| format!("{count} {}", verdict.name().style(style(verdict))))
        .collect();
    if !counts.is_empty() {
        write_named(out, "verdicts", &counts.join(", "));
    }
    line(
        out,
        "decided",
        &counted(result.covered.len(), "requirement"),
    );
    line(out, "server", &result.server.origin);
    let Suite { version, hash, .. } = &result.suite;
    line(out, "suite", &format!("{version} ({})", short(hash)));
    line(
        out,
        "took",
        &format!("{:.1} s", result.duration.as_secs_f64()),
    );
    if result.interrupted {
        line(out, "interrupted", "what stands here is a part");
    }
    write_line(out, &tally(result));
}

/// A named line; further lines of a text stand below its first.
pub(super) fn line(out: &mut String, name: &str, text: &str) {
    let text = visible(text).replace('\n', &format!("\n{}", " ".repeat(14)));
    write_named(out, name, &text);
}

/// A named line of a text that is ours, colours and all.
fn write_named(out: &mut String, name: &str, text: &str) {
    write_line(out, &format!("  {} {text}", format!("{name:<11}").dimmed()));
}

pub(super) fn write_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn style(verdict: Verdict) -> Style {
    match telling::tone(verdict) {
        Tone::Good => Style::new().green(),
        Tone::Fair | Tone::Neutral => Style::new().yellow(),
        Tone::Bad => Style::new().red().bold(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::result::Direction;

    #[test]
    fn a_long_story_is_told_by_its_beginning_and_its_end() {
        let story = |length: usize| -> Vec<Moment> {
            (0..length)
                .map(|number| Moment {
                    at: Duration::ZERO,
                    connection: format!("c{number}"),
                    direction: Direction::Sent,
                    text: String::new(),
                })
                .collect()
        };
        assert_eq!(shortened(&story(60)).len(), 60);
        let told = shortened(&story(400));
        assert_eq!(told.len(), 61);
        assert!(
            told[19].contains("c19 ") && told[21].contains("c360 ") && told[60].contains("c399 ")
        );
        assert!(told[20].contains("340 moments left out"));
    }
}
