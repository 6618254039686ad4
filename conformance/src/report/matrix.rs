//! Several implementations side by side, as a page: where they differ first, then everything.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{
    page::{self, Tone, bar, mark, shown},
    telling::{counted, headline, tone},
};
use crate::{
    requirement::Requirements,
    result::{CaseResult, RunResult, Verdict},
};

/// An implementation's name and what its run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name on the page.
    pub name: String,
    /// Its run.
    pub result: RunResult,
}

/// The page.
pub fn render(columns: &[Column], requirements: &Requirements) -> String {
    let hashes: BTreeSet<&str> = columns
        .iter()
        .map(|column| column.result.suite.vectors.as_str())
        .collect();
    let rows = rows(columns, requirements);
    let differing: Vec<&Row<'_>> = rows.iter().filter(|row| row.differs()).collect();
    let head = html! {
        p { (counted(columns.len(), "implementation")) ", " (counted(rows.len(), "case")) ", of which " (differing.len()) " differ." }
        @if hashes.len() > 1 {
            p.banner.fair { "These runs were judged by different vectors: a difference may be the suite's." }
        }
        nav.contents aria-label="On this page" {
            ul {
                li { a href="#sums" { "Each implementation" } }
                li { a href="#differences" { "Where they differ" } }
                li { a href="#all" { "All cases" } }
            }
        }
    };
    let main = html! {
        (sums(columns))
        section id="differences" aria-labelledby="differences-title" {
            h2 id="differences-title" { "Where they differ" }
            @if differing.is_empty() { p { "Nowhere." } } @else { (table("Where they differ", columns, &differing)) }
        }
        section id="all" aria-labelledby="all-title" {
            h2 id="all-title" { "All cases" }
            @for (chapter, rows) in chapters(&rows) {
                details {
                    summary { (chapter) " " span.quiet { "(" (counted(rows.len(), "case")) ")" } }
                    (table(chapter, columns, &rows))
                }
            }
        }
    };
    page::page(
        "Implementations of dispatch-d/1, side by side",
        &head,
        &main,
    )
}

/// A case with the verdict of each implementation.
struct Row<'a> {
    case: &'a CaseResult,
    chapter: &'a str,
    verdicts: Vec<Option<Verdict>>,
}

impl Row<'_> {
    fn differs(&self) -> bool {
        self.verdicts
            .iter()
            .any(|verdict| *verdict != self.verdicts[0])
    }
}

/// The cases of all runs, in the order of the specification's chapters.
fn rows<'a>(columns: &'a [Column], requirements: &'a Requirements) -> Vec<Row<'a>> {
    let mut cases: BTreeMap<&str, &CaseResult> = BTreeMap::new();
    for case in columns.iter().flat_map(|column| &column.result.cases) {
        cases.entry(&case.id).or_insert(case);
    }
    let order: BTreeMap<&str, usize> = requirements
        .iter()
        .enumerate()
        .map(|(place, requirement)| (requirement.id.as_str(), place))
        .collect();
    let first = |case: &CaseResult| case.requirements.first().cloned().unwrap_or_default();
    let mut cases: Vec<&CaseResult> = cases.into_values().collect();
    cases.sort_by_key(|case| {
        order
            .get(first(case).as_str())
            .copied()
            .unwrap_or(usize::MAX)
    });
    cases
        .into_iter()
        .map(|case| Row {
            case,
            chapter: requirements
                .of(&first(case))
                .map_or("Other", |requirement| requirement.chapter.as_str()),
            verdicts: columns
                .iter()
                .map(|column| {
                    column
                        .result
                        .cases
                        .iter()
                        .find(|other| other.id == case.id)
                        .map(|other| other.verdict)
                })
                .collect(),
        })
        .collect()
}

fn chapters<'a>(rows: &'a [Row<'a>]) -> Vec<(&'a str, Vec<&'a Row<'a>>)> {
    let mut chapters: Vec<(&str, Vec<&Row<'_>>)> = Vec::new();
    for row in rows {
        match chapters
            .iter_mut()
            .find(|(chapter, _)| *chapter == row.chapter)
        {
            Some((_, rows)) => rows.push(row),
            None => chapters.push((row.chapter, vec![row])),
        }
    }
    chapters
}

fn sums(columns: &[Column]) -> Markup {
    html! {
        section id="sums" aria-labelledby="sums-title" {
            h2 id="sums-title" { "Each implementation" }
            @for column in columns {
                @let (tone_, text) = headline(&column.result);
                @let parts: Vec<_> = Verdict::ALL.into_iter().map(|verdict| (tone(verdict), column.result.count(verdict))).collect();
                article.card {
                    div.card-head {
                        h3 { (shown(&column.name)) }
                        (mark(tone_, match tone_ { Tone::Good => "CONFORMANT", Tone::Bad => "NOT CONFORMANT", _ => "SEE BELOW" }))
                    }
                    p { (text) "." }
                    (bar(&parts))
                    p.quiet { "Server " code { (shown(&column.result.server.origin)) } ", suite " (shown(&column.result.suite.version)) ", vectors " code { (shown(&column.result.suite.vectors)) } }
                }
            }
        }
    }
}

fn table(label: &str, columns: &[Column], rows: &[&Row<'_>]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label={ "Table: " (label) } {
            table {
                thead { tr {
                    th scope="col" { "Case" } th scope="col" { "Decides" }
                    @for column in columns { th scope="col" { (shown(&column.name)) } }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { code { (shown(&row.case.id)) } }
                            td { (shown(&row.case.requirements.join(" "))) }
                            @for verdict in &row.verdicts {
                                td { @match verdict {
                                    Some(verdict) => (mark(tone(*verdict), verdict.name())),
                                    None => (mark(Tone::Neutral, "NOT PLAYED")),
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}
