//! Challenges and proofs: who comes in, by which signature, how often, until when (spec/join.md).
//!
//! Alice is a member, Mallory is not. Each has a socket, and requests are open to both. Mallory names whichever key she likes
//! in a `hello`, and has every signature that Alice made, as if Alice's line were read along.

mod rules;

pub use rules::Key;

use stateright::{Model, Property};

use crate::check::{Rule, Stated};

/// How many challenges are made, and how often the clock moves.
const CHALLENGES: usize = 3;
const LIFE: u8 = 1;
const TICKS: u8 = 1;

/// An account, or who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// A member.
    Alice,
    /// On no roster.
    Mallory,
}

/// What a frame travels on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// The socket of who sends.
    Socket,
    /// A request, which anyone could have sent.
    Http,
}

/// A challenge that the server made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Challenge {
    /// Who said the `hello`.
    pub holder: Who,
    /// On what.
    pub via: Via,
    /// Whose key the `hello` named.
    pub account: Who,
    /// Its number, or 0 where the server repeats itself.
    pub nonce: u8,
    made: u8,
    start: u8,
    /// Whether the server takes it as spent.
    pub spent: bool,
    judged: u8,
    opened: u8,
}

/// A signature: by whom, and over the tuple of which challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Proof {
    /// Who signed.
    pub by: Who,
    /// The challenge's place in [`State::challenges`].
    pub over: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Session {
    challenge: usize,
    proof: Proof,
    holder: Who,
    via: Via,
    at: u8,
    start: u8,
}

/// The server, and what was signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    clock: u8,
    start: u8,
    /// In the order in which they were made.
    pub challenges: Vec<Challenge>,
    /// For each challenge, whether Alice signed it.
    signed: Vec<bool>,
    sessions: Vec<Session>,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Somebody names an account and asks for a challenge.
    Hello(Who, Via, Who),
    /// Alice signs a challenge that answered her.
    Sign(usize),
    /// Somebody names a challenge and shows a signature.
    Prove(Who, Via, usize, Proof),
    /// Time passes.
    Tick,
    /// The server starts again; sockets end.
    Restart,
}

/// The model, with all rules or without one.
#[derive(Debug, Clone)]
pub struct Join(pub(crate) Option<Key>);

impl Join {
    fn keeps(&self, key: Key) -> bool {
        self.0 != Some(key)
    }

    /// What a socket awaits: nothing but reading once it is open.
    pub(crate) fn is_open(state: &State, holder: Who) -> bool {
        state.sessions.iter().any(|session| {
            session.via == Via::Socket && session.holder == holder && session.start == state.start
        })
    }

    fn outstanding(&self, state: &State, challenge: &Challenge) -> bool {
        let survives = challenge.start == state.start
            || (!self.keeps(Key::NoneSurvives) && challenge.via == Via::Http);
        survives && !challenge.spent
    }

    /// The challenge that a proof's nonce names, where the server finds it.
    fn named(&self, state: &State, who: Who, via: Via, nonce: u8) -> Option<usize> {
        let here = |challenge: &Challenge| {
            let own = challenge.via == via && (via == Via::Http || challenge.holder == who);
            challenge.nonce == nonce
                && self.outstanding(state, challenge)
                && (own || !self.keeps(Key::OwnConnection))
        };
        state.challenges.iter().rposition(here)
    }

    /// The codes with which a frame may be refused: those of all rules that it breaks (ERR-8). None: it is answered as it asks.
    pub fn refusals(&self, state: &State, action: &Action) -> Vec<&'static str> {
        match action {
            Action::Hello(who, Via::Socket, _) => {
                let awaits_proof = state.challenges.iter().any(|challenge| {
                    challenge.via == Via::Socket
                        && challenge.holder == *who
                        && challenge.start == state.start
                        && !challenge.spent
                });
                let unexpected = awaits_proof || Self::is_open(state, *who);
                unexpected
                    .then_some("unexpected_frame")
                    .into_iter()
                    .collect()
            }
            Action::Prove(who, via, name, proof) => {
                if *via == Via::Socket && Self::is_open(state, *who) {
                    return vec!["unexpected_frame"];
                }
                let nonce = state.challenges[*name].nonce;
                let Some(found) = self.named(state, *who, *via, nonce) else {
                    return vec!["no_challenge"];
                };
                self.judge(state, &state.challenges[found], *proof)
            }
            _ => Vec::new(),
        }
    }

    fn judge(&self, state: &State, challenge: &Challenge, proof: Proof) -> Vec<&'static str> {
        let mut codes = Vec::new();
        if self.keeps(Key::Expiry) && state.clock >= challenge.made + LIFE {
            codes.push("challenge_expired");
        }
        let over = &state.challenges[proof.over];
        let same_tuple = (over.nonce, over.account, over.made)
            == (challenge.nonce, challenge.account, challenge.made);
        let good = same_tuple && proof.by == challenge.account;
        if self.keeps(Key::Signature) && !good {
            codes.push("bad_proof");
        } else if self.keeps(Key::Roster) && challenge.account != Who::Alice {
            codes.push("not_allowed");
        }
        codes
    }
}

