//! One author on two devices, a network that loses and reorders, a server that crashes (spec/entries.md, spec/join.md).
//!
//! Each device has something to say and offers it until it knows that it was said. The devices share an account, and so race
//! for its numbers. The server appends to memory and to its store, and loses what is in memory alone.

mod rules;

pub use rules::Key;

use std::{borrow::Cow, sync::Arc};

use stateright::{
    Model, Property,
    actor::{
        Actor, ActorModel, ActorModelAction, ActorModelState, Envelope, Id, LossyNetwork, Network,
        Out,
    },
};

use crate::check::{Rule, Stated};

const SERVER: usize = 0;
const OFFERS: u8 = 2;

/// A statement of the author's: two that differ in anything have two entry ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    /// The device that has these words to say.
    pub words: usize,
    /// The author's number.
    pub seq: u8,
    /// How often the device has signed them anew.
    pub signing: u8,
}

/// What travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Message {
    /// To the server.
    Submit(Entry),
    /// The entry's index.
    Accepted(Entry, u8),
    /// Not the author's next number, which is told here in the place of the blocks that the device would read on.
    BadSeq(Entry, u8),
}

/// When something has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// The server writes to its store.
    Flush,
    /// A device got no answer.
    NoAnswer,
}

/// What an actor is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Party {
    /// The chain in memory, how much of it is in the store, who waits for that, and which entries it would know again.
    Server {
        /// The author's entries in the chain.
        chain: Vec<Entry>,
        /// How many of them are durable.
        durable: usize,
        /// Answers that wait until the rest is durable, too.
        waiting: Vec<(Id, Message)>,
        /// What it would know again.
        known: Vec<Entry>,
        /// How often it came back.
        starts: u8,
    },
    /// What it offers, how often it has, and whether it knows that it was said.
    Device {
        /// The entry that it offers now.
        offer: Entry,
        /// How often it offered one without a signal that changed it.
        offers: u8,
        /// Whether it was answered with `accepted`.
        done: bool,
    },
}

/// What outlives the server's process: the chain as far as it is durable, and how often the server came back.
type Stored = (Vec<Entry>, u8);

/// The server, or a device.
#[derive(Debug, Clone, Copy)]
pub struct Role(Option<Key>);

impl Role {
    fn keeps(self, key: Key) -> bool {
        self.0 != Some(key)
    }

    fn offer(offer: Entry, out: &mut Out<Self>) {
        out.send(Id::from(SERVER), Message::Submit(offer));
        out.set_timer(Timer::NoAnswer, stateright::actor::model_timeout());
    }

    fn submitted(self, state: &mut Party, from: Id, entry: Entry, out: &mut Out<Self>) {
        let Party::Server {
            chain,
            durable,
            waiting,
            known,
            ..
        } = state
        else {
            return;
        };
        let place = chain.iter().position(|other| *other == entry);
        if let Some(index) = place.filter(|_| known.contains(&entry) && self.keeps(Key::KnowsAgain))
        {
            let receipt = (from, Message::Accepted(entry, index as u8));
            if index < *durable || !self.keeps(Key::DurableRepeat) {
                out.send(receipt.0, receipt.1);
            } else if !waiting.contains(&receipt) {
                waiting.push(receipt);
            }
            return;
        }
        let next = chain.len() as u8 + 1;
        if self.keeps(Key::Numbers) && entry.seq != next {
            let refusal = (from, Message::BadSeq(entry, next));
            if chain.len() == *durable || !self.keeps(Key::DurableRefusal) {
                out.send(refusal.0, refusal.1);
            } else if !waiting.contains(&refusal) {
                waiting.push(refusal);
            }
            return;
        }
        let receipt = Message::Accepted(entry, chain.len() as u8);
        chain.push(entry);
        known.push(entry);
        match self.keeps(Key::DurableFirst) {
            true => waiting.push((from, receipt)),
            false => out.send(from, receipt),
        }
        out.set_timer(Timer::Flush, stateright::actor::model_timeout());
    }
}

impl Actor for Role {
    type Msg = Message;
    type Timer = Timer;
    type State = Party;
    type Storage = Stored;
    type Random = ();

    fn on_start(&self, id: Id, storage: &Option<Stored>, out: &mut Out<Self>) -> Party {
        if usize::from(id) == SERVER {
            let (chain, starts) = match storage {
                Some((chain, starts)) => (chain.clone(), starts + 1),
                None => (Vec::new(), 0),
            };
            out.save((chain.clone(), starts));
            let known = match self.keeps(Key::KnowsAfterRestart) {
                true => chain.clone(),
                false => Vec::new(),
            };
            return Party::Server {
                durable: chain.len(),
                chain,
                waiting: Vec::new(),
                known,
                starts,
            };
        }
        let offer = Entry {
            words: id.into(),
            seq: 1,
            signing: 0,
        };
        Self::offer(offer, out);
        Party::Device {
            offer,
            offers: 1,
            done: false,
        }
    }

