//! What is on its way to the chain: stored before it is sent, sent again after a loss, signed anew where it has to be.

use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{Accepted, ClientFrame, Ref, Refused, Submit};
use tokio::time::Instant;

use super::{Job, Running};
use crate::client::Receipt;
use crate::community::server;
use crate::dial::Socket;
use crate::error::Error;
use crate::event::Event;
use crate::joining;
use crate::store::{Left, Outgoing, Presence, StoreError};
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

    /// The errand, to be signed anew: what was signed is remembered.
    pub(super) fn into_job(mut self) -> Job {
        let last = &self.entries.last().expect("an errand has entries").out;
        self.job.earlier.push((last.entry.seq, last.id));
        self.job
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
        let Some(mut job) = self.queue.pop_front() else {
            return Ok(());
        };
        if let Some(entries) = job.left.take() {
            self.flight = Some(Flight::new(job, entries));
            return self.offer_again(socket).await;
        }
        if let Some(place) = self.stands(&job.earlier) {
            return self.arrived(job, place);
        }
        if job.errand == Errand::Card && self.community().has_card()? {
            return Ok(self.community().vault.drop_errand(job.number)?);
        }
        if let Err(error) = self.check_clock() {
            // what nobody waits for stays in the store until the clock is right; a card is asked for again at each join
            return match job.answer.is_some() || job.errand == Errand::Card {
                true => self.give_up(job, error).await,
                false => Ok(()),
            };
        }
        if matches!(job.errand, Errand::Say { .. } | Errand::Share { .. })
            && !self.community().has_card()?
        {
            self.queue.push_front(job);
            return self.want_card();
        }
        let (errand, number, now) = (job.errand.clone(), job.number, (self.clock)());
        let signed = self
            .work(move |community, key| {
                let entries = writing::entries(&errand, community, key, now)?;
                community.post(number, &entries)?;
                Ok(entries)
            })
            .await;
        match signed {
            Ok(entries) => {
                self.flight = Some(Flight::new(job, entries));
                self.send(socket).await
            }
            Err(error) => self.give_up(job, error).await,
        }
    }

    /// After a sync: what stands in the chain has arrived, the rest is offered again. // [ENTRY-14]
    pub(super) async fn offer_again(&mut self, socket: &mut Socket) -> Result<(), Error> {
        self.landed(After::Sync).await?;
        if let Some(flight) = &mut self.flight {
            flight.retry_at = None;
            flight.reset();
            self.send(socket).await?;
        }
        Ok(())
    }

    async fn send(&mut self, socket: &mut Socket) -> Result<(), Error> {
        let flight = self.flight.as_ref().expect("something is on its way");
        let entries: Vec<Outgoing> = flight.entries.iter().map(|f| f.out.clone()).collect();
        let last = entries.last().expect("an errand has entries");
        let community = self.community.as_ref().expect("nobody works on it");
        if self.stands(&[(last.entry.seq, last.id)]).is_none()
            && !writing::still_fits(&flight.job.errand, &entries, community)
        {
            // the server may have the old entries: they stay known until the errand is done
            let flight = self.flight.take().expect("it is there");
            self.queue.push_front(flight.into_job());
            return Ok(());
        }
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

    pub(super) async fn accepted(&mut self, accepted: Accepted) -> Result<(), Error> {
        if let Some(flight) = &mut self.flight {
            let reference = accepted.reference.clone();
            flight.answer(reference.as_ref(), Answer::Accepted(accepted));
        }
        self.landed(After::Frame).await
    }

    pub(super) async fn refused(&mut self, refused: Refused) -> Result<(), Error> {
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
        self.landed(After::Frame).await
    }

    /// Looks what became of the entries on their way: each has landed once it has its answer and its block, or once its block is
    /// there after a sync, where the answer was lost.
    pub(super) async fn landed(&mut self, after: After) -> Result<(), Error> {
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
        let last = &flight.entries.last().expect("an errand has entries").out;
        let (seq, id) = (last.entry.seq, last.id);
        // what was signed for the same errand before may have been taken in its stead
        let earlier = self.stands(&flight.job.earlier);
        let now = self.stands(&[(seq, id)]).filter(|_| !missing);
        if let Some(place) = earlier.or(now) {
            return self.arrived(flight.into_job(), place);
        }
        let unanswered = |flying: &Flying| flying.answer.is_none();
        let refusal = flight
            .entries
            .iter()
            .find_map(|flying| match &flying.answer {
                Some(Answer::Refused(refused)) => Some(refused.clone()),
                _ => None,
            });
        // a refusal is judged once: whatever comes while the entries wait to be offered again is no news of them // [ENTRY-17]
        let due = flight.retry_at.is_none() && !flight.entries.iter().any(unanswered);
        let Some(refused) = refusal.filter(|_| due) else {
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
        self.signed_anew(flight, refused).await
    }

    /// The first of these own entries that stands in the chain.
    fn stands(&self, entries: &[(u64, Id)]) -> Option<Receipt> {
        let community = self.community.as_ref().expect("nobody works on it");
        let state = community.state().expect("something is held");
        entries.iter().find_map(|(seq, id)| {
            let (index, hash) = state.place_of(&community.me(), *seq, id)?;
            Some(Receipt {
                index,
                hash,
                id: *id,
            })
        })
    }

    /// The errand is done: its entry stands in the chain.
    fn arrived(&mut self, job: Job, place: Receipt) -> Result<(), Error> {
        self.community().vault.drop_errand(job.number)?;
        job.answer(Ok(place));
        Ok(())
    }

    /// What was refused twice is signed anew where the chain has moved on, and given up otherwise.
    async fn signed_anew(&mut self, flight: Flight, refused: Refused) -> Result<(), Error> {
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
            let error = Error::Refused {
                code: refused.code,
                detail: refused.detail,
                retry_after: refused.retry_after.map(Duration::from_millis),
            };
            return self.give_up(job, error).await;
        }
        Ok(())
    }

    /// What programs before this one left behind, in the order in which it was said: stored, and not acknowledged. What other
    /// programs that still run are about to do is theirs.
    pub(super) fn recover(&mut self) -> Result<(), Error> {
        let owner = self.presence.name().to_owned();
        let community = self.community();
        let folder = community.folder().to_owned();
        let left = community
            .vault
            .claim(&owner, |other| Presence::is_gone(&folder, other))?;
        let mut jobs = Vec::new();
        for Left {
            number,
            text,
            mut versions,
        } in left
        {
            let errand = Errand::decode(&text).ok_or_else(|| {
                StoreError::damaged(&folder.join("keys.sqlite"), "a stored errand is damaged")
            })?;
            let newest = versions.pop();
            let earlier = versions.iter().filter_map(|entries| entries.last());
            let mut job = Job::own(errand, number);
            job.earlier = earlier.map(|out| (out.entry.seq, out.id)).collect();
            job.left = newest;
            jobs.push(job);
        }
        // a card first: without it, nothing can be said
        jobs.sort_by_key(|job| job.errand != Errand::Card);
        for job in jobs.into_iter().rev() {
            self.queue.push_front(job);
        }
        Ok(())
    }

    /// Sees to it that a card is on its way.
    pub(super) fn want_card(&mut self) -> Result<(), Error> {
        let flying = self.flight.iter().map(|flight| &flight.job);
        if flying
            .chain(&self.queue)
            .any(|job| job.errand == Errand::Card)
        {
            return Ok(());
        }
        let owner = self.presence.name().to_owned();
        let number = self
            .community()
            .vault
            .add_errand(&owner, &Errand::Card.encode())?;
        self.queue.push_front(Job::own(Errand::Card, number));
        Ok(())
    }

    /// Ends an errand that cannot be done.
    async fn give_up(&mut self, job: Job, error: Error) -> Result<(), Error> {
        self.community().vault.drop_errand(job.number)?;
        if job.errand == Errand::Card {
            for waiting in self.readying.drain(..) {
                let _ = waiting.send(Err(error.clone()));
            }
        } else if job.answer.is_none() {
            let text = match &job.errand {
                Errand::Say { plaintext, .. } => Some(plaintext.text.clone()),
                _ => None,
            };
            let reason = error.to_string();
            self.tell(Event::GivenUp { text, reason }).await;
        }
        job.answer(Err(error));
        Ok(())
    }
}
