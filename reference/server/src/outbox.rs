//! The answers to submits on their way back: the writer puts them in, whoever handed the entries in takes them out and
//! writes them. A submit gets exactly one, even if whoever had it was lost on the way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::Ref;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// What came of an entry.
pub(crate) enum Outcome {
    /// It stands in this block, which is durable.
    Accepted { index: u64, hash: Hash },
    /// It was not appended.
    Refused(Refusal),
}

/// An answer and the submit that it is for.
pub(crate) struct Answer {
    /// None where there is but one to wait for, as by HTTP.
    pub(crate) reference: Option<Ref>,
    pub(crate) outcome: Outcome,
}

/// The answers of one connection, or of one request.
#[derive(Default)]
pub(crate) struct Outbox {
    answers: Mutex<Vec<Answer>>,
    arrived: Notify,
    unanswered: AtomicUsize,
}

impl Outbox {
    /// Waits until there is an answer. // A permit is kept if one came before the wait, so that none is missed.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Takes the answers that have come.
    pub(crate) fn take(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many submits wait for their answer.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::Acquire)
    }

    /// Expects one more answer. The permit, which bounds what is under way, is given back with it.
    pub(crate) fn expect(
        self: &Arc<Self>,
        reference: Option<Ref>,
        permit: OwnedSemaphorePermit,
    ) -> Reply {
        self.unanswered.fetch_add(1, Ordering::AcqRel);
        Reply {
            outbox: Some(self.clone()),
            reference,
            _permit: permit,
        }
    }

    fn put(&self, answer: Answer) {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(answer);
        self.unanswered.fetch_sub(1, Ordering::AcqRel);
        self.arrived.notify_one();
    }
}

/// The duty to answer one submit. // [SUB-1]
pub(crate) struct Reply {
    /// None once it has answered.
    outbox: Option<Arc<Outbox>>,
    reference: Option<Ref>,
    _permit: OwnedSemaphorePermit,
}

impl Reply {
    /// Answers.
    pub(crate) fn answer(mut self, outcome: Outcome) {
        self.put(outcome);
    }

    fn put(&mut self, outcome: Outcome) {
        if let Some(outbox) = self.outbox.take() {
            let reference = self.reference.take();
            outbox.put(Answer { reference, outcome });
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.put(Outcome::Refused(unavailable(
            "the entry was lost on its way; send it again",
        )));
    }
}

/// The refusal for our own failures, which says no more than that. // [LIM-8]
pub(crate) fn unavailable(detail: &str) -> Refusal {
    Refusal::new(Code::Unavailable, "LIM-8", detail).retry_after(1000)
}
