//! What a case uses of a server besides what it is about, as its steps show it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::scenario::{
    Capability, Case, Step,
    step::{Opcode, Verb},
};

/// Something that a server has to do before a case that uses it can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "each is the frame, the entry or the step of its name"
)]
pub enum Skill {
    Discovery,
    Socket,
    Hello,
    /// Openings with headers, and such as are refused.
    Opening,
    /// A prove, or the runner's own join.
    Join,
    Blocks,
    Submit,
    Card,
    Epoch,
    Message,
    Share,
    Redaction,
    Roster,
    Genesis,
    Checkpoint,
    Resume,
    /// A time that is waited for.
    Expiry,
    Binary,
    Fragments,
    Ping,
    /// Frames of RFC 6455 made by hand.
    Wire,
    Stall,
    Http,
    Sse,
    /// A server that the suite starts, kills or looks into.
    Process,
}

/// What a case uses.
pub fn used(case: &Case) -> BTreeSet<Skill> {
    let mut used = BTreeSet::new();
    steps(&case.steps, &mut used);
    for (need, skill) in [
        (Capability::Http, Skill::Http),
        (Capability::Sse, Skill::Sse),
        (Capability::Spawn, Skill::Process),
        (Capability::DataDir, Skill::Process),
        (Capability::ServerLog, Skill::Process),
    ] {
        if case.needs(need) {
            used.insert(skill);
        }
    }
    used
}

/// The codes that have to come, each with those that may come in its place.
pub fn codes(case: &Case) -> Vec<Vec<String>> {
    let mut codes = Vec::new();
    expected(&case.steps, &mut codes);
    codes
}

fn steps(steps_: &[Step], used: &mut BTreeSet<Skill>) {
    for step in steps_ {
        spoken(&step.text, used);
        match &step.verb {
            Verb::Open(open) => {
                used.insert(Skill::Socket);
                if !open.headers.0.is_empty() || !open.header.is_empty() || open.status != 101 {
                    used.insert(Skill::Opening);
                }
            }
            Verb::Join(_) => used.extend([Skill::Socket, Skill::Hello, Skill::Join, Skill::Blocks]),
            Verb::Http(http) => {
                let is_discovery = http.request.path.starts_with("/.well-known/");
                used.insert(if is_discovery {
                    Skill::Discovery
                } else {
                    Skill::Http
                });
            }
            Verb::Send(send) => {
                if send.opcode == Some(Opcode::Binary) {
                    used.insert(Skill::Binary);
                }
                if send.fragments.is_some() {
                    used.insert(Skill::Fragments);
                }
            }
            Verb::Make(make) => {
                used.extend(of_kind(&make.kind));
            }
            Verb::Submit(submit) => {
                used.insert(Skill::Submit);
                if submit.fragments.is_some() {
                    used.insert(Skill::Fragments);
                }
            }
            Verb::Post(_) | Verb::Answers(_) => used.extend([Skill::Submit]),
            Verb::Card(_) => used.extend([Skill::Submit, Skill::Card]),
            Verb::Epoch(_) => used.extend([Skill::Submit, Skill::Epoch]),
            Verb::Message(_) => used.extend([Skill::Submit, Skill::Message]),
            Verb::Roster(_) => used.extend([Skill::Submit, Skill::Roster]),
            Verb::ExpectCheckpoint(_) => used.extend([Skill::Checkpoint]),
            Verb::WaitUntil(_) => used.extend([Skill::Expiry]),
            Verb::Ping(_) => used.extend([Skill::Ping]),
            Verb::Wire(_) | Verb::Dial(_) => used.extend([Skill::Wire]),
            Verb::Stall(_) | Verb::Unstall(_) => used.extend([Skill::Stall]),
            Verb::Kill(_) | Verb::Stop(_) | Verb::Start(_) | Verb::KillAmid(_) | Verb::Again(_) => {
                used.extend([Skill::Process]);
            }
            Verb::Repeat(repeat) => steps(&repeat.steps, used),
            Verb::Expect(_)
            | Verb::ExpectRefused(_)
            | Verb::ExpectBlock(_)
            | Verb::ExpectEnd(_)
            | Verb::Answered(_)
            | Verb::Close(_)
            | Verb::HangUp(_)
            | Verb::Check(_) => {}
        }
    }
}

/// The frames and bodies that a step's text names: templates are not looked into otherwise.
fn spoken(text: &str, used: &mut BTreeSet<Skill>) {
    for (word, skill) in [
        (r#""$hello""#, Skill::Hello),
        (r#""$prove""#, Skill::Join),
        (r#""$epoch_body""#, Skill::Epoch),
        (r#""$share_body""#, Skill::Share),
        (r#""$message_body""#, Skill::Message),
        (r#"{"type":"hello""#, Skill::Hello),
        (r#"{"type":"challenge""#, Skill::Hello),
        (r#"{"type":"prove""#, Skill::Join),
        (r#"{"type":"welcome""#, Skill::Join),
        (r#"{"type":"blocks""#, Skill::Blocks),
        (r#"{"type":"checkpoint""#, Skill::Checkpoint),
        (r#"{"type":"resume""#, Skill::Resume),
    ] {
        if text.contains(word) {
            used.insert(skill);
        }
    }
}

/// None for a kind that there is not.
fn of_kind(kind: &str) -> Option<Skill> {
    Some(match kind {
        "genesis" => Skill::Genesis,
        "roster" => Skill::Roster,
        "card" => Skill::Card,
        "epoch" => Skill::Epoch,
        "share" => Skill::Share,
        "message" => Skill::Message,
        "redaction" => Skill::Redaction,
        _ => return None,
    })
}

/// The code of a refusal that a frame's pattern asks for.
fn refused(text: &str) -> Vec<String> {
    let step: Value = serde_json::from_str(text).unwrap_or_default();
    let frame = &step["frame"];
    let code = frame["code"]
        .as_str()
        .filter(|_| frame["type"] == "refused");
    code.map(str::to_owned).into_iter().collect()
}

fn expected(steps: &[Step], codes: &mut Vec<Vec<String>>) {
    for step in steps {
        let due = match &step.verb {
            Verb::Expect(_) => refused(&step.text),
            Verb::ExpectRefused(refused) => refused.code.as_slice().to_vec(),
            Verb::Submit(submit) => submit.expect.as_slice().to_vec(),
            Verb::Answers(answers) => answers.expect.as_slice().to_vec(),
            Verb::ExpectEnd(end) => end.bye.iter().flatten().cloned().collect(),
            Verb::Http(http) => http.code.iter().cloned().collect(),
            Verb::Answered(answered) => answered.code.iter().cloned().collect(),
            Verb::Repeat(repeat) => {
                expected(&repeat.steps, codes);
                continue;
            }
            _ => continue,
        };
        if !due.is_empty() && !due.iter().any(|code| code == "accepted") {
            codes.push(due);
        }
    }
}
