//! Sessions and their end: by time, by removal, over a restart (spec/join.md, Session).
//!
//! Zed is a member whom a roster entry may remove and add again. He has two connections, and keeps every token that he got.

mod rules;

pub use rules::Key;

use stateright::{Model, Property};

use crate::check::{Rule, Stated};

const SESSIONS: usize = 2;
const BLOCKS: usize = 4;
const LIFE: u8 = 1;
const TICKS: u8 = 1;

/// A block of the chain, as far as sessions go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Block {
    /// Changes no roster.
    Other,
    /// Removes Zed.
    Removes,
    /// Adds Zed again.
    Adds,
}

/// A session of Zed's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    /// From which time on it is over.
    pub ends: u8,
    /// The block that removed Zed while he had it.
    pub removed_at: Option<u8>,
    /// Whether Zed was on the roster when it was granted.
    pub member: bool,
    /// Whether the server has its token.
    pub known: bool,
}

/// A connection of Zed's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    /// There is none.
    Closed,
    /// The roster was asked, and the proof is being verified.
    Proving,
    /// Open under a session, and so many blocks were sent.
    Open {
        /// Its place in [`State::sessions`].
        session: usize,
        /// How far it has read.
        sent: u8,
    },
    /// The session was ended, the `bye` is on its way behind blocks that wait to be sent.
    Ending {
        /// As for an open one.
        session: usize,
        /// As for an open one.
        sent: u8,
    },
}

/// The server, Zed's tokens and his connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    clock: u8,
    restarted: bool,
    /// What stands in it since the model began.
    pub chain: Vec<Block>,
    /// In the order in which they were granted.
    pub sessions: Vec<Session>,
    /// Two.
    pub lines: [Line; 2],
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// A good proof comes, and the roster is asked.
    Prove(usize),
    /// What that proof asked for is granted.
    Grant(usize),
    /// A token is shown on a new connection.
    Resume(usize, usize),
    /// A block is appended.
    Append(Block),
    /// The next block is sent.
    Send(usize),
    /// `bye`, after which nothing comes.
    Bye(usize),
    /// The connection breaks.
    Drop(usize),
    /// Time passes.
    Tick,
    /// The server starts again, with or without its sessions (SESS-10).
    Restart(bool),
}

/// The model, with all rules or without one.
#[derive(Debug, Clone)]
pub struct Sessions(pub(crate) Option<Key>);

impl Sessions {
    fn keeps(&self, key: Key) -> bool {
        self.0 != Some(key)
    }

    /// Whether Zed is on the roster.
    pub fn is_member(state: &State) -> bool {
        let changes = state.chain.iter().rev();
        let mut changes = changes.filter(|block| **block != Block::Other);
        changes.next() != Some(&Block::Removes)
    }

    fn takes_token(&self, state: &State, session: &Session) -> bool {
        let in_time = state.clock < session.ends || !self.keeps(Key::LiveTokens);
        session.known && in_time && (Self::is_member(state) || !self.keeps(Key::EndsByRemoval))
    }

    /// The code with which what was asked is refused.
    pub fn refusal(&self, state: &State, action: &Action) -> Option<&'static str> {
        match action {
            Action::Grant(_) if self.keeps(Key::AskedAgain) && !Self::is_member(state) => {
                Some("not_allowed")
            }
            Action::Prove(_) if !Self::is_member(state) => Some("not_allowed"),
            Action::Resume(_, session) if !self.takes_token(state, &state.sessions[*session]) => {
                Some("bad_token")
            }
            _ => None,
        }
    }

    fn remove(&self, state: &mut State) {
        let at = state.chain.len() as u8 - 1;
        for session in &mut state.sessions {
            session.removed_at = session.removed_at.or(Some(at));
            if self.keeps(Key::EndsByRemoval) && self.keeps(Key::ForGood) {
                session.known = false;
            }
        }
        for line in &mut state.lines {
            if let Line::Open { session, sent } = *line
                && self.keeps(Key::EndsConnections)
            {
                *line = Line::Ending { session, sent };
            }
        }
    }

    fn restart(&self, state: &mut State, kept: bool) {
        state.restarted = true;
        state.lines = [Line::Closed; 2];
        for session in &mut state.sessions {
            session.known = kept && (session.known || !self.keeps(Key::KeptOverRestart));
        }
    }
}

