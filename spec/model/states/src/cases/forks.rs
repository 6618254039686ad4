//! What a server that is honest says to entries which were written on another chain than its own: it reads as Bob reads.

use serde_json::{Value, json};

use super::Scene;
use crate::{
    cover::{Kind, Playable, Played, Walk},
    models::forks::{Action, BOB, Entry, Forks, State, account, held},
};

pub(super) const WHY: &str = "An entry that was written in another history is the one sign of a fork. A server that takes it smooths the fork over.";

impl Playable for Forks {
    fn played(&self, state: &State, action: &Action) -> Played {
        match action {
            // Bob's chain is the server's.
            Action::Show(BOB, entry, prev) => {
                let is_there = held(&state.chains[BOB]).contains(&(*entry as u8));
                let is_fork = !held(&state.chains[BOB]).starts_with(&state.entries[*entry].held);
                match self.refusals(state, BOB, *entry, prev).as_slice() {
                    // An entry that is there already gets its receipt (ENTRY-6).
                    _ if is_there => Played::Not,
                    [] => match state.entries[*entry].held.len() {
                        0 => Kind::seen(
                            "an entry of who had seen nothing yet is accepted",
                            &["ENTRY-11"],
                        ),
                        _ => Kind::seen(
                            "an entry of who had seen what the server has is accepted",
                            &["ENTRY-11"],
                        ),
                    },
                    ["bad_seq"] => Kind::seen(
                        "an entry without its author's one before is refused",
                        &["ENTRY-4"],
                    ),
                    ["bad_seen"] if is_fork => Kind::seen(
                        "an entry that was written on another chain is refused",
                        &["ENTRY-7"],
                    ),
                    ["bad_seen"] => Kind::seen(
                        "an entry whose author had seen more before is refused",
                        &["ENTRY-8"],
                    ),
                    _ => Kind::seen(
                        "an entry on another chain, without the one before, is refused",
                        &["ENTRY-4", "ENTRY-7"],
                    ),
                }
            }
            Action::Show(device, entry, prev) => {
                match self.refusals(state, *device, *entry, prev).is_empty() {
                    true => Played::Unseen,
                    false => Played::Not,
                }
            }
            Action::Write(_) => Played::Unseen,
        }
    }
}

fn role(entry: &Entry) -> &'static str {
    ["alice", "bob"][account(entry.by)]
}

/// The case of a walk.
pub(super) fn scene(walk: &Walk<Forks>) -> Scene {
    let model = Forks(None);
    let mut scene = Scene {
        accounts: vec![("alice", "member"), ("bob", "member")],
        steps: vec![
            json!({"join": "as", "as": "alice"}),
            json!({"join": "bs", "as": "bob"}),
            json!({"make": "start", "by": "alice", "kind": "card", "body": {"x25519": {"$": "alice.x25519"}}}),
            json!({"submit": "as", "entry": "start", "expect": "accepted"}),
            json!({"expect_block": "bs", "of": "start"}),
        ],
        ids: vec!["ENTRY-4", "ENTRY-11"],
        ..Scene::default()
    };
    let mut refused = Vec::new();
    for (number, step) in walk.iter().enumerate() {
        let Action::Show(BOB, index, prev) = &step.action else {
            continue;
        };
        let entry = &step.state.entries[*index];
        let codes = model.refusals(&step.state, BOB, *index, prev);
        // An entry that is offered twice is one statement, and is made twice: its number and its view are told anew each time.
        let name = match codes.is_empty() {
            true => format!("e{index}"),
            false => format!("e{index}-{number}"),
        };
        scene.steps.push(make(&name, &step.state, entry));
        let on = format!("{}s", &role(entry)[..1]);
        let expect = match codes.as_slice() {
            [] => json!("accepted"),
            [code] => json!(code),
            codes => json!(codes),
        };
        scene
            .steps
            .push(json!({"submit": on, "entry": name, "expect": expect}));
        match codes.is_empty() {
            true => {
                let others = ["as", "bs"].map(|on| json!({"expect_block": on, "of": name}));
                scene.steps.extend(others);
            }
            false => refused.push(name),
        }
    }
    scene.steps.push(json!({"make": "fence", "by": "bob", "kind": "card", "body": {"x25519": {"$": "bob.x25519"}}}));
    scene
        .steps
        .push(json!({"submit": "bs", "entry": "fence", "expect": "accepted"}));
    scene
        .steps
        .push(json!({"expect_block": "as", "of": "fence"}));
    scene.steps.extend(
        refused
            .iter()
            .map(|name| json!({"check": "never", "of": name, "on": "as"})),
    );
    scene
}

fn make(name: &str, state: &State, entry: &Entry) -> Value {
    let chain = held(&state.chains[BOB]);
    let own = chain
        .iter()
        .filter(|index| account(state.entries[usize::from(**index)].by) == account(entry.by));
    let ahead = i64::from(entry.seq) - own.count() as i64 - 1;
    // The model's empty chain is the one that this case begins with.
    let block =
        |index: Option<&u8>| index.map_or_else(|| "start".to_owned(), |index| format!("e{index}"));
    let seen = match chain.starts_with(&entry.held) {
        true => {
            let last = block(entry.held.last());
            json!({"size": {"$add": [{"$": format!("{last}.index")}, 1]}, "hash": {"$": format!("{last}.hash")}})
        }
        false => {
            let last = block(chain.last());
            json!({"size": {"$add": [{"$": format!("{last}.index")}, 1]}, "hash": {"$random": 32}})
        }
    };
    let (by, key) = (role(entry), format!("{}.x25519", role(entry)));
    let seq = json!({"$add": [{"$": format!("{by}.next_seq")}, ahead]});
    json!({"make": name, "by": by, "kind": "card", "body": {"x25519": {"$": key}}, "with": {"seq": seq, "seen": seen}})
}
