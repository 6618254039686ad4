//! The way of a batch: each entry is judged by the chain as it is, what no rule refuses is made durable at once, and nobody is
//! answered before.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::{Admission, Linked};
use dispatch_protocol::entry::VerifiedEntry;
use dispatch_protocol::refusal::Refusal;

use super::Writer;
use super::intake::Checked;
use crate::clock;
use crate::outbox::{Outcome, Reply, unavailable};

/// What the state says of an entry, before the batch is durable.
enum Judged {
    Appended {
        index: u64,
        hash: Hash,
        author: Id,
        seq: u64,
        id: Id,
    },
    Repeated {
        index: u64,
        hash: Hash,
    },
    Refused(Refusal),
}

impl Writer {
    /// Judges a batch by the chain as it is, appends what no rule refuses, makes it durable once, and answers.
    pub(super) fn take(&mut self, batch: Vec<Checked>) {
        if !self.usable() || !self.has_end() {
            let refusal = unavailable(&format!("{}; nothing was appended", self.cause()));
            for Checked { reply, .. } in batch {
                reply.answer(Outcome::Refused(refusal.clone()));
            }
            return;
        }
        let mut staged = Vec::new();
        let mut answers: Vec<(Reply, Judged)> = Vec::with_capacity(batch.len());
        for Checked { entry, reply } in batch {
            answers.push((
                reply,
                Judged::Refused(unavailable(
                    "the server could not look at the entry; send it again",
                )),
            ));
            let Some((_, place)) = answers.last_mut() else {
                continue;
            };
            match entry {
                Ok(entry) => {
                    // A panic leaves a state that nobody knows: it is read again from the store.
                    let judged = catch_unwind(AssertUnwindSafe(|| self.judge(entry, &mut staged)));
                    let Ok(judged) = judged else {
                        tracing::error!(
                            "the state failed at an entry; it is read again from the store"
                        );
                        self.ledger.release();
                        self.trouble_for("the server failed at an entry");
                        self.recover();
                        return;
                    };
                    *place = judged;
                }
                Err(refusal) => *place = Judged::Refused(refusal),
            }
        }
        let durable = self.commit(staged, None).is_ok();
        // [SUB-2], [SUB-5] No answer leaves before the commit; a refusal neither, since it may rest on what the batch holds.
        for (reply, judged) in answers {
            reply.answer(self.outcome(judged, durable));
        }
    }

    fn judge(&self, entry: VerifiedEntry, staged: &mut Vec<Linked>) -> Judged {
        let mut state = self.write();
        let now = clock::now();
        match state.admit(entry, now, &self.limits) {
            Err(refusal) => Judged::Refused(refusal),
            Ok(Admission::Repeat { index, hash }) => Judged::Repeated { index, hash },
            Ok(Admission::Append(admitted)) => {
                let linked = state.append(*admitted, now);
                let block = linked.block();
                let (author, seq) = (block.entry.author, block.entry.seq);
                let judged = Judged::Appended {
                    index: block.index,
                    hash: linked.hash(),
                    author,
                    seq,
                    id: linked.id(),
                };
                staged.push(linked);
                judged
            }
        }
    }

    /// What an entry is told once its batch is durable, or is not. // [CHAIN-5]
    fn outcome(&self, judged: Judged, durable: bool) -> Outcome {
        match judged {
            Judged::Appended { index, hash, .. } if durable => Outcome::Accepted { index, hash },
            // A commit whose answer was lost may have gone through: the state was read again from the store.
            Judged::Appended {
                author, seq, id, ..
            } => match self.read().place_of(&author, seq, &id) {
                _ if self.stale => Outcome::Refused(unavailable(&format!(
                    "{}; whether the entry was appended is not known: send it again",
                    self.cause()
                ))),
                Some((index, hash)) => Outcome::Accepted { index, hash },
                None => Outcome::Refused(unavailable(&format!(
                    "{}; nothing was appended",
                    self.cause()
                ))),
            },
            Judged::Repeated { index, hash } if durable => Outcome::Accepted { index, hash },
            Judged::Refused(refusal) if durable => Outcome::Refused(refusal),
            Judged::Repeated { .. } | Judged::Refused(_) => Outcome::Refused(unavailable(
                "the server could not look at the entry; send it again",
            )),
        }
    }
}
