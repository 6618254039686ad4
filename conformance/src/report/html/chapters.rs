//! Every requirement, chapter by chapter, with its sentence and what the cases say of it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::{
    report::{
        Report,
        page::{Tone, mark, sentence, shown},
        telling::tone,
    },
    requirement::Requirement,
    result::{CaseResult, Verdict},
};

/// The section.
pub fn section(report: Report<'_>) -> Markup {
    let mut cases: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for case in &report.result.cases {
        for id in &case.requirements {
            cases.entry(id).or_default().push(case);
        }
    }
    let mut chapters: Vec<(&str, Vec<Line<'_>>)> = Vec::new();
    for requirement in report
        .requirements
        .iter()
        .filter(|requirement| !requirement.withdrawn)
    {
        let line = Line {
            requirement,
            cases: cases.remove(requirement.id.as_str()).unwrap_or_default(),
        };
        match chapters.last_mut() {
            Some((chapter, lines)) if *chapter == requirement.chapter => lines.push(line),
            _ => chapters.push((&requirement.chapter, vec![line])),
        }
    }
    html! {
        section id="requirements" aria-labelledby="requirements-title" {
            h2 id="requirements-title" { "The requirements" }
            p { "Each obligation of the specification, and what the played cases say of it. A requirement holds as far as its cases see." }
            @for (chapter, lines) in &chapters { (a_chapter(chapter, lines)) }
        }
    }
}

/// A requirement with the cases that decide it.
struct Line<'a> {
    requirement: &'a Requirement,
    cases: Vec<&'a CaseResult>,
}

impl Line<'_> {
    /// The worst that a played case says; none if no case was played.
    fn state(&self) -> Option<Verdict> {
        let played = self
            .cases
            .iter()
            .filter(|case| case.reason.is_none())
            .map(|case| case.verdict);
        played.max_by_key(|verdict| match tone(*verdict) {
            Tone::Bad => 3,
            Tone::Fair => 2,
            Tone::Good => 1,
            Tone::Neutral => 0,
        })
    }

    fn mark(&self) -> Markup {
        match self.state() {
            Some(Verdict::Pass) => mark(Tone::Good, "HOLDS"),
            Some(verdict) => mark(tone(verdict), verdict.name()),
            None if self.requirement.untestable.is_some() => {
                mark(Tone::Neutral, "NOT SEEN FROM OUTSIDE")
            }
            None => mark(Tone::Neutral, "NOT DECIDED"),
        }
    }
}

fn a_chapter(chapter: &str, lines: &[Line<'_>]) -> Markup {
    let of = |wanted: fn(Option<Verdict>) -> bool| {
        lines.iter().filter(|line| wanted(line.state())).count()
    };
    let holds = of(|state| state == Some(Verdict::Pass));
    let undecided = of(|state| state.is_none());
    let bad = of(|state| state.is_some_and(|state| tone(state) == Tone::Bad));
    html! {
        details open[bad > 0] {
            summary {
                (chapter) " "
                span.quiet {
                    "(" (holds) " hold"
                    @if bad > 0 { ", " (bad) " broken" }
                    @if undecided > 0 { ", " (undecided) " not decided here" }
                    ")"
                }
            }
            div.wide tabindex="0" role="region" aria-label={ "Requirements: " (chapter) } {
                table.stacked {
                    thead { tr { th scope="col" { "Id" } th scope="col" { "Requirement" } th scope="col" { "State" } } }
                    tbody { @for line in lines { (row(line)) } }
                }
            }
        }
    }
}

fn row(line: &Line<'_>) -> Markup {
    let failed: Vec<&&CaseResult> = line
        .cases
        .iter()
        .filter(|case| {
            case.reason.is_none() && !matches!(case.verdict, Verdict::Pass | Verdict::Xfail)
        })
        .collect();
    let passed = line
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Pass)
        .count();
    html! {
        tr id={ "requirement-" (line.requirement.id) } {
            th scope="row" { (line.requirement.id) }
            td {
                (sentence(&line.requirement.sentence))
                @if let Some(reason) = &line.requirement.untestable { p.quiet { "Not seen from outside: " (shown(reason)) } }
                @if !failed.is_empty() {
                    ul.plain.cases { @for case in failed { li { a href={ "#case-" (case.id) } { code { (case.id) } } } } }
                }
            }
            td { (line.mark()) @if passed > 0 { " " span.quiet { (passed) " passed" } } }
        }
    }
}
