//! Server-sent events: what a connection is due, as a stream. [SSE-1] to [SSE-7]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use hyper::header::{self, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Desk;
use super::answers::{Body, Denial};
use super::query::Query;
use crate::codec::{Verdict, fields::MAX_NUMBER};
use crate::control::clock::now;
use crate::control::connection::{Connection, bye};
use crate::control::delivery::Due;
use crate::control::fault::Faults;
use crate::control::server::Server;

impl Desk {
    pub(super) fn events(
        &self,
        query: &Query<'_>,
        headers: &HeaderMap,
        place: usize,
        number: u64,
    ) -> Result<Response<Body>, Denial> {
        let faults = &self.server.faults;
        query.only(&["from"])?;
        let last = last_event_id(headers)?.filter(|_| !faults.has("SSE-3"));
        let from = last.or(query.stated("from")).unwrap_or(0);
        let size = self.server.community().chain.size();
        // [SSE-6]
        let is_beyond = match faults.has("SSE-3/from") {
            true => from.max(query.stated("from").unwrap_or(0)) > size,
            false => from > size,
        };
        if is_beyond && !faults.has("SSE-6") {
            let detail = format!("the chain has {size} blocks");
            return Err(Verdict::new("unknown_have", "SSE-6", detail).into());
        }
        let from = if faults.has("SSE-1") { size } else { from };
        let mut connection = self.open_at(place, number, Some(from.min(size)));
        if let Some(open) = &mut connection.open {
            open.checkpoint = 0;
        }
        let (parts, coming) = mpsc::channel::<String>(1);
        tokio::spawn(follow(Arc::clone(&self.server), connection, parts));
        let body = stream::unfold(coming, |mut coming| async move {
            let part = Bytes::from(coming.recv().await?);
            Some((Ok::<_, Infallible>(Frame::data(part)), coming))
        });
        let mut answer = Response::new(StreamBody::new(body).boxed_unsync());
        let kind = HeaderValue::from_static("text/event-stream");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        Ok(answer)
    }
}

/// Sends what is due until the session ends, or nobody reads any more.
async fn follow(server: Arc<Server>, mut connection: Connection, parts: mpsc::Sender<String>) {
    let faults = server.faults.clone();
    let mut changes = server.subscribe();
    // [SSE-4]
    if faults.has("SSE-4") {
        let checkpoint = server.community().checkpoint.json.clone();
        let text =
            serde_json::json!({ "type": "checkpoint", "checkpoint": checkpoint }).to_string();
        if parts.send(event(&text, 0, &faults)).await.is_err() {
            return;
        }
    }
    loop {
        changes.borrow_and_update();
        let Some(open) = &mut connection.open else {
            return;
        };
        let due = server.community().due(open, now());
        let next = open.next;
        let part = match due {
            Due::Nothing => {
                tokio::select! {
                    _ = changes.changed() => {}
                    () = sleep(connection.until_expiry().min(Duration::from_secs(60))) => {}
                    () = parts.closed() => return,
                }
                continue;
            }
            Due::Frame(text) => event(&text, next, &faults),
            // [SSE-5]
            Due::Bye(_) if faults.has("SSE-5") => return,
            Due::Bye(code) => {
                let text = bye(code).to_string();
                let _ = parts.send(format!("event: bye\ndata: {text}\n\n")).await;
                return;
            }
            Due::Drop => return,
        };
        if parts.send(part).await.is_err() {
            return;
        }
    }
}

/// [SSE-2] [SSE-4] [SSE-7]
fn event(text: &str, next: u64, faults: &Faults) -> String {
    let frame: Value = serde_json::from_str(text).unwrap_or_default();
    let is_blocks = frame["type"] == "blocks";
    let name = match is_blocks {
        true => "blocks",
        false if faults.has("SSE-4/name") => "message",
        false => "checkpoint",
    };
    let id = match is_blocks {
        true if faults.has("SSE-2") => Some(next - 1),
        true => Some(next),
        false => faults.has("SSE-7").then_some(next),
    };
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    format!("event: {name}\n{id}data: {text}\n\n")
}

/// [SSE-3] [SSE-6]
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Verdict> {
    let Some(stated) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let text = stated.to_str().unwrap_or_default();
    let is_plain =
        text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text
        .parse()
        .ok()
        .filter(|number| is_plain && *number <= MAX_NUMBER);
    let malformed = || Verdict::malformed("SSE-6", "Last-Event-ID is one number");
    number.map(Some).ok_or_else(malformed)
}
