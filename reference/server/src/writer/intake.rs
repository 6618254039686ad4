//! Entries on their way to the writer: they queue in the order in which they arrived, are verified in any order by
//! several threads, and leave in the order in which they came. So the entries of one connection never overtake each
//! other [SUB-4], and RSA work stays off the threads that read and write sockets.
//!
//! The same threads do the connections' other RSA work (proofs, welcomes) by [`Intake::run`]. What is under way is
//! bounded: a connection waits for [`Intake::admit`] and does not read its socket meanwhile.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dispatch_protocol::entry::{Entry, VerifiedEntry};
use dispatch_protocol::key::PublicKey;
use dispatch_protocol::refusal::Refusal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::Command;
use crate::config::Queues;
use crate::outbox::{Reply, unavailable};

/// The most entries that a thread takes at once.
const CHUNK: usize = 16;

/// An entry as it came from a connection, and the key of the account that must have signed it.
pub(crate) struct Submission {
    pub(crate) entry: Entry,
    pub(crate) key: PublicKey,
    pub(crate) reply: Reply,
}

/// An entry after its signature was looked at.
pub(crate) struct Checked {
    pub(crate) entry: Result<VerifiedEntry, Refusal>,
    pub(crate) reply: Reply,
}

/// What the writer has to do next.
pub(super) enum Work {
    /// Entries, in their order.
    Batch(Vec<Checked>),
    /// Something that is not an entry of a client.
    Command(Command),
    /// Others may have appended something.
    Look,
    /// Nothing came in time.
    Nothing,
    /// Nothing more will come.
    Done,
}

enum Slot {
    Waiting(Box<(Entry, PublicKey)>),
    Taken,
    Done(Box<Result<VerifiedEntry, Refusal>>),
}

type Task = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    slots: VecDeque<(Slot, Reply)>,
    /// The number that the first slot got when it came.
    first: u64,
    /// The number of the first slot that nobody has taken to verify.
    unverified: u64,
    commands: VecDeque<Command>,
    tasks: VecDeque<Task>,
    /// Whether the writer is to look what others have appended.
    look: bool,
    writer_idle: bool,
    closed: bool,
}

/// The queue before the writer, and the threads that verify.
pub(crate) struct Intake {
    queue: Mutex<Queue>,
    work: Condvar,
    ready: Condvar,
    space: Arc<Semaphore>,
    tasks: Arc<Semaphore>,
    workers: usize,
    /// How much may be under way, in KiB of frames.
    space_kib: usize,
    /// The most entries of one commit.
    batch: usize,
}

