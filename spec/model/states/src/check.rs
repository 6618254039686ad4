//! Explores a model with all of its rules, and once without each of them.

use std::{
    collections::BTreeSet,
    fmt::{self, Debug},
    hash::Hash,
};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// A rule that a model can be run without.
#[derive(Debug, Clone, Copy)]
pub struct Rule<K: 'static> {
    /// The switch of the model.
    pub key: K,
    /// The requirement that the rule is, or is a part of.
    pub id: &'static str,
    /// What the rule does, in the model's words.
    pub words: &'static str,
    /// The property that does not hold without it.
    pub breaks: &'static str,
}

/// A model of a part of the protocol, whose rules are switches.
///
/// Its states are finitely many: everything is explored, breadth first, so that what is found is found in as few steps as
/// there can be.
pub trait Stated: Model<State: Held, Action: Held> + Send + Sync + 'static {
    /// What the table calls it.
    const NAME: &'static str;
    /// Names one of its rules.
    type Key: Copy + Debug + PartialEq;

    /// The model with all rules, or without one.
    fn without(rule: Option<Self::Key>) -> Self;

    /// Its rules.
    fn rules() -> &'static [Rule<Self::Key>];

    /// One line that says what happens by this action in this state, and what comes of it.
    fn tell(&self, state: &Self::State, action: &Self::Action) -> String;
}

/// What a model's states and actions have to be.
pub trait Held: Clone + Debug + Hash + PartialEq + Send + Sync {}
impl<T: Clone + Debug + Hash + PartialEq + Send + Sync> Held for T {}

/// What exploring a model with all of its rules came to.
#[derive(Debug)]
pub struct Explored {
    /// How many states there are.
    pub states: usize,
    /// The properties that hold in every state.
    pub always: Vec<&'static str>,
    /// What happens in some state, with the steps that it takes: what shows that the properties are not empty.
    pub sometimes: Vec<(&'static str, usize)>,
    /// What should not be: a property that fails, with its trace, or something that never happens.
    pub faults: Vec<String>,
}

/// What a model does without one of its rules.
#[derive(Debug)]
pub struct Attack {
    /// The rule's requirement.
    pub id: &'static str,
    /// What the rule does.
    pub words: &'static str,
    /// The property that is to fail.
    pub breaks: &'static str,
    /// A shortest way there, a line a step; `None` where no way was found.
    pub trace: Option<Vec<String>>,
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "without {} ({}):", self.id, self.words)?;
        let Some(trace) = &self.trace else {
            return writeln!(f, "  no attack found");
        };
        for (number, line) in trace.iter().enumerate() {
            writeln!(f, "  {}. {line}", number + 1)?;
        }
        writeln!(f, "  broken: {}", self.breaks)
    }
}

/// Explores every state of the model with all rules.
pub fn explore<M: Stated>() -> Explored {
    let checker = M::without(None).checker().spawn_bfs().join();
    let found = checker.discoveries();
    let mut explored = Explored {
        states: checker.unique_state_count(),
        always: Vec::new(),
        sometimes: Vec::new(),
        faults: Vec::new(),
    };
    for property in checker.model().properties() {
        let name = property.name;
        let is_found = found.contains_key(name);
        match property.expectation {
            Expectation::Sometimes if is_found => {
                let trace = shortest::<M>(None, name).unwrap_or_default();
                explored.sometimes.push((name, trace.len()));
            }
            Expectation::Sometimes => explored.faults.push(format!("never: {name}")),
            _ if is_found => {
                let trace = shortest::<M>(None, name).unwrap_or_default();
                let trace = trace.join("\n  ");
                explored.faults.push(format!("broken: {name}\n  {trace}"));
            }
            _ => explored.always.push(name),
        }
    }
    explored
}

/// Looks for the attack that each rule stops, without that rule alone.
pub fn attacks<M: Stated>() -> Vec<Attack> {
    M::rules().iter().map(attack::<M>).collect()
}

/// Looks for the attack that one rule stops.
pub fn attack<M: Stated>(rule: &Rule<M::Key>) -> Attack {
    Attack {
        id: rule.id,
        words: rule.words,
        breaks: rule.breaks,
        trace: shortest::<M>(Some(rule.key), rule.breaks),
    }
}

/// A shortest way to a state that breaks a property, or is an example of it, a line a step.
///
/// The checker keeps the last way that it met, so it is asked step by step how far it has to look.
fn shortest<M: Stated>(without: Option<M::Key>, property: &'static str) -> Option<Vec<String>> {
    for depth in 2.. {
        let checker = M::without(without)
            .checker()
            .target_max_depth(depth)
            .finish_when(HasDiscoveries::AnyOf(BTreeSet::from([property])))
            .spawn_bfs()
            .join();
        if let Some(path) = checker.discoveries().remove(property) {
            return Some(lines(checker.model(), path.into_vec()));
        }
        if checker.max_depth() < depth {
            return None;
        }
    }
    None
}

fn lines<M: Stated>(model: &M, steps: Vec<(M::State, Option<M::Action>)>) -> Vec<String> {
    let told = steps
        .iter()
        .filter_map(|(state, action)| Some(model.tell(state, action.as_ref()?)));
    told.collect()
}
