//! One connection, from its opening to its end: reads frames, lets the session judge them, carries out what comes of it,
//! and writes what was published. It holds no lock while it waits, and nothing that another connection needs: a panic in
//! here ends this connection alone.

mod farewell;
mod join;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use dispatch_protocol::key::PublicKey;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::session::{Session, Sessions, Step, Submission};
use dispatch_protocol::wire::{Accepted, Bye, ClientFrame, Refused, ServerFrame};
use futures_util::SinkExt as _;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Sleep};

use crate::clock;
use crate::house::{House, nonce, text};
use crate::metrics::Way;
use crate::outbox::{Outbox, Outcome};
use crate::rates::Network;
use crate::reader::Reader;
use farewell::End;

/// How many refusals a connection gets before a welcome. // [ERR-7]
const REFUSALS: u32 = 100;

/// A connection that is silent for so long is pinged; one that is silent for twice as long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// See the module.
struct Connection {
    socket: WebSocket,
    house: Arc<House>,
    session: Session,
    /// Where the client comes from, as far as its joins are counted.
    network: Option<Network>,
    reader: Option<Reader>,
    /// The member's key.
    key: Option<PublicKey>,
    outbox: Arc<Outbox>,
    /// A place among those who have not joined, given back with the welcome. // [LIM-9]
    stranger: Option<OwnedSemaphorePermit>,
    refusals: u32,
    opened: Instant,
    heard: Instant,
    pinged: bool,
}

/// What a connection waits for.
enum Event {
    Heard(Option<Result<Message, axum::Error>>),
    Answers,
    More,
    Alarm,
    Stopping,
}

/// Serves a socket to its end, and holds its place until then.
pub(crate) fn serve<P: Send + 'static>(
    socket: WebSocket,
    house: Arc<House>,
    network: Option<Network>,
    place: P,
    stranger: OwnedSemaphorePermit,
) -> impl Future<Output = ()> + Send {
    let stopping = house.stopping.clone();
    let now = Instant::now();
    // Boxed, since a future holds what it is given twice: as it came, and as it is used.
    let connection = Box::new(Connection {
        socket,
        house,
        session: Session::new(),
        network,
        reader: None,
        key: None,
        outbox: Arc::default(),
        stranger: Some(stranger),
        refusals: 0,
        opened: now,
        heard: now,
        pinged: false,
    });
    let open = connection.house.metrics.opened(Way::Socket);
    connection.run(stopping, (place, open))
}

impl Connection {
    async fn run<P>(mut self: Box<Self>, mut stopping: watch::Receiver<bool>, place: P) {
        let alarm = tokio::time::sleep_until(self.next_alarm());
        tokio::pin!(alarm);
        let end = loop {
            match self.step(alarm.as_mut(), &mut stopping).await {
                Ok(()) => {}
                Err(end) => break end,
            }
        };
        Box::pin(self.farewell(end)).await;
        drop(place);
    }

