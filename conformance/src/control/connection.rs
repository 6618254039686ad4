//! One connection: what it awaits, what it answers, and when it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::clock::now;
use super::delivery::{Due, Open};
use super::join::Challenge;
use super::server::Server;
use super::socket::{Event, Socket};
use crate::codec::{Hash, Verdict};

/// How long a faulty server waits for a second submit before it handles the first.
const PAIRING: Duration = Duration::from_millis(20);
/// From when on a faulty server takes a reader for slow.
const SLOW: Duration = Duration::from_millis(200);

/// A connection. It awaits a hello (or resume), then a proof, then is open.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) server: Arc<Server>,
    /// Counts the connections.
    pub(super) number: u64,
    /// The `Host` header of its opening.
    pub(super) host: String,
    /// The outstanding challenge.
    pub(super) challenge: Option<Challenge>,
    /// Whether a proof is awaited.
    pub(super) awaits_proof: bool,
    /// What it is since a welcome.
    pub(super) open: Option<Open>,
    /// Size, head and checkpoint for the welcome.
    pub(super) snapshot: (u64, Hash, Value),
    /// The nonce and the ref that faults keep.
    pub(super) nonce: Option<Hash>,
    pub(super) first_ref: Option<String>,
}

/// What follows from a frame.
pub(super) enum Reply {
    Frames(Vec<Value>),
    Bye(&'static str),
    Close(u16),
}

/// How a connection ends.
enum End {
    /// With a bye, and its close code.
    Bye(&'static str),
    /// With a close code alone.
    Close(u16),
    /// The peer has closed.
    Closed,
    /// The peer has closed, and a fault says bye all the same.
    LateBye,
    /// Without a word.
    Drop,
}

impl Connection {
    /// A connection at its beginning.
    pub(super) fn new(server: Arc<Server>, number: u64, host: String) -> Self {
        Self {
            server,
            number,
            host,
            challenge: None,
            awaits_proof: false,
            open: None,
            snapshot: (0, [0; 32], Value::Null),
            nonce: None,
            first_ref: None,
        }
    }

    /// Serves it to its end.
    pub(super) async fn serve(mut self, mut socket: Socket) {
        let faults = self.server.faults.clone();
        match self.talk(&mut socket).await {
            End::Bye(code) => {
                if socket.send(&bye(code).to_string()).await.is_err() {
                    return;
                }
                // [WS-10]
                if faults.has("WS-10") {
                    socket.read_out().await;
                }
                let close = if faults.has("WS-10/code") {
                    1000
                } else {
                    close_code(code)
                };
                socket.close(close).await;
            }
            End::Close(code) => socket.close(code).await,
            End::Closed => socket.part(1000).await,
            End::LateBye => {
                // Who has closed may be gone.
                let _ = socket.send(&bye("shutting_down").to_string()).await;
                socket.part(close_code("shutting_down")).await;
            }
            End::Drop => {}
        }
    }

    async fn talk(&mut self, socket: &mut Socket) -> End {
        let mut changes = self.server.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(end) = self.deliver(socket).await {
                return end;
            }
            let event = tokio::select! {
                event = socket.next() => event,
                _ = changes.changed() => continue,
                () = sleep(self.until_expiry()) => continue,
            };
            let mut events = vec![event];
            // [SUB-4]
            if self.server.faults.has("SUB-4")
                && self.open.is_some()
                && let Ok(second) = timeout(PAIRING, socket.next()).await
            {
                events.insert(0, second);
            }
            for event in events {
                if let Some(end) = self.take(event, socket).await {
                    return end;
                }
            }
        }
    }

