//! A case's transcript as a text that a reader can follow: step by step, with every frame that went and came.
//!
//! Long texts of bytes are cut, and say how long they were; the whole of them stands in a bundle.

use std::{borrow::Cow, fmt::Write as _};

use crate::{
    peer::connection::BY_REQUESTS,
    requirement::Requirements,
    result::CaseResult,
    scenario::{Case, Step, step::Verb},
    story::{shorten, visible::visible_line},
    transcript::{Line, Transcript, What},
};

/// The text of one case.
pub fn render(
    case: &Case,
    result: &CaseResult,
    transcript: &Transcript,
    requirements: &Requirements,
) -> String {
    let mut out = format!(
        "# {}\n\n{}: **{}**\n\n",
        case.id,
        case.title,
        result.verdict.name()
    );
    for id in &case.requirements {
        let sentence = requirements
            .of(id)
            .map_or("", |requirement| requirement.sentence.as_str());
        let _ = writeln!(out, "- **{id}** {sentence}");
    }
    let _ = writeln!(out, "\nWhy it matters: {}\n", case.why);
    if !transcript.roles.is_empty() {
        let roles = transcript
            .roles
            .iter()
            .map(|(role, account)| format!("{role} is `{account}`"));
        let _ = writeln!(out, "Roles: {}.\n", roles.collect::<Vec<_>>().join(", "));
    }
    out.push_str("`→` went to the server, `←` came from it.\n");
    let mut open = false;
    for line in &transcript.lines {
        if let What::Step(place) = &line.what {
            close(&mut out, &mut open);
            heading(&mut out, case, place);
        } else if let Some(text) = told(line) {
            if !open {
                out.push_str("\n```text\n");
                open = true;
            }
            // No line begins with a fence: each begins with a connection's name or an arrow.
            out.push_str(&text);
            out.push('\n');
        }
    }
    close(&mut out, &mut open);
    if let Some(failure) = &result.failure {
        let _ = writeln!(
            out,
            "\n## It failed\n\n```text\nexpected  {}\ncame      {}\n```",
            visible_line(&failure.expected),
            visible_line(&failure.came)
        );
    }
    out
}

/// A list of the transcripts of a folder.
pub fn index(cases: &[(Cow<'_, Case>, &str)]) -> String {
    let mut out = String::from(
        "# Transcripts\n\n| case | verdict | what a right server does |\n|---|---|---|\n",
    );
    for (case, verdict) in cases {
        let _ = writeln!(
            out,
            "| [{0}]({0}.md) | {verdict} | {1} |",
            case.id,
            case.title.replace('|', r"\|")
        );
    }
    out
}

fn close(out: &mut String, open: &mut bool) {
    if std::mem::take(open) {
        out.push_str("```\n");
    }
}

fn heading(out: &mut String, case: &Case, place: &str) {
    let Some(step) = step_at(&case.steps, place) else {
        out.push_str("\n## After the last step\n\nReceipts are held against blocks; after a refusal, the server must still live.\n");
        return;
    };
    let _ = writeln!(out, "\n## Step {place}\n\n`{}`", step.text);
    if let Some(note) = &step.note {
        let _ = writeln!(out, "\n{note}");
    }
}

/// The step at a place such as `3`, or `4.2 (i = 7)`.
pub fn step_at<'a>(steps: &'a [Step], place: &str) -> Option<&'a Step> {
    let numbers = place.split(' ').next().unwrap_or_default();
    let (first, rest) = match numbers.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (numbers, None),
    };
    let step = steps.get(first.parse::<usize>().ok()?.checked_sub(1)?)?;
    match (rest, &step.verb) {
        (None, _) => Some(step),
        (Some(rest), Verb::Repeat(repeat)) => step_at(&repeat.steps, rest),
        (Some(_), _) => None,
    }
}

fn told(line: &Line) -> Option<String> {
    let text = match &line.what {
        What::Opens(headers) if headers.is_empty() => "→ (opens a socket)".into(),
        What::Opens(headers) => format!("→ (opens a socket with {headers:?})"),
        What::Opened(BY_REQUESTS) => "· (speaks by requests)".to_owned(),
        What::Opened(status) => format!("← (status {status})"),
        What::Sent(text) => format!("→ {}", shorten::text(text)),
        What::SentBytes(text) => format!("→ ({} bytes)", text.len() * 3 / 4),
        What::Received(text) => format!("← {}", shorten::text(text)),
        What::ReceivedBytes(length) => format!("← ({length} bytes, binary)"),
        What::Ended {
            close: Some(code), ..
        } => format!("← (closed with {code})"),
        What::Ended {
            close: None,
            broken,
        } => format!(
            "← (ended without a close frame: {})",
            broken.as_deref().unwrap_or("silently")
        ),
        What::Http {
            request,
            status,
            body,
            ..
        } => format!("→ {request}\n← {status} {}", shorten::text(body)),
        What::Step(_) | What::Took(_) | What::Made { .. } => return None,
    };
    let lines: Vec<String> = text
        .split('\n')
        .map(|part| visible_line(&format!("{:<3}{part}", line.on)))
        .collect();
    Some(lines.join("\n"))
}