    fn on_msg(
        &self,
        _: Id,
        state: &mut Cow<Party>,
        from: Id,
        message: Message,
        out: &mut Out<Self>,
    ) {
        match (message, &**state) {
            (Message::Submit(entry), Party::Server { .. }) => {
                self.submitted(state.to_mut(), from, entry, out)
            }
            (
                Message::Accepted(entry, _),
                Party::Device {
                    offer, done: false, ..
                },
            ) if entry == *offer => {
                out.cancel_timer(Timer::NoAnswer);
                *state = Cow::Owned(Party::Device {
                    offer: entry,
                    offers: 0,
                    done: true,
                });
            }
            (
                Message::BadSeq(entry, next),
                Party::Device {
                    offer, done: false, ..
                },
            ) if entry == *offer => {
                let offer = Entry {
                    seq: next,
                    signing: entry.signing + 1,
                    ..entry
                };
                Self::offer(offer, out);
                *state = Cow::Owned(Party::Device {
                    offer,
                    offers: 1,
                    done: false,
                });
            }
            _ => {}
        }
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<Party>, timer: &Timer, out: &mut Out<Self>) {
        match (timer, state.to_mut()) {
            (
                Timer::Flush,
                Party::Server {
                    chain,
                    durable,
                    waiting,
                    starts,
                    ..
                },
            ) => {
                out.save((chain.clone(), *starts));
                *durable = chain.len();
                for (device, answer) in waiting.drain(..) {
                    out.send(device, answer);
                }
            }
            (
                Timer::NoAnswer,
                Party::Device {
                    offer,
                    offers,
                    done: false,
                },
            ) if *offers < OFFERS => {
                if !self.keeps(Key::SameEntryAgain) {
                    offer.signing += 1;
                }
                *offers += 1;
                Self::offer(*offer, out);
            }
            _ => {}
        }
    }
}

type Inner = ActorModel<Role, (), Vec<(Entry, u8)>>;
type State = ActorModelState<Role, Vec<(Entry, u8)>>;
type Action = ActorModelAction<Message, Timer, ()>;

/// The model, with all rules or without one.
pub struct Submits(Inner);

/// The server's memory, and its store.
fn server(state: &State) -> (&[Entry], &[Entry]) {
    let store = state.actor_storages[SERVER].as_ref();
    let store = store.map_or(&[][..], |(chain, _)| chain);
    match &*state.actor_states[SERVER] {
        Party::Server { chain, .. } if !state.crashed[SERVER] => (chain, store),
        _ => (store, store),
    }
}

fn is_done(party: &Arc<Party>) -> bool {
    matches!(**party, Party::Device { done: true, .. })
}

impl Model for Submits {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.0.init_states()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.0.actions(state, actions);
        let is_first = matches!(state.actor_storages[SERVER], Some((_, 0)));
        actions.retain(|action| match action {
            ActorModelAction::Crash(id) => usize::from(*id) == SERVER && is_first,
            _ => true,
        });
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        self.0.next_state(last, action)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.actor_states.iter().all(|party| match &**party {
            Party::Device { offer, .. } => offer.signing <= 2,
            Party::Server { chain, .. } => chain.len() <= 3,
        })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::properties()
    }
}

impl Stated for Submits {
    const NAME: &'static str = "submits";
    type Key = Key;

    fn without(rule: Option<Key>) -> Self {
        let record =
            |_: &(), said: &Vec<(Entry, u8)>, envelope: Envelope<&Message>| match envelope.msg {
                Message::Accepted(entry, index) if !said.contains(&(*entry, *index)) => {
                    let mut said = said.clone();
                    said.push((*entry, *index));
                    Some(said)
                }
                _ => None,
            };
        let model = ActorModel::new((), Vec::new())
            .actors([Role(rule); 3])
            .init_network(Network::new_unordered_nonduplicating([]))
            .lossy_network(LossyNetwork::Yes)
            .max_crashes(1)
            .record_msg_out(record);
        Self(model)
    }

    fn rules() -> &'static [Rule<Key>] {
        rules::RULES
    }

    fn tell(&self, _: &State, action: &Action) -> String {
        let entry = |entry: &Entry| {
            let Entry {
                words,
                seq,
                signing,
            } = entry;
            let anew = match signing {
                0 => String::new(),
                times => format!(", signed anew {times}x"),
            };
            format!("number {seq} with device {words}'s words{anew}")
        };
        let message = |message: &Message| match message {
            Message::Submit(what) => format!("the submit of {}", entry(what)),
            Message::Accepted(what, index) => format!("accepted at {index} for {}", entry(what)),
            Message::BadSeq(what, _) => format!("bad_seq for {}", entry(what)),
        };
        match action {
            ActorModelAction::Deliver { dst, msg, .. } if usize::from(*dst) == SERVER => {
                format!("{} reaches the server", message(msg))
            }
            ActorModelAction::Deliver { dst, msg, .. } => {
                format!("{} reaches device {}", message(msg), usize::from(*dst))
            }
            ActorModelAction::Drop(envelope) => format!("{} is lost", message(&envelope.msg)),
            ActorModelAction::Timeout(_, Timer::Flush) => {
                "the server writes to its store".to_owned()
            }
            ActorModelAction::Timeout(id, Timer::NoAnswer) => format!(
                "device {} has no answer, and offers again",
                usize::from(*id)
            ),
            ActorModelAction::Crash(_) => "the server crashes".to_owned(),
            ActorModelAction::Recover(_) => "the server starts again".to_owned(),
            ActorModelAction::SelectRandom { .. } => String::new(),
        }
    }
}

/// The author's entries as the server holds them.
pub fn chain(state: &State) -> &[Entry] {
    server(state).0
}
