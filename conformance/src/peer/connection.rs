//! One connection to the server: sends messages, collects what comes, has every frame observed.
//!
//! A task of its own reads, so that a case sees each message with the time at which it came, whatever the case does
//! meanwhile.

mod end;
mod reader;
mod taking;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::SinkExt;
use hyper::HeaderMap;
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_tungstenite::tungstenite::{self, Message};

use super::{
    Fault, Observer, Server,
    requests::{self, Pull},
    socket::{self, OpenFault, Sink},
    wire::Wire,
};
pub use end::End;
use reader::Reader;

use crate::{
    codec::base64url,
    result::Direction,
    story::{Timeline, shorten},
    transcript::What,
};

/// What stands for a status in a transcript where a connection is no socket, and has no opening.
pub const BY_REQUESTS: u16 = 0;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A text message: its frame as well as it could be read, and whether it is a push.
    Frame(Came),
    /// A pong, and what it carries.
    Pong(Vec<u8>),
    /// Nothing more.
    End(End),
}

/// A frame that came, and the number of its line in the transcript.
pub type Came = (Arc<Value>, u64);

/// Why nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Nothing came in time.
    Timeout(Duration),
    /// The connection ended.
    Ended(End),
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    /// Its name in the case.
    pub name: String,
    /// The headers with which the server answered the opening.
    pub headers: HeaderMap,
    observer: Arc<Mutex<Observer>>,
    timeline: Timeline,
    patience: Duration,
    line: Line,
    reading: watch::Sender<bool>,
    inbox: mpsc::UnboundedReceiver<Event>,
    answers: VecDeque<Came>,
    pushes: VecDeque<Came>,
    pongs: VecDeque<Vec<u8>>,
    end: Option<End>,
    reader: JoinHandle<()>,
}

/// What a connection's frames go out by.
#[derive(Debug)]
enum Line {
    /// A socket, and the TCP connection under it.
    Socket(Box<Sink>, Wire),
    /// Requests. None once they are no longer wanted.
    Requests(Option<requests::Sink>),
}

