//! How a case's connections are carried: by a socket, or by requests. One scenario means the same on each.

use serde::Deserialize;
use serde_json::Value;

use super::{Capability, Case, Step, step::Verb};

/// What carries frames.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// WebSocket.
    #[default]
    Ws,
    /// Requests, and blocks by long-polling.
    Poll,
    /// Requests, and blocks by server-sent events.
    Sse,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ws, Self::Poll, Self::Sse];

    /// Its name on the command line, and behind the `@` of a case's id.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Poll => "poll",
            Self::Sse => "sse",
        }
    }

    /// The transport of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|transport| transport.name() == name)
    }

    /// A case's id and the transport that it names, such as `join-welcomed@sse`.
    pub fn split(id: &str) -> Option<(&str, Self)> {
        let (id, transport) = id.rsplit_once('@')?;
        Some((id, Self::named(transport)?))
    }

    /// What a server has to offer for it.
    fn needs(self) -> &'static [Capability] {
        match self {
            Self::Ws => &[],
            Self::Poll => &[Capability::Http],
            Self::Sse => &[Capability::Http, Capability::Sse],
        }
    }
}

impl Case {
    /// The same case over a transport; none where it is about what that one does not have: frames of a socket, its opening and
    /// its end, the states of one connection. A case about a transport is itself over that one.
    pub fn over(&self, transport: Transport) -> Option<Self> {
        if transport == Transport::Ws {
            return Some(self.clone());
        }
        if self.needs(Capability::Http) {
            let is_about_it = self.needs(Capability::Sse) == (transport == Transport::Sse);
            return is_about_it.then(|| self.clone());
        }
        let for_itself = self.only.is_some()
            || self.needs(Capability::Spawn)
            || self.needs(Capability::ManyConnections);
        if for_itself || !self.steps.iter().all(is_carried) || !self.steps.iter().any(opens) {
            return None;
        }
        let mut case = self.clone();
        case.id = format!("{}@{}", self.id, transport.name());
        case.transport = transport;
        case.needs.extend(transport.needs());
        Some(case)
    }
}

/// Whether a step means something over requests.
fn is_carried(step: &Step) -> bool {
    match &step.verb {
        Verb::Join(join) => join.receive_buffer.is_none() && join.over.is_none(),
        Verb::Open(open) => {
            open.headers.0.is_empty()
                && open.header.is_empty()
                && open.status == 101
                && open.receive_buffer.is_none()
        }
        Verb::Send(send) => {
            let as_it_is =
                send.pad_to.is_none() && send.fragments.is_none() && send.opcode.is_none();
            as_it_is && matches!(kind(step).as_deref(), Some("hello" | "prove" | "submit"))
        }
        Verb::Repeat(repeat) => repeat.steps.iter().all(is_carried),
        Verb::Expect(_)
        | Verb::ExpectRefused(_)
        | Verb::ExpectBlock(_)
        | Verb::ExpectCheckpoint(_)
        | Verb::Make(_)
        | Verb::Submit(_)
        | Verb::Post(_)
        | Verb::Answers(_)
        | Verb::Card(_)
        | Verb::Epoch(_)
        | Verb::Message(_)
        | Verb::Roster(_)
        | Verb::WaitUntil(_)
        | Verb::Close(_)
        | Verb::Check(_) => true,
        _ => false,
    }
}

fn opens(step: &Step) -> bool {
    matches!(&step.verb, Verb::Join(_) | Verb::Open(_))
}

/// The type of the frame that a `send` sends, where the vector shows it.
fn kind(step: &Step) -> Option<String> {
    let step: Value = serde_json::from_str(&step.text).ok()?;
    shown(&step["frame"])
}

fn shown(frame: &Value) -> Option<String> {
    let frame = frame.as_object()?;
    if frame.contains_key("$hello") {
        return Some("hello".to_owned());
    }
    if frame.contains_key("$prove") {
        return Some("prove".to_owned());
    }
    match frame.get("$with") {
        Some(changed) => shown(changed),
        None => Some(frame.get("type")?.as_str()?.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{corpus::Corpus, scenario::Vectors};

    #[test]
    fn what_means_something_on_requests_is_carried_by_them_and_nothing_else() {
        let vectors = Vectors::read(&Corpus::embedded()).unwrap();
        let over = |id: &str| {
            let case = vectors.case(id).expect(id);
            case.over(Transport::Sse)
        };
        let carried = over("join-welcomed").unwrap();
        assert_eq!(carried.id, "join-welcomed@sse");
        assert!(carried.needs(Capability::Http) && carried.needs(Capability::Sse));
        for of_a_socket in [
            "lim-ping-flood-beside",
            "sess-resume",
            "restart-keeps-every-kind",
            "disc-document",
        ] {
            assert!(over(of_a_socket).is_none(), "{of_a_socket}");
        }
    }

    #[test]
    fn a_case_says_that_it_is_for_a_socket_alone_only_where_its_steps_do_not_show_it() {
        let vectors = Vectors::read(&Corpus::embedded()).unwrap();
        for case in vectors.cases.iter().filter(|case| case.only.is_some()) {
            let mut case = case.clone();
            case.only = None;
            assert!(case.over(Transport::Poll).is_some(), "{}", case.id);
        }
    }
}
