//! What a client keeps, against a server that crashes, and one that goes back to an older copy (spec/chain.md).
//!
//! The server appends to memory and to its store. A crash takes the first away; so far it is honest. Once an older copy of the
//! store is put back it has two stories, and tells the one or the other.

mod rules;

pub use rules::Key;

use stateright::{Model, Property};

use crate::check::{Rule, Stated};

const BLOCKS: u8 = 3;

/// Blocks by their numbers: each differs from all others, so a list stands for its head and its root.
pub type Chain = Vec<u8>;

/// A connection: what the welcome signed, and how many blocks the client had said that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Welcome {
    signed: Chain,
    have: usize,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Client {
    chain: Chain,
    kept: Chain,
    line: Option<Welcome>,
    stopped: bool,
    /// What it has read on this device, whatever it holds of it still.
    read: Chain,
    /// The highest checkpoint that it ever verified, whether it remembers it or not.
    best: Chain,
}

/// A server and a client of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    made: u8,
    durable: Chain,
    memory: Chain,
    signed: Vec<Chain>,
    crashed: bool,
    older: Option<Chain>,
    moved: bool,
    client: Client,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// A block is appended in memory.
    Append,
    /// What is in memory is written.
    Flush,
    /// A checkpoint is signed.
    Sign,
    /// The process ends, and starts again.
    Crash,
    /// A copy of the store with so many blocks is put in its place.
    Restore(usize),
    /// The client joins with what it holds, and is judged by it.
    Join,
    /// The client joins, and is welcomed whatever it holds, into the present chain or the one from before.
    Lie(bool),
    /// The next block is sent.
    Send,
    /// A checkpoint is sent.
    Show(usize),
    /// The member goes on with a new device, on which a backup is restored.
    Move,
}

/// The model, with all rules or without one.
#[derive(Debug, Clone)]
pub struct Checkpoints(pub(crate) Option<Key>);

