//! Every step against what it took.

use std::sync::Arc;

use serde_json::Value;

use super::{
    frames::Replayed,
    held::{
        Held, accepted, accepted_and_read, after, answered, answers_submit, end, joined, missing,
        opened, other, sends,
    },
    sent,
    window::{Window, places, windows},
};
use crate::{
    accounts::Actor,
    codec::accounts,
    peer::{connection::BY_REQUESTS, observer::codes},
    play::{CHAIN, Made, Stage},
    result::Verdict,
    scenario::{
        Case, Pattern, Step, Vectors,
        step::{Check, Http, Verb},
    },
    story::Timeline,
    transcript::{Transcript, What},
};

/// What the steps of a case come to.
#[derive(Debug, Default)]
pub struct Walked {
    /// Whether all steps were played.
    pub complete: bool,
    /// How many were judged again.
    pub judged: usize,
    /// How many cannot be.
    pub open: usize,
    /// The first that does not hold: its place, what that makes of the case, and why.
    pub broken: Option<(String, Verdict, String)>,
}

/// Walks through a transcript, step by step.
///
/// # Errors
/// If it cannot be a transcript of the case.
pub fn walk(
    case: &Case,
    transcript: &Transcript,
    replayed: &Replayed,
    vectors: &Arc<Vectors>,
) -> Result<Walked, String> {
    let steps = places(&case.steps);
    let windows = windows(transcript, &steps)?;
    let roles = transcript.roles.iter().filter_map(|(role, account)| {
        let kind = *case.accounts.get(role)?;
        Some((
            role.clone(),
            (kind, Actor::Known(accounts::named(account)?)),
        ))
    });
    let mut walker = Walker {
        stage: Stage::new(
            Arc::clone(&replayed.server),
            Arc::clone(vectors),
            &case.id,
            roles.collect(),
            Timeline::begin(None),
        ),
        case,
        replayed,
    };
    let mut walked = Walked {
        complete: windows.len() == steps.len() + 1,
        ..Walked::default()
    };
    for (number, window) in windows.iter().enumerate() {
        let step = steps.get(number).map(|(_, step)| *step);
        if let Some(fault) = step.and_then(|step| sent::fault(step, window.lines)) {
            return Err(format!("step {}: {fault}", window.place));
        }
        let held = match step {
            Some(step) => walker.step(step, window),
            None => after(window),
        };
        match held {
            Held::Holds => walked.judged += 1,
            Held::Open => walked.open += 1,
            Held::Broken(verdict, why) => {
                walked.broken = Some((window.place.to_owned(), verdict, why));
                break;
            }
        }
    }
    Ok(walked)
}

struct Walker<'a> {
    stage: Stage,
    case: &'a Case,
    replayed: &'a Replayed,
}

