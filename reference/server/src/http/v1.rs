//! The requests under `/v1/`: who may ask, what stands where, and what every answer carries.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{ServerFrame, Transport};

use super::authorization::authorize;
use super::problem::Denial;
use super::{Door, Kept, blocks, body, cors, entries, events, join, proofs, socket};
use crate::acceptor::Seat;
use crate::house::{shutting_down, text};

/// What a path stands for.
#[derive(Clone, Copy, Debug)]
enum Resource {
    Socket,
    Hello,
    Prove,
    Entries,
    Blocks,
    Events,
    Checkpoint,
    Inclusion,
    Consistency,
}

impl Resource {
    fn at(path: &str) -> Option<Resource> {
        Some(match path {
            "/v1/socket" => Resource::Socket,
            "/v1/hello" => Resource::Hello,
            "/v1/prove" => Resource::Prove,
            "/v1/entries" => Resource::Entries,
            "/v1/blocks" => Resource::Blocks,
            "/v1/events" => Resource::Events,
            "/v1/checkpoint" => Resource::Checkpoint,
            "/v1/proofs/inclusion" => Resource::Inclusion,
            "/v1/proofs/consistency" => Resource::Consistency,
            _ => return None,
        })
    }

    /// What it is called where requests are counted: texts of clients are no labels.
    fn name(path: &str) -> &'static str {
        match Resource::at(path) {
            Some(Resource::Socket) => "socket",
            Some(Resource::Hello) => "hello",
            Some(Resource::Prove) => "prove",
            Some(Resource::Entries) => "entries",
            Some(Resource::Blocks) => "blocks",
            Some(Resource::Events) => "events",
            Some(Resource::Checkpoint) => "checkpoint",
            Some(Resource::Inclusion) => "inclusion",
            Some(Resource::Consistency) => "consistency",
            None => "other",
        }
    }

    fn transport(self) -> Transport {
        match self {
            Resource::Socket => Transport::Ws,
            Resource::Events => Transport::Sse,
            _ => Transport::Http,
        }
    }

    /// Whether it takes a method; else which ones it takes.
    fn takes(self, method: &Method) -> Result<(), Denial> {
        let (taken, allowed) = match self {
            Resource::Hello | Resource::Prove | Resource::Entries => {
                (method == Method::POST, "POST")
            }
            _ => (method == Method::GET || method == Method::HEAD, "GET, HEAD"),
        };
        taken.then_some(()).ok_or(Denial::Method(allowed))
    }
}

/// Answers a request under `/v1/`.
pub(super) async fn serve(State(door): State<Door>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let metrics = door.house.metrics.clone();
    let page = cors::page(&parts.headers, &door.page_origins);
    let mut response = if cors::is_preflight(&parts.method, &parts.headers) {
        cors::preflight(page.as_ref())
    } else {
        let answer = door.answer(&mut parts, body).await;
        answer.unwrap_or_else(Denial::into_response)
    };
    metrics.answered(Resource::name(parts.uri.path()), response.status().as_u16());
    if let Some(code) = response.extensions().get::<Code>() {
        metrics.refused(*code);
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let headers = response.headers_mut();
    // [HTTP-10]
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    cors::show(&mut response, page);
    response
}

impl Door {
    async fn answer(self, parts: &mut Parts, body: Body) -> Result<Response, Denial> {
        let resource = Resource::at(parts.uri.path());
        let resource = resource.filter(|resource| self.offers(resource.transport()));
        let network = self.network(parts);
        let seat = parts.extensions.remove::<Seat>();
        match resource {
            Some(Resource::Socket) => {
                self.opened()?;
                return socket::open(self, parts, network).await;
            }
            Some(stranger @ (Resource::Hello | Resource::Prove)) => {
                if let Err(denial) = stranger.takes(&parts.method).and_then(|()| self.opened()) {
                    body::skip(&parts.headers, body).await;
                    return Err(denial);
                }
                if let Resource::Hello = stranger {
                    return join::hello(&self, parts, body, network).await;
                }
                let welcome = join::prove(&self, parts, body, seat.as_ref()).await?;
                let is_kept = seat.is_some_and(|seat| seat.change_to_members(&self.room));
                return Ok(kept(parts, welcome, is_kept));
            }
            // [DISC-3] Nothing is offered by which this would have to be refused for its token.
            None if !self.offers(Transport::Http) => return Err(Denial::NoSuchPath),
            _ => {}
        }
        // [HTTP-2] Before all else: a stranger does not learn what is here.
        let admitted = async {
            self.opened()?;
            let pass = authorize(&parts.headers, &self.house).await?;
            match seat {
                Some(seat) if !seat.change_to_members(&self.room) => Err(self.no_room()),
                _ => Ok(pass),
            }
        };
        let pass = match admitted.await {
            Ok(pass) => pass,
            Err(denial) => {
                body::skip(&parts.headers, body).await;
                return Err(denial);
            }
        };
        let taken = match resource {
            None => Err(Denial::NoSuchPath),
            Some(resource) => resource.takes(&parts.method).map(|()| resource),
        };
        let answer = match taken {
            Ok(Resource::Events) => return events::follow(&self, parts, pass),
            Ok(Resource::Entries) => entries::submit(&self, parts, body, &pass).await,
            Ok(Resource::Blocks) => blocks::blocks(&self, parts, &pass).await,
            Ok(Resource::Checkpoint) => proofs::checkpoint(&self, parts),
            Ok(Resource::Inclusion) => proofs::inclusion(&self, parts),
            Ok(Resource::Consistency) => proofs::consistency(&self, parts),
            Ok(Resource::Socket | Resource::Hello | Resource::Prove) => Err(Denial::NoSuchPath),
            Err(denial) => {
                body::skip(&parts.headers, body).await;
                Err(denial)
            }
        };
        let is_late = matches!(answer, Err(Denial::Late));
        let response = answer.unwrap_or_else(Denial::into_response);
        Ok(kept(parts, response, !is_late))
    }

    fn opened(&self) -> Result<(), Denial> {
        match self.house.stops() {
            true => Err(shutting_down().into()),
            false => Ok(()),
        }
    }
}

/// Lets the connection be kept behind an answer to a member. One on which a body came in chunks is not: where proxies differ
/// in how they read the lengths, the next request may be somebody else's. // RFC 9112, section 6.1
fn kept(parts: &Parts, mut response: Response, is_kept: bool) -> Response {
    if is_kept && !parts.headers.contains_key(TRANSFER_ENCODING) {
        response.extensions_mut().insert(Kept);
    }
    response
}

/// A frame as an answer.
pub(super) fn frame(frame: &ServerFrame) -> Response {
    json(text(frame).to_string())
}

/// A text of JSON as an answer.
pub(super) fn json(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
