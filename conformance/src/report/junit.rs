//! The report as JUnit XML, in the dialect that Jenkins, GitLab and their like read. A suite is an area of requirements.
//!
//! FAIL, CRASHED, TIMEOUT and XPASS are failures; UNTESTABLE and HARNESS-ERROR are errors; UNSUPPORTED and XFAIL are skipped;
//! WARN passes and says so in its output.

use std::{collections::BTreeMap, io, time::Duration};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{
    Report,
    telling::{plain, utc},
};
use crate::{
    result::{CaseResult, Verdict},
    story::visible::{visible, visible_line},
};

/// The report's text.
pub fn render(report: Report<'_>) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // A vector takes everything, and every name below is well-formed.
    let _ = document(&mut writer, report);
    let mut text = String::from_utf8(writer.into_inner()).unwrap_or_default();
    text.push('\n');
    text
}

type Xml = Writer<Vec<u8>>;

fn document(writer: &mut Xml, report: Report<'_>) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let result = report.result;
    let mut suites: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for case in &result.cases {
        suites.entry(area(case)).or_default().push(case);
    }
    let all: Vec<&CaseResult> = result.cases.iter().collect();
    writer
        .create_element("testsuites")
        .with_attribute(("name", "dispatch-d/1"))
        .with_attributes(borrowed(&sums(&all, result.duration)))
        .write_inner_content(|writer| {
            for (area, cases) in &suites {
                suite(writer, report, area, cases)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn suite(
    writer: &mut Xml,
    report: Report<'_>,
    area: &str,
    cases: &[&CaseResult],
) -> io::Result<()> {
    let result = report.result;
    let time = cases.iter().map(|case| case.duration).sum();
    let timestamp = utc(result.began_ms);
    let host = result
        .server
        .origin
        .split_once("://")
        .map_or("", |(_, host)| host);
    let properties = [
        ("server", visible_line(&result.server.origin)),
        ("suite.version", result.suite.version.clone()),
        ("suite.hash", result.suite.hash.clone()),
        ("suite.vectors", result.suite.vectors.clone()),
    ];
    writer
        .create_element("testsuite")
        .with_attribute(("name", area))
        .with_attributes(borrowed(&sums(cases, time)))
        .with_attribute(("timestamp", timestamp.as_str()))
        .with_attribute(("hostname", visible_line(host).as_str()))
        .write_inner_content(|writer| {
            writer
                .create_element("properties")
                .write_inner_content(|writer| {
                    for (name, value) in &properties {
                        writer
                            .create_element("property")
                            .with_attribute(("name", *name))
                            .with_attribute(("value", value.as_str()))
                            .write_empty()?;
                    }
                    Ok(())
                })?;
            for case in cases {
                testcase(writer, report, area, case)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn testcase(writer: &mut Xml, report: Report<'_>, area: &str, case: &CaseResult) -> io::Result<()> {
    let class = format!("dispatch-d.{area}");
    let time = seconds(case.duration);
    let element = writer
        .create_element("testcase")
        .with_attribute(("name", case.id.as_str()))
        .with_attribute(("classname", class.as_str()))
        .with_attribute(("time", time.as_str()));
    let told = match case.verdict {
        Verdict::Pass => {
            element.write_empty()?;
            return Ok(());
        }
        Verdict::Warn => "system-out",
        Verdict::Unsupported | Verdict::Xfail => "skipped",
        Verdict::Untestable | Verdict::HarnessError => "error",
        Verdict::Fail | Verdict::Crashed | Verdict::Timeout | Verdict::Xpass => "failure",
    };
    let message = visible_line(&message(case));
    let text = visible(&plain(report, case)).into_owned();
    element.write_inner_content(|writer| {
        let child = writer.create_element(told);
        match told {
            "system-out" => {
                child.write_text_content(BytesText::new(&format!("WARN {message}\n{text}")))?
            }
            "skipped" => child
                .with_attribute(("message", message.as_str()))
                .write_empty()?,
            _ => child
                .with_attribute(("message", message.as_str()))
                .with_attribute(("type", case.verdict.name()))
                .write_text_content(BytesText::new(&text))?,
        };
        Ok(())
    })?;
    Ok(())
}

/// What a list of failures shows.
fn message(case: &CaseResult) -> String {
    if let Some(reason) = &case.reason {
        return reason.clone();
    }
    match (case.verdict, &case.baseline, &case.failure) {
        (Verdict::Xfail, Some(expected), _) => format!("expected to fail: {}", expected.reason),
        (Verdict::Xpass, Some(expected), _) => {
            format!(
                "passes, though the baseline expects {}: {}",
                expected.verdict.name(),
                expected.reason
            )
        }
        (_, _, Some(failure)) => format!(
            "{}expected {}, came {}",
            failure
                .requirement
                .as_ref()
                .map_or_else(String::new, |id| format!("{id}: ")),
            failure.expected,
            failure.came
        ),
        _ => case.title.clone(),
    }
}

fn sums(cases: &[&CaseResult], time: Duration) -> [(&'static str, String); 5] {
    let count = |verdicts: &[Verdict]| {
        let count = cases
            .iter()
            .filter(|case| verdicts.contains(&case.verdict))
            .count();
        count.to_string()
    };
    [
        ("tests", cases.len().to_string()),
        (
            "failures",
            count(&[
                Verdict::Fail,
                Verdict::Crashed,
                Verdict::Timeout,
                Verdict::Xpass,
            ]),
        ),
        (
            "errors",
            count(&[Verdict::Untestable, Verdict::HarnessError]),
        ),
        ("skipped", count(&[Verdict::Unsupported, Verdict::Xfail])),
        ("time", seconds(time)),
    ]
}

fn borrowed<'a>(
    attributes: &'a [(&'static str, String)],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
}

/// `testsuites` has no `skipped` in some readers' schemas; they ignore it.
fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// The area of the requirement that a case is first about.
fn area(case: &CaseResult) -> &str {
    let first = case.requirements.first().and_then(|id| id.rsplit_once('-'));
    first.map_or("other", |(area, _)| area)
}
