//! Entries by requests. The answer comes when the entry's block is durable; whoever hangs up before finds it there, or not,
//! when they offer it again. // [SUB-2], [ENTRY-5]

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::response::Response;
use dispatch_protocol::entry::Entry;
use dispatch_protocol::wire::{Accepted, ServerFrame};

use super::problem::Denial;
use super::query::Query;
use super::v1::frame;
use super::{Door, body};
use crate::house::shutting_down;
use crate::lobby::Pass;
use crate::outbox::{Outbox, Outcome, unavailable};

/// `POST /v1/entries`.
pub(super) async fn submit(
    door: &Door,
    parts: &Parts,
    body: Body,
    pass: &Pass,
) -> Result<Response, Denial> {
    let house = &door.house;
    if let Err(refusal) = Query::read(parts.uri.query(), &[]) {
        body::skip(&parts.headers, body).await;
        return Err(refusal.into());
    }
    let text = body::read(&parts.headers, body, house, house.join_within).await?;
    let entry = Entry::decode(&text, &house.host.limits)?;
    house.limiter.entry(&pass.live.account)?; // [LIM-7]
    pass.live.may_write(&entry)?; // [SESS-2]
    // The body took its time: the session may be over by now.
    pass.check()?;
    let outbox = Arc::new(Outbox::default());
    house
        .submit(entry, pass.key.clone(), text.len(), None, &outbox)
        .await
        .ok_or_else(shutting_down)?;
    outbox.arrived().await;
    match outbox.take().pop().map(|answer| answer.outcome) {
        Some(Outcome::Accepted { index, hash }) => Ok(frame(&ServerFrame::Accepted(Accepted {
            reference: None,
            index,
            hash,
        }))),
        Some(Outcome::Refused(refusal)) => Err(refusal.into()),
        None => Err(unavailable("the entry was lost on its way; send it again").into()),
    }
}