impl Intake {
    /// Starts so many threads. They end after [`Intake::close`]. `queues` says how much may be under way.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(workers: usize, queues: &Queues) -> std::io::Result<Arc<Intake>> {
        let intake = Arc::new(Intake {
            queue: Mutex::default(),
            work: Condvar::new(),
            ready: Condvar::new(),
            space: Arc::new(Semaphore::new(queues.entries_kib)),
            tasks: Arc::new(Semaphore::new(queues.joins)),
            workers,
            space_kib: queues.entries_kib,
            batch: queues.batch,
        });
        for number in 0..workers {
            let intake = intake.clone();
            std::thread::Builder::new()
                .name(format!("verify-{number}"))
                .spawn(move || intake.verify())?;
        }
        Ok(intake)
    }

    /// Waits until there is room for a frame of so many bytes.
    pub(crate) async fn admit(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = bytes.div_ceil(1024).clamp(1, self.space_kib);
        self.space.clone().acquire_many_owned(kib as u32).await.ok()
    }

    /// Puts an entry at the end of the queue. After the end of service its reply says `unavailable` by itself.
    pub(crate) fn submit(&self, submission: Submission) {
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        let Submission { entry, key, reply } = submission;
        queue
            .slots
            .push_back((Slot::Waiting(Box::new((entry, key))), reply));
        // An idle writer verifies a lone entry itself: one thread to wake instead of two.
        if queue.writer_idle && queue.slots.len() == 1 {
            queue.writer_idle = false;
            self.ready.notify_one();
        } else {
            self.work.notify_one();
        }
    }

    /// Gives the writer something to do between two batches.
    pub(crate) fn command(&self, command: Command) {
        let mut queue = self.lock();
        queue.commands.push_back(command);
        queue.writer_idle = false;
        self.ready.notify_one();
    }

    /// Has the writer look what others have appended, once for any number of calls.
    pub(crate) fn look(&self) {
        let mut queue = self.lock();
        queue.look = true;
        queue.writer_idle = false;
        self.ready.notify_one();
    }

    /// Takes out whoever waits for a look at what others have appended.
    pub(super) fn looks(&self) -> Vec<oneshot::Sender<()>> {
        let mut queue = self.lock();
        queue.look = false;
        let commands = std::mem::take(&mut queue.commands);
        let mut looks = Vec::new();
        for command in commands {
            match command {
                Command::Look(done) => looks.push(done),
                other => queue.commands.push_back(other),
            }
        }
        looks
    }

    /// Does RSA work on the threads that do it. None if the work panicked or the service has ended.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        let permit = self.tasks.clone().acquire_owned().await.ok()?;
        let (done, result) = oneshot::channel();
        let task = Box::new(move || {
            let _ = done.send(work());
            drop(permit);
        });
        {
            let mut queue = self.lock();
            if queue.closed {
                return None;
            }
            queue.tasks.push_back(task);
        }
        self.work.notify_one();
        result.await.ok()
    }

    /// Takes nothing more; what is queued is still verified and handed to the writer.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.ready.notify_all();
    }

    /// What comes next for the writer, which waits here, or no longer than its patience.
    pub(super) fn next(&self, patience: Option<Duration>) -> Work {
        let mut queue = self.lock();
        loop {
            if let Some(command) = queue.commands.pop_front() {
                return Work::Command(command);
            }
            if std::mem::take(&mut queue.look) {
                return Work::Look;
            }
            let batch = queue.take_verified(self.batch);
            if !batch.is_empty() {
                return Work::Batch(batch);
            }
            // Rather than sleep until another thread has verified the next entry, the writer does it.
            if queue.unverified == queue.first
                && let Some((number, entry)) = queue.take_unverified(1).pop()
            {
                drop(queue);
                let result = verify(*entry);
                queue = self.lock();
                queue.put(number, result);
                continue;
            }
            if queue.closed && queue.slots.is_empty() {
                return Work::Done;
            }
            queue.writer_idle = true;
            let Some(patience) = patience else {
                queue = self
                    .ready
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                queue.writer_idle = false;
                continue;
            };
            let (woken, waited) = self
                .ready
                .wait_timeout(queue, patience)
                .unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            queue.writer_idle = false;
            if waited.timed_out() {
                return Work::Nothing;
            }
        }
    }

    /// What each verifying thread does until the end.
    fn verify(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(task) = queue.tasks.pop_front() {
                drop(queue);
                // Whoever waits for the task learns of a panic by its silence.
                let _ = catch_unwind(AssertUnwindSafe(task));
                queue = self.lock();
            }
            let waiting = queue.waiting();
            if waiting > 0 {
                let chunk = queue.take_unverified((waiting / self.workers).clamp(1, CHUNK));
                drop(queue);
                let results: Vec<_> = chunk
                    .into_iter()
                    .map(|(number, entry)| (number, verify(*entry)))
                    .collect();
                queue = self.lock();
                for (number, result) in results {
                    queue.put(number, result);
                }
                if matches!(queue.slots.front(), Some((Slot::Done(_), _))) {
                    queue.writer_idle = false;
                    self.ready.notify_one();
                }
            } else if queue.tasks.is_empty() {
                if queue.closed {
                    return;
                }
                queue = self
                    .work
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn waiting(&self) -> usize {
        self.slots.len() - (self.unverified - self.first) as usize
    }

    fn take_unverified(&mut self, most: usize) -> Vec<(u64, Box<(Entry, PublicKey)>)> {
        let mut taken = Vec::with_capacity(most.min(self.waiting()));
        while taken.len() < most && self.waiting() > 0 {
            let place = (self.unverified - self.first) as usize;
            if let Slot::Waiting(entry) = std::mem::replace(&mut self.slots[place].0, Slot::Taken) {
                taken.push((self.unverified, entry));
            }
            self.unverified += 1;
        }
        taken
    }

    fn put(&mut self, number: u64, result: Result<VerifiedEntry, Refusal>) {
        self.slots[(number - self.first) as usize].0 = Slot::Done(Box::new(result));
    }

    /// The verified entries at the front, up to the first that is not.
    fn take_verified(&mut self, most: usize) -> Vec<Checked> {
        let mut batch = Vec::new();
        while batch.len() < most && matches!(self.slots.front(), Some((Slot::Done(_), _))) {
            if let Some((Slot::Done(entry), reply)) = self.slots.pop_front() {
                self.first += 1;
                batch.push(Checked {
                    entry: *entry,
                    reply,
                });
            }
        }
        batch
    }
}

/// Verifies one entry. A panic in there is told as our own failure, and stays with this entry.
fn verify((entry, key): (Entry, PublicKey)) -> Result<VerifiedEntry, Refusal> {
    catch_unwind(AssertUnwindSafe(|| entry.verify(&key))).unwrap_or_else(|_| {
        Err(unavailable(
            "the server failed at this entry; nothing was appended",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_wait_for_a_look_are_answered_by_one_and_other_commands_stay() {
        let intake = Intake::start(1, &Queues::default()).unwrap();
        let ask = || {
            let (done, looked) = oneshot::channel();
            intake.command(Command::Look(done));
            looked
        };
        let mut waiting = vec![ask()];
        let (done, _said) = oneshot::channel();
        intake.command(Command::IsSwept(done));
        waiting.extend([ask(), ask()]);
        intake.look();
        let Work::Command(Command::Look(first)) = intake.next(None) else {
            panic!("the first who asked comes first")
        };
        let others = intake.looks();
        assert_eq!(others.len(), 2);
        for done in std::iter::once(first).chain(others) {
            done.send(()).unwrap();
        }
        assert!(waiting.iter_mut().all(|looked| looked.try_recv().is_ok()));
        assert!(matches!(
            intake.next(None),
            Work::Command(Command::IsSwept(_))
        ));
        // A notification that came before is answered by the same look.
        assert!(matches!(intake.next(Some(Duration::ZERO)), Work::Nothing));
        intake.close();
    }
}