impl Connection {
    /// Begins a connection that is no socket: frames are carried by requests.
    pub fn by_requests(server: &Arc<Server>, name: &str, pull: Pull, timeline: &Timeline) -> Self {
        let observer = Arc::new(Mutex::new(Observer::by_requests(Arc::clone(server))));
        let (sink, source) = requests::open(server, pull, &observer);
        timeline.record(name, || What::Opened(BY_REQUESTS));
        let line = Line::Requests(Some(sink));
        Self::over(
            server,
            name,
            line,
            source,
            observer,
            HeaderMap::new(),
            timeline,
        )
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// If the server does not open the socket.
    pub async fn open(
        server: &Arc<Server>,
        name: &str,
        headers: &[(String, String)],
        receive_buffer: Option<u32>,
        timeline: &Timeline,
    ) -> Result<Self, OpenFault> {
        timeline.add(name, Direction::Sent, "(opens a socket)");
        timeline.record(name, || What::Opens(headers.iter().cloned().collect()));
        let opened = socket::open(&server.target, headers, receive_buffer, server.patience).await;
        let status = match &opened {
            Ok(_) => Some(101),
            Err(OpenFault::Status { status, .. }) => Some(*status),
            Err(_) => None,
        };
        if let Some(status) = status {
            timeline.record(name, || What::Opened(status));
        }
        match &opened {
            Ok(_) => timeline.add(name, Direction::Received, "(status 101)"),
            Err(fault) => timeline.add(name, Direction::Happened, fault.to_string()),
        }
        let socket = opened?;
        let observer = Arc::new(Mutex::new(Observer::new(Arc::clone(server))));
        let line = Line::Socket(Box::new(socket.sink), socket.wire);
        let (source, headers) = (socket.source, socket.headers);
        Ok(Self::over(
            server, name, line, source, observer, headers, timeline,
        ))
    }

    fn over(
        server: &Arc<Server>,
        name: &str,
        line: Line,
        source: socket::Source,
        observer: Arc<Mutex<Observer>>,
        headers: HeaderMap,
        timeline: &Timeline,
    ) -> Self {
        let (reading, is_reading) = watch::channel(true);
        let (sender, inbox) = mpsc::unbounded_channel();
        let reader = Reader {
            name: name.to_owned(),
            source,
            observer: Arc::clone(&observer),
            timeline: timeline.clone(),
            reading: is_reading,
            inbox: sender,
        };
        Self {
            name: name.to_owned(),
            headers,
            observer,
            timeline: timeline.clone(),
            patience: server.patience,
            line,
            reading,
            inbox,
            answers: VecDeque::new(),
            pushes: VecDeque::new(),
            pongs: VecDeque::new(),
            end: None,
            reader: tokio::spawn(reader.run()),
        }
    }

    /// What is known of the connection.
    pub fn observer(&self) -> MutexGuard<'_, Observer> {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Faults that were found since the last call.
    pub fn take_faults(&self) -> Vec<Fault> {
        self.observer().take_faults()
    }

    /// Sends a text message, in so many fragments.
    pub async fn send_text(&mut self, text: &str, fragments: usize) {
        self.timeline
            .record(&self.name, || What::Sent(text.to_owned()));
        self.observer().sends(text);
        self.timeline
            .add(&self.name, Direction::Sent, shorten::text(text));
        if let Line::Requests(sink) = &self.line {
            if let Some(sink) = sink {
                // Its end is told by the reader.
                let _ = sink.send(text.to_owned());
            }
            return;
        }
        self.deliver(socket::message(
            text.as_bytes(),
            socket::Kind::Text,
            fragments,
        ))
        .await;
    }

    /// Sends bytes as a message of a kind.
    pub async fn send_bytes(&mut self, bytes: &[u8], kind: socket::Kind) {
        self.timeline
            .record(&self.name, || What::SentBytes(base64url::encode(bytes)));
        self.observer().sends("");
        self.timeline.add(
            &self.name,
            Direction::Sent,
            format!("({} bytes, {kind:?})", bytes.len()),
        );
        self.deliver(socket::message(bytes, kind, 1)).await;
    }

    /// Sends a ping that carries these bytes.
    pub async fn ping(&mut self, bytes: &[u8]) {
        self.timeline.add(&self.name, Direction::Sent, "(ping)");
        self.deliver(vec![Message::Ping(bytes.to_vec().into())])
            .await;
    }

    /// Closes politely, with code 1000.
    pub async fn close(&mut self) {
        self.timeline.add(&self.name, Direction::Sent, "(close)");
        let frame = tungstenite::protocol::CloseFrame {
            code: 1000.into(),
            reason: "".into(),
        };
        self.deliver(vec![Message::Close(Some(frame))]).await;
    }

    /// A message that cannot be sent is no failure by itself: the server may have said `bye` in the midst of it.
    async fn deliver(&mut self, messages: Vec<Message>) {
        let sink = match &mut self.line {
            Line::Socket(sink, _) => sink,
            // a frame of the socket's own: a close is the end of the requests, and nothing else has a meaning
            Line::Requests(sink) => {
                *sink = None;
                return;
            }
        };
        let sending = async {
            for message in messages {
                sink.feed(message).await?;
            }
            sink.flush().await
        };
        match tokio::time::timeout(self.patience, sending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.timeline.add(
                &self.name,
                Direction::Happened,
                format!("(not sent: {error})"),
            ),
            Err(_) => self.timeline.add(
                &self.name,
                Direction::Happened,
                "(the server does not take it in)",
            ),
        }
    }

    /// Stops reading, or goes on.
    pub fn read_on(&self, on: bool) {
        let text = if on {
            "(reads again)"
        } else {
            "(stops reading)"
        };
        self.timeline.add(&self.name, Direction::Happened, text);
        self.reading.send_replace(on);
    }

    /// The TCP connection under it; none under requests.
    pub fn wire(&self) -> Option<Wire> {
        match &self.line {
            Line::Socket(_, wire) => Some(wire.clone()),
            Line::Requests(_) => None,
        }
    }

    /// Whether it is read from.
    pub fn is_reading(&self) -> bool {
        *self.reading.borrow()
    }

    /// A frame is the answer that was waited for.
    fn took(&self, (frame, line): Came) -> Arc<Value> {
        self.timeline.record(&self.name, || What::Took(line));
        frame
    }

    fn due(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Waits for one more event.
    async fn more(&mut self, due: Instant) -> Result<(), Missing> {
        if let Some(end) = &self.end {
            return Err(Missing::Ended(end.clone()));
        }
        match timeout_at(due, self.inbox.recv()).await {
            Ok(Some(event)) => {
                self.sort(event);
                Ok(())
            }
            Ok(None) => {
                let end = End {
                    broken: Some("the reader stopped".into()),
                    ..End::default()
                };
                self.end = Some(end.clone());
                Err(Missing::Ended(end))
            }
            Err(_) => Err(Missing::Timeout(self.patience)),
        }
    }

    fn sort(&mut self, event: Event) {
        match event {
            Event::Frame(came) => match came.0["type"].as_str() {
                Some("blocks" | "checkpoint") => self.pushes.push_back(came),
                _ => self.answers.push_back(came),
            },
            Event::Pong(bytes) => self.pongs.push_back(bytes),
            Event::End(end) => self.end = Some(end),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
