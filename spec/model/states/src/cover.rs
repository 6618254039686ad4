//! Walks through a model that, taken together, show each kind of thing that can happen in it.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use stateright::Model;

use crate::check::Stated;

/// What an action is in a walk that is played against a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Played {
    /// It cannot be brought about from outside.
    Not,
    /// It happens, and nobody outside sees it.
    Unseen,
    /// It happens, and is seen.
    Seen(Kind),
}

/// A kind of thing that happens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// What happens, in words.
    pub words: String,
    /// The requirements that decide it.
    pub ids: Vec<&'static str>,
}

impl Kind {
    /// Something seen.
    pub fn seen(words: impl Into<String>, ids: &[&'static str]) -> Played {
        Played::Seen(Self {
            words: words.into(),
            ids: ids.to_vec(),
        })
    }
}

/// A model that a server can be held against.
pub trait Playable: Stated {
    /// What an action is in this state.
    fn played(&self, state: &Self::State, action: &Self::Action) -> Played;
}

/// A step of a walk: the state before, the action, and what is seen of it.
#[derive(Debug)]
pub struct Step<M: Stated> {
    /// Before the action.
    pub state: M::State,
    /// What happens.
    pub action: M::Action,
    /// What is seen of it.
    pub kind: Option<Kind>,
}

/// A way through the model.
pub type Walk<M> = Vec<Step<M>>;

/// As few walks of at most so many steps as it takes, going to the nearest kind that is not covered, one after the other. A kind that lies
/// deeper has a walk of its own.
pub fn walks<M: Playable>(model: &M, longest: usize) -> Vec<Walk<M>> {
    let mut covered = BTreeSet::new();
    let mut walks = Vec::new();
    loop {
        let mut walk: Walk<M> = Vec::new();
        let mut state = model.init_states().swap_remove(0);
        while let Some((steps, end)) = nearest(model, &state, &covered) {
            if !walk.is_empty() && walk.len() + steps.len() > longest {
                break;
            }
            covered.extend(steps.iter().filter_map(|step| step.kind.clone()));
            walk.extend(steps);
            state = end;
        }
        if walk.is_empty() {
            return walks;
        }
        walks.push(walk);
    }
}

/// A state, and the place and action that led to it.
type Reached<M> = (<M as Model>::State, Option<(usize, <M as Model>::Action)>);

/// The shortest way from a state to something that is not covered yet, and the state behind it.
fn nearest<M: Playable>(
    model: &M,
    from: &M::State,
    covered: &BTreeSet<Kind>,
) -> Option<(Walk<M>, M::State)> {
    let mut reached: Vec<Reached<M>> = vec![(from.clone(), None)];
    let mut places = HashMap::from([(digest(from), 0)]);
    let mut queue = VecDeque::from([0]);
    while let Some(place) = queue.pop_front() {
        let state = reached[place].0.clone();
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        for action in actions {
            let kind = match model.played(&state, &action) {
                Played::Not => continue,
                Played::Unseen => None,
                Played::Seen(kind) => Some(kind),
            };
            let next = model.next_state(&state, action.clone());
            if next
                .as_ref()
                .is_some_and(|next| !model.within_boundary(next))
            {
                continue;
            }
            // What is refused may leave everything as it was.
            let next = next.unwrap_or_else(|| state.clone());
            if kind.as_ref().is_some_and(|kind| !covered.contains(kind)) {
                let last = Step {
                    state,
                    action,
                    kind,
                };
                return Some((way(model, &reached, place, last), next));
            }
            places.entry(digest(&next)).or_insert_with(|| {
                reached.push((next, Some((place, action))));
                queue.push_back(reached.len() - 1);
                reached.len() - 1
            });
        }
    }
    None
}

fn way<M: Playable>(model: &M, reached: &[Reached<M>], mut place: usize, last: Step<M>) -> Walk<M> {
    let mut walk = vec![last];
    while let Some((before, action)) = &reached[place].1 {
        let state = reached[*before].0.clone();
        let kind = match model.played(&state, action) {
            Played::Seen(kind) => Some(kind),
            _ => None,
        };
        let action = action.clone();
        walk.push(Step {
            state,
            action,
            kind,
        });
        place = *before;
    }
    walk.reverse();
    walk
}

fn digest(state: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}
