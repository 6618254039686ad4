//! What is on its way to the chain: stored before it is sent, sent again after a loss, signed anew where it has to be.

use std::collections::BTreeSet;
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::entry::Body;
use dispatch_protocol::epoch::{MessageContext, Plaintext};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{Accepted, ClientFrame, Ref, Refused, Submit};
use tokio::time::Instant;

use super::{Job, Running};
use crate::client::Receipt;
use crate::community::{Community, server};
use crate::dial::Socket;
use crate::error::Error;
use crate::joining;
use crate::store::Outgoing;
use crate::writing::{self, Errand};

/// How often an errand is signed anew before its refusal is told.
const SIGNED: u32 = 5;
/// How long to wait where the server says not how long.
const WAIT: Duration = Duration::from_millis(200);

/// One errand's entries on their way. The next errand waits for them.
pub(super) struct Flight {
    job: Job,
    entries: Vec<Flying>,
    /// Whether everything was offered again after a refusal. // [ENTRY-17]
    again: bool,
    /// When to offer what is left again.
    retry_at: Option<Instant>,
}

struct Flying {
    out: Outgoing,
    answer: Option<Answer>,
}

/// What just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// A frame came on a connection on which the entries were sent.
    Frame,
    /// What the server held at the welcome is held.
    Sync,
}

enum Answer {
    Accepted(Accepted),
    Refused(Refused),
}

impl Flight {
    fn new(job: Job, entries: Vec<Outgoing>) -> Self {
        let flying = |out| Flying { out, answer: None };
        Self {
            job,
            entries: entries.into_iter().map(flying).collect(),
            again: false,
            retry_at: None,
        }
    }

    pub(super) fn into_job(self) -> Job {
        self.job
    }

    fn ids(&self) -> Vec<Id> {
        self.entries.iter().map(|flying| flying.out.id).collect()
    }

    /// Forgets refusals, so that the entries are offered again.
    fn reset(&mut self) {
        for flying in &mut self.entries {
            flying
                .answer
                .take_if(|answer| matches!(answer, Answer::Refused(_)));
        }
    }

    fn answer(&mut self, reference: Option<&Ref>, answer: Answer) {
        let named = |flying: &&mut Flying| {
            reference.is_some_and(|r| r.as_str() == flying.out.id.to_string())
        };
        if let Some(flying) = self.entries.iter_mut().find(named) {
            flying.answer = Some(answer);
        }
    }
}

impl Running {
    /// Sends what is due: what waited its time, then the next errand.
    pub(super) async fn write(&mut self, socket: &mut Socket) -> Result<(), Error> {
        if !self.synced {
            return Ok(());
        }
        if let Some(flight) = &mut self.flight {
            if flight.retry_at.is_some_and(|at| at <= Instant::now()) {
                flight.retry_at = None;
                flight.reset();
                return self.send(socket).await;
            }
            return Ok(());
        }
        let Some(job) = self.queue.pop_front() else {
            return Ok(());
        };
        if let Err(error) = self.check_clock() {
            job.answer(Err(error));
            return Ok(());
        }
        if matches!(job.errand, Errand::Say { .. } | Errand::Share { .. })
            && !self.community().has_card()?
        {
            self.queue.push_front(job);
            self.queue.push_front(Job::own(Errand::Card));
            return Ok(());
        }
        let (errand, now) = (job.errand.clone(), (self.clock)());
        let signed = self
            .work(move |community, key| {
                let entries = writing::entries(&errand, community, key, now)?;
                community.post(&entries)?;
                Ok(entries)
            })
            .await;
        match signed {
            Ok(entries) => {
                self.flight = Some(Flight::new(job, entries));
                self.send(socket).await
            }
            Err(error) => {
                job.answer(Err(error));
                Ok(())
            }
        }
    }

    /// After a sync: what stands in the chain has arrived, the rest is offered again. // [ENTRY-14]
    pub(super) async fn offer_again(&mut self, socket: &mut Socket) -> Result<(), Error> {
        self.landed(After::Sync)?;
        if let Some(flight) = &mut self.flight {
            flight.reset();
            self.send(socket).await?;
        }
        Ok(())
    }

