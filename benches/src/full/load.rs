//! Authors who write, and witnesses who read everything, until they are told to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc as blocking};
use std::thread::JoinHandle;

use dispatch_protocol::bytes::Id;
use rustix::process::setpriority_process;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::WINDOW;
use super::author::{Counter, End, Receipts, Spoken, speak};
use super::witness::{Testimony, watch};
use crate::load::conversation::Conversation;
use crate::load::target::BUFFER;
use crate::load::{Problem, letters};

/// Messages that an author hands in at once.
pub(super) const BATCH: usize = 16;

/// When an author's next batch may go.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Pace {
    /// As soon as it is signed and there is room in the window.
    Free,
    /// Once it is granted, too.
    Granted,
}

/// Authors and witnesses at work.
pub(super) struct Load {
    grants: Vec<blocking::Sender<()>>,
    /// Counts what is acknowledged.
    pub(super) counter: Arc<Counter>,
    stop: Arc<AtomicBool>,
    signing: Vec<JoinHandle<Vec<Id>>>,
    speaking: JoinSet<(usize, Receipts, Result<Spoken, Problem>)>,
    witnesses: JoinSet<Result<Testimony, Problem>>,
    until: watch::Sender<u64>,
}

/// A load that has come to its end.
pub(super) struct Ended {
    /// What was acknowledged to each author, and its statements by their `ref`.
    pub(super) authors: Vec<(Receipts, Vec<Id>)>,
    pub(super) shown: Vec<Testimony>,
    /// The most messages of one author that were without an answer at one time.
    pub(super) most_open: u64,
}

impl Load {
    /// Lets each author hand in one more batch.
    pub(super) fn grant(&self) {
        for author in &self.grants {
            // Who has ended is told of at the end.
            let _ = author.send(());
        }
    }

    pub(super) async fn begin(
        mut conversation: Conversation,
        witnesses: usize,
        pace: Pace,
    ) -> Result<Load, Problem> {
        conversation.catch_up().await?;
        let first = &conversation.authors()[0];
        let prefix = first.chain().prefix();
        let (until, told) = watch::channel(u64::MAX);
        let mut load = Load {
            grants: Vec::new(),
            counter: Arc::default(),
            stop: Arc::default(),
            signing: Vec::new(),
            speaking: JoinSet::new(),
            witnesses: JoinSet::new(),
            until,
        };
        for socket in conversation.sockets(witnesses, BUFFER).await? {
            load.witnesses
                .spawn(watch(socket, prefix.size, told.clone()));
        }
        let mut hands = Vec::new();
        for (number, author) in conversation.authors().iter().enumerate() {
            let (hand_in, frames) = mpsc::channel(2 * WINDOW);
            hands.push(hand_in);
            let socket = author
                .another_socket(author.chain().prefix(), BUFFER)
                .await?;
            let counter = Arc::clone(&load.counter);
            load.speaking.spawn(async move {
                let mut receipts = Receipts::new();
                let spoken = speak(socket, frames, &counter, &mut receipts).await;
                (number, receipts, spoken)
            });
        }
        let conversation = Arc::new(conversation);
        for (number, hand_in) in hands.into_iter().enumerate() {
            let (conversation, stop) = (Arc::clone(&conversation), Arc::clone(&load.stop));
            let signing = std::thread::Builder::new().name(format!("author-{number}"));
            let (grant, granted) = blocking::channel();
            let granted = (pace == Pace::Granted).then_some(granted);
            load.grants.push(grant);
            let work = move || sign(&conversation, number, &hand_in, granted.as_ref(), &stop);
            let signing = signing.spawn(work);
            load.signing
                .push(signing.map_err(Problem::at("no thread for an author"))?);
        }
        Ok(load)
    }

    /// Lets the authors finish what they began, and the witnesses read it.
    pub(super) async fn end(mut self) -> Result<Ended, Problem> {
        self.stop.store(true, Ordering::SeqCst);
        self.grants.clear();
        let mut authors: Vec<_> = self.signing.iter().map(|_| Receipts::new()).collect();
        let mut most_open = 0;
        while let Some(ended) = self.speaking.join_next().await {
            let (number, receipts, spoken) = ended.map_err(Problem::at("an author"))?;
            let spoken = spoken?;
            if spoken.end == End::Broken || spoken.handed_in != receipts.len() as u64 {
                let words = format!(
                    "author {number} handed in {} messages, and {} were acknowledged when the connection ended",
                    spoken.handed_in,
                    receipts.len()
                );
                return Err(Problem::new(words));
            }
            most_open = most_open.max(spoken.most_open);
            authors[number] = receipts;
        }
        let last = authors.iter().flat_map(|receipts| receipts.values());
        let last = last.map(|(index, _)| *index).max().unwrap_or(0);
        let _ = self.until.send(last + 1);
        let mut shown = Vec::new();
        while let Some(testimony) = self.witnesses.join_next().await {
            let testimony = testimony.map_err(Problem::at("a witness"))??;
            if testimony.end() <= last {
                let words = format!("a witness was hung up on after block {}", testimony.end());
                return Err(Problem::new(words));
            }
            shown.push(testimony);
        }
        let ids = self.signing.into_iter().map(|signing| {
            let ids = signing.join();
            ids.map_err(|_| Problem::new("an author's thread panicked"))
        });
        let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
        Ok(Ended {
            authors: authors.into_iter().zip(ids).collect(),
            shown,
            most_open,
        })
    }
}

/// By how much authors give way with what they do before they hand anything in.
const NICE: i32 = 19;

/// Signs messages, a batch at a time, and hands each batch in when it may go, until it is told to stop. Gives their ids.
///
/// In the world that is work of the authors' own machines, ten times the server's. Here it takes what the processors have left.
fn sign(
    conversation: &Conversation,
    number: usize,
    hand_in: &mpsc::Sender<String>,
    granted: Option<&blocking::Receiver<()>>,
    stop: &AtomicBool,
) -> Vec<Id> {
    // Where the system does not let it, it goes on as it is.
    let _ = setpriority_process(None, NICE);
    let author = &conversation.authors()[number];
    let plaintext = letters::text_of(1024);
    let mut ids = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let mut ready = Vec::new();
        for place in ids.len()..ids.len() + BATCH {
            let entry = letters::entry(author, conversation.epoch(), place, &plaintext);
            let (id, reference) = (entry.id(), place.to_string());
            let Ok(frame) = author.submit_text(&reference, entry) else {
                return ids;
            };
            ready.push((id, frame));
        }
        if granted.is_some_and(|granted| granted.recv().is_err()) {
            return ids;
        }
        for (id, frame) in ready {
            ids.push(id);
            if hand_in.blocking_send(frame).is_err() {
                return ids;
            }
        }
    }
    ids
}
