//! What every report says in the same words: the story of a failure, the sums, the one sentence above all.

use std::fmt::Write as _;

use super::{Report, page::Tone};
use crate::{
    requirement::Requirement,
    result::{CaseResult, RunResult, Verdict},
    story::timeline,
};

/// A named text of a failure's story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Such as `expected`.
    pub name: String,
    /// Its text, of one line or several.
    pub text: String,
}

/// The requirement that a failed case shows to be broken. Where nobody knew better than to name the case's first, and that one asks
/// for another code than the refusal that was due, it is the one of the case that asks for this code.
pub fn broken<'a>(report: Report<'a>, case: &CaseResult) -> Option<&'a Requirement> {
    let failure = case.failure.as_ref()?;
    let named = failure.requirement.as_ref()?;
    let requirement = report.requirements.of(named)?;
    let due = failure.expected.strip_prefix("`refused` with ");
    let due: Vec<&str> = due.map_or_else(Vec::new, |codes| quoted(codes).collect());
    let asks =
        |requirement: &&Requirement| quoted(&requirement.sentence).any(|word| due.contains(&word));
    let asks_for_another = requirement.sentence.contains("with `") && !asks(&requirement);
    if due.is_empty() || !asks_for_another || case.requirements.first() != Some(named) {
        return Some(requirement);
    }
    let mut others = case
        .requirements
        .iter()
        .filter_map(|id| report.requirements.of(id));
    Some(others.find(asks).unwrap_or(requirement))
}

/// What stands in backticks.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The story of a case that did not pass, but for its timeline and the command that plays it again.
pub fn story(report: Report<'_>, case: &CaseResult) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: &str| {
        lines.push(Line {
            name: name.to_owned(),
            text: text.to_owned(),
        });
    };
    if let Some(failure) = &case.failure {
        if let Some(requirement) = broken(report, case) {
            line(&requirement.id, &requirement.sentence);
        }
        if let (Some(step), Some(does)) = (&failure.step, &failure.does) {
            line(&format!("step {step}"), does);
        }
        line("expected", &failure.expected);
        line("came", &failure.came);
    }
    if let Some(expected) = &case.baseline {
        line(
            "baseline",
            &format!("{}: {}", expected.verdict.name(), expected.reason),
        );
    }
    line("why", &case.why);
    lines
}

/// The whole story as plain text, with the timeline and the command.
pub fn plain(report: Report<'_>, case: &CaseResult) -> String {
    let mut out = String::new();
    for Line { name, text } in story(report, case) {
        let text = text.replace('\n', &format!("\n{}", " ".repeat(12)));
        let _ = writeln!(out, "{name:<11} {text}");
    }
    for moment in &case.timeline {
        let _ = writeln!(out, "{}", timeline::line(moment));
    }
    let _ = writeln!(out, "{:<11} {}", "again", report.call.again(&case.id));
    out
}

/// `214 passed, 0 failed`, and what else there was.
pub fn tally(result: &RunResult) -> String {
    let mut tally = format!(
        "{} passed, {} failed",
        result.count(Verdict::Pass),
        result.failed()
    );
    let others = [
        (Verdict::Xfail, "expected to fail"),
        (Verdict::Xpass, "passed unexpectedly"),
        (Verdict::Warn, "warned"),
        (Verdict::Unsupported, "skipped"),
    ];
    for (verdict, what) in others {
        let count = result.count(verdict);
        if count > 0 {
            let _ = write!(tally, ", {count} {what}");
        }
    }
    tally
}

/// The one sentence that says how it went.
pub fn headline(result: &RunResult) -> (Tone, String) {
    let (cases, failed) = (result.cases.len(), result.failed());
    let expected = result.count(Verdict::Xfail);
    let unexpected = result.count(Verdict::Xpass);
    if result.interrupted {
        let text = format!(
            "Interrupted: what stands here is a part, in which {failed} of {} failed",
            counted(cases, "case")
        );
        (if failed > 0 { Tone::Bad } else { Tone::Fair }, text)
    } else if cases == 0 {
        (Tone::Fair, "Nothing was played".into())
    } else if failed > 0 {
        (
            Tone::Bad,
            format!(
                "Not conformant: {failed} of {} failed",
                counted(cases, "case")
            ),
        )
    } else if expected > 0 || unexpected > 0 {
        let text = format!(
            "Not conformant, with no failure that the baseline does not expect: {expected} expected, {unexpected} that passed after all"
        );
        (Tone::Fair, text)
    } else {
        let played = result
            .cases
            .iter()
            .filter(|case| case.reason.is_none())
            .count();
        (
            Tone::Good,
            format!("Conformant: none of {} failed", counted(played, "case")),
        )
    }
}

/// `1 case`, `2 cases`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// How a verdict looks.
pub fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Warn | Verdict::Xfail | Verdict::Xpass => Tone::Fair,
        Verdict::Unsupported => Tone::Neutral,
        _ => Tone::Bad,
    }
}

/// A time in UTC as RFC 3339 has it, in whole seconds and without its `Z`.
pub fn utc(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The date of a day since 1970, in the Gregorian calendar: years are counted from March, so that a leap day ends one.
fn civil(days: u64) -> (u64, u64, u64) {
    let since = days + 719_468;
    let (era, day) = (since / 146_097, since % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, date)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{corpus::Corpus, report::Call, requirement::Requirements};

    fn shown(requirements: &[&str], expected: &str) -> String {
        let case = serde_json::from_value::<CaseResult>(serde_json::json!({
            "id": "a", "title": "t", "why": "w", "level": "MUST", "requirements": requirements, "verdict": "FAIL", "duration_ms": 0,
            "failure": {"requirement": requirements[0], "step": null, "does": null, "expected": expected, "came": "c"}
        }));
        let case = case.expect("a result");
        let result: RunResult = serde_json::from_value(serde_json::json!({
            "format": RunResult::FORMAT, "suite": {"version": "0", "vectors": "0"}, "conformant": false, "interrupted": false,
            "server": {"url": null, "origin": "http://127.0.0.1:1", "discovery": {}}, "began_ms": 0, "duration_ms": 0,
            "counts": {}, "covered": [], "cases": [], "noticed": [], "notes": []
        }))
        .expect("a run");
        let report = Report {
            result: &result,
            requirements: &Requirements::read(&Corpus::embedded()),
            call: &Call::default(),
            transcripts: &BTreeMap::new(),
        };
        broken(report, &case).map_or_else(String::new, |requirement| requirement.id.clone())
    }

    #[test]
    fn a_refusal_that_was_due_is_told_by_the_requirement_that_asks_for_its_code() {
        let due = "`refused` with `unexpected_frame`";
        assert_eq!(shown(&["JOIN-10", "SESS-14"], due), "SESS-14");
        assert_eq!(
            shown(
                &["JOIN-10", "SESS-14"],
                "`refused` with `challenge_expired`"
            ),
            "JOIN-10"
        );
        assert_eq!(
            shown(
                &["JOIN-10", "SESS-14"],
                "a frame `challenge` as the vector says"
            ),
            "JOIN-10"
        );
        // It says more than the place that it is refused at.
        assert_eq!(
            shown(&["SIG-1", "JOIN-11"], "`refused` with `bad_proof`"),
            "SIG-1"
        );
    }

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00");
        assert_eq!(utc(951_782_400_000), "2000-02-29T00:00:00");
        assert_eq!(utc(1_772_323_199_999), "2026-02-28T23:59:59");
        assert_eq!(utc(4_102_444_800_000), "2100-01-01T00:00:00");
    }
}
