//! Blocks by requests, and long-polling: a request waits, where it asks to, until there is a block to give. The answer is
//! made of the very texts that go to everybody else.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
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
use crate::feed::Frame;
use crate::house::{House, shutting_down};
use crate::lobby::Pass;
use crate::metrics::Way;
use crate::reader::{Failed, fetch};

/// What stands around the blocks of an answer, at most.
const AROUND: usize = 64;

/// `GET /v1/blocks`.
pub(super) async fn blocks(door: &Door, parts: &Parts, pass: &Pass) -> Result<Response, Denial> {
    let query = Query::read(parts.uri.query(), &["from", "limit", "wait"])?;
    let from = query.required("from")?;
    let limit = query.within("limit", 1..=1000)?.unwrap_or(100);
    let wait = query.within("wait", 0..=30_000)?.unwrap_or(0);
    let house = &door.house;
    let mut growth = house.feed.growth();
    // [HTTP-6]
    if from > *growth.borrow() {
        return Err(beyond("HTTP-6").into());
    }
    let deadline = Instant::now() + Duration::from_millis(wait);
    loop {
        growth.mark_unchanged();
        let frames = gather(house, from, limit).await?;
        // [SESS-6], [POLL-3] Looked at after the blocks were fetched: whoever can fetch a block behind the removal sees it.
        pass.check()?;
        let is_over = Instant::now() >= deadline || parts.method == Method::HEAD;
        if !frames.is_empty() || is_over {
            return Ok(answer(parts, from, limit, &frames)); // [POLL-1], [POLL-2]
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
            bytes += frame.text().len();
            next = frame.end();
            frames.push(frame);
        }
        if !fetched.behind {
            break;
        }
    }
    Ok(frames)
}

fn answer(parts: &Parts, from: u64, limit: u64, frames: &[Arc<Frame>]) -> Response {
    let mut bytes = AROUND;
    let blocks = frames
        .iter()
        .flat_map(|frame| frame.blocks())
        .take(limit as usize)
        .take_while(|block| {
            bytes += block.len() + 1;
            bytes <= SERVER_FRAME_BYTES // [SYNC-5]
        });
    let text = blocks_text(from, blocks);
    if frames.is_empty() {
        return json(text);
    }
    // [HTTP-11] A redaction changes the bytes, and so the tag.
    let tag = tag(text.as_bytes());
    let known = is_known(&parts.headers, &tag);
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (ETAG, tag),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (headers, [content_type], text).into_response()
}
