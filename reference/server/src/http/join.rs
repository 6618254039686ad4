//! `hello` and `prove` by requests. Where a connection means nothing, a challenge is bound to its nonce alone, and lies with
//! the house, or with what it shares with others; those of sockets never come there, so that neither can be proved on the other's way.

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::response::Response;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::{ClientFrame, ServerFrame};

use super::problem::Denial;
use super::query::Query;
use super::v1::frame;
use super::{Door, body};
use crate::acceptor::Seat;
use crate::rates::Network;

/// How long a stranger's body may take to come.
const BODY: Duration = Duration::from_secs(10);

/// `POST /v1/hello`: a challenge.
pub(super) async fn hello(
    door: &Door,
    parts: &Parts,
    body: Body,
    network: Option<Network>,
) -> Result<Response, Denial> {
    let hello = match read(door, parts, body).await? {
        ClientFrame::Hello(hello) => hello,
        _ => return Err(unexpected("hello").into()),
    };
    door.house.limiter.join(network)?; // [LIM-7]
    let challenge = door.house.challenge(hello, network).await?;
    Ok(frame(&ServerFrame::Challenge(challenge)))
}

/// `POST /v1/prove`: a welcome.
pub(super) async fn prove(
    door: &Door,
    parts: &Parts,
    body: Body,
    seat: Option<&Seat>,
) -> Result<Response, Denial> {
    let prove = match read(door, parts, body).await? {
        ClientFrame::Prove(prove) => prove,
        _ => return Err(unexpected("prove").into()),
    };
    // [LIM-12] From here on it waits for us: among those who open a socket to join, and not among those who still send.
    if seat.is_some_and(|seat| !seat.change_to_strangers(&door.room_for_strangers)) {
        return Err(door.no_room());
    }
    let proof = door.house.spend(prove).await?;
    let joined = door.house.join(proof).await?;
    Ok(frame(&ServerFrame::Welcome(Box::new(joined.welcome))))
}

async fn read(door: &Door, parts: &Parts, body: Body) -> Result<ClientFrame, Denial> {
    if let Err(refusal) = Query::read(parts.uri.query(), &[]) {
        body::skip(&parts.headers, body).await;
        return Err(refusal.into());
    }
    let within = BODY.min(door.house.join_within);
    let text = body::read(&parts.headers, body, &door.house, within).await?;
    ClientFrame::decode(&text, &door.house.host.limits).map_err(|rejected| rejected.refusal.into())
}

/// [HTTP-16]
fn unexpected(awaited: &str) -> Refusal {
    Refusal::new(
        Code::UnexpectedFrame,
        "HTTP-16",
        format!("a {awaited} is awaited at this path"),
    )
}
