//! The rules of the model, and the properties that they uphold.

use stateright::Property;

use super::*;
use crate::check::Rule;

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Key {
    EndsByTime,
    LiveTokens,
    EndsByRemoval,
    EndsConnections,
    NothingAfter,
    ForGood,
    KeptOverRestart,
    AskedAgain,
}

const IN_TIME: &str = "SESS-3, SESS-4: no connection is open under a session whose time is over";
const REMOVED: &str = "SESS-5: no connection of a removed account is open";
const AFTER: &str = "SESS-6: a removed account is sent no block after the one that removed it";
const STAYS: &str = "SESS-7: no connection is open under a session that a removal ended";
const MEMBER: &str = "SESS-20: no session is granted to who is not on the roster";

pub(super) const RULES: &[Rule<Key>] = &[
    Rule {
        key: Key::EndsByTime,
        id: "SESS-3",
        words: "open connections end with their session's time",
        breaks: IN_TIME,
    },
    Rule {
        key: Key::LiveTokens,
        id: "SESS-4",
        words: "a resume is asked whether its session's time is over",
        breaks: IN_TIME,
    },
    Rule {
        key: Key::EndsByRemoval,
        id: "SESS-5",
        words: "a removal ends the account's sessions",
        breaks: STAYS,
    },
    Rule {
        key: Key::EndsConnections,
        id: "SESS-5",
        words: "a removal ends the account's open connections",
        breaks: REMOVED,
    },
    Rule {
        key: Key::NothingAfter,
        id: "SESS-6",
        words: "what waits to be sent stops at the block that removes",
        breaks: AFTER,
    },
    Rule {
        key: Key::ForGood,
        id: "SESS-7",
        words: "an account that is added again does not get its sessions back",
        breaks: STAYS,
    },
    Rule {
        key: Key::KeptOverRestart,
        id: "SESS-7",
        words: "who keeps sessions over a restart keeps what ended them",
        breaks: STAYS,
    },
    Rule {
        key: Key::AskedAgain,
        id: "SESS-20",
        words: "the roster is asked again when the session is granted",
        breaks: MEMBER,
    },
];

/// What holds in every state, and what happens in some.
pub(super) fn properties() -> Vec<Property<Sessions>> {
    fn under(line: &Line) -> Option<(usize, u8)> {
        match line {
            Line::Open { session, sent } | Line::Ending { session, sent } => {
                Some((*session, *sent))
            }
            _ => None,
        }
    }
    fn open(state: &State) -> impl Iterator<Item = &Session> {
        let lines = state.lines.iter();
        lines.filter_map(|line| match line {
            Line::Open { session, .. } => Some(&state.sessions[*session]),
            _ => None,
        })
    }
    vec![
        Property::always(IN_TIME, |_, state: &State| {
            open(state).all(|session| state.clock < session.ends)
        }),
        Property::always(REMOVED, |_, state: &State| {
            Sessions::is_member(state) || open(state).next().is_none()
        }),
        Property::always(AFTER, |_, state: &State| {
            let mut lines = state.lines.iter().filter_map(under);
            lines.all(|(session, sent)| {
                state.sessions[session]
                    .removed_at
                    .is_none_or(|at| sent <= at + 1)
            })
        }),
        Property::always(STAYS, |_, state: &State| {
            open(state).all(|session| session.removed_at.is_none())
        }),
        Property::always(MEMBER, |_, state: &State| {
            state.sessions.iter().all(|session| session.member)
        }),
        Property::sometimes(
            "SESS-11: two connections are open under two sessions",
            |_, state: &State| matches!(state.lines, [Line::Open { session: a, .. }, Line::Open { session: b, .. }] if a != b),
        ),
        Property::sometimes(
            "Zed is removed, added, and has a session again",
            |_, state: &State| {
                state.sessions[..]
                    .iter()
                    .any(|one| one.removed_at.is_some())
                    && open(state).next().is_some()
            },
        ),
        Property::sometimes(
            "SESS-10: a session outlives a restart",
            |_, state: &State| {
                state.restarted && open(state).any(|session| *session == state.sessions[0])
            },
        ),
    ]
}