fn agree(one: &[u8], other: &[u8]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Client {
    /// Whether it takes itself to be up to date with its server.
    fn is_synced(&self) -> bool {
        let line = self.line.as_ref();
        !self.stopped && line.is_some_and(|line| self.chain.len() >= line.signed.len())
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.line = None;
    }
}

impl Checkpoints {
    fn keeps(&self, key: Key) -> bool {
        self.0 != Some(key)
    }

    fn served(&self, state: &State, key: Key) -> Chain {
        match self.keeps(key) {
            true => state.durable.clone(),
            false => [&state.durable[..], &state.memory].concat(),
        }
    }

    /// What the client says to a welcome into this chain.
    fn welcome(&self, client: &mut Client, signed: Chain) {
        let below_kept = signed.len() < client.kept.len() && self.keeps(Key::NotBelowKept);
        let below_have = signed.len() < client.chain.len() && self.keeps(Key::NotBelowHave);
        if below_kept || below_have {
            return client.stop();
        }
        client.line = Some(Welcome {
            signed,
            have: client.chain.len(),
        });
        self.look(client);
    }

    /// Holds the chain against the welcome and what is kept.
    fn look(&self, client: &mut Client) {
        let Some(line) = &client.line else { return };
        let other_head =
            client.chain.len() >= line.signed.len() && !client.chain.starts_with(&line.signed);
        let forked = !agree(&client.chain, &client.kept);
        if other_head && self.keeps(Key::HeadOfWelcome)
            || forked && self.keeps(Key::NoContradiction)
        {
            client.stop();
        }
    }
}

impl Model for Checkpoints {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let nothing = Chain::new;
        let client = Client {
            chain: nothing(),
            kept: nothing(),
            line: None,
            stopped: false,
            read: nothing(),
            best: nothing(),
        };
        vec![State {
            made: 0,
            durable: nothing(),
            memory: nothing(),
            signed: Vec::new(),
            crashed: false,
            older: None,
            moved: false,
            client,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.made < BLOCKS {
            actions.push(Action::Append);
        }
        actions.extend([Action::Flush, Action::Sign]);
        if !state.crashed {
            actions.push(Action::Crash);
        }
        if state.older.is_none() {
            actions.extend((0..state.durable.len()).map(Action::Restore));
        }
        match (&state.client.line, state.client.stopped) {
            (None, false) => {
                actions.push(Action::Join);
                if state.older.is_some() {
                    actions.extend([Action::Lie(true), Action::Lie(false)]);
                }
            }
            (Some(_), false) => {
                actions.push(Action::Send);
                actions.extend((0..state.signed.len()).map(Action::Show));
            }
            _ => {}
        }
        if !state.moved && !state.client.stopped {
            actions.push(Action::Move);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let client = &mut state.client;
        match action {
            Action::Append => {
                state.memory.push(last.made);
                state.made += 1;
            }
            Action::Flush => state.durable.append(&mut state.memory),
            Action::Sign => {
                let over = self.served(last, Key::SignsDurable);
                if over.is_empty() || last.signed.contains(&over) {
                    return None;
                }
                state.signed.push(over);
                state.signed.sort();
            }
            Action::Crash => {
                state.crashed = true;
                state.memory.clear();
                client.line = None;
            }
            Action::Restore(size) => {
                state.older = Some(last.durable.clone());
                state.durable.truncate(size);
                state.memory.clear();
                client.line = None;
            }
            Action::Join => {
                let chain = self.served(last, Key::SignsDurable);
                match self
                    .served(last, Key::SendsDurable)
                    .starts_with(&client.chain)
                {
                    true => self.welcome(client, chain),
                    false if self.keeps(Key::KeepsBlocks) => client.stop(),
                    false => client.chain.clear(),
                }
            }
            Action::Lie(present) => {
                let chain = if present {
                    last.durable.clone()
                } else {
                    last.older.clone()?
                };
                self.welcome(client, chain);
            }
            Action::Send => {
                let chain = self.served(last, Key::SendsDurable);
                client.chain.push(*chain.get(client.chain.len())?);
                self.look(client);
                if !client.stopped && client.chain.len() > client.read.len() {
                    client.read = client.chain.clone();
                }
            }
            Action::Show(number) => {
                let shown = &last.signed[number];
                let contradicts = !agree(shown, &client.chain) || !agree(shown, &client.kept);
                if contradicts && self.keeps(Key::NoContradiction) {
                    client.stop();
                } else if shown.len() > client.kept.len() && client.chain.len() >= shown.len() {
                    client.kept = shown.clone();
                    if client.best.len() < shown.len() {
                        client.best = shown.clone();
                    }
                } else {
                    return None;
                }
            }
            Action::Move => {
                state.moved = true;
                client.chain.clear();
                client.read.clear();
                client.line = None;
                if !self.keeps(Key::BackupCounts) {
                    client.kept.clear();
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::properties()
    }
}

impl Stated for Checkpoints {
    const NAME: &'static str = "checkpoints";
    type Key = Key;

    fn without(rule: Option<Key>) -> Self {
        Self(rule)
    }

    fn rules() -> &'static [Rule<Key>] {
        rules::RULES
    }

    fn tell(&self, state: &State, action: &Action) -> String {
        let next = self.next_state(state, action.clone());
        let came = match next {
            Some(next) if next.client.stopped => "the client refuses, and stops",
            Some(next) if next.client.line.is_none() => "unknown_have",
            _ => "taken",
        };
        let all = [&state.durable[..], &state.memory].concat();
        match action {
            Action::Append => format!("block {} is appended in memory", state.made),
            Action::Flush => format!("the server writes: its store holds {all:?}"),
            Action::Sign => format!(
                "the server signs a checkpoint over {:?}",
                self.served(state, Key::SignsDurable)
            ),
            Action::Crash => format!(
                "the server crashes, and starts again with {:?}",
                state.durable
            ),
            Action::Restore(size) => format!(
                "an older copy is put back: the store holds {:?}",
                &state.durable[..*size]
            ),
            Action::Join => {
                let chain = self.served(state, Key::SignsDurable);
                format!(
                    "the client joins with {:?}, the server has {chain:?}: {came}",
                    state.client.chain
                )
            }
            Action::Lie(present) => {
                let older = state.older.as_deref().unwrap_or_default();
                let chain = if *present { &state.durable[..] } else { older };
                format!(
                    "the client joins with {:?}, and is welcomed into {chain:?}: {came}",
                    state.client.chain
                )
            }
            Action::Send => {
                let served = self.served(state, Key::SendsDurable);
                let block = served
                    .get(state.client.chain.len())
                    .copied()
                    .unwrap_or_default();
                format!("block {block} is sent: {came}")
            }
            Action::Show(number) => format!(
                "the checkpoint over {:?} is sent: {came}",
                state.signed[*number]
            ),
            Action::Move => format!(
                "the member takes a new device; the backup holds a checkpoint over {:?}",
                state.client.kept
            ),
        }
    }
}
