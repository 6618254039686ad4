//! Sessions of a member who is removed and added.

use serde_json::{Value, json};

use super::Scene;
use crate::{
    cover::{Kind, Playable, Played, Walk},
    models::sessions::{Action, Block, Line, Session, Sessions, State},
};

pub(super) const WHY: &str =
    "Whoever was shown the door comes back in by a token, a connection or a proof from before.";

/// A session whose end a case waits for lives so long, in milliseconds.
const SHORT: u64 = 1500;

impl Playable for Sessions {
    fn played(&self, state: &State, action: &Action) -> Played {
        let ending = state
            .lines
            .iter()
            .any(|line| matches!(line, Line::Ending { .. }));
        let proving = state.lines.contains(&Line::Proving);
        match action {
            Action::Bye(_) => Played::Unseen,
            _ if ending => Played::Not,
            Action::Grant(_) => match state.sessions.len() {
                0 => Kind::seen("a member joins", &["JOIN-15"]),
                _ if is_back(state) => Kind::seen("a member who came back joins", &["ROST-9"]),
                _ => Kind::seen("an account has a second session", &["SESS-11"]),
            },
            _ if proving => Played::Not,
            Action::Prove(_) => match self.refusal(state, action) {
                None => Played::Unseen,
                Some(_) => Kind::seen("a removed member's proof is refused", &["JOIN-12"]),
            },
            Action::Resume(_, session) => resume(self, state, action, &state.sessions[*session]),
            Action::Append(Block::Removes) if state.sessions.is_empty() => Played::Unseen,
            Action::Append(Block::Removes) => match open(state).count() {
                0 => Kind::seen("a member without a connection is removed", &["SESS-5"]),
                1 => Kind::seen("a removal ends a connection", &["SESS-5"]),
                _ => Kind::seen("a removal ends two connections", &["SESS-5"]),
            },
            Action::Append(Block::Adds) => {
                Kind::seen("a removed member is added again", &["ROST-9"])
            }
            Action::Append(Block::Other)
                if !Self::is_member(state) && !state.sessions.is_empty() =>
            {
                Kind::seen(
                    "a block comes after the removal, unseen by who was removed",
                    &["SESS-6"],
                )
            }
            Action::Drop(_) => Kind::seen("a connection breaks", &["SESS-12"]),
            // Nothing that takes long may stand before the end that is waited for.
            Action::Tick if state.sessions.len() == 1 && state.chain.is_empty() => {
                match open(state).count() {
                    0 => Kind::seen(
                        "a session's time is over while nobody is connected",
                        &["SESS-3"],
                    ),
                    _ => Kind::seen(
                        "a session's time is over, and its connections end",
                        &["SESS-3"],
                    ),
                }
            }
            _ => Played::Not,
        }
    }
}

fn resume(model: &Sessions, state: &State, action: &Action, session: &Session) -> Played {
    if model.refusal(state, action).is_none() {
        return match open(state).count() {
            0 => Kind::seen("a session is resumed after its connection", &["SESS-12"]),
            _ => Kind::seen("a session has a second connection", &["SESS-12"]),
        };
    }
    match session.removed_at {
        None => Kind::seen(
            "the token of a session whose time is over is refused",
            &["SESS-4"],
        ),
        Some(_) if !Sessions::is_member(state) => {
            Kind::seen("a removed member's token is refused", &["SESS-5", "SESS-4"])
        }
        Some(_) => Kind::seen("a token from before the removal stays refused", &["SESS-7"]),
    }
}

fn open(state: &State) -> impl Iterator<Item = usize> {
    let lines = state.lines.iter().enumerate();
    lines.filter_map(|(number, line)| matches!(line, Line::Open { .. }).then_some(number))
}

fn is_back(state: &State) -> bool {
    state.chain.contains(&Block::Removes)
}

