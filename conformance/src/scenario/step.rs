//! Steps: the verbs of the live vectors and what each of them takes.
//!
//! The first member of a step names its verb.

mod connections;
mod entries;
mod expectations;
mod process;
mod wires;

pub use connections::{
    Answered, Close, Edit, Have, HexBytes, Http, Join, Opcode, Open, Ping, Request, Send, Stall,
    Unstall, WaitUntil,
};
pub use entries::{Answers, Card, EntryRef, Epoch, Make, Message, Post, Roster, Signing, Submit};
pub use expectations::{
    Check, Expect, ExpectBlock, ExpectCheckpoint, ExpectEnd, ExpectRefused, OneOrMore, Relation,
};
pub use process::{Again, Kill, KillAmid, Sight, Start, Stop, Whom};
pub use wires::{Dial, HangUp, OnWire, OpcodeName, RawFrame, RawOpcode};

use serde::Deserialize;
use serde_json::{Map, Value};

/// One step of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Step {
    /// What it does.
    pub verb: Verb,
    /// What the vector's author says about it.
    pub note: Option<String>,
    /// Its text in the vector, on one line.
    pub text: String,
}

/// What a step does.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each variant is its struct's verb")]
pub enum Verb {
    Open(Open),
    Join(Join),
    Send(Send),
    Ping(Ping),
    Expect(Expect),
    ExpectRefused(ExpectRefused),
    ExpectBlock(ExpectBlock),
    ExpectCheckpoint(ExpectCheckpoint),
    ExpectEnd(ExpectEnd),
    Make(Make),
    Submit(Submit),
    Post(Post),
    Answers(Answers),
    Card(Card),
    Epoch(Epoch),
    Message(Message),
    Roster(Roster),
    Stall(Stall),
    Unstall(Unstall),
    WaitUntil(WaitUntil),
    Http(Box<Http>),
    Answered(Answered),
    Close(Close),
    Kill(Kill),
    Stop(Stop),
    Start(Start),
    KillAmid(KillAmid),
    Again(Again),
    Dial(Dial),
    Wire(OnWire),
    HangUp(HangUp),
    Repeat(Repeat),
    Check(Check),
}

/// Runs steps several times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// How often.
    #[serde(rename = "repeat")]
    pub times: u64,
    /// What.
    pub steps: Vec<Step>,
}

impl TryFrom<Map<String, Value>> for Step {
    type Error = String;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, String> {
        let text = Value::Object(members.clone()).to_string();
        let note = match members.shift_remove("note") {
            None => None,
            Some(Value::String(note)) => Some(note),
            Some(other) => return Err(format!("a note is a text, not {other}")),
        };
        let verb = verb(members).map_err(|fault| format!("{fault}, in the step {text}"))?;
        Ok(Self { verb, note, text })
    }
}

fn verb(members: Map<String, Value>) -> Result<Verb, String> {
    let name = members
        .keys()
        .next()
        .ok_or("an empty object is no step")?
        .clone();
    match name.as_str() {
        "open" => parsed(members, Verb::Open),
        "join" => parsed(members, Verb::Join),
        "send" => parsed(members, Verb::Send).and_then(one_content),
        "ping" => parsed(members, Verb::Ping),
        "expect" => parsed(members, Verb::Expect),
        "expect_refused" => parsed(members, Verb::ExpectRefused),
        "expect_block" => parsed(members, Verb::ExpectBlock),
        "expect_checkpoint" => parsed(members, Verb::ExpectCheckpoint),
        "expect_end" => parsed(members, Verb::ExpectEnd),
        "make" => parsed(members, Verb::Make),
        "submit" => parsed(members, Verb::Submit),
        "post" => parsed(members, Verb::Post),
        "answers" => parsed(members, Verb::Answers),
        "card" => parsed(members, Verb::Card),
        "epoch" => parsed(members, Verb::Epoch),
        "message" => parsed(members, Verb::Message),
        "roster" => parsed(members, Verb::Roster),
        "stall" => parsed(members, Verb::Stall),
        "unstall" => parsed(members, Verb::Unstall),
        "wait_until" => parsed(members, Verb::WaitUntil),
        "http" => parsed(members, |http| Verb::Http(Box::new(http))),
        "answered" => parsed(members, Verb::Answered),
        "close" => parsed(members, Verb::Close),
        "kill" => parsed(members, Verb::Kill),
        "stop" => parsed(members, Verb::Stop),
        "start" => parsed(members, Verb::Start),
        "kill_amid" => parsed(members, Verb::KillAmid),
        "again" => parsed(members, Verb::Again),
        "dial" => parsed(members, Verb::Dial),
        "wire" => parsed(members, Verb::Wire),
        "hang_up" => parsed(members, Verb::HangUp),
        "repeat" => parsed(members, Verb::Repeat),
        "check" => parsed(members, Verb::Check),
        unknown => Err(format!(
            "`{unknown}` is no verb; a step's first member names its verb"
        )),
    }
}