    async fn send(&mut self, socket: &mut Socket) -> Result<(), Error> {
        let session = self.session.as_ref().expect("it was joined");
        let flight = self.flight.as_ref().expect("something is on its way");
        for flying in flight.entries.iter().filter(|f| f.answer.is_none()) {
            let frame = ClientFrame::Submit(Submit {
                reference: Ref::parse(&flying.out.id.to_string()).expect("an id's letters"),
                token: session.token().clone(),
                entry: flying.out.entry.clone(),
            });
            joining::say(socket, &frame).await?;
        }
        Ok(())
    }

    pub(super) fn accepted(&mut self, accepted: Accepted) -> Result<(), Error> {
        if let Some(flight) = &mut self.flight {
            let reference = accepted.reference.clone();
            flight.answer(reference.as_ref(), Answer::Accepted(accepted));
        }
        self.landed(After::Frame)
    }

    pub(super) fn refused(&mut self, refused: Refused) -> Result<(), Error> {
        let Some(flight) = &mut self.flight else {
            return Ok(());
        };
        let reference = refused.reference.clone();
        if reference.is_none() && flight.entries.len() == 1 {
            // a frame that the server could not read to its end // [SUB-3]
            flight.entries[0].answer = Some(Answer::Refused(refused));
        } else {
            flight.answer(reference.as_ref(), Answer::Refused(refused));
        }
        self.landed(After::Frame)
    }

    /// Looks what became of the entries on their way: each has landed once it has its answer and its block, or once its block is
    /// there after a sync, where the answer was lost.
    pub(super) fn landed(&mut self, after: After) -> Result<(), Error> {
        let Some(mut flight) = self.flight.take() else {
            return Ok(());
        };
        let community = self.community.as_mut().expect("nobody works on it");
        let mut missing = false;
        for flying in &flight.entries {
            let entry = &flying.out.entry;
            let state = community.state().expect("something is held");
            let stands = state
                .place_of(&entry.author, entry.seq, &flying.out.id)
                .is_some();
            if let Some(Answer::Accepted(accepted)) = &flying.answer
                && accepted.index < state.size()
            {
                // [CHAIN-11]
                let follower = community.follower().expect("something is held");
                follower
                    .receipt(accepted, &entry.author, entry.seq, &flying.out.id)
                    .map_err(server)?;
            }
            let answered = matches!(flying.answer, Some(Answer::Accepted(_)));
            missing |= !(stands && (answered || after == After::Sync));
        }
        if !missing {
            return self.arrived(flight);
        }
        let unanswered = |flying: &Flying| flying.answer.is_none();
        let refusal = flight
            .entries
            .iter()
            .find_map(|flying| match &flying.answer {
                Some(Answer::Refused(refused)) => Some(refused.clone()),
                _ => None,
            });
        let Some(refused) = refusal.filter(|_| !flight.entries.iter().any(unanswered)) else {
            self.flight = Some(flight);
            return Ok(());
        };
        let wait = refused.retry_after.map_or(WAIT, Duration::from_millis);
        let passing = matches!(
            refused.code,
            Code::RateLimited | Code::Unavailable | Code::ShuttingDown
        );
        if passing || !flight.again {
            flight.again |= !passing;
            flight.retry_at = Some(Instant::now() + wait);
            self.flight = Some(flight);
            return Ok(());
        }
        self.signed_anew(flight, refused)
    }

    /// Every entry stands in the chain.
    fn arrived(&mut self, flight: Flight) -> Result<(), Error> {
        let community = self.community();
        community.vault.drop_outgoing(&flight.ids())?;
        let state = community.state().expect("something is held");
        let last = flight.entries.last().expect("an errand has entries");
        let (author, seq) = (last.out.entry.author, last.out.entry.seq);
        let (index, hash) = state
            .place_of(&author, seq, &last.out.id)
            .expect("it stands there");
        let id = last.out.id;
        flight.job.answer(Ok(Receipt { index, hash, id }));
        Ok(())
    }

