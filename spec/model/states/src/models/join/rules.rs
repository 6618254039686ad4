//! The rules of the model, and the properties that they uphold.

use stateright::Property;

use super::*;
use crate::check::Rule;

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Key {
    FreshNonce,
    OwnConnection,
    Expiry,
    Signature,
    Roster,
    SpentByWelcome,
    SpentByRefusal,
    NoneSurvives,
}

const ONE_SIGNATURE: &str = "JOIN-7: a signature opens at most one session";
const OWN: &str = "JOIN-9: a proof opens a session only where its challenge was made";
const IN_TIME: &str = "JOIN-10: no challenge opens a session once its time is over";
const SIGNED: &str = "JOIN-11: whoever gets a session's account signed for it";
const MEMBER: &str = "JOIN-12: whoever gets a session is on the roster";
const ONCE: &str = "JOIN-13, JOIN-21: a challenge opens at most one session";
const ONE_TRY: &str = "JOIN-13: a challenge is held against at most one signature";

pub(super) const RULES: &[Rule<Key>] = &[
    Rule {
        key: Key::FreshNonce,
        id: "JOIN-7",
        words: "each challenge has a nonce of its own",
        breaks: ONE_SIGNATURE,
    },
    Rule {
        key: Key::OwnConnection,
        id: "JOIN-9",
        words: "a challenge is looked for on the connection that the proof came on",
        breaks: OWN,
    },
    Rule {
        key: Key::Expiry,
        id: "JOIN-10",
        words: "a challenge is refused from its end on",
        breaks: IN_TIME,
    },
    Rule {
        key: Key::Signature,
        id: "JOIN-11",
        words: "the signature is verified",
        breaks: SIGNED,
    },
    Rule {
        key: Key::Roster,
        id: "JOIN-12",
        words: "the roster is asked",
        breaks: MEMBER,
    },
    Rule {
        key: Key::SpentByWelcome,
        id: "JOIN-13",
        words: "a proof that is welcomed spends its challenge",
        breaks: ONCE,
    },
    Rule {
        key: Key::SpentByRefusal,
        id: "JOIN-13",
        words: "a proof that is refused spends its challenge",
        breaks: ONE_TRY,
    },
    Rule {
        key: Key::NoneSurvives,
        id: "JOIN-21",
        words: "challenges are forgotten with the process, as is what spent them",
        breaks: ONCE,
    },
];

/// What holds in every state, and what happens in some.
pub(super) fn properties() -> Vec<Property<Join>> {
    fn each(state: &State, holds: impl Fn(&Session, &Challenge) -> bool) -> bool {
        let mut sessions = state.sessions.iter();
        sessions.all(|session| holds(session, &state.challenges[session.challenge]))
    }
    vec![
        Property::always(ONE_SIGNATURE, |_, state: &State| {
            let mut sessions = state.sessions.iter().enumerate();
            sessions.all(|(index, one)| {
                state.sessions[..index]
                    .iter()
                    .all(|other| other.proof != one.proof)
            })
        }),
        Property::always(OWN, |_, state: &State| {
            each(state, |session, challenge| {
                session.via == challenge.via
                    && (session.via == Via::Http || session.holder == challenge.holder)
            })
        }),
        Property::always(IN_TIME, |_, state: &State| {
            each(state, |session, challenge| {
                session.at < challenge.made + LIFE
            })
        }),
        Property::always(SIGNED, |_, state: &State| {
            each(state, |session, challenge| {
                session.proof.by == challenge.account
            })
        }),
        Property::always(MEMBER, |_, state: &State| {
            each(state, |_, challenge| challenge.account == Who::Alice)
        }),
        Property::always(ONCE, |_, state: &State| {
            state
                .challenges
                .iter()
                .all(|challenge| challenge.opened <= 1)
        }),
        Property::always(ONE_TRY, |_, state: &State| {
            state
                .challenges
                .iter()
                .all(|challenge| challenge.judged <= 1)
        }),
        Property::sometimes(
            "Alice has a session on her socket, and one by requests",
            |_, state: &State| {
                let has = |via| {
                    state
                        .sessions
                        .iter()
                        .any(|session| session.via == via && session.holder == Who::Alice)
                };
                has(Via::Socket) && has(Via::Http)
            },
        ),
        Property::sometimes(
            "a proof of Alice's is refused, and her next one is welcomed",
            |_, state: &State| {
                state
                    .challenges
                    .iter()
                    .any(|one| one.holder == Who::Alice && one.spent && one.opened == 0)
                    && !state.sessions.is_empty()
            },
        ),
        Property::sometimes("Alice joins again after a restart", |_, state: &State| {
            state.sessions.iter().any(|session| session.start == 1)
        }),
    ]
}