impl Walker<'_> {
    fn step(&mut self, step: &Step, window: &Window<'_>) -> Held {
        let round = window.place.split_once("(i = ");
        let round = round.and_then(|(_, rest)| rest.trim_end_matches(')').parse().ok());
        self.stage.recall_round(round);
        self.recall(window);
        match &step.verb {
            Verb::Open(open) => match opened(window) {
                Some(status) if status != open.status && status != BY_REQUESTS => other(
                    format!("status {}", open.status),
                    format!("status {status}"),
                ),
                Some(_) if open.header.is_empty() => Held::Holds,
                Some(_) => Held::Open,
                None => missing(window, &open.on, "an answer to the opening"),
            },
            Verb::Join(join) => joined(window, &join.on),
            Verb::Expect(expect) => match self.taken(window, expect.capture.as_ref()) {
                Some(frame) => self.like(&expect.frame, &frame, step),
                None => missing(window, &expect.on, "a frame"),
            },
            Verb::ExpectRefused(expect) => match self.taken(window, expect.capture.as_ref()) {
                Some(frame) => answered(&frame, expect.code.as_slice()),
                None => missing(window, &expect.on, "a refusal"),
            },
            Verb::Submit(submit) => match self.taken(window, submit.capture.as_ref()) {
                Some(frame) => answers_submit(&frame, submit.expect.as_slice()),
                None => missing(window, &submit.on, "an answer"),
            },
            Verb::ExpectBlock(expect) => {
                match (self.placed(window, &expect.on, &expect.of), &expect.or_bye) {
                    (Some(0), None) => missing(window, &expect.on, "a block"),
                    (Some(0), Some(_)) | (None, _) => Held::Open,
                    (Some(_), _) => Held::Holds,
                }
            }
            Verb::ExpectEnd(expect) => end(window, expect),
            Verb::Answers(answers) => {
                let due = answers.expect.as_slice();
                let mut all = window
                    .took
                    .iter()
                    .map(|(_, frame)| answers_submit(frame, due));
                match all.find(|held| !matches!(held, Held::Holds)) {
                    Some(broken) => broken,
                    None if window.took.len() < answers.to.len() => {
                        missing(window, &answers.on, "an answer")
                    }
                    None => Held::Holds,
                }
            }
            Verb::Epoch(made) => accepted_and_read(window, &made.on),
            Verb::Message(made) => accepted(window, &made.on),
            Verb::Roster(made) => accepted_and_read(window, &made.on),
            // A card that the chain has already is not sent.
            Verb::Card(_) if !sends(window) => Held::Holds,
            Verb::Card(made) => accepted_and_read(window, &made.on),
            // Which of several answers is that of a request that was not waited for, no line says.
            Verb::Http(http) if http.name.is_some() => Held::Holds,
            Verb::Answered(_) => Held::Open,
            Verb::Http(http) => self.http(http, step, window),
            Verb::Check(check) => self.check(check, step, window),
            // What a pong carries, what a checkpoint covered at a moment and how long a wait had to be, no line says.
            Verb::Ping(_) | Verb::ExpectCheckpoint(_) | Verb::WaitUntil(_) => Held::Open,
            // What kills and starts a server is played on one of its own, whose chain is in no transcript.
            Verb::Kill(_) | Verb::Stop(_) | Verb::Start(_) | Verb::KillAmid(_) | Verb::Again(_) => {
                Held::Open
            }
            // Bytes made by hand are no frames, and what came back stands in no transcript.
            Verb::Dial(_) | Verb::Wire(_) => Held::Open,
            Verb::HangUp(_)
            | Verb::Send(_)
            | Verb::Make(_)
            | Verb::Post(_)
            | Verb::Stall(_)
            | Verb::Unstall(_)
            | Verb::Close(_)
            | Verb::Repeat(_) => Held::Holds,
        }
    }

    /// What was made, sent and accepted in a window.
    fn recall(&mut self, window: &Window<'_>) {
        for line in window.lines {
            match &line.what {
                What::Made { name, entry } => self.stage.recall_entry(name, entry.clone()),
                What::Sent(text) => {
                    let frame: Value = serde_json::from_str(text).unwrap_or_default();
                    if let Some(reference) = frame["ref"].as_str() {
                        self.stage.recall_sent(&frame["entry"], reference);
                    }
                }
                _ => {}
            }
        }
        for (_, frame) in &window.took {
            self.stage.recall_accepted(frame);
        }
    }

    /// The frame that a step took, captured where the vector says so.
    fn taken(&mut self, window: &Window<'_>, capture: Option<&String>) -> Option<Value> {
        let (_, frame) = window.took.first()?;
        if let Some(name) = capture {
            self.stage.recall_frame(name, frame);
        }
        Some(frame.clone())
    }

    fn like(&self, pattern: &Pattern, value: &Value, step: &Step) -> Held {
        match self.stage.recalled_differences(pattern, value, &step.text) {
            None => Held::Open,
            Some(none) if none.is_empty() => Held::Holds,
            Some(differences) => other("what the vector says".into(), differences.join("; ")),
        }
    }

    /// How many blocks with an entry that was made came on a connection; none if the entry has no id.
    fn placed(&self, window: &Window<'_>, on: &str, of: &str) -> Option<usize> {
        let id = self.stage.entry_made(of).ok()?.id().ok()?;
        let frames = window.frames(on);
        let blocks = frames.iter().filter_map(|frame| frame["blocks"].as_array());
        let has_it = |block: &&Value| {
            let entry = Made::new(block["entry"].clone());
            entry.id().is_ok_and(|other| other == id)
        };
        Some(blocks.flatten().filter(has_it).count())
    }

    fn http(&mut self, http: &Http, step: &Step, window: &Window<'_>) -> Held {
        let answer = window.lines.iter().find_map(|line| match &line.what {
            What::Http { status, body, .. } => Some((*status, body)),
            _ => None,
        });
        let Some((status, body)) = answer else {
            return Held::Open;
        };
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        if let Some(name) = &http.capture {
            self.stage.recall_frame(name, &body);
        }
        let due = codes::due_status(http.status, http.code.as_deref()).unwrap_or_default();
        if status != due {
            return other(format!("status {due}"), format!("status {status}"));
        }
        if http
            .code
            .as_ref()
            .is_some_and(|code| body["code"] != **code)
        {
            let due = http.code.clone().unwrap_or_default();
            return other(format!("`{due}`"), format!("{}", body["code"]));
        }
        let held = http
            .json
            .as_ref()
            .map_or(Held::Holds, |pattern| self.like(pattern, &body, step));
        match held {
            Held::Holds if !http.header.is_empty() => Held::Open,
            held => held,
        }
    }

    fn check(&mut self, check: &Check, step: &Step, window: &Window<'_>) -> Held {
        match check {
            Check::Once { of, on } => match self.placed(window, on, of) {
                Some(1) => Held::Holds,
                Some(times) => other(
                    "one block with the entry".into(),
                    format!("{times} of them"),
                ),
                None => Held::Open,
            },
            // A block with the entry's id may have another signature.
            Check::Never { of, on } => match self.placed(window, on, of) {
                Some(0) => Held::Holds,
                _ => Held::Open,
            },
            Check::Chain { on } => {
                let here = self.replayed.findings.iter().find(|finding| {
                    finding.case == self.case.id
                        && finding.connection == *on
                        && CHAIN.contains(&finding.requirement.as_str())
                });
                here.map_or(Held::Holds, |finding| {
                    other("one chain".into(), finding.detail.clone())
                })
            }
            Check::Unsaid { .. } | Check::Kept { .. } | Check::Proof { .. } => Held::Open,
            Check::Relation(..) | Check::Signature { .. } => {
                match self.stage.recalled_check(check, &step.text) {
                    None => Held::Open,
                    Some(Ok(())) => Held::Holds,
                    Some(Err(why)) => Held::Broken(Verdict::Fail, why),
                }
            }
        }
    }
}