    /// What was refused twice is signed anew where the chain has moved on, and given up otherwise.
    fn signed_anew(&mut self, flight: Flight, refused: Refused) -> Result<(), Error> {
        self.community().vault.drop_outgoing(&flight.ids())?;
        let mut job = flight.into_job();
        let moved_on = matches!(
            refused.code,
            Code::BadSeq
                | Code::BadSeen
                | Code::StaleEpoch
                | Code::BadRecipient
                | Code::UnknownEpoch
                | Code::NotRecipient
        );
        if moved_on && job.signed < SIGNED {
            job.signed += 1;
            self.queue.push_front(job);
        } else {
            job.answer(Err(Error::Refused {
                code: refused.code,
                detail: refused.detail,
            }));
        }
        Ok(())
    }

    /// What the program before this one left behind: signed, stored, and not acknowledged.
    pub(super) fn recover(&mut self) -> Result<(), Error> {
        let community = self.community();
        let left = community.vault.outgoing()?;
        let state = community.state().expect("something is held");
        let stands = |out: &Outgoing| state.place_of(&out.entry.author, out.entry.seq, &out.id);
        let (arrived, left): (Vec<_>, Vec<_>) = left.into_iter().partition(|o| stands(o).is_some());
        let ids: Vec<Id> = arrived.iter().map(|out| out.id).collect();
        let errand = errand_of(community, &left);
        community.vault.drop_outgoing(&ids)?;
        if let Some(errand) = errand {
            self.flight = Some(Flight::new(Job::own(errand), left));
        }
        Ok(())
    }
}

/// What the entries were meant to do, in case they have to be signed anew.
fn errand_of(community: &Community, left: &[Outgoing]) -> Option<Errand> {
    match &left.last()?.entry.body {
        Body::Message(message) => {
            let entry = &left.last()?.entry;
            let context = MessageContext {
                community: entry.community,
                epoch: message.epoch,
                author: entry.author,
                seq: entry.seq,
            };
            let secret = community.secret(&message.epoch)?;
            let bytes = context
                .decrypt(secret, &message.salt, message.ciphertext.as_ref()?)
                .ok()?;
            Some(Errand::Say {
                plaintext: Plaintext::decode(&bytes).ok()?,
                to: recipients(community, left, &message.epoch),
            })
        }
        Body::Share(share) => Some(Errand::Share {
            with: share.wraps.first()?.member,
        }),
        Body::Redaction(redaction) => Some(Errand::Redact {
            index: redaction.index,
            reason: redaction.reason.clone(),
        }),
        Body::Roster(roster) => Some(Errand::Roster {
            add: roster.add.clone(),
            remove: roster.remove.clone(),
        }),
        Body::Card(_) | Body::Epoch(_) | Body::Genesis(_) => Some(Errand::Card),
    }
}

/// Whom an epoch is for, by the chain or by the entries that would make it; none where it is everyone.
fn recipients(community: &Community, left: &[Outgoing], epoch: &Id) -> Option<BTreeSet<Id>> {
    let state = community.state()?;
    let roster = state.roster().map(|key| key.id());
    let everyone: BTreeSet<Id> = roster
        .filter(|id| state.card(id, state.size()).is_some())
        .collect();
    let addressed: BTreeSet<Id> = match state.epoch(epoch) {
        Some(epoch) => {
            let known = everyone.iter().copied();
            known.filter(|id| epoch.has_recipient(id)).collect()
        }
        None => left
            .iter()
            .flat_map(|out| match &out.entry.body {
                Body::Epoch(epoch) => epoch.wraps.as_slice(),
                Body::Share(share) => share.wraps.as_slice(),
                _ => &[],
            })
            .map(|wrap| wrap.member)
            .collect(),
    };
    (addressed != everyone).then_some(addressed)
}