impl Model for Join {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let (challenges, signed, sessions) = (Vec::new(), Vec::new(), Vec::new());
        vec![State {
            clock: 0,
            start: 0,
            challenges,
            signed,
            sessions,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for via in [Via::Socket, Via::Http] {
            actions.push(Action::Hello(Who::Alice, via, Who::Alice));
            actions.push(Action::Hello(Who::Mallory, via, Who::Alice));
            actions.push(Action::Hello(Who::Mallory, via, Who::Mallory));
        }
        for (index, challenge) in state.challenges.iter().enumerate() {
            if challenge.holder == Who::Alice && !state.signed[index] {
                actions.push(Action::Sign(index));
            }
            for (over, other) in state.challenges.iter().enumerate() {
                let by_alice = Proof {
                    by: Who::Alice,
                    over,
                };
                if state.signed[over] {
                    for via in [Via::Socket, Via::Http] {
                        if over == index && challenge.via == via {
                            actions.push(Action::Prove(Who::Alice, via, index, by_alice));
                        }
                        actions.push(Action::Prove(Who::Mallory, via, index, by_alice));
                    }
                }
                if over == index && other.holder == Who::Mallory {
                    let proof = Proof {
                        by: Who::Mallory,
                        over,
                    };
                    actions.push(Action::Prove(Who::Mallory, other.via, index, proof));
                }
            }
        }
        if state.clock < TICKS {
            actions.push(Action::Tick);
        }
        if state.start == 0 {
            actions.push(Action::Restart);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let refused = !self.refusals(last, &action).is_empty();
        match action {
            Action::Hello(holder, via, account) => {
                if refused || state.challenges.len() == CHALLENGES {
                    return None;
                }
                let nonce = match self.keeps(Key::FreshNonce) {
                    true => state.challenges.len() as u8,
                    false => 0,
                };
                let (made, start) = (state.clock, state.start);
                let challenge = Challenge {
                    holder,
                    via,
                    account,
                    nonce,
                    made,
                    start,
                    spent: false,
                    judged: 0,
                    opened: 0,
                };
                state.challenges.push(challenge);
                state.signed.push(false);
            }
            Action::Sign(index) => state.signed[index] = true,
            Action::Prove(holder, via, name, proof) => {
                if via == Via::Socket && Self::is_open(last, holder) {
                    return None;
                }
                let found = self.named(last, holder, via, last.challenges[name].nonce)?;
                let challenge = &mut state.challenges[found];
                challenge.judged += 1;
                challenge.spent = match refused {
                    true => self.keeps(Key::SpentByRefusal),
                    false => self.keeps(Key::SpentByWelcome),
                };
                if !refused {
                    challenge.opened += 1;
                    let (at, start) = (state.clock, state.start);
                    state.sessions.push(Session {
                        challenge: found,
                        proof,
                        holder,
                        via,
                        at,
                        start,
                    });
                }
            }
            Action::Tick => state.clock += 1,
            Action::Restart => {
                state.start += 1;
                if !self.keeps(Key::NoneSurvives) {
                    state
                        .challenges
                        .iter_mut()
                        .for_each(|one| one.spent = false);
                }
            }
        }
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.sessions.len() <= 2 && state.challenges.iter().all(|one| one.judged <= 2)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::properties()
    }
}

impl Stated for Join {
    const NAME: &'static str = "join";
    type Key = Key;

    fn without(rule: Option<Key>) -> Self {
        Self(rule)
    }

    fn rules() -> &'static [Rule<Key>] {
        rules::RULES
    }

    fn tell(&self, state: &State, action: &Action) -> String {
        let via = |via: &Via| match via {
            Via::Socket => "on the socket",
            Via::Http => "by a request",
        };
        let came = match self.refusals(state, action).as_slice() {
            [] => String::new(),
            codes => format!(": refused with {}", codes.join(" or ")),
        };
        match action {
            Action::Hello(who, on, account) => {
                let number = state.challenges.len();
                let got = if came.is_empty() {
                    format!(": challenge {number}")
                } else {
                    came
                };
                format!("{who:?} says hello {} with {account:?}'s key{got}", via(on))
            }
            Action::Sign(index) => format!("Alice signs challenge {index}"),
            Action::Prove(who, on, name, proof) => {
                let got = if came.is_empty() {
                    ": welcome".to_owned()
                } else {
                    came
                };
                let over = proof.over;
                format!(
                    "{who:?} names challenge {name} {}, with {:?}'s signature of challenge {over}{got}",
                    via(on),
                    proof.by
                )
            }
            Action::Tick => "time passes, and each challenge so far is over".to_owned(),
            Action::Restart => "the server starts again".to_owned(),
        }
    }
}
