//! Two kinds of threads: `verify-*` check signatures, `writer` alone chains, stores and answers.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;

use bytes::Bytes;
use dispatch_protocol::bytes::Hash;
use dispatch_protocol::key::PublicKey;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::wire::{self, Submitted};

/// Messages of one connection that came together.
pub(super) struct Job {
    pub(super) messages: Vec<Submitted>,
    /// Where answers go, as they are sent.
    pub(super) answers: UnboundedSender<Vec<Bytes>>,
}

/// All groups so far, for as many readers as there are: each is encoded once. A load is bounded, and so is this.
pub(super) struct History {
    groups: RwLock<Vec<Bytes>>,
    count: watch::Sender<usize>,
}

impl History {
    pub(super) fn new() -> History {
        History {
            groups: RwLock::default(),
            count: watch::Sender::new(0),
        }
    }

    /// The groups from a place on.
    pub(super) fn from(&self, place: usize) -> Vec<Bytes> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner)[place..].to_vec()
    }

    /// How many groups there are, now and later.
    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    fn push(&self, group: Bytes) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        groups.push(group);
        let count = groups.len();
        drop(groups);
        self.count.send_replace(count);
    }
}

/// Starts the threads. They end when all that hand jobs in are gone, or when the file takes no more.
///
/// # Errors
/// If the system gives no thread.
pub(super) fn start(
    keys: Vec<PublicKey>,
    file: File,
    history: Arc<History>,
) -> io::Result<Sender<Job>> {
    let (hand_in, jobs) = channel();
    let (pass_on, verified) = channel();
    let (keys, jobs) = (Arc::new(keys), Arc::new(Mutex::new(jobs)));
    for number in 0..thread::available_parallelism().map_or(1, usize::from) {
        let (keys, jobs, pass_on) = (keys.clone(), jobs.clone(), pass_on.clone());
        let thread = thread::Builder::new().name(format!("verify-{number}"));
        thread.spawn(move || verify(&keys, &jobs, &pass_on))?;
    }
    let thread = thread::Builder::new().name("writer".to_owned());
    thread.spawn(move || {
        if let Err(error) = write(&verified, file, &history) {
            eprintln!("ceiling: the file takes no more: {error}");
        }
    })?;
    Ok(hand_in)
}

fn verify(keys: &[PublicKey], jobs: &Mutex<Receiver<Job>>, pass_on: &Sender<Job>) {
    let next = || {
        let jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.recv().ok()
    };
    while let Some(mut job) = next() {
        let mut refused = Vec::new();
        job.messages.retain(|message| {
            let holds = keys.get(message.author()).is_some_and(|key| {
                let verified = key.verify(message.statement(), message.signature());
                verified.is_ok()
            });
            if !holds {
                refused.push(wire::refused(message.reference()));
            }
            holds
        });
        if !refused.is_empty() {
            // Whoever hung up needs no answer.
            let _ = job.answers.send(refused);
        }
        if !job.messages.is_empty() && pass_on.send(job).is_err() {
            return;
        }
    }
}

/// Takes all that has been verified as one group: it grows with the load, and waits for nothing without it.
fn write(verified: &Receiver<Job>, mut file: File, history: &History) -> io::Result<()> {
    let mut head = Hash::ZERO;
    let mut next = 0;
    while let Ok(first) = verified.recv() {
        let jobs: Vec<Job> = std::iter::once(first).chain(verified.try_iter()).collect();
        let count: usize = jobs.iter().map(|job| job.messages.len()).sum();
        let mut group = wire::group(next, count as u32);
        for message in jobs.iter().flat_map(|job| &job.messages) {
            head = Hash::of_parts(&[head.as_ref(), message.kept()]);
            group.extend(message.kept());
        }
        group.extend(head.as_ref());
        file.write_all(&group)?;
        file.sync_data()?;
        for job in jobs {
            let numbered = job.messages.iter().zip(next..);
            let answers =
                numbered.map(|(message, number)| wire::accepted(message.reference(), number));
            let answers: Vec<Bytes> = answers.collect();
            next += answers.len() as u64;
            let _ = job.answers.send(answers);
        }
        history.push(group.into());
    }
    Ok(())
}
