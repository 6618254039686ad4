//! Two devices of one account, and answers that are lost.

use serde_json::{Value, json};
use stateright::actor::{ActorModelAction, Id};

use super::Scene;
use crate::{
    cover::{Kind, Playable, Played, Step, Walk},
    models::submits::{Entry, Message, Party, Submits, Timer, chain},
};

pub(super) const WHY: &str = "An answer that is lost, and a number that another device took, look alike to who waits. Whoever takes the one for the other says a thing twice, or not at all.";

type Action = ActorModelAction<Message, Timer, ()>;

impl Playable for Submits {
    fn played(&self, state: &Self::State, action: &Action) -> Played {
        // What is appended is durable before anything else comes: the moment between cannot be hit from outside.
        let waits = matches!(&*state.actor_states[0], Party::Server { chain, durable, .. } if *durable < chain.len());
        match action {
            ActorModelAction::Timeout(_, Timer::Flush) => Played::Unseen,
            _ if waits => Played::Not,
            ActorModelAction::Deliver {
                msg: Message::Submit(entry),
                ..
            } => {
                let chain = chain(state);
                let next = chain.len() as u8 + 1;
                match chain.contains(entry) {
                    true => Kind::seen(
                        "an entry that comes again gets its first receipt",
                        &["ENTRY-5", "ENTRY-6"],
                    ),
                    false if entry.seq != next => {
                        Kind::seen("a number that another device took is refused", &["ENTRY-4"])
                    }
                    false if entry.signing > 0 => Kind::seen(
                        "words that are signed anew, under the next number, are accepted",
                        &["ENTRY-4"],
                    ),
                    false => Kind::seen("an entry is accepted", &["ENTRY-11"]),
                }
            }
            ActorModelAction::Drop(envelope) => match envelope.msg {
                Message::Submit(_) => Played::Not,
                Message::Accepted(..) => {
                    Kind::seen("a receipt is lost with its connection", &["ENTRY-5"])
                }
                Message::BadSeq(..) => Played::Not,
            },
            ActorModelAction::Deliver { .. } | ActorModelAction::Timeout(..) => Played::Unseen,
            _ => Played::Not,
        }
    }
}

/// The case of a walk.
pub(super) fn scene(walk: &Walk<Submits>) -> Scene {
    let mut scene = Scene {
        accounts: vec![("alice", "member")],
        steps: vec![
            json!({"join": "device1", "as": "alice"}),
            json!({"join": "device2", "as": "alice"}),
            json!({"join": "reader", "as": "alice"}),
        ],
        ids: vec!["ENTRY-4", "ENTRY-5", "ENTRY-11"],
        ..Scene::default()
    };
    let mut lines = [0, 1, 1];
    let mut made: Vec<Entry> = Vec::new();
    let mut refused: Vec<Entry> = Vec::new();
    let mut said: Vec<Entry> = Vec::new();
    for (number, step) in walk.iter().enumerate() {
        let ActorModelAction::Deliver {
            src,
            msg: Message::Submit(entry),
            ..
        } = &step.action
        else {
            continue;
        };
        let device = usize::from(*src);
        let on = match lines[device] {
            1 => format!("device{device}"),
            line => format!("device{device}-{line}"),
        };
        let name = name(entry);
        let chain = chain(&step.state);
        if !made.contains(entry) {
            made.push(*entry);
            scene.steps.push(make(entry, chain.len()));
        }
        let is_repeat = chain.contains(entry);
        let taken = is_repeat || usize::from(entry.seq) == chain.len() + 1;
        let is_lost = taken && loses_answer(&walk[number..], *src, entry);
        if is_lost {
            lines[device] += 1;
            scene.steps.push(json!({"post": on, "entry": name}));
            scene
                .steps
                .push(json!({"expect_block": "reader", "of": name}));
            scene.steps.push(json!({"hang_up": on}));
            scene
                .steps
                .push(json!({"join": format!("device{device}-{}", lines[device]), "as": "alice"}));
        } else {
            let expect = if taken { "accepted" } else { "bad_seq" };
            let answer = format!("answer{number}");
            scene
                .steps
                .push(json!({"submit": on, "entry": name, "expect": expect, "capture": answer}));
            if is_repeat {
                let first = json!({"$": format!("{name}.index")});
                scene.steps.push(json!({"check": "equal", "left": {"$": format!("{answer}.index")}, "right": first}));
            } else if taken {
                scene
                    .steps
                    .push(json!({"expect_block": "reader", "of": name}));
            }
        }
        if taken {
            said.push(*entry);
        } else {
            refused.push(*entry);
        }
    }
    scene.steps.push(json!({"make": "fence", "by": "alice", "kind": "card", "body": {"x25519": {"$": "alice.x25519"}}}));
    scene
        .steps
        .push(json!({"submit": "reader", "entry": "fence", "expect": "accepted"}));
    scene
        .steps
        .push(json!({"expect_block": "reader", "of": "fence"}));
    said.dedup();
    let once = said
        .iter()
        .map(|entry| json!({"check": "once", "of": name(entry), "on": "reader"}));
    scene.steps.extend(once);
    let never = refused
        .iter()
        .map(|entry| json!({"check": "never", "of": name(entry), "on": "reader"}));
    scene.steps.extend(never);
    scene
}

fn name(entry: &Entry) -> String {
    format!("words{}-{}", entry.words, entry.signing)
}

/// The entry, whose number is told from the account's next one: it has written before this case.
fn make(entry: &Entry, said: usize) -> Value {
    let ahead = i64::from(entry.seq) - said as i64 - 1;
    let seq = json!({"$add": [{"$": "alice.next_seq"}, ahead]});
    json!({"make": name(entry), "by": "alice", "kind": "card", "body": {"x25519": {"$": "alice.x25519"}}, "with": {"seq": seq}})
}

/// Whether the next that is heard of the entry's answer is that it was lost.
fn loses_answer(walk: &[Step<Submits>], device: Id, entry: &Entry) -> bool {
    let answers = walk.iter().find_map(|step| match &step.action {
        ActorModelAction::Drop(envelope) => match envelope.msg {
            Message::Accepted(other, _) if other == *entry && envelope.dst == device => Some(true),
            _ => None,
        },
        ActorModelAction::Deliver {
            dst,
            msg: Message::Accepted(other, _),
            ..
        } => (other == entry && *dst == device).then_some(false),
        _ => None,
    });
    answers.unwrap_or_default()
}
