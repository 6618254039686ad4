//! Where a server stands on the course: what holds, the step that is next, the one case to look at.

use std::collections::BTreeMap;

use super::{Book, prose};
use crate::{
    learn::Lesson,
    preflight::PREFLIGHT,
    report::{
        Report,
        telling::{broken, counted, quoted},
        terminal::{failure, line, write_line},
    },
    requirement::Requirement,
    result::{CaseResult, Finding, Verdict},
};

/// How far a server has come.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// What was played.
    pub report: Report<'a>,
    /// The place of the first lesson that was played.
    pub from: usize,
    /// The place behind the last one that was to be played.
    pub to: usize,
    /// The server, as an argument of the command line.
    pub server: &'a str,
}

impl<'a> Book<'a> {
    /// The place of the lesson that is not whole, and so was played last: in those before it fails only what was noticed later.
    pub fn next(self, standing: Standing<'_>) -> Option<usize> {
        let failed = |place: &usize| {
            let results = results(standing, &self.course.steps[*place]);
            results
                .into_iter()
                .any(|case| case.verdict.counts_as_failure())
        };
        (standing.from..standing.to).rfind(failed)
    }

    /// Where a server stands: what holds, the step that is next, and the one case to look at.
    pub fn standing(self, standing: Standing<'_>) -> String {
        let mut out = String::new();
        let Some(place) = self.next(standing) else {
            return self.whole(standing);
        };
        self.held(&mut out, standing, place);
        out += &self.lesson(place);
        let lesson = &self.course.steps[place];
        let results = results(standing, lesson);
        let count =
            |fits: fn(Verdict) -> bool| results.iter().filter(|case| fits(case.verdict)).count();
        let failed = count(Verdict::counts_as_failure);
        let mut sum = format!(
            "{} of {} pass",
            count(|verdict| verdict == Verdict::Pass),
            lesson.cases.len()
        );
        sum += &format!(
            ", {failed} {}",
            if failed == 1 { "does not" } else { "do not" }
        );
        let left = lesson.cases.len().saturating_sub(results.len());
        if left > 0 {
            sum += &format!(", {left} not played yet");
        }
        line(&mut out, "cases", &sum);
        out.push('\n');
        let failed = || {
            results
                .iter()
                .filter(|case| case.verdict.counts_as_failure())
        };
        let in_play = |case: &&&CaseResult| {
            case.failure
                .as_ref()
                .is_none_or(|failure| failure.step.is_some())
        };
        let first = failed().find(in_play).or_else(|| failed().next());
        if let Some(case) = first {
            failure(&mut out, standing.report, case);
            if let Some(hint) = self.hint(standing, case) {
                prose(&mut out, "look at", &hint);
            }
            self.seen(&mut out, standing, case);
        }
        let speaks = self
            .course
            .place("blocks")
            .is_some_and(|blocks| place > blocks);
        for note in standing.report.result.notes.iter().filter(|_| speaks) {
            line(&mut out, "note", note);
        }
        let from = if place == 0 {
            String::new()
        } else {
            format!(" --from {}", lesson.id)
        };
        line(
            &mut out,
            "then",
            &format!("dispatch-conformance learn {}{from}", standing.server),
        );
        out
    }

    /// What a failure says that is not about the rule that it is told by.
    fn hint(self, standing: Standing<'_>, case: &CaseResult) -> Option<String> {
        let failure = case.failure.as_ref()?;
        if failure.came.contains("close code 1011") {
            return Some(
                "1011 means that something failed inside your server: its own log says what."
                    .into(),
            );
        }
        let due = quoted(&failure.expected)
            .find(|word| *word != "refused" && self.asks(word).next().is_some());
        if let Some(due) = due {
            let told = broken(standing.report, case).map(|requirement| &requirement.sentence);
            let is_told = told.is_some_and(|sentence| quoted(sentence).any(|word| word == due));
            let asks = self.asks(due).next().filter(|_| !is_told)?;
            return Some(format!(
                "`{due}` is what {} asks for: {}",
                asks.id, asks.sentence
            ));
        }
        let (_, code) = failure
            .came
            .strip_prefix("{type: \"refused\"")?
            .split_once("code: \"")?;
        let (code, _) = code.split_once('"')?;
        let ids: Vec<&str> = self
            .asks(code)
            .map(|requirement| requirement.id.as_str())
            .collect();
        let ids = match ids.as_slice() {
            [] => return None,
            few if few.len() <= 3 => few.join(", "),
            many => format!("{} and {} more", many[..2].join(", "), many.len() - 2),
        };
        Some(format!(
            "What was sent here is valid: a case sends the valid form before it breaks a rule. Your server refused it with `{code}`, which is \
             the code of {ids}."
        ))
    }

