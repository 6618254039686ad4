//! A server that tells its clients different stories, and what they notice by `seen` (spec/entries.md, spec/chain.md).
//!
//! Alice writes on a phone and on a laptop, which share her counter; Bob reads, and may write. The server keeps no rule: it shows
//! whatever entries were signed, to whom it likes, in the order and with the `prev` that it likes. The clients judge.

mod rules;

pub use rules::Key;

use stateright::{Model, Property};

use crate::check::{Rule, Stated};

const DEVICES: usize = 3;
/// How many entries each device writes.
const WRITES: [usize; DEVICES] = [2, 1, 1];
const ENTRIES: usize = 4;
/// Who reads.
pub const BOB: usize = 2;

/// A block's hash: it stands for the block's entry, and for all that its `prev` commits to, which is where it counts from.
pub type Hash = Vec<u8>;

/// A signed entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The device.
    pub by: usize,
    /// The number among those of its account.
    pub seq: u8,
    /// The size and head that it states.
    pub seen: (usize, Hash),
    /// The entries that the device held when it signed, whatever it states.
    pub held: Vec<u8>,
}

/// What was signed, and what each device holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// In the order in which they were signed.
    pub entries: Vec<Entry>,
    /// For each device, the hashes of its chain's blocks.
    pub chains: Vec<Vec<Hash>>,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// A device signs an entry, and hands it to the server.
    Write(usize),
    /// The server shows a device a block: an entry, behind the block of this hash.
    Show(usize, usize, Hash),
}

/// The model, with all rules or without one.
#[derive(Debug, Clone)]
pub struct Forks(pub(crate) Option<Key>);

/// Alice has two devices.
pub fn account(device: usize) -> usize {
    usize::from(device == BOB)
}

fn last(hash: &[u8]) -> Option<u8> {
    hash.last().copied()
}

/// The entries of a chain.
pub fn held(chain: &[Hash]) -> Vec<u8> {
    chain.iter().filter_map(|hash| last(hash)).collect()
}

impl Forks {
    fn keeps(&self, key: Key) -> bool {
        self.0 != Some(key)
    }

    /// The codes with which a device refuses a block: those of all rules that it breaks.
    pub fn refusals(
        &self,
        state: &State,
        device: usize,
        entry: usize,
        prev: &Hash,
    ) -> Vec<&'static str> {
        let chain = &state.chains[device];
        let head = chain.last().cloned().unwrap_or_default();
        let Entry {
            by,
            seq,
            seen: (size, hash),
            ..
        } = &state.entries[entry];
        let own = held(chain)
            .into_iter()
            .map(|index| &state.entries[usize::from(index)]);
        let before: Vec<&Entry> = own
            .filter(|other| account(other.by) == account(*by))
            .collect();
        let known = match size {
            0 => true,
            size => chain.get(size - 1) == Some(hash),
        };
        let grows = before.last().is_none_or(|other| other.seen.0 <= *size);
        let mut codes = Vec::new();
        let mut broken = |key, holds: bool, code| {
            if self.keeps(key) && !holds {
                codes.push(code);
            }
        };
        broken(Key::Linked, *prev == head, "bad_prev");
        broken(
            Key::Numbers,
            usize::from(*seq) == before.len() + 1,
            "bad_seq",
        );
        broken(Key::SeenKnown, known, "bad_seen");
        broken(Key::SeenGrows, grows, "bad_seen");
        codes
    }
}

impl Model for Forks {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            entries: Vec::new(),
            chains: vec![Vec::new(); DEVICES],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (device, most) in WRITES.iter().enumerate() {
            if state
                .entries
                .iter()
                .filter(|entry| entry.by == device)
                .count()
                < *most
            {
                actions.push(Action::Write(device));
            }
        }
        for (device, chain) in state.chains.iter().enumerate() {
            let head = chain.last().cloned().unwrap_or_default();
            let entries = 0..state.entries.len();
            actions.extend(entries.map(|entry| Action::Show(device, entry, head.clone())));
            if self.keeps(Key::Linked) {
                continue;
            }
            // Where nobody looks at `prev`, what another holds at this place fits here, too.
            for other in &state.chains {
                if let Some((entry, prev)) =
                    other.get(chain.len()).and_then(|hash| hash.split_last())
                    && *prev != *head
                {
                    actions.push(Action::Show(device, usize::from(*entry), prev.to_vec()));
                }
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Write(device) => {
                let chain = &last.chains[device];
                let seen = match (self.keeps(Key::SeenWhole), chain.last()) {
                    (true, Some(head)) => (chain.len(), head.clone()),
                    _ => (0, Hash::new()),
                };
                let others = last
                    .entries
                    .iter()
                    .filter(|other| account(other.by) == account(device));
                let seq = others.count() as u8 + 1;
                state.entries.push(Entry {
                    by: device,
                    seq,
                    seen,
                    held: held(chain),
                });
            }
            Action::Show(device, entry, prev) => {
                // Who refuses takes nothing more (CHAIN-12), so what follows is what could have followed without it.
                if !self.refusals(last, device, entry, &prev).is_empty() {
                    return None;
                }
                let mut hash = prev;
                hash.push(entry as u8);
                state.chains[device].push(hash);
            }
        }
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.chains.iter().all(|chain| chain.len() <= ENTRIES)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::properties()
    }
}

impl Stated for Forks {
    const NAME: &'static str = "forks";
    type Key = Key;

    fn without(rule: Option<Key>) -> Self {
        Self(rule)
    }

    fn rules() -> &'static [Rule<Key>] {
        rules::RULES
    }

    fn tell(&self, state: &State, action: &Action) -> String {
        let name = ["Alice's phone", "Alice's laptop", "Bob"];
        let chain = |held: &[u8]| match held {
            [] => "an empty chain".to_owned(),
            held => format!("the chain {held:?}"),
        };
        match action {
            Action::Write(device) => {
                let held = held(&state.chains[*device]);
                let number = state.entries.len();
                let seq = state
                    .entries
                    .iter()
                    .filter(|other| account(other.by) == account(*device))
                    .count()
                    + 1;
                format!(
                    "{} holds {}, and signs entry {number}, its account's number {seq}",
                    name[*device],
                    chain(&held)
                )
            }
            Action::Show(device, entry, prev) => {
                let came = match self.refusals(state, *device, *entry, prev).as_slice() {
                    [] => "taken".to_owned(),
                    codes => format!("refused with {}", codes.join(", ")),
                };
                format!(
                    "the server shows {} entry {entry} as the block behind {}: {came}",
                    name[*device],
                    chain(prev)
                )
            }
        }
    }
}
