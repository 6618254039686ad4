//! Each case that did not pass: the sentence that is broken, what was due beside what came, the frames, the command.

use maud::{Markup, html};

use crate::{
    report::{
        Report,
        page::{mark, sentence, shown},
        telling::{broken, counted, tone},
    },
    result::{CaseResult, Direction, Failure, RunResult, Verdict},
};

/// The cases that are told here; those that were not played, and those that a baseline expects, stand elsewhere.
pub fn told(result: &RunResult) -> Vec<&CaseResult> {
    let told = |case: &&CaseResult| {
        case.reason.is_none() && !matches!(case.verdict, Verdict::Pass | Verdict::Xfail)
    };
    result.cases.iter().filter(told).collect()
}

/// The section.
pub fn section(report: Report<'_>, cases: &[&CaseResult]) -> Markup {
    html! {
        @if !cases.is_empty() {
            section id="failures" aria-labelledby="failures-title" {
                h2 id="failures-title" { "What did not pass" }
                @if cases.len() > 3 {
                    p { "Many failures often have one cause. Nothing can be judged before DISC, CONV and JOIN hold: begin there." }
                }
                @for case in cases { (failure(report, case)) }
            }
        }
    }
}

fn failure(report: Report<'_>, case: &CaseResult) -> Markup {
    html! {
        article.card id={ "case-" (case.id) } aria-labelledby={ "case-" (case.id) "-title" } {
            div.card-head {
                (mark(tone(case.verdict), case.verdict.name()))
                h3 id={ "case-" (case.id) "-title" } { code { (case.id) } " " (shown(&case.title)) }
            }
            @if let Some(requirement) = broken(report, case) {
                blockquote { strong { (requirement.id) } " " (sentence(&requirement.sentence)) }
            }
            @if let Some(failure) = &case.failure { (sides(failure)) }
            @if let Some(expected) = &case.baseline {
                p { "The baseline expects " (expected.verdict.name()) ": " (shown(&expected.reason)) }
            }
            p { strong { "Why it matters. " } (shown(&case.why)) }
            (timeline(case))
            div {
                h4 { "Play just this case again" }
                pre.command { (shown(&report.call.again(&case.id))) }
            }
        }
    }
}

fn sides(failure: &Failure) -> Markup {
    html! {
        @if let (Some(step), Some(does)) = (&failure.step, &failure.does) {
            div { h4 { "Step " (step) } pre { (shown(does)) } }
        }
        div.sides {
            div.side.due { h4 { "Expected" } pre { (shown(&failure.expected)) } }
            div.side.came { h4 { "Came" } pre { (shown(&failure.came)) } }
        }
    }
}

fn timeline(case: &CaseResult) -> Markup {
    let label = format!("Timeline of {}", case.id);
    html! {
        @if !case.timeline.is_empty() {
            details open[case.timeline.len() <= 30] {
                summary { "Timeline " span.quiet { "(" (counted(case.timeline.len(), "line")) ")" } }
                div.wide tabindex="0" role="region" aria-label=(label) {
                    table.timeline {
                        thead { tr {
                            th.number scope="col" { "ms" } th scope="col" { "Connection" } th scope="col" { "Way" } th scope="col" { "Frame" }
                        } }
                        tbody {
                            @for moment in &case.timeline {
                                tr {
                                    td.number { (format!("{:.1}", moment.at.as_secs_f64() * 1000.0)) }
                                    td { (shown(&moment.connection)) }
                                    td.way { (way(moment.direction)) }
                                    td.text { code { (shown(&moment.text)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Sent => "→ sent",
        Direction::Received => "← came",
        Direction::Happened => "",
    }
}
