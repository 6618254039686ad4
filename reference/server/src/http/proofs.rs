//! The latest checkpoint, and proofs over the chain as far as it is durable.

use axum::http::request::Parts;
use axum::response::Response;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::{Consistency, Inclusion};
use serde::Serialize;

use super::Door;
use super::problem::Denial;
use super::query::Query;
use super::v1::json;

/// `GET /v1/checkpoint`: the frame that was pushed last.
pub(super) fn checkpoint(door: &Door, parts: &Parts) -> Result<Response, Denial> {
    Query::read(parts.uri.query(), &[])?;
    let latest = door.house.feed.checkpoints().borrow().text.to_string();
    Ok(json(latest))
}

/// `GET /v1/proofs/inclusion`.
pub(super) fn inclusion(door: &Door, parts: &Parts) -> Result<Response, Denial> {
    let query = Query::read(parts.uri.query(), &["index", "size"])?;
    let (index, size) = (query.required("index")?, query.required("size")?);
    let lobby = &door.house.lobby;
    let path = lobby.tree(size, |tree| tree.inclusion(index, size));
    let path = path.flatten().ok_or_else(none)?;
    Ok(document(&Inclusion { index, size, path }))
}

/// `GET /v1/proofs/consistency`.
pub(super) fn consistency(door: &Door, parts: &Parts) -> Result<Response, Denial> {
    let query = Query::read(parts.uri.query(), &["from", "to"])?;
    let (from, to) = (query.required("from")?, query.required("to")?);
    let lobby = &door.house.lobby;
    let path = lobby.tree(to, |tree| tree.consistency(from, to));
    let path = path.flatten().ok_or_else(none)?;
    Ok(document(&Consistency { from, to, path }))
}

/// [HTTP-7]
fn none() -> Refusal {
    Refusal::new(
        Code::UnknownHave,
        "HTTP-7",
        "there is no such proof: sizes are from 1 to the chain's, an index is below its size, and `from` is not above `to`",
    )
}

fn document(document: &impl Serialize) -> Response {
    match serde_json::to_string(document) {
        Ok(text) => json(text),
        Err(problem) => {
            unreachable!("a document of numbers and texts is always written: {problem}")
        }
    }
}
