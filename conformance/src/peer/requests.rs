//! A connection that is no socket: each frame a request over plain HTTP, and blocks by long-polling or server-sent events.
//!
//! What comes is handed on as the frames that a socket would bring, so that a case and the observer need not know. What HTTP adds
//! to a frame, its status and headers, is judged here.

mod events;
mod judge;

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_tungstenite::tungstenite::{self, Message};

use super::{
    Fault, Observer, Server,
    http::{self, Answer, HttpFault},
    socket::Source,
};

/// How blocks are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// By long-polling.
    Poll,
    /// By server-sent events.
    Events,
}

/// How long the server is asked to wait for a block, in milliseconds; shorter while a checkpoint is due.
const WAIT: u64 = 2000;
const WAIT_FOR_CHECKPOINT: u64 = 50;

/// How many blocks one answer may hold.
const LIMIT: usize = 100;

/// Where frames to be sent go; when it is dropped, the connection ends.
pub type Sink = mpsc::UnboundedSender<String>;

/// Opens a connection that nobody hears of before its first frame.
pub fn open(server: &Arc<Server>, pull: Pull, observer: &Arc<Mutex<Observer>>) -> (Sink, Source) {
    let (sink, mut frames) = mpsc::unbounded_channel::<String>();
    let (sender, receiver) = mpsc::unbounded_channel();
    let carrier = Carrier {
        server: Arc::clone(server),
        pull,
        observer: Arc::clone(observer),
        out: sender,
    };
    tokio::spawn(async move {
        let mut reading = JoinSet::new();
        let mut have = 0;
        while let Some(text) = frames.recv().await {
            if let Some((token, welcome)) = carrier.carry(&text, &mut have).await {
                let (carrier, have) = (carrier.clone(), have);
                reading.spawn(async move { carrier.read(&token, &welcome, have).await });
            }
        }
    });
    let source = stream::unfold(receiver, |mut receiver| async move {
        let message = receiver.recv().await?;
        Some((message, receiver))
    });
    (sink, source.boxed())
}

/// What a connection's requests need.
#[derive(Clone)]
struct Carrier {
    server: Arc<Server>,
    pull: Pull,
    observer: Arc<Mutex<Observer>>,
    out: mpsc::UnboundedSender<Result<Message, tungstenite::Error>>,
}

impl Carrier {
    /// Makes the request of a frame, and hands its answer on. Gives the token and the welcome that a `prove` was answered with.
    async fn carry(&self, text: &str, have: &mut u64) -> Option<(String, Value)> {
        // what is no frame goes where frames begin
        let frame = serde_json::from_str::<Said<'_>>(text).unwrap_or_else(|_| Said::hello());
        let json = ("content-type".to_owned(), "application/json".to_owned());
        match (&*frame.kind, frame.entry) {
            ("hello", _) => {
                *have = held(text);
                let answer = self.ask("POST", "/v1/hello", &[json], text).await?;
                self.hand_on(answer, "challenge", None);
                None
            }
            ("prove", _) => {
                let answer = self.ask("POST", "/v1/prove", &[json], text).await?;
                let welcome = self.hand_on(answer, "welcome", None)?;
                Some((welcome["token"].as_str()?.to_owned(), welcome))
            }
            ("submit", Some(entry)) => {
                let headers = [
                    json,
                    authorization(frame.token.as_deref().unwrap_or_default()),
                ];
                let answer = self
                    .ask("POST", "/v1/entries", &headers, entry.get())
                    .await?;
                // where the frame is no JSON at all, a socket's server could not have read its `ref` either // [SUB-3]
                let is_json = serde_json::from_str::<Value>(text).is_ok();
                let reference = frame.reference.as_deref().filter(|_| is_json);
                self.hand_on(answer, "accepted", reference);
                None
            }
            _ => {
                self.end("the suite has no request for this frame");
                None
            }
        }
    }

    /// Reads blocks from `have` on, until the session or the connection ends.
    async fn read(&self, token: &str, welcome: &Value, have: u64) {
        let covered = welcome["checkpoint"]["size"].as_u64().unwrap_or_default();
        match self.pull {
            Pull::Events => self.events(token, have).await,
            Pull::Poll => self.poll(token, have, covered).await,
        };
    }

