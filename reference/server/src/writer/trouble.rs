//! A store that cannot be written: what is told of it and to whom, and how the writer finds that it is over. Named in the log
//! once, and once when it is over; each entry meanwhile is refused with the cause. // [LIM-8]

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Writer;
use crate::ledger::StoreError;

/// A commit failed, and none has worked since.
pub(crate) struct Trouble {
    /// When it was met last.
    since: Instant,
    /// For those whose entries are refused.
    cause: &'static str,
}

impl Writer {
    /// Takes note of what the store did not do.
    pub(super) fn meet(&mut self, problem: &StoreError, what: &str) {
        match self.trouble {
            None => {
                tracing::error!(%problem, "{what}; no entry is taken until the store can be written again")
            }
            Some(_) => tracing::debug!(%problem, "{what}"),
        }
        self.trouble_for(cause(problem));
    }

    /// No entry is taken until a commit, or a probe, works.
    pub(super) fn trouble_for(&mut self, cause: &'static str) {
        self.trouble = Some(Trouble {
            since: Instant::now(),
            cause,
        });
        self.healthy.store(false, Ordering::Release);
    }

    /// Why entries are refused just now.
    pub(super) fn cause(&self) -> &'static str {
        match &self.trouble {
            Some(trouble) => trouble.cause,
            None => "the store cannot be written",
        }
    }

    /// Whether a commit may be tried: after one that failed, only if a write that costs little goes through. Each failure of a
    /// batch costs a look at the chain.
    pub(super) fn usable(&mut self) -> bool {
        let Some(trouble) = &self.trouble else {
            return true;
        };
        if trouble.since.elapsed() < self.recovery {
            return false;
        }
        if self.stale {
            self.recover();
        }
        !self.stale && self.write_goes_through()
    }

    /// After trouble, and while nobody hands anything in: tries whether the store can be written again.
    pub(super) fn probe(&mut self) {
        if self.trouble.is_some() && self.usable() {
            self.trouble_is_over();
        }
    }

    pub(super) fn trouble_is_over(&mut self) {
        if self.trouble.take().is_some() {
            tracing::info!("the store can be written again");
            self.healthy.store(true, Ordering::Release);
        }
    }

    /// Writes the checkpoint that is kept once more.
    fn write_goes_through(&mut self) -> bool {
        let kept = self.ledger.shelf().checkpoint();
        let written = kept.and_then(|kept| match kept {
            Some(checkpoint) => self.ledger.keep(&checkpoint).map(drop),
            None => Ok(()),
        });
        match written {
            Ok(()) => true,
            Err(problem) => {
                self.meet(&problem, "the store still cannot be written");
                false
            }
        }
    }
}

/// The cause without paths, which are nobody's but the owner's.
fn cause(problem: &StoreError) -> &'static str {
    match problem {
        StoreError::Full(_) => "the server's disk is full",
        StoreError::Locked(_) => "another program on the server has locked the store",
        StoreError::Damaged { .. } => "the server's store is damaged",
        StoreError::Away { .. } => "the server's database does not answer",
        _ => "the server's disk does not take what is written",
    }
}
