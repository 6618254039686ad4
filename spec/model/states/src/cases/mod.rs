//! Walks through the models, written down as live vectors: what a client sends, and what the model says that comes.

mod epochs;
mod forks;
mod join;
mod script;
mod sessions;
mod submits;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::cover::{Playable, Walk, walks};

/// A scenario, as `vectors/live/README.md` describes it.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    /// Why its steps mean something on a socket alone.
    only: Option<&'static str>,
    needs: Vec<&'static str>,
    accounts: Vec<(&'static str, &'static str)>,
    /// Requirements that decide it besides those of its kinds.
    ids: Vec<&'static str>,
    steps: Vec<Value>,
}

/// Where the cases stand.
pub const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../vectors/live/model.json"
);

/// The text of `vectors/live/model.json`.
pub fn file() -> String {
    let mut cases = Vec::new();
    cases.extend(of("join", join::WHY, join::scene));
    cases.extend(of("session", sessions::WHY, sessions::scene));
    cases.extend(of("submit", submits::WHY, submits::scene));
    cases.extend(of("seen", forks::WHY, forks::scene));
    cases.extend(of("epoch", epochs::WHY, epochs::scene));
    script::file(
        "Walks through the models of spec/model/states, which say what is due. Generated: `cargo run -p dispatch-model -- cases`.",
        &cases,
    )
}

/// How many steps of a model a case takes, at most.
const LONGEST: usize = 12;

fn of<M: Playable>(name: &str, why: &str, scene: fn(&Walk<M>) -> Scene) -> Vec<Value> {
    let walks = walks(&M::without(None), LONGEST);
    let numbered = walks.iter().zip(1..);
    let cases = numbered
        .map(|(walk, number)| case(&format!("model-{name}-{number}"), why, walk, scene(walk)));
    cases.collect()
}

fn case<M: Playable>(id: &str, why: &str, walk: &Walk<M>, scene: Scene) -> Value {
    let kinds: Vec<_> = walk.iter().filter_map(|step| step.kind.as_ref()).collect();
    let mut ids = BTreeSet::new();
    ids.extend(kinds.iter().flat_map(|kind| kind.ids.iter().copied()));
    ids.extend(scene.ids);
    let mut told: Vec<&str> = Vec::new();
    for kind in &kinds {
        if !told.contains(&kind.words.as_str()) {
            told.push(&kind.words);
        }
    }
    let mut case = Map::new();
    case.insert("id".to_owned(), json!(id));
    case.insert("requirements".to_owned(), json!(ids));
    case.insert("level".to_owned(), json!("MUST"));
    case.insert("title".to_owned(), json!(told.join("; ")));
    case.insert("why".to_owned(), json!(why));
    if !scene.needs.is_empty() {
        case.insert("needs".to_owned(), json!(scene.needs));
    }
    let accounts = scene.accounts.into_iter();
    let accounts: Map<String, Value> = accounts
        .map(|(role, kind)| (role.to_owned(), json!(kind)))
        .collect();
    case.insert("accounts".to_owned(), Value::Object(accounts));
    if let Some(only) = scene.only {
        case.insert("only".to_owned(), json!({ "ws": only }));
    }
    case.insert("steps".to_owned(), Value::Array(scene.steps));
    Value::Object(case)
}