    /// Waits for whatever comes first, and deals with it.
    async fn step(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<(), End> {
        let event = self.next_event(alarm.as_mut(), stopping).await;
        // Boxed, since an idle connection holds the memory of whatever it could be doing.
        let timed_anew = Box::pin(self.deal_with(event)).await?;
        if timed_anew {
            alarm.reset(self.next_alarm());
        }
        Ok(())
    }

    /// Says whether the alarm is to be set anew.
    async fn deal_with(&mut self, event: Event) -> Result<bool, End> {
        match event {
            Event::Heard(message) => {
                self.heard = Instant::now();
                self.pinged = false;
                let was_open = self.reader.is_some();
                self.receive(message).await?;
                Ok(self.reader.is_some() != was_open)
            }
            Event::Answers => self.answer().await.map(|()| false),
            Event::More => self.deliver().await.map(|()| false),
            Event::Alarm => self.on_alarm().await.map(|()| true),
            Event::Stopping => Err(End::Stop),
        }
    }

    async fn next_event(
        &mut self,
        alarm: Pin<&mut Sleep>,
        stopping: &mut watch::Receiver<bool>,
    ) -> Event {
        let stopped = async {
            // An error says that the server is gone, which is the same.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        // Whatever is ready among these is taken by chance, so that none keeps the others waiting.
        tokio::select! {
            message = self.socket.recv(), if self.outbox.unanswered() < self.house.entries_of_socket => Event::Heard(message),
            () = self.outbox.arrived(), if self.reader.is_some() => Event::Answers,
            () = Reader::has_more(self.reader.as_mut()) => Event::More,
            () = alarm => Event::Alarm,
            () = stopped => Event::Stopping,
        }
    }

    async fn receive(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => {
                let frame = match ClientFrame::decode(text.as_str(), &self.house.host.limits) {
                    Ok(frame) => frame,
                    Err(rejected) => return self.say(rejected.into()).await,
                };
                let size = text.len();
                drop(text);
                self.frame(frame, size).await
            }
            Some(Ok(Message::Binary(bytes)))
                if bytes.len() as u64 > self.house.host.limits.frame_bytes =>
            {
                Err(farewell::too_large(&self.house.host.limits)) // [LIM-2]
            }
            Some(Ok(Message::Binary(_))) => {
                // [WS-2]
                let refusal =
                    Refusal::malformed("WS-2", "a binary message; each frame is one text message");
                self.say(ServerFrame::Refused(Refused::new(None, refusal)))
                    .await
            }
            // [WS-4] The library has answered the ping.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) => Err(End::Answered),
            None => Err(End::Closed),
            Some(Err(error)) => Err(End::of(error, &self.house.host.limits)),
        }
    }

    async fn frame(&mut self, frame: ClientFrame, size: usize) -> Result<(), End> {
        if let Err(refusal) = self.within_rates(&frame) {
            let reference = match frame {
                ClientFrame::Submit(submit) => Some(submit.reference),
                _ => None,
            };
            return self
                .say(ServerFrame::Refused(Refused::new(reference, refusal)))
                .await;
        }
        let session = std::mem::take(&mut self.session);
        match session.receive(frame, &self.house.host, nonce, clock::now()) {
            Step::Reply(session, reply) => {
                self.session = session;
                self.say(reply).await
            }
            Step::Prove(proof) => {
                let house = self.house.clone();
                self.join(house.join(*proof)).await
            }
            Step::Resume(resumption) => {
                let house = self.house.clone();
                self.join(house.resume(*resumption)).await
            }
            Step::Submit(session, submission) => {
                self.session = session;
                self.submit(*submission, size).await
            }
            Step::End(bye) => Err(End::Bye(bye)),
        }
    }

    /// [LIM-7] A frame that is too much changes nothing. // [ERR-3]
    fn within_rates(&self, frame: &ClientFrame) -> Result<(), Refusal> {
        let limiter = &self.house.limiter;
        match (frame, self.session.open()) {
            (ClientFrame::Hello(_) | ClientFrame::Resume(_), None) => limiter.join(self.network),
            (ClientFrame::Submit(_), Some(open)) => limiter.entry(&open.account()),
            _ => Ok(()),
        }
    }

    /// Hands an entry on to be verified and appended, in the order in which it came. // [SUB-4]
    async fn submit(&mut self, submission: Submission, size: usize) -> Result<(), End> {
        let Some(key) = self.key.clone() else {
            return Ok(());
        };
        let Submission { reference, entry } = submission;
        self.house
            .submit(entry, key, size, Some(reference), &self.outbox)
            .await
            .ok_or(End::Stop)
    }

    /// Writes what is next for the client, and ends the connection if its account was removed.
    async fn deliver(&mut self) -> Result<(), End> {
        let Some(reader) = &mut self.reader else {
            return Ok(());
        };
        let due = reader
            .next(&self.house)
            .await
            .map_err(|_failed| End::Failed)?;
        let checkpoint = due.checkpoint.iter().map(|pushed| pushed.text.clone());
        let texts: Vec<_> = due
            .frames
            .iter()
            .map(|frame| frame.text())
            .chain(checkpoint)
            .collect();
        self.write(texts).await?;
        match due.removed {
            true => Err(End::Bye(Sessions::removed())), // [SESS-5]
            false => Ok(()),
        }
    }

    /// Writes the answers that have come.
    async fn answer(&mut self) -> Result<(), End> {
        let frames = self.outbox.take().into_iter().map(|answer| {
            text(&match answer.outcome {
                Outcome::Accepted { index, hash } => ServerFrame::Accepted(Accepted {
                    reference: answer.reference,
                    index,
                    hash,
                }),
                Outcome::Refused(refusal) => {
                    self.house.metrics.refused(refusal.code);
                    ServerFrame::Refused(Refused::new(answer.reference, refusal))
                }
            })
        });
        let frames: Vec<_> = frames.collect();
        self.write(frames).await
    }

    /// Writes one frame. A `bye` ends the connection; too many refusals before a welcome do, too.
    async fn say(&mut self, frame: ServerFrame) -> Result<(), End> {
        let refused = match frame {
            ServerFrame::Bye(bye) => return Err(End::Bye(bye)),
            ServerFrame::Refused(ref refused) => {
                self.house.metrics.refused(refused.code);
                true
            }
            _ => false,
        };
        self.write([text(&frame)]).await?;
        if refused && self.reader.is_none() {
            self.refusals += 1;
            if self.refusals > REFUSALS {
                let refusal = Refusal::new(
                    Code::TooManyRefusals,
                    "ERR-7",
                    "too many frames were refused; look at the details",
                );
                return Err(End::Bye(Bye::new(refusal)));
            }
        }
        Ok(())
    }

    /// Writes frames and flushes once. A client that does not take them in time is too slow. // [SYNC-4]
    async fn write(&mut self, frames: impl IntoIterator<Item = Utf8Bytes>) -> Result<(), End> {
        let socket = &mut self.socket;
        let writing = async {
            for frame in frames {
                socket.feed(Message::Text(frame)).await?; // [WS-1]
            }
            socket.flush().await
        };
        match tokio::time::timeout(self.house.slow_reader, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Closed),
            Err(_) => Err(farewell::slow_reader()),
        }
    }

    /// When this connection has to be looked at next though nothing happened.
    fn next_alarm(&self) -> Instant {
        let silence = self.heard + if self.pinged { 2 * SILENCE } else { SILENCE };
        match self.session.open() {
            // [WS-8]
            None => silence.min(self.opened + self.house.join_within),
            // [SESS-3]
            Some(open) => {
                let left = Duration::from_millis(open.expires_at().saturating_sub(clock::now()));
                // A far-off end may not be an instant that the clock can say; it is looked at again every day.
                silence.min(Instant::now() + left.min(Duration::from_secs(86_400)))
            }
        }
    }

    async fn on_alarm(&mut self) -> Result<(), End> {
        match self.session.open() {
            Some(open) if open.is_over(clock::now()) => return Err(End::Bye(open.farewell())),
            None if self.opened.elapsed() >= self.house.join_within => return Err(End::NoJoin),
            _ => {}
        }
        let silent = self.heard.elapsed();
        if silent >= 2 * SILENCE {
            return Err(End::Closed);
        }
        if silent >= SILENCE && !self.pinged {
            self.pinged = true;
            let ping = self.socket.send(Message::Ping(Vec::new().into()));
            return match tokio::time::timeout(self.house.slow_reader, ping).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(End::Closed),
                Err(_) => Err(farewell::slow_reader()),
            };
        }
        Ok(())
    }
}