    /// Long-polling; none once nothing more is to come.
    async fn poll(&self, token: &str, mut next: u64, mut covered: u64) -> Option<()> {
        let headers = [authorization(token)];
        loop {
            let wait = if covered < next {
                WAIT_FOR_CHECKPOINT
            } else {
                WAIT
            };
            let path = format!("/v1/blocks?from={next}&limit={LIMIT}&wait={wait}");
            let answer = self.ask("GET", &path, &headers, "").await?;
            if answer.status != 200 {
                // [POLL-3] what the server says where a socket would get a `bye`
                self.judge_refusal(&answer);
                self.close();
                return None;
            }
            self.judge_blocks(&answer, next, LIMIT);
            let frame: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let count = frame["blocks"].as_array().map_or(0, Vec::len) as u64;
            if count > 0 {
                next += count;
                self.say(&answer.body);
            }
            if covered < next {
                let answer = self.ask("GET", "/v1/checkpoint", &headers, "").await?;
                self.judge_answer(&answer);
                let frame: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let size = frame["checkpoint"]["size"].as_u64().unwrap_or_default();
                if answer.status == 200 && (covered + 1..=next).contains(&size) {
                    covered = size;
                    self.say(&answer.body);
                }
            }
        }
    }

    /// Makes a request. Where no answer comes, the connection ends.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Option<Answer> {
        let patience = self.server.patience + std::time::Duration::from_millis(WAIT);
        let asked = http::request_with(
            &self.server.target,
            method,
            path,
            headers,
            Bytes::copy_from_slice(body.as_bytes()),
            patience,
        );
        match asked.await {
            Ok(answer) => Some(answer),
            Err(fault) => {
                self.lose(&fault);
                None
            }
        }
    }

    /// Hands an answer on as the frame that it is, or stands for; gives it where it is the one that was due.
    fn hand_on(&self, answer: Answer, due: &str, reference: Option<&str>) -> Option<Value> {
        self.judge_answer(&answer);
        let mut frame: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let is_due = answer.status == 200;
        if is_due {
            self.judge_due(&frame, due);
        } else {
            self.judge_refusal(&answer);
            let mut refused =
                json!({"type": "refused", "code": frame["code"], "detail": frame["detail"]});
            if let Some(after) = frame.get("retry_after") {
                refused["retry_after"] = after.clone();
            }
            frame = refused;
        }
        // which request an answer is for is known by the request
        if let (Some(reference), Some(members)) = (reference, frame.as_object_mut()) {
            members.insert("ref".into(), reference.into());
        }
        match reference {
            None if is_due => self.say(&answer.body),
            _ => self.say(frame.to_string().as_bytes()),
        }
        is_due.then_some(frame)
    }

    fn say(&self, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        // Nobody listens once the case is over.
        let _ = self.out.send(Ok(Message::text(text)));
    }

    fn fault(&self, requirement: &str, detail: impl Into<String>) {
        let mut observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner);
        observer.finds(Fault::new(requirement, detail));
    }

    /// Nothing more comes.
    fn close(&self) {
        let _ = self.out.send(Err(tungstenite::Error::ConnectionClosed));
    }

    fn end(&self, why: &str) {
        let error = std::io::Error::other(why.to_owned());
        let _ = self.out.send(Err(tungstenite::Error::Io(error)));
    }

    fn lose(&self, fault: &HttpFault) {
        self.end(&fault.to_string());
    }
}

/// A frame as it was said; its entry as it stands, since a text may be what a case is about.
#[derive(Deserialize)]
struct Said<'t> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'t, str>,
    #[serde(rename = "ref", borrow)]
    reference: Option<Cow<'t, str>>,
    #[serde(borrow)]
    token: Option<Cow<'t, str>>,
    #[serde(borrow)]
    entry: Option<&'t RawValue>,
}

impl Said<'_> {
    fn hello() -> Self {
        Self {
            kind: "hello".into(),
            reference: None,
            token: None,
            entry: None,
        }
    }
}

/// The size that a `hello` says to hold.
fn held(text: &str) -> u64 {
    let frame: Value = serde_json::from_str(text).unwrap_or_default();
    frame["have"]["size"].as_u64().unwrap_or_default()
}

fn authorization(token: &str) -> (String, String) {
    ("authorization".to_owned(), format!("Dispatch {token}"))
}
