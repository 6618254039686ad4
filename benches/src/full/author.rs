//! An author at full load: hands in what it is given as long as fewer than a window of it is without an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::wire::{Accepted, ServerFrame};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::{Notify, Semaphore, mpsc::Receiver};
use tokio_tungstenite::tungstenite::Message;

use super::WINDOW;
use crate::load::Problem;
use crate::load::target::Socket;

/// Acknowledgements of all authors together, and who waits for them.
#[derive(Debug, Default)]
pub struct Counter {
    count: AtomicU64,
    counted: Notify,
}

impl Counter {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until there were so many.
    pub async fn reaches(&self, count: u64) {
        loop {
            let next = self.counted.notified();
            if self.count() >= count {
                return;
            }
            next.await;
        }
    }

    fn add(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.counted.notify_waiters();
    }
}

/// What was acknowledged: by the `ref`, a block's index and hash.
pub type Receipts = BTreeMap<u64, (u64, Hash)>;

/// What an author did on one connection.
#[derive(Debug)]
pub struct Spoken {
    /// How it ended.
    pub end: End,
    /// How many messages were handed in.
    pub handed_in: u64,
    /// The most that were without an answer at one time.
    pub most_open: u64,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Everything was answered.
    Done,
    /// The connection broke.
    Broken,
}

/// Hands in frames, whose `ref` is their number, until there are no more, and notes the answers.
///
/// # Errors
/// A refusal; an answer to nothing, or a second one that differs.
pub async fn speak(
    socket: Socket,
    mut frames: Receiver<String>,
    counter: &Counter,
    receipts: &mut Receipts,
) -> Result<Spoken, Problem> {
    let (mut sink, mut stream) = socket.split();
    let window = Semaphore::new(WINDOW);
    let handed_in = AtomicU64::new(0);
    let most_open = AtomicU64::new(0);
    let over = Notify::new();
    let writing = async {
        loop {
            // What waits goes out before this waits itself.
            let waits = window.available_permits() == 0 || frames.is_empty();
            if waits && sink.flush().await.is_err() {
                return std::future::pending().await;
            }
            let Ok(permit) = window.acquire().await else {
                return std::future::pending().await;
            };
            let Some(frame) = frames.recv().await else {
                let _ = sink.flush().await;
                over.notify_one();
                return std::future::pending().await;
            };
            permit.forget();
            handed_in.fetch_add(1, Ordering::SeqCst);
            let open = WINDOW - window.available_permits();
            most_open.fetch_max(open as u64, Ordering::SeqCst);
            if sink.feed(Message::text(frame)).await.is_err() {
                // The reader sees the end, and what was answered before it.
                return std::future::pending().await;
            }
        }
    };
    let reading = async {
        let (mut answered, mut is_over) = (BTreeSet::new(), false);
        loop {
            if is_over && answered.len() as u64 == handed_in.load(Ordering::SeqCst) {
                return Ok(End::Done);
            }
            let message = tokio::select! {
                message = stream.next() => message,
                () = over.notified() => {
                    is_over = true;
                    continue;
                }
            };
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(End::Broken),
                Some(Ok(_)) => continue,
            };
            // Blocks are its witnesses' to read.
            if text.starts_with(r#"{"type":"blocks""#) {
                continue;
            }
            if let Some(accepted) = answer(&text)? {
                note(receipts, &mut answered, &accepted)?;
                window.add_permits(1);
                counter.add();
            }
        }
    };
    let end: Result<End, Problem> = tokio::select! {
        never = writing => never,
        end = reading => end,
    };
    Ok(Spoken {
        end: end?,
        handed_in: handed_in.into_inner(),
        most_open: most_open.into_inner(),
    })
}

fn answer(text: &str) -> Result<Option<Accepted>, Problem> {
    match ServerFrame::decode(text) {
        Ok(Some(ServerFrame::Accepted(accepted))) => Ok(Some(accepted)),
        Ok(Some(ServerFrame::Refused(refused))) => Err(Problem::new(format!(
            "the server refuses with {}: {}",
            refused.code, refused.detail
        ))),
        Ok(Some(ServerFrame::Bye(bye))) => Err(Problem::new(format!(
            "the server ends with {}: {}",
            bye.code, bye.detail
        ))),
        Ok(_) => Ok(None),
        Err(refusal) => Err(Problem::new(format!(
            "the server's frame does not decode: {refusal}"
        ))),
    }
}

/// An entry that is handed in again gets the receipt that it got before. [ENTRY-5]
fn note(
    receipts: &mut Receipts,
    answered: &mut BTreeSet<u64>,
    accepted: &Accepted,
) -> Result<(), Problem> {
    let reference = accepted.reference.as_ref();
    let reference = reference.and_then(|reference| reference.to_string().parse().ok());
    let reference = reference.ok_or_else(|| Problem::new("an answer to nothing that was sent"))?;
    if !answered.insert(reference) {
        let words = format!("message {reference} was acknowledged twice on one connection");
        return Err(Problem::new(words));
    }
    let receipt = (accepted.index, accepted.hash);
    match receipts.insert(reference, receipt) {
        Some(before) if before != receipt => Err(Problem::new(format!(
            "message {reference} was acknowledged as block {} and as block {}, or by two hashes",
            before.0, receipt.0
        ))),
        _ => Ok(()),
    }
}