impl Model for Sessions {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let (chain, sessions, lines) = (Vec::new(), Vec::new(), [Line::Closed; 2]);
        vec![State {
            clock: 0,
            restarted: false,
            chain,
            sessions,
            lines,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, line) in state.lines.iter().enumerate() {
            match line {
                Line::Closed => {
                    if state.sessions.len() < SESSIONS {
                        actions.push(Action::Prove(number));
                    }
                    let tokens = 0..state.sessions.len();
                    actions.extend(tokens.map(|token| Action::Resume(number, token)));
                }
                Line::Proving => actions.push(Action::Grant(number)),
                Line::Open { .. } => actions.extend([Action::Send(number), Action::Drop(number)]),
                Line::Ending { .. } => actions.extend([Action::Send(number), Action::Bye(number)]),
            }
        }
        if state.chain.len() < BLOCKS {
            let change = match Self::is_member(state) {
                true => Block::Removes,
                false => Block::Adds,
            };
            actions.extend([Action::Append(Block::Other), Action::Append(change)]);
        }
        if state.clock < TICKS {
            actions.push(Action::Tick);
        }
        if !state.restarted {
            actions.extend([Action::Restart(true), Action::Restart(false)]);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        if self.refusal(last, &action).is_some() && !matches!(action, Action::Grant(_)) {
            return None;
        }
        let mut state = last.clone();
        let sent = state.chain.len() as u8;
        match action {
            Action::Prove(line) => state.lines[line] = Line::Proving,
            Action::Grant(line) if self.refusal(last, &action).is_some() => {
                state.lines[line] = Line::Closed
            }
            Action::Grant(line) => {
                if state.sessions.len() == SESSIONS {
                    return None;
                }
                let session = state.sessions.len();
                let (ends, member) = (state.clock + LIFE, Self::is_member(last));
                state.sessions.push(Session {
                    ends,
                    removed_at: None,
                    member,
                    known: true,
                });
                state.lines[line] = Line::Open { session, sent };
            }
            Action::Resume(line, session) => state.lines[line] = Line::Open { session, sent },
            Action::Append(block) => {
                state.chain.push(block);
                if block == Block::Removes {
                    self.remove(&mut state);
                }
            }
            Action::Send(line) => match &mut state.lines[line] {
                Line::Open { sent, .. } if usize::from(*sent) < last.chain.len() => *sent += 1,
                Line::Ending { session, sent } if usize::from(*sent) < last.chain.len() => {
                    let is_after = last.sessions[*session]
                        .removed_at
                        .is_some_and(|at| *sent > at);
                    if is_after && self.keeps(Key::NothingAfter) {
                        return None;
                    }
                    *sent += 1;
                }
                _ => return None,
            },
            Action::Bye(line) | Action::Drop(line) => state.lines[line] = Line::Closed,
            Action::Tick => {
                state.clock += 1;
                for line in &mut state.lines {
                    if let Line::Open { session, .. } | Line::Ending { session, .. } = *line
                        && state.clock >= state.sessions[session].ends
                        && self.keeps(Key::EndsByTime)
                    {
                        *line = Line::Closed;
                    }
                }
            }
            Action::Restart(kept) => self.restart(&mut state, kept),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::properties()
    }
}

impl Stated for Sessions {
    const NAME: &'static str = "sessions";
    type Key = Key;

    fn without(rule: Option<Key>) -> Self {
        Self(rule)
    }

    fn rules() -> &'static [Rule<Key>] {
        rules::RULES
    }

    fn tell(&self, state: &State, action: &Action) -> String {
        let came = |taken: &str| match self.refusal(state, action) {
            Some(code) => format!("refused with {code}"),
            None => taken.to_owned(),
        };
        let size = state.chain.len();
        match action {
            Action::Prove(line) => {
                format!("Zed proves himself on connection {line}, and the roster is asked")
            }
            Action::Grant(line) => {
                let granted = format!("session {} is granted", state.sessions.len());
                format!(
                    "the proof on connection {line} is verified: {}",
                    came(&granted)
                )
            }
            Action::Resume(line, session) => {
                format!(
                    "Zed resumes session {session} on connection {line}: {}",
                    came("welcome")
                )
            }
            Action::Append(Block::Other) => format!("block {size} is appended"),
            Action::Append(Block::Removes) => format!("block {size} removes Zed"),
            Action::Append(Block::Adds) => format!("block {size} adds Zed again"),
            Action::Send(line) => match state.lines[*line] {
                Line::Open { sent, .. } | Line::Ending { sent, .. } => {
                    format!("block {sent} is sent on connection {line}")
                }
                _ => String::new(),
            },
            Action::Bye(line) => format!("bye on connection {line}"),
            Action::Drop(line) => format!("connection {line} breaks"),
            Action::Tick => "time passes, and each session so far is over".to_owned(),
            Action::Restart(true) => "the server starts again, with its sessions".to_owned(),
            Action::Restart(false) => "the server starts again, without sessions".to_owned(),
        }
    }
}
