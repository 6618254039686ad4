//! The queues in `dispatchd.toml`: whatever may gather in memory, how much of it may, and what happens when it is full. Each has
//! one line in [`TABLE`], of which the configuration's form, its bounds and the text that a founding writes are made.

use std::collections::BTreeMap;

use toml::Spanned;

use super::sections::Fault;

/// How much may gather in memory, by what it is. When a queue is full somebody waits or is turned away; nothing is lost that
/// was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queues {
    /// Entries on their way to the store, in KiB of frames. Full: sockets and bodies are not read until there is room.
    pub entries_kib: usize,
    /// Entries of one socket that wait for their answer. Full: that socket is not read until there is one.
    pub entries_of_socket: usize,
    /// Entries of one commit. Full: the others are in the next.
    pub batch: usize,
    /// Joins whose proofs are verified. Full: the others wait.
    pub joins: usize,
    /// Sockets on which nobody has joined, and proofs by requests (LIM-12). Full: others are turned away with 503.
    pub strangers: usize,
    /// Connections at a stranger's request. Full: others are closed.
    pub requests: usize,
    /// The same of one network. Full: its others are closed.
    pub requests_of_network: usize,
    /// Outstanding challenges by requests (LIM-9). Full: the network that has the most loses its oldest.
    pub challenges: usize,
    /// The newest blocks, in KiB of frames. Full: whoever is further behind reads them from the store.
    pub recent_kib: usize,
    /// Readers that ask the store at once. Full: others wait.
    pub readers: usize,
}

/// A queue: its name in the configuration.
pub(super) struct Queue {
    pub(super) name: &'static str,
    /// What it holds, and what happens when it is full.
    pub(super) what: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    place: fn(&mut Queues) -> &mut usize,
}

/// All of them, in the order in which they are written.
pub(super) const TABLE: [Queue; 10] = [
    Queue {
        name: "entries_kib",
        what: "entries on their way to the store, in KiB; full: nobody's frames are read until there is room",
        least: 1024,
        most: 4 << 20,
        place: |queues| &mut queues.entries_kib,
    },
    Queue {
        name: "entries_of_socket",
        what: "entries of one socket without an answer; full: it is not read until there is one",
        least: 1,
        most: 65_536,
        place: |queues| &mut queues.entries_of_socket,
    },
    Queue {
        name: "batch",
        what: "entries of one commit; full: the others are in the next",
        least: 1,
        most: 65_536,
        place: |queues| &mut queues.batch,
    },
    Queue {
        name: "joins",
        what: "joins that are verified; full: others wait",
        least: 1,
        most: 65_536,
        place: |queues| &mut queues.joins,
    },
    Queue {
        name: "strangers",
        what: "sockets without a join, and proofs by requests; full: others are turned away (503)",
        least: 1,
        most: 65_536,
        place: |queues| &mut queues.strangers,
    },
    Queue {
        name: "requests",
        what: "connections at a stranger's request; full: others are closed",
        least: 1,
        most: 65_536,
        place: |queues| &mut queues.requests,
    },
    Queue {
        name: "requests_of_network",
        what: "the same of one address; full: its others are closed",
        least: 1,
        most: 65_536,
        place: |queues| &mut queues.requests_of_network,
    },
    Queue {
        name: "challenges",
        what: "challenges by requests; full: the address that has the most loses its oldest",
        least: 1,
        most: 1_000_000,
        place: |queues| &mut queues.challenges,
    },
    Queue {
        name: "recent_kib",
        what: "the newest blocks, in KiB; full: who is further behind reads from the store",
        least: 64,
        most: 4 << 20,
        place: |queues| &mut queues.recent_kib,
    },
    Queue {
        name: "readers",
        what: "readers that ask the store at once; full: others wait",
        least: 1,
        most: 256,
        place: |queues| &mut queues.readers,
    },
];

impl Default for Queues {
    /// For a community of some thousands on a small machine.
    fn default() -> Queues {
        Queues {
            entries_kib: 32 << 10,
            entries_of_socket: 256,
            batch: 512,
            joins: 1024,
            strangers: 1024,
            requests: 512,
            requests_of_network: 128,
            challenges: 8192,
            recent_kib: 8 << 10,
            readers: 4,
        }
    }
}

impl Queues {
    /// # Errors
    /// The first name that is no queue's, or value that is out of its bounds.
    pub(super) fn read(written: &BTreeMap<String, Spanned<usize>>) -> Result<Queues, Fault> {
        let mut queues = Queues::default();
        for (name, value) in written {
            let at = |problem| (value.span().start, problem);
            let Some(queue) = TABLE.iter().find(|queue| queue.name == name) else {
                let names = TABLE.map(|queue| queue.name).join(", ");
                return Err(at(format!("there is no queue `{name}`; there are {names}")));
            };
            let (least, most) = (queue.least, queue.most);
            if !(least..=most).contains(value.get_ref()) {
                let value = value.get_ref();
                let problem = format!("{name} is {value}; it must be from {least} to {most}");
                return Err(at(problem));
            }
            *(queue.place)(&mut queues) = *value.get_ref();
        }
        Ok(queues)
    }

    /// The section's lines, each with its meaning and bounds.
    pub(crate) fn text(mut self) -> String {
        let line = |queue: &Queue| {
            let value = format!("{} = {}", queue.name, (queue.place)(&mut self));
            let Queue {
                what, least, most, ..
            } = queue;
            format!("{value:<28}# {what}; {least} to {most}\n")
        };
        TABLE.iter().map(line).collect()
    }
}