/// Reads a verb's members.
fn parsed<T: for<'de> Deserialize<'de>>(
    members: Map<String, Value>,
    verb: fn(T) -> Verb,
) -> Result<Verb, String> {
    serde_json::from_value(Value::Object(members))
        .map(verb)
        .map_err(|error| error.to_string())
}

/// A `send` has one of `frame`, `text` and `hex` with `opcode`, and some members stand beside `frame` alone.
fn one_content(verb: Verb) -> Result<Verb, String> {
    let Verb::Send(send) = &verb else {
        return Ok(verb);
    };
    let frame_only = !send.edits.is_empty() || send.pad_to.is_some() || send.name.is_some();
    let fits = match (&send.frame, &send.text, &send.hex, send.opcode) {
        (Some(_), None, None, None | Some(Opcode::Binary)) => true,
        (None, Some(_), None, None) => !frame_only,
        (None, None, Some(_), Some(_)) => !frame_only && send.fragments.is_none(),
        _ => false,
    };
    if fits {
        Ok(verb)
    } else {
        Err("a `send` has a frame, or a text, or hex and opcode".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Step, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_member_names_the_verb() {
        let step = read(r#"{"message": "m", "by": "a", "on": "x", "epoch": "e"}"#).expect("a step");
        assert!(matches!(step.verb, Verb::Message(_)));
        let step = read(r#"{"expect_end": "x", "close": 1008, "bye": null}"#).expect("a step");
        let Verb::ExpectEnd(end) = step.verb else {
            panic!("another verb: {:?}", step.verb)
        };
        assert_eq!(end.bye, Some(None));
        assert_eq!(
            end.close.map(|close| close.as_slice().to_vec()),
            Some(vec![1008])
        );
    }

    #[test]
    fn a_member_that_a_verb_does_not_take_is_a_fault() {
        assert!(read(r#"{"ping": "x", "pong": 1}"#).is_err_and(|fault| fault.contains("pong")));
        assert!(read(r#"{"jion": "x"}"#).is_err_and(|fault| fault.contains("jion")));
    }

    #[test]
    fn any_step_may_have_a_note() {
        let step = read(r#"{"ping": "x", "note": "because"}"#).expect("a step");
        assert_eq!(step.note.as_deref(), Some("because"));
    }

    #[test]
    fn a_send_has_one_content() {
        assert!(read(r#"{"send": "x", "text": "a", "hex": "00", "opcode": "text"}"#).is_err());
        assert!(read(r#"{"send": "x", "hex": "00"}"#).is_err());
        assert!(read(r#"{"send": "x", "text": "a"}"#).is_ok());
        assert!(
            read(r#"{"send": "x", "text": "a", "edits": [{"replace": "a", "with": "b"}]}"#)
                .is_err()
        );
    }

    #[test]
    fn steps_inside_a_repeat_are_read_in_their_order_too() {
        let step = read(
            r#"{"repeat": 3, "steps": [{"message": "m", "by": "a", "on": "x", "epoch": "e"}]}"#,
        );
        let Verb::Repeat(repeat) = step.expect("a step").verb else {
            panic!("another verb")
        };
        assert!(matches!(repeat.steps[0].verb, Verb::Message(_)));
    }

    #[test]
    fn a_check_has_the_members_of_its_relation() {
        assert!(read(r#"{"check": "equal", "left": 1, "right": 1}"#).is_ok());
        assert!(read(r#"{"check": "chain", "on": "x"}"#).is_ok());
        assert!(read(r#"{"check": "chain", "left": 1, "right": 1}"#).is_err());
        assert!(read(r#"{"check": "once", "of": "m", "on": "x", "left": 1}"#).is_err());
        assert!(read(r#"{"check": "at_least", "left": 1, "right": 1}"#).is_err());
    }
}
