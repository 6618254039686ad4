//! Server-sent events: a stream of what a socket would be sent, each frame's text as an event's data. A task of its own reads
//! the chain and watches the session, and hands parts to the stream one by one; so the session ends in time however slowly
//! its stream is read.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use dispatch_protocol::refusal::Refusal;
use dispatch_protocol::session::Sessions;
use dispatch_protocol::wire::{Bye, ServerFrame};
use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Door;
use super::blocks::beyond;
use super::problem::Denial;
use super::query::{Query, integer};
use crate::house::{House, shutting_down, slow_reader, text};
use crate::lobby::Pass;
use crate::metrics::Way;
use crate::reader::{Due, Reader};

/// After so much silence a comment is sent, so that nobody between takes the stream for dead.
const SILENCE: Duration = Duration::from_secs(15);

/// What a stream begins with: after how many milliseconds a client comes back that has lost it.
const BEGIN: &str = "retry: 2000\n\n";

/// Pieces of events, one behind the other; the long ones are shared with everybody.
type Part = Vec<Bytes>;

/// `GET /v1/events`.
pub(super) fn follow(door: &Door, parts: &Parts, pass: Pass) -> Result<Response, Denial> {
    let query = Query::read(parts.uri.query(), &["from"])?;
    let from = query.optional("from").unwrap_or(0);
    let from = last_event_id(&parts.headers)?.unwrap_or(from); // [SSE-3]
    let house = door.house.clone();
    if from > house.feed.size() {
        return Err(beyond("SSE-6").into());
    }
    let body = match parts.method == Method::HEAD {
        true => Body::empty(),
        false => {
            let reader = Reader::new(&house.feed, from, 0, pass.membership.clone());
            let (parts, to_come) = mpsc::channel(1);
            let (end, farewell) = oneshot::channel();
            let open = house.metrics.opened(Way::Events);
            let source = Source {
                house,
                pass,
                reader,
                parts,
            };
            tokio::spawn(async move {
                let metrics = source.house.metrics.clone();
                if let Some(bye) = source.run().await {
                    metrics.said_bye(bye.code);
                    let _ = end.send(bye);
                }
                drop(open);
            });
            body(to_come, farewell)
        }
    };
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        // A proxy of nginx would gather events otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

/// [SSE-6]
pub(super) fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let mut stated = headers.get_all("last-event-id").iter();
    let id = match (stated.next(), stated.next()) {
        (None, _) => return Ok(None),
        (Some(id), None) => id.to_str().ok().and_then(integer),
        _ => None,
    };
    let detail = "Last-Event-ID must be one integer, as an event's id had it";
    id.map(Some)
        .ok_or_else(|| Refusal::malformed("SSE-6", detail))
}

/// The parts as they come, and behind the last of them the farewell.
fn body(to_come: mpsc::Receiver<Part>, farewell: oneshot::Receiver<Bye>) -> Body {
    let begin = stream::iter([vec![Bytes::from_static(BEGIN.as_bytes())]]);
    let parts = stream::unfold(to_come, |mut to_come| async move {
        Some((to_come.recv().await?, to_come))
    });
    let end = stream::once(async {
        let bye = farewell.await.ok();
        bye.map_or_else(Vec::new, |bye| {
            event("bye", None, text(&ServerFrame::Bye(bye)).into())
        })
    });
    let all = begin.chain(parts).chain(end);
    Body::from_stream(all.flat_map(stream::iter).map(Ok::<_, Infallible>))
}

/// An event of one line of data.
fn event(name: &str, id: Option<u64>, data: Bytes) -> Part {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    let head = format!("event: {name}\n{id}data: ");
    vec![head.into(), data, Bytes::from_static(b"\n\n")]
}

/// What is behind a stream.
struct Source {
    house: Arc<House>,
    pass: Pass,
    reader: Reader,
    parts: mpsc::Sender<Part>,
}

impl Source {
    /// Works until the stream ends, and gives the farewell where one is due. // [SSE-5]
    async fn run(mut self) -> Option<Bye> {
        let house = self.house.clone();
        let mut heard = Instant::now();
        loop {
            let part = tokio::select! {
                () = Reader::has_more(Some(&mut self.reader)) => {
                    let due = self.reader.next(&house).await.ok()?;
                    let removed = due.removed;
                    let part = events_of(due);
                    if removed {
                        return self.hand_on(part).await.or(Some(Sessions::removed())); // [SESS-5]
                    }
                    part
                }
                () = self.pass.over() => match self.pass.is_over() {
                    true => return Some(Sessions::expired()), // [SESS-3]
                    false => continue,
                },
                () = house.stopped() => return Some(Bye::new(shutting_down())),
                () = tokio::time::sleep_until(heard + SILENCE) => {
                    vec![Bytes::from_static(b":\n\n")] // [SSE-7]
                }
                () = self.parts.closed() => return None,
            };
            if part.is_empty() {
                continue;
            }
            heard = Instant::now();
            if let Some(bye) = self.hand_on(part).await {
                return Some(bye);
            }
        }
    }

    /// Hands a part to the stream; a `bye` is due if it does not take it in time. // [SYNC-4]
    async fn hand_on(&self, part: Part) -> Option<Bye> {
        match tokio::time::timeout(self.house.slow_reader, self.parts.send(part)).await {
            // A stream that is gone is seen at the next look.
            Ok(_) => None,
            Err(_) => Some(Bye::new(slow_reader())),
        }
    }
}

fn events_of(due: Due) -> Part {
    let mut part = Vec::with_capacity(3 * (due.frames.len() + 1));
    for frame in due.frames {
        // [SSE-1], [SSE-2]
        part.extend(event("blocks", Some(frame.end()), frame.text().into()));
    }
    // [SSE-4], [CHECK-4]
    if let Some(checkpoint) = due.checkpoint {
        part.extend(event("checkpoint", None, checkpoint.text.clone().into()));
    }
    part
}
