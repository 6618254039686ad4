//! The report for people: each failure with its story, then the summary, whose last line stands alone.

use std::{collections::BTreeMap, fmt::Write as _};

use owo_colors::{OwoColorize, Style};

use crate::{
    requirement::Requirements,
    result::{CaseResult, RunResult, Verdict},
    story::timeline,
};

/// How the program was called, to say how to play one case again.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Everything between `dispatch-conformance run` and the selectors.
    pub arguments: Vec<String>,
}

impl Call {
    /// The command that plays just this case again.
    pub fn again(&self, case: &str) -> String {
        let mut command = vec!["dispatch-conformance run".to_owned()];
        command.extend(self.arguments.iter().cloned());
        command.push(case.to_owned());
        command.join(" ")
    }
}

/// The whole report, with colours; who prints it takes them away where they are not wanted.
pub fn render(result: &RunResult, requirements: &Requirements, call: &Call) -> String {
    let mut out = String::new();
    for case in result
        .cases
        .iter()
        .filter(|case| case.verdict != Verdict::Pass && case.reason.is_none())
    {
        failure(&mut out, case, requirements, call);
    }
    unplayed(&mut out, result);
    noticed(&mut out, result, requirements);
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

fn failure(out: &mut String, case: &CaseResult, requirements: &Requirements, call: &Call) {
    write_line(out, &format!("{}  {}", headline(case), case.title));
    if let Some(failure) = &case.failure {
        let broken = failure
            .requirement
            .as_ref()
            .and_then(|id| requirements.of(id));
        if let Some(requirement) = broken {
            line(out, &requirement.id, &requirement.sentence);
        }
        if let (Some(step), Some(does)) = (&failure.step, &failure.does) {
            line(out, &format!("step {step}"), does);
        }
        line(out, "expected", &failure.expected);
        line(out, "came", &failure.came);
    }
    line(out, "why", &case.why);
    for moment in &case.timeline {
        write_line(out, &format!("  {}", timeline::line(moment).dimmed()));
    }
    line(out, "again", &call.again(&case.id));
    out.push('\n');
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
        write_line(out, &format!("{} {}", name.style(style(verdict)), reason));
        line(out, &counted(cases.len(), "case"), &cases.join(" "));
    }
}

fn noticed(out: &mut String, result: &RunResult, requirements: &Requirements) {
    const SHOWN: usize = 10;
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
        line(out, "verdicts", &counts.join(", "));
    }
    line(
        out,
        "decided",
        &counted(result.covered.len(), "requirement"),
    );
    line(out, "server", &result.server.origin);
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

/// `214 passed, 0 failed`, and what was skipped if anything was.
pub fn tally(result: &RunResult) -> String {
    let mut tally = format!(
        "{} passed, {} failed",
        result.count(Verdict::Pass),
        result.failed()
    );
    let skipped = result.count(Verdict::Unsupported);
    if skipped > 0 {
        let _ = write!(tally, ", {skipped} skipped");
    }
    tally
}

/// `1 case`, `2 cases`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A named line; further lines of a text stand below its first.
fn line(out: &mut String, name: &str, text: &str) {
    let text = text.replace('\n', &format!("\n{}", " ".repeat(14)));
    write_line(out, &format!("  {} {text}", format!("{name:<11}").dimmed()));
}

fn write_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => Style::new().green(),
        Verdict::Warn | Verdict::Unsupported => Style::new().yellow(),
        _ => Style::new().red().bold(),
    }
}
