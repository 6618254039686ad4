//! Blocks by requests, and long-polling: a request waits, where it asks to, until there is a block to give. The answer is
//! made of the very texts that go to everybody else.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use dispatch_protocol::limits::SERVER_FRAME_BYTES;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::blocks_text;
use tokio::time::Instant;

use super::problem::Denial;
use super::query::Query;
use super::v1::json;
use super::{Door, is_known, tag};
use crate::coding::{Effort, gzip, takes_gzip};
use crate::feed::Frame;
use crate::house::{House, shutting_down};
use crate::lobby::{Content, Pass};
use crate::metrics::Way;
use crate::reader::{Failed, fetch};

/// What stands around the blocks of an answer, at most.
const AROUND: usize = 64;

/// Fewer bytes than this are sent as they are: they fit into a packet.
const WORTH_CODING: usize = 1400;

/// `GET /v1/blocks`.
pub(super) async fn blocks(door: &Door, parts: &Parts, pass: &Pass) -> Result<Response, Denial> {
    let query = Query::read(parts.uri.query(), &["from", "limit", "wait"])?;
    let from = query.required("from")?;
    let limit = query.within("limit", 1..=1000)?.unwrap_or(100); // [HTTP-5]
    let wait = query.within("wait", 0..=30_000)?.unwrap_or(0);
    let house = &door.house;
    let mut growth = house.feed.growth();
    // [HTTP-6]
    if from > *growth.borrow() {
        return Err(beyond("HTTP-6").into());
    }
    let is_coded = takes_gzip(&parts.headers);
    let deadline = Instant::now() + Duration::from_millis(wait);
    loop {
        growth.mark_unchanged();
        // [HTTP-20] Before the blocks are read; and nothing is read for whoever holds it all, as it still is.
        let tag = tag_of(house, from, limit, is_coded);
        if let Some(tag) = tag.as_ref().filter(|tag| is_known(&parts.headers, tag)) {
            pass.check()?;
            return Ok((StatusCode::NOT_MODIFIED, caching(tag)).into_response());
        }
        let frames = gather(house, from, limit).await?;
        // [SESS-6], [POLL-3] Looked at after the blocks were fetched: whoever can fetch a block behind the removal sees it.
        pass.check()?;
        let is_over = Instant::now() >= deadline || parts.method == Method::HEAD;
        if !frames.is_empty() || is_over {
            let text = answer(from, limit, &frames); // [POLL-1], [POLL-2]
            return Ok(match tag {
                Some(tag) if !frames.is_empty() => told(text, &tag, is_coded).await,
                _ => json(text),
            });
        }
        let _waiting = house.metrics.opened(Way::Waiting);
        tokio::select! {
            grown = growth.changed() => if grown.is_err() {
                return Err(shutting_down().into());
            },
            () = tokio::time::sleep_until(deadline) => {}
            () = pass.over() => {}
            () = house.stopped() => return Err(shutting_down().into()),
        }
    }
}

/// The refusal of an index that is not in the chain.
pub(super) fn beyond(requirement: &'static str) -> Refusal {
    Refusal::new(
        Code::UnknownHave,
        requirement,
        "the chain does not have so many blocks; keep what you hold, it may prove a fork",
    )
}

/// Frames that hold the blocks from an index on: as many as were asked for, or as an answer holds.
async fn gather(house: &House, from: u64, limit: u64) -> Result<Vec<Arc<Frame>>, Failed> {
    let end = from.saturating_add(limit);
    let (mut frames, mut next, mut bytes) = (Vec::new(), from, 0);
    while next < end && bytes < SERVER_FRAME_BYTES {
        let fetched = fetch(house, next..end, SERVER_FRAME_BYTES - bytes).await?;
        for frame in fetched.frames {
            // Without what stands around them: how they are cut into frames must not show.
            bytes += frame.blocks().map(|block| block.len() + 1).sum::<usize>();
            next = frame.end();
            frames.push(frame);
        }
        if !fetched.behind {
            break;
        }
    }
    Ok(frames)
}

/// The text of an answer.
fn answer(from: u64, limit: u64, frames: &[Arc<Frame>]) -> String {
    let mut bytes = AROUND;
    let blocks = frames
        .iter()
        .flat_map(|frame| frame.blocks())
        .take(limit as usize)
        .take_while(|block| {
            bytes += block.len() + 1;
            bytes <= SERVER_FRAME_BYTES // [SYNC-5]
        });
    blocks_text(from, blocks)
}

/// An answer with blocks, which caches may keep.
async fn told(text: String, tag: &HeaderValue, is_coded: bool) -> Response {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let coding = match is_coded && text.len() >= WORTH_CODING {
        true => tokio::task::spawn_blocking(move || match gzip(text.as_bytes(), Effort::Little) {
            Some(coded) => Ok(coded),
            None => Err(text),
        }),
        false => return (caching(tag), [content_type], text).into_response(),
    };
    match coding.await {
        Ok(Ok(coded)) => {
            let coding = (CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            (caching(tag), [content_type, coding], coded).into_response()
        }
        Ok(Err(text)) => (caching(tag), [content_type], text).into_response(),
        Err(_) => Denial::from(Failed).into_response(),
    }
}

/// [HTTP-11] Also for caches that many share: they ask each time, with the token of whoever asks them.
fn caching(tag: &HeaderValue) -> [(HeaderName, HeaderValue); 3] {
    [
        (
            CACHE_CONTROL,
            HeaderValue::from_static("no-cache, must-revalidate"),
        ),
        (VARY, HeaderValue::from_static("accept-encoding")),
        (ETAG, tag.clone()),
    ]
}

/// [HTTP-20] The tag of an answer: of all that its bytes are made of. A redaction changes it.
fn tag_of(house: &House, from: u64, limit: u64, is_coded: bool) -> Option<HeaderValue> {
    let end = from.saturating_add(limit).min(house.feed.size());
    (from < end).then_some(())?;
    let Content { head, redacted } = house.lobby.content(from..end)?;
    let made_of = format!(
        "{} {from} {limit} {end} {head} {redacted:?}",
        env!("CARGO_PKG_VERSION")
    );
    Some(tag(made_of.as_bytes(), is_coded))
}
