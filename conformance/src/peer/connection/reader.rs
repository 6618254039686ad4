//! The task that reads one connection to its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::{self, Message};

use super::{End, Event};
use crate::{
    peer::{Observer, socket::Source},
    result::Direction,
    story::{Timeline, shorten},
    transcript::What,
};

/// Reads until the connection ends.
pub(super) struct Reader {
    /// The connection's name.
    pub(super) name: String,
    /// What it reads from.
    pub(super) source: Source,
    /// Who verifies what comes.
    pub(super) observer: Arc<Mutex<Observer>>,
    /// The story.
    pub(super) timeline: Timeline,
    /// Whether reading is wanted.
    pub(super) reading: watch::Receiver<bool>,
    /// Who is told.
    pub(super) inbox: mpsc::UnboundedSender<Event>,
}

impl Reader {
    /// Reads on, while reading is wanted.
    pub(super) async fn run(mut self) {
        let mut bye = None;
        let mut end = End::default();
        loop {
            if self.reading.wait_for(|on| *on).await.is_err() {
                return;
            }
            match self.source.next().await {
                Some(Ok(Message::Text(text))) => {
                    let (frame, line) = self.text(text.as_str());
                    if frame["type"] == "bye" {
                        bye = Some(frame.clone());
                    }
                    self.tell(Event::Frame((Arc::new(frame), line)));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    self.story(
                        Direction::Received,
                        format!("({} bytes, binary)", bytes.len()),
                    );
                    let mut observer = self.observer();
                    self.timeline
                        .record(&self.name, || What::ReceivedBytes(bytes.len()));
                    observer.receives_binary(bytes.len());
                }
                Some(Ok(Message::Pong(bytes))) => {
                    self.story(Direction::Received, "(pong)");
                    self.tell(Event::Pong(bytes.to_vec()));
                }
                Some(Ok(Message::Close(frame))) => {
                    end.close = Some(frame.map_or(1005, |frame| frame.code.into()))
                }
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => {}
                Some(Err(tungstenite::Error::ConnectionClosed)) | None => break,
                Some(Err(error)) => {
                    if end.close.is_none() {
                        end.broken = Some(error.to_string());
                    }
                    break;
                }
            }
        }
        end.bye = bye;
        self.timeline.record(&self.name, || What::Ended {
            close: end.close,
            broken: end.broken.clone(),
        });
        self.observer().ends(end.close);
        self.story(Direction::Happened, end.describe());
        self.tell(Event::End(end));
    }

    fn text(&self, text: &str) -> (Value, u64) {
        self.story(Direction::Received, shorten::text(text));
        let line = self
            .timeline
            .record(&self.name, || What::Received(text.to_owned()));
        (self.observer().receives(text), line)
    }

    fn observer(&self) -> MutexGuard<'_, Observer> {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn story(&self, direction: Direction, text: impl Into<String>) {
        self.timeline.add(&self.name, direction, text);
    }

    fn tell(&self, event: Event) {
        // Nobody listens once the case is over.
        let _ = self.inbox.send(event);
    }
}
