//! The report as a page: how it went, each failure with its story, every requirement by chapter.

mod chapters;
mod failures;

use maud::{Markup, html};

use super::{
    Report,
    page::{self, bar, mark, shown},
    telling::{counted, headline, tone, utc},
};
use crate::result::{CaseResult, RunResult, Verdict};

/// The report's text.
pub fn render(report: Report<'_>) -> String {
    let result = report.result;
    let (failed, expected, unplayed) = (
        failures::told(result),
        of(result, Verdict::Xfail),
        unplayed(result),
    );
    let head = html! {
        (banner(result))
        (facts(result))
        (sums(result))
        nav.contents aria-label="On this page" {
            ul {
                @if !failed.is_empty() { li { a href="#failures" { "What did not pass" } } }
                @if !expected.is_empty() { li { a href="#expected" { "Expected to fail" } } }
                @if !result.noticed.is_empty() { li { a href="#noticed" { "Noticed besides" } } }
                @if !unplayed.is_empty() { li { a href="#unplayed" { "Not played" } } }
                li { a href="#requirements" { "The requirements" } }
                li { a href="#slowest" { "The slowest cases" } }
            }
        }
    };
    let main = html! {
        (failures::section(report, &failed))
        (reasons("expected", "Expected to fail", "The baseline names them, with a reason.", &expected))
        (noticed(report))
        (reasons("unplayed", "Not played", "What is not played is not known.", &unplayed))
        (chapters::section(report))
        (slowest(result))
    };
    page::page("Conformance with dispatch-d/1", &head, &main)
}

fn banner(result: &RunResult) -> Markup {
    let (tone, text) = headline(result);
    html! { p class={ "banner " (tone.class()) } { strong { (text) } } }
}

fn facts(result: &RunResult) -> Markup {
    let origin = result.server.origin.as_str();
    let given = result
        .server
        .url
        .as_deref()
        .unwrap_or("the embedded reference");
    let given = Some(given).filter(|given| *given != origin);
    let discovery = format!("{:#}", result.server.discovery);
    html! {
        dl.facts {
            dt { "Server" } dd { code { (shown(&result.server.origin)) } @if let Some(given) = given { " (" (shown(given)) ")" } }
            dt { "When" } dd { (utc(result.began_ms).replace('T', " ")) " UTC, for " (format!("{:.1}", result.duration.as_secs_f64())) " s" }
            dt { "Decided" } dd { (counted(result.covered.len(), "requirement")) " by " (counted(result.cases.len(), "case")) }
            dt { "Suite" } dd { (result.suite.version) ", hash " code { (result.suite.hash) } }
        }
        details {
            summary { "What the server says of itself" }
            div.wide tabindex="0" role="region" aria-label="Discovery document" { pre { (shown(&discovery)) } }
        }
        @if !result.notes.is_empty() {
            h2 { "Notes" }
            ul { @for note in &result.notes { li { (shown(note)) } } }
        }
    }
}

fn sums(result: &RunResult) -> Markup {
    let counts: Vec<(Verdict, usize)> = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict, result.count(verdict)))
        .filter(|(_, count)| *count > 0)
        .collect();
    let parts: Vec<_> = counts
        .iter()
        .map(|(verdict, count)| (tone(*verdict), *count))
        .collect();
    html! {
        (bar(&parts))
        ul.counts aria-label="Cases by verdict" {
            @for (verdict, count) in &counts {
                li { (mark(tone(*verdict), verdict.name())) " " (count) }
            }
        }
    }
}

fn noticed(report: Report<'_>) -> Markup {
    let noticed = &report.result.noticed;
    html! {
        @if !noticed.is_empty() {
            section id="noticed" aria-labelledby="noticed-title" {
                h2 id="noticed-title" { "Noticed besides" }
                p { "Breaches of requirements that no played case is about." }
                @for finding in noticed {
                    article.card {
                        div.card-head { h3 { (finding.requirement) } span.quiet { "in " code { (shown(&finding.case)) } } }
                        @if let Some(requirement) = report.requirements.of(&finding.requirement) {
                            blockquote { (page::sentence(&requirement.sentence)) }
                        }
                        pre { (shown(&finding.detail)) }
                    }
                }
            }
        }
    }
}

/// Cases with a word of why they stand apart.
fn reasons(id: &str, title: &str, about: &str, cases: &[&CaseResult]) -> Markup {
    html! {
        @if !cases.is_empty() {
            section id=(id) aria-labelledby={ (id) "-title" } {
                h2 id={ (id) "-title" } { (title) }
                p { (about) }
                div.wide tabindex="0" role="region" aria-label={ "Table: " (title) } {
                    table.stacked {
                        thead { tr { th scope="col" { "Verdict" } th scope="col" { "Case" } th scope="col" { "Reason" } } }
                        tbody {
                            @for case in cases {
                                tr {
                                    td { (mark(tone(case.verdict), case.verdict.name())) }
                                    td { code { (case.id) } }
                                    td { (shown(reason(case))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn reason(case: &CaseResult) -> &str {
    let expected = case
        .baseline
        .as_ref()
        .map(|expected| expected.reason.as_str());
    case.reason.as_deref().or(expected).unwrap_or_default()
}

fn slowest(result: &RunResult) -> Markup {
    const SHOWN: usize = 10;
    let mut cases: Vec<&CaseResult> = result
        .cases
        .iter()
        .filter(|case| case.reason.is_none())
        .collect();
    cases.sort_by_key(|case| std::cmp::Reverse(case.duration));
    html! {
        section id="slowest" aria-labelledby="slowest-title" {
            h2 id="slowest-title" { "The slowest cases" }
            table {
                thead { tr { th scope="col" { "Case" } th.number scope="col" { "Milliseconds" } } }
                tbody {
                    @for case in cases.iter().take(SHOWN) {
                        tr { td { code { (case.id) } } td.number { (format!("{:.0}", case.duration.as_secs_f64() * 1000.0)) } }
                    }
                }
            }
        }
    }
}

fn of(result: &RunResult, verdict: Verdict) -> Vec<&CaseResult> {
    result
        .cases
        .iter()
        .filter(|case| case.verdict == verdict)
        .collect()
}

fn unplayed(result: &RunResult) -> Vec<&CaseResult> {
    result
        .cases
        .iter()
        .filter(|case| case.reason.is_some())
        .collect()
}
