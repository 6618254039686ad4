//! What a request says, for the fuzz targets: see [`crate::fuzzing`].

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use dispatch_protocol::refusal::Refusal;
use ipnet::IpNet;

use super::query::Query;
use super::{authorization, body, etag, events};
use crate::rates::Network;

/// The headers of these names and values, those left out that no server would hand on.
pub fn headers<'h>(stated: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in stated {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value),
        ) {
            headers.append(name, value);
        }
    }
    headers
}

/// A query's parameters, of these names.
pub fn query(query: &str, known: &[&str]) -> Result<Vec<Option<u64>>, Refusal> {
    let read = Query::read(Some(query), known)?;
    Ok(known.iter().map(|name| read.optional(name)).collect())
}

/// The token of `Authorization`.
pub fn token(headers: &HeaderMap) -> Option<Vec<u8>> {
    authorization::token(headers).map(|token| token.to_vec())
}

/// Whether the headers announce a body of JSON.
pub fn form(headers: &HeaderMap) -> Result<(), Refusal> {
    body::form(headers)
}

/// Where an event source goes on.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    events::last_event_id(headers)
}

/// Whether `If-None-Match` names the tag of these bytes.
pub fn is_known(headers: &HeaderMap, bytes: &[u8]) -> bool {
    etag::is_known(headers, &etag::tag(bytes, false))
}

/// The tag of these bytes.
pub fn tag(bytes: &[u8]) -> HeaderValue {
    etag::tag(bytes, false)
}

/// Whether `Accept-Encoding` allows gzip.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    crate::coding::takes_gzip(headers)
}

/// Whom joins are counted by that come from a proxy which is believed, as all of 192.0.2.0/24 are.
pub fn behind_proxy(headers: &HeaderMap) -> Option<IpAddr> {
    let proxies = [IpNet::new_assert([192, 0, 2, 0].into(), 24)];
    Network::of([192, 0, 2, 1].into(), headers, &proxies).map(Network::address)
}
