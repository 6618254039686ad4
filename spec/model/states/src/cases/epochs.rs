//! Epochs, shares and messages while a member is removed and added.

use serde_json::{Value, json};

use super::Scene;
use crate::{
    cover::{Kind, Playable, Played, Walk},
    models::epochs::{Block, Epochs, Submit, ZED, is_member, recipient_since},
};

pub(super) const WHY: &str = "A secret that outlives a removal lets who was shown the door read on; a rule that is too strict locks out who came back.";

impl Playable for Epochs {
    fn played(&self, chain: &Vec<Block>, submit: &Submit) -> Played {
        // A removed account has no session to submit by (SESS-5).
        if !is_member(chain, submit.by) {
            return Played::Not;
        }
        let codes = self.refusals(chain, submit);
        match (&submit.block, codes.as_slice()) {
            (Block::Remove, _) => Kind::seen("a member is removed", &["ROST-1"]),
            (Block::Add, _) => Kind::seen("a removed member is added again", &["ROST-9"]),
            (Block::Epoch(_), []) => Kind::seen("an epoch is accepted", &["ENTRY-11", "EPOCH-1"]),
            (Block::Epoch(_), _) => {
                Kind::seen("an epoch for a removed member is refused", &["EPOCH-1"])
            }
            (Block::Share(..), []) => Kind::seen("a share is accepted", &["ENTRY-11", "SHARE-2"]),
            (Block::Share(..), ["bad_recipient"]) => {
                Kind::seen("a share for a removed member is refused", &["EPOCH-1"])
            }
            (Block::Share(..), ["not_recipient"]) => {
                Kind::seen("a share by who is no recipient is refused", &["SHARE-2"])
            }
            (Block::Share(..), _) => Kind::seen(
                "a share by who is no recipient, for a removed member, is refused",
                &["SHARE-2", "EPOCH-1"],
            ),
            (Block::Message(epoch, ZED), []) if chain[*epoch..].contains(&Block::Remove) => {
                Kind::seen(
                    "who came back writes under an epoch from before that was shared with them",
                    &["ENTRY-11", "MSG-3"],
                )
            }
            (Block::Message(..), []) => Kind::seen("a message is accepted", &["ENTRY-11", "MSG-2"]),
            (Block::Message(epoch, _), ["stale_epoch"]) => match by_share(chain, *epoch) {
                true => Kind::seen(
                    "a message under an epoch that lost a recipient by a share is refused",
                    &["MSG-3"],
                ),
                false if is_member(chain, ZED) => Kind::seen(
                    "a message under an epoch that once lost a recipient is refused after their return, too",
                    &["MSG-3"],
                ),
                false => Kind::seen(
                    "a message under an epoch that lost a recipient is refused",
                    &["MSG-3"],
                ),
            },
            (Block::Message(..), ["not_recipient"]) => {
                Kind::seen("a message by who is no recipient is refused", &["MSG-2"])
            }
            (Block::Message(..), _) => Kind::seen(
                "a message by who is no recipient, under a stale epoch, is refused",
                &["MSG-2", "MSG-3"],
            ),
        }
    }
}

fn by_share(chain: &[Block], epoch: usize) -> bool {
    recipient_since(chain, epoch, ZED, false).is_none()
}

const ROLES: [&str; 3] = ["owner", "bob", "zed"];

/// The case of a walk.
pub(super) fn scene(walk: &Walk<Epochs>) -> Scene {
    let model = Epochs(None);
    let mut scene = Scene {
        needs: vec!["authority"],
        accounts: vec![
            ("owner", "authority"),
            ("bob", "member"),
            ("zed", "outsider"),
        ],
        steps: vec![
            json!({"join": "o", "as": "owner"}),
            json!({"roster": "in", "on": "o", "add": ["zed"]}),
        ],
        ids: vec!["ENTRY-11"],
        ..Scene::default()
    };
    scene.steps.extend([
        json!({"join": "b", "as": "bob"}),
        json!({"join": "z", "as": "zed"}),
    ]);
    for (role, on) in ROLES.into_iter().zip(["o", "b", "z"]) {
        scene.steps.push(json!({"card": role, "on": on}));
    }
    let mut zeds = "z".to_owned();
    let mut refused = Vec::new();
    let mut is_in = true;
    for (number, step) in walk.iter().enumerate() {
        let (chain, submit) = (&step.state, &step.action);
        let on = match submit.by {
            0 => "o".to_owned(),
            1 => "b".to_owned(),
            _ => zeds.clone(),
        };
        let codes = model.refusals(chain, submit);
        // An entry that is appended is called after its block; one that is refused, after its step.
        let name = match codes.is_empty() {
            true => format!("e{}", chain.len()),
            false => format!("no{number}"),
        };
        match &submit.block {
            Block::Remove => {
                is_in = false;
                scene
                    .steps
                    .push(json!({"roster": name, "on": "o", "remove": ["zed"]}));
                scene
                    .steps
                    .push(json!({"expect_end": zeds, "bye": "removed"}));
                continue;
            }
            Block::Add => {
                is_in = true;
                scene
                    .steps
                    .push(json!({"roster": name, "on": "o", "add": ["zed"]}));
                zeds = format!("z{number}");
                scene.steps.push(json!({"join": zeds, "as": "zed"}));
                continue;
            }
            Block::Epoch(to) if codes.is_empty() => {
                let to: Vec<&str> = to.iter().map(|account| ROLES[*account]).collect();
                scene
                    .steps
                    .push(json!({"epoch": name, "by": ROLES[submit.by], "on": on, "to": to}));
                continue;
            }
            _ => {}
        }
        let (kind, body) = body(submit);
        scene
            .steps
            .push(json!({"make": name, "by": ROLES[submit.by], "kind": kind, "body": body}));
        let expect = match codes.as_slice() {
            [] => json!("accepted"),
            [code] => json!(code),
            codes => json!(codes),
        };
        scene
            .steps
            .push(json!({"submit": on, "entry": name, "expect": expect}));
        if !codes.is_empty() {
            refused.push(name);
        }
    }
    scene.steps.push(json!({"make": "fence", "by": "bob", "kind": "card", "body": {"x25519": {"$": "bob.x25519"}}}));
    scene
        .steps
        .push(json!({"submit": "b", "entry": "fence", "expect": "accepted"}));
    scene
        .steps
        .push(json!({"expect_block": "o", "of": "fence"}));
    scene.steps.extend(
        refused
            .iter()
            .map(|name| json!({"check": "never", "of": name, "on": "o"})),
    );
    if is_in {
        scene
            .steps
            .push(json!({"roster": "end", "on": "o", "remove": ["zed"]}));
    }
    scene
}

fn body(submit: &Submit) -> (&'static str, Value) {
    let by = ROLES[submit.by];
    match &submit.block {
        Block::Share(epoch, _, to) => (
            "share",
            json!({"$share_body": {"by": by, "epoch": format!("e{epoch}"), "to": [ROLES[*to]]}}),
        ),
        Block::Message(epoch, _) => (
            "message",
            json!({"$message_body": {"by": by, "epoch": format!("e{epoch}")}}),
        ),
        Block::Epoch(to) => {
            let to: Vec<&str> = to.iter().map(|account| ROLES[*account]).collect();
            ("epoch", json!({"$epoch_body": {"by": by, "to": to}}))
        }
        Block::Remove | Block::Add => ("roster", json!({})),
    }
}
