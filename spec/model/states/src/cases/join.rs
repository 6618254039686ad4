//! Joins on two sockets.

use serde_json::{Value, json};

use super::Scene;
use crate::{
    cover::{Kind, Playable, Played, Walk},
    models::join::{Action, Join, Proof, State, Via, Who},
};

pub(super) const WHY: &str = "What one connection says must not change what another is told, and no order of frames may open what each alone does not.";

impl Playable for Join {
    fn played(&self, state: &State, action: &Action) -> Played {
        let codes = self.refusals(state, action);
        match action {
            Action::Hello(_, Via::Socket, account) => match codes.as_slice() {
                [] => Kind::seen(
                    format!("{} hello is challenged", whose(*account)),
                    &["JOIN-6"],
                ),
                _ if Self::is_open(state, sender(action)) => {
                    Kind::seen("a hello after the welcome is unexpected", &["SESS-14"])
                }
                _ => Kind::seen(
                    "a hello in the place of a proof is unexpected",
                    &["SESS-14"],
                ),
            },
            Action::Prove(who, Via::Socket, name, proof) => {
                let named = state.challenges[*name];
                match codes.as_slice() {
                    [] => Kind::seen("a good proof is welcomed", &["JOIN-15"]),
                    ["unexpected_frame"] => {
                        Kind::seen("a proof after the welcome is unexpected", &["SESS-14"])
                    }
                    ["no_challenge"] if named.holder != *who => Kind::seen(
                        "a proof for another connection's challenge finds none",
                        &["JOIN-9"],
                    ),
                    ["no_challenge"] => Kind::seen(
                        "a proof for a spent challenge finds none",
                        &["JOIN-13", "JOIN-9"],
                    ),
                    // One fault at a time, so that its code alone is due.
                    ["challenge_expired", _, ..] => Played::Not,
                    ["challenge_expired"] => {
                        Kind::seen("a proof that comes too late is refused", &["JOIN-10"])
                    }
                    ["bad_proof"] if proof.by != Who::Alice => {
                        Kind::seen("a proof by another key is refused", &["JOIN-11"])
                    }
                    ["bad_proof"] => Kind::seen(
                        "a signature over another challenge proves nothing",
                        &["JOIN-11"],
                    ),
                    _ => Kind::seen("a stranger's good proof is refused", &["JOIN-12"]),
                }
            }
            Action::Sign(_) => Played::Unseen,
            Action::Tick if !state.challenges.is_empty() => Played::Unseen,
            _ => Played::Not,
        }
    }
}

fn sender(action: &Action) -> Who {
    match action {
        Action::Hello(who, ..) | Action::Prove(who, ..) => *who,
        _ => Who::Alice,
    }
}

fn whose(account: Who) -> &'static str {
    match account {
        Who::Alice => "a member's",
        Who::Mallory => "a stranger's",
    }
}

fn role(who: Who) -> &'static str {
    match who {
        Who::Alice => "alice",
        Who::Mallory => "mallory",
    }
}

/// The case of a walk.
pub(super) fn scene(walk: &Walk<Join>) -> Scene {
    let model = Join(None);
    let mut scene = Scene {
        only: Some("a challenge stands on its connection, and requests have none"),
        accounts: vec![("alice", "member"), ("mallory", "outsider")],
        steps: vec![json!({"open": "alices"}), json!({"open": "mallorys"})],
        ..Scene::default()
    };
    for step in walk {
        let on = format!("{}s", role(sender(&step.action)));
        let answer = |taken: Value| match model.refusals(&step.state, &step.action).as_slice() {
            [] => taken,
            [code] => json!({"expect_refused": on, "code": code}),
            codes => json!({"expect_refused": on, "code": codes}),
        };
        let made = step.state.challenges.len();
        match &step.action {
            Action::Hello(_, _, account) => {
                let hello = json!({"$hello": {"as": role(*account), "with": {"have": {"$": "server.have"}}}});
                let taken = json!({"expect": on, "frame": {"type": "challenge"}, "capture": format!("challenge{made}")});
                let answer = answer(taken);
                let mut send = json!({"send": on, "frame": hello});
                if answer.get("expect").is_some() {
                    send["as"] = json!(format!("hello{made}"));
                }
                scene.steps.extend([send, answer]);
            }
            Action::Prove(_, _, name, proof) => {
                let frame = prove(&step.state, *name, *proof);
                let taken = json!({"expect": on, "frame": {"type": "welcome"}});
                scene
                    .steps
                    .extend([json!({"send": on, "frame": frame}), answer(taken)]);
            }
            Action::Tick => {
                scene.needs.push("short-challenge");
                let last = format!("challenge{}.expires_at", made - 1);
                scene
                    .steps
                    .push(json!({"wait_until": {"$": last}, "past": 100}));
            }
            _ => {}
        }
    }
    scene
}

fn prove(state: &State, name: usize, proof: Proof) -> Value {
    let over = proof.over;
    let account = state.challenges[over].account;
    let mut prove = json!({"as": role(account), "hello": format!("hello{over}"), "challenge": format!("challenge{over}")});
    if name != over {
        prove["with"] = json!({"server_nonce": {"$": format!("challenge{name}.server_nonce")}});
    }
    if proof.by != account {
        prove["signed"] = json!({"by": role(proof.by)});
    }
    json!({"$prove": prove})
}