    /// The requirements that ask a server for a code.
    fn asks(self, code: &str) -> impl Iterator<Item = &'a Requirement> {
        let asks = move |requirement: &&Requirement| {
            let sentence = &requirement.sentence;
            sentence.contains(&format!("with `{code}`"))
                || sentence.contains(&format!("and `{code}`"))
        };
        self.requirements.iter().filter(asks)
    }

    /// What the runner found wrong on the way to a failure, which may be its cause.
    fn seen(self, out: &mut String, standing: Standing<'_>, case: &CaseResult) {
        const SHOWN: usize = 3;
        let near = |finding: &&Finding| finding.case == case.id || finding.case == PREFLIGHT;
        let noticed = standing.report.result.noticed.iter().filter(near);
        for finding in noticed.take(SHOWN) {
            prose(
                out,
                "also seen",
                &format!("{}: {}", finding.requirement, finding.detail),
            );
        }
    }

    /// What held before a step.
    fn held(self, out: &mut String, standing: Standing<'_>, place: usize) {
        if place == standing.from {
            return;
        }
        let held = &self.course.steps[standing.from..place];
        let cases = held
            .iter()
            .map(|lesson| results(standing, lesson).len())
            .sum();
        let ids: Vec<&str> = held.iter().map(|lesson| lesson.id.as_str()).collect();
        prose(
            out,
            "holds",
            &format!("{} ({})", ids.join(", "), counted(cases, "case")),
        );
        out.push('\n');
    }

    /// A server that has come to the end.
    fn whole(self, standing: Standing<'_>) -> String {
        let mut out = String::new();
        let played = &self.course.steps[standing.from..standing.to];
        let mut left: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut held = Vec::new();
        let mut passed = 0;
        for lesson in played {
            let results = results(standing, lesson);
            let unplayed = results.iter().filter_map(|case| case.reason.as_deref());
            let unplayed: Vec<&str> = unplayed.collect();
            let count = results.len() - unplayed.len();
            passed += count;
            if count > 0 {
                held.push(lesson.id.as_str());
            }
            let mut reasons = unplayed.clone();
            reasons.sort_unstable();
            reasons.dedup();
            for reason in reasons {
                let cases = unplayed.iter().filter(|other| **other == reason).count();
                let what = match count {
                    0 => lesson.id.clone(),
                    _ => format!("{} of {}", counted(cases, "case"), lesson.id),
                };
                left.entry(reason).or_default().push(what);
            }
            for case in results.iter().filter(|case| case.verdict == Verdict::Warn) {
                failure(&mut out, standing.report, case);
            }
        }
        prose(
            &mut out,
            "holds",
            &format!("{} ({})", held.join(", "), counted(passed, "case")),
        );
        for (reason, lessons) in left {
            prose(
                &mut out,
                "left out",
                &format!("{}: {reason}", lessons.join(", ")),
            );
        }
        if standing.to < self.course.due() {
            let next = &self.course.steps[standing.to];
            line(
                &mut out,
                "then",
                &format!(
                    "dispatch-conformance learn {} --from {}",
                    standing.server, next.id
                ),
            );
            let last = self.numbered(standing.to - 1);
            write_line(&mut out, &format!("{last} is whole"));
            return out;
        }
        line(
            &mut out,
            "then",
            &format!("dispatch-conformance run {}", standing.server),
        );
        let all = if standing.from == 0 {
            format!(
                "all {} steps are whole: every MUST holds that a run against a URL can see",
                self.course.due()
            )
        } else {
            format!(
                "step {} and all behind it are whole; without --from the others are played, too",
                standing.from + 1
            )
        };
        write_line(&mut out, &all);
        out
    }
}

/// The results of a lesson's cases, in its order.
fn results<'a>(standing: Standing<'a>, lesson: &Lesson) -> Vec<&'a CaseResult> {
    let cases = &standing.report.result.cases;
    let result = |id: &String| cases.iter().find(|case| case.id == *id);
    lesson.cases.iter().filter_map(result).collect()
}