/// The case of a walk.
pub(super) fn scene(walk: &Walk<Sessions>) -> Scene {
    let model = Sessions(None);
    let mut scene = Scene {
        needs: vec!["authority"],
        accounts: vec![("owner", "authority"), ("zed", "outsider")],
        steps: vec![
            json!({"join": "o", "as": "owner"}),
            json!({"roster": "in", "on": "o", "add": ["zed"]}),
        ],
        // A removal, a return and a resume are what all the rest stands on.
        ids: vec!["SESS-5", "SESS-12", "ROST-9"],
        ..Scene::default()
    };
    let ticks = walk.iter().any(|step| step.action == Action::Tick);
    // The connections' names by their lines, and by the sessions that they began.
    let mut lines = [String::new(), String::new()];
    let mut began: Vec<String> = Vec::new();
    let mut ended: Vec<String> = Vec::new();
    for (number, step) in walk.iter().enumerate() {
        let name = format!("z{number}");
        let code = model.refusal(&step.state, &step.action);
        match &step.action {
            Action::Prove(_) if code.is_some() => scene.steps.extend(refused_join(&name)),
            Action::Grant(line) => {
                let mut join = json!({"join": name, "as": "zed"});
                if ticks && began.is_empty() {
                    join["session_ms"] = json!(SHORT);
                }
                scene.steps.push(join);
                began.push(name.clone());
                lines[*line] = name;
            }
            Action::Resume(line, session) => {
                let token = format!("{}.token", began[*session]);
                let frame = json!({"type": "resume", "token": {"$": token}, "client_nonce": {"$random": 32}, "have": {"$": "server.have"}});
                let answer = match code {
                    None => json!({"expect": name, "frame": {"type": "welcome"}}),
                    Some(code) => json!({"expect_refused": name, "code": code}),
                };
                scene.steps.extend([
                    json!({"open": name}),
                    json!({"send": name, "frame": frame}),
                    answer,
                ]);
                lines[*line] = name;
            }
            Action::Append(Block::Removes) => {
                scene
                    .steps
                    .push(json!({"roster": format!("out{number}"), "on": "o", "remove": ["zed"]}));
                for line in open(&step.state) {
                    scene
                        .steps
                        .push(json!({"expect_end": lines[line], "bye": "removed", "close": 1008}));
                    ended.push(lines[line].clone());
                }
            }
            Action::Append(Block::Adds) => {
                scene
                    .steps
                    .push(json!({"roster": format!("in{number}"), "on": "o", "add": ["zed"]}));
            }
            Action::Append(Block::Other) => {
                let block = format!("after{number}");
                scene.steps.push(json!({"make": block, "by": "owner", "kind": "card", "body": {"x25519": {"$": "owner.x25519"}}}));
                scene
                    .steps
                    .push(json!({"submit": "o", "entry": block, "expect": "accepted"}));
                let unseen = ended
                    .iter()
                    .map(|on| json!({"check": "never", "of": block, "on": on}));
                scene.steps.extend(unseen);
            }
            Action::Drop(line) => {
                let on = &lines[*line];
                scene
                    .steps
                    .extend([json!({"close": on}), json!({"expect_end": on})]);
            }
            Action::Tick => {
                for line in open(&step.state) {
                    scene.steps.push(
                        json!({"expect_end": lines[line], "bye": "session_expired", "close": 1008}),
                    );
                }
                scene.steps.push(
                    json!({"wait_until": {"$": format!("{}.expires_at", began[0])}, "past": 100}),
                );
            }
            _ => {}
        }
    }
    if let Some(last) = walk.last()
        && Sessions::is_member(&model_after(&model, last))
    {
        scene
            .steps
            .push(json!({"roster": "end", "on": "o", "remove": ["zed"]}));
    }
    scene
}

fn model_after(model: &Sessions, last: &crate::cover::Step<Sessions>) -> State {
    use stateright::Model;
    let next = model.next_state(&last.state, last.action.clone());
    next.unwrap_or_else(|| last.state.clone())
}

fn refused_join(name: &str) -> [Value; 5] {
    let (hello, challenge) = (format!("{name}-hello"), format!("{name}-challenge"));
    [
        json!({"open": name}),
        json!({"send": name, "frame": {"$hello": {"as": "zed", "with": {"have": {"$": "server.have"}}}}, "as": hello}),
        json!({"expect": name, "frame": {"type": "challenge"}, "capture": challenge}),
        json!({"send": name, "frame": {"$prove": {"as": "zed", "hello": hello, "challenge": challenge}}}),
        json!({"expect_refused": name, "code": "not_allowed"}),
    ]
}