    /// Sends what is due.
    async fn deliver(&mut self, socket: &mut Socket) -> Option<End> {
        loop {
            let due = match &mut self.open {
                Some(open) => self.server.community().due(open, now()),
                None if self.server.community().is_stopping => Due::Bye("shutting_down"),
                None => Due::Nothing,
            };
            match due {
                Due::Nothing => return None,
                Due::Frame(text) => {
                    let began = Instant::now();
                    // [LIM-11]
                    let faults = &self.server.faults;
                    let _turn = self.server.turn.take(faults, &["LIM-11/unread"]).await;
                    let sending = socket.send(&text);
                    // [SYNC-4]
                    let sent = match self.server.faults.has("SYNC-4/silent") {
                        true => timeout(SLOW, sending)
                            .await
                            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())),
                        false => sending.await,
                    };
                    if sent.is_err() {
                        return Some(End::Drop);
                    }
                    if let Some(open) = &mut self.open {
                        open.is_slow = began.elapsed() > SLOW;
                    }
                }
                Due::Bye(code) => return Some(End::Bye(code)),
                Due::Drop => return Some(End::Drop),
            }
        }
    }

    /// [SESS-3] The time until the session is over.
    pub(super) fn until_expiry(&self) -> Duration {
        const LONG: Duration = Duration::from_secs(3600);
        let Some(open) = &self.open else { return LONG };
        let expires_at = self.server.community().sessions.at(open.session).expires_at;
        match self.server.faults.has("SESS-3") {
            true => LONG,
            false => Duration::from_millis(expires_at.saturating_sub(now()).max(1)).min(LONG),
        }
    }

    async fn take(&mut self, event: Event, socket: &mut Socket) -> Option<End> {
        let faults = self.server.faults.clone();
        // [LIM-11]
        let under = ["LIM-11/unread", "LIM-11/pongs"];
        let _turn = self.server.turn.take(&faults, &under).await;
        let reply = match event {
            Event::Text(text) => self.frame(&text).await,
            // [WS-2]
            Event::Binary(_) if faults.has("WS-2/close") => Reply::Close(1003),
            Event::Binary(bytes) if faults.has("WS-2") => {
                self.frame(&String::from_utf8_lossy(&bytes)).await
            }
            Event::Binary(_) => self.refuse(
                None,
                &Verdict::malformed("WS-2", "frames are text messages"),
            ),
            // [WS-4]
            Event::Ping(_) if faults.has("WS-4") => Reply::Frames(Vec::new()),
            Event::Ping(payload) => {
                let payload = if faults.has("WS-4/empty") {
                    Vec::new()
                } else {
                    payload
                };
                return socket.pong(&payload).await.is_err().then_some(End::Drop);
            }
            Event::TooLong => Reply::Bye("too_large"), // [LIM-2]
            // [CONV-7]
            Event::NotText if faults.has("CONV-7/refused") => {
                self.refuse(None, &Verdict::malformed("CONV-7", "not UTF-8"))
            }
            Event::NotText => Reply::Close(if faults.has("CONV-7/close") {
                1002
            } else {
                1007
            }),
            // [WS-11]
            Event::Broken if faults.has("WS-11") => Reply::Close(1000),
            Event::Broken => Reply::Close(1002),
            // [ERR-2] A client's close is answered by a close alone.
            Event::Closed if faults.has("ERR-2/farewell") => return Some(End::LateBye),
            Event::Closed => return Some(End::Closed),
        };
        match reply {
            Reply::Frames(frames) => self.send(frames, socket).await,
            Reply::Bye(code) => Some(End::Bye(code)),
            Reply::Close(code) => Some(End::Close(code)),
        }
    }

    async fn send(&mut self, frames: Vec<Value>, socket: &mut Socket) -> Option<End> {
        for frame in frames {
            let mut text = frame.to_string();
            // [WS-1]
            if self.server.faults.has("WS-1/lines") && frame["type"] == "accepted" {
                let open = self
                    .open
                    .as_mut()
                    .expect("what is accepted came on an open connection");
                if let Due::Frame(more) = self.server.community().due(open, now()) {
                    text = format!("{text}\n{more}");
                }
            }
            if socket.send(&text).await.is_err() {
                return Some(End::Drop);
            }
            // [ERR-3]
            if self.server.faults.has("ERR-3") && frame["type"] == "refused" {
                return Some(End::Close(1008));
            }
        }
        None
    }
}

/// The close code that stands beside a bye's code in spec/errors.md.
fn close_code(code: &str) -> u16 {
    match code {
        "too_large" => 1009,
        "slow_reader" => 1013,
        "shutting_down" => 1001,
        _ => 1008,
    }
}

/// The frame that ends a connection, or a stream.
pub(super) fn bye(code: &str) -> Value {
    json!({ "type": "bye", "code": code, "detail": detail_of(code) })
}

fn detail_of(code: &str) -> &'static str {
    match code {
        "too_large" => "the frame is longer than frame_bytes",
        "session_expired" => "the session is over: join again",
        "removed" => "the roster no longer has this account",
        "shutting_down" => "the server stops: come back later",
        _ => "the connection ends",
    }
}
