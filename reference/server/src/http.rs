//! What is served over HTTP: the discovery document, a sign of life, the opening of a socket, and the chat app.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, ORIGIN, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use dispatch_protocol::chain::Block;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::{Discovery, Problem, Transport};
use tokio::sync::{Semaphore, mpsc};

use crate::app;
use crate::connection::{self, House};
use crate::origin::Origin;

/// How far beyond `frame_bytes` a message is read: so much longer ones are answered in order [LIM-2], and those beyond are
/// cut off.
const READ_BEYOND: usize = 4096;

/// What a connection's read buffer holds. The library's own size makes an idle connection cost 134 KiB; with this one it is 7,
/// and frames of two kilobytes are read no slower.
const READ_BYTES: usize = 3072;

/// Beyond how many bytes frames are written before they are flushed.
const WRITE_BYTES: usize = 4096;

/// How many connections there may be at a time on which nobody has joined yet: a whole community that comes back at once
/// [LIM-12], and no more, since each may hold an unfinished frame. // [LIM-9]
const STRANGERS: usize = 1024;

/// What the requests need.
#[derive(Clone)]
pub(crate) struct Door {
    house: Arc<House>,
    page_origins: Arc<[Origin]>,
    /// The origins by which the app's page dials, where the app is served.
    app: Option<Arc<[Origin]>>,
    discovery: Arc<str>,
    /// Places for connections, and for those of them on which nobody has joined yet.
    room: Arc<Semaphore>,
    room_for_strangers: Arc<Semaphore>,
    /// Held by every connection: when the last one is dropped, all have ended.
    inside: mpsc::Sender<()>,
    healthy: Arc<AtomicBool>,
    frame_bytes: usize,
}

impl Door {
    /// A door to the house, for at most so many connections at a time.
    pub(crate) fn new(
        house: Arc<House>,
        page_origins: Vec<Origin>,
        app: Option<Vec<Origin>>,
        genesis: Block,
        connections: usize,
        healthy: Arc<AtomicBool>,
        inside: mpsc::Sender<()>,
    ) -> Door {
        let limits: Limits = house.host.limits.clone();
        let frame_bytes = limits.frame_bytes as usize;
        // [DISC-2], [DISC-3]
        let discovery = Discovery::new(genesis, limits, vec![Transport::Ws]);
        let discovery = match serde_json::to_string(&discovery) {
            Ok(text) => text.into(),
            Err(problem) => {
                unreachable!("a document of numbers and texts is always written: {problem}")
            }
        };
        Door {
            house,
            page_origins: page_origins.into(),
            app: app.map(Into::into),
            discovery,
            room: Arc::new(Semaphore::new(connections)),
            room_for_strangers: Arc::new(Semaphore::new(STRANGERS)),
            inside,
            healthy,
            frame_bytes,
        }
    }

    /// The routes.
    pub(crate) fn routes(self) -> Router {
        let app = self.app.as_deref().map(app::routes).unwrap_or_default();
        Router::new()
            .route("/.well-known/dispatch-d", get(discovery))
            .route("/healthz", get(healthz))
            .route("/v1/socket", get(socket))
            .with_state(self)
            .merge(app)
            .layer(axum::middleware::map_response(one_answer))
    }
}

/// One request a connection: whoever asks again and again without reading the answers holds nothing for long.
async fn one_answer(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// [DISC-1], [DISC-4]
async fn discovery(State(door): State<Door>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, door.discovery.to_string()).into_response()
}

/// 200 while the server can take entries.
async fn healthz(State(door): State<Door>) -> (StatusCode, &'static str) {
    match door.healthy.load(Ordering::Acquire) {
        true => (StatusCode::OK, "ok\n"),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be written\n",
        ),
    }
}

async fn socket(
    State(door): State<Door>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if let Err(refusal) = page_origin(&headers, &door.page_origins) {
        return problem(refusal);
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    // [LIM-9]
    let place = door.room.clone().try_acquire_owned();
    let stranger = door.room_for_strangers.clone().try_acquire_owned();
    let (Ok(place), Ok(stranger)) = (place, stranger) else {
        let refusal = Refusal::new(
            Code::Unavailable,
            "LIM-9",
            "the server has as many connections as it takes",
        );
        return problem(refusal.retry_after(5000));
    };
    let inside = door.inside.clone();
    // [WS-7] The library offers no extension, and no subprotocol is named here.
    upgrade
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(door.frame_bytes + READ_BEYOND)
        .max_frame_size(door.frame_bytes + READ_BEYOND)
        // Boxed, so that the task does not hold the memory of its opening for ever.
        .on_upgrade(move |socket| {
            Box::pin(connection::serve(
                socket,
                door.house,
                (place, inside),
                stranger,
            ))
        })
}

/// [WS-5], [WS-6]
fn page_origin(headers: &HeaderMap, page_origins: &[Origin]) -> Result<(), Refusal> {
    let mut stated = headers.get_all(ORIGIN).iter();
    match (stated.next(), stated.next()) {
        (None, _) => Ok(()),
        (Some(origin), None)
            if page_origins
                .iter()
                .any(|ours| ours.as_str().as_bytes() == origin.as_bytes()) =>
        {
            Ok(())
        }
        _ => Err(Refusal::new(
            Code::WrongOrigin,
            "WS-5",
            "pages of this origin may not open a socket here; the server's owner says which may",
        )),
    }
}

/// A refusal by HTTP: RFC 9457.
fn problem(refusal: Refusal) -> Response {
    let status = refusal
        .code
        .http_status()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::BAD_REQUEST);
    let retry_after = refusal
        .retry_after
        .map(|milliseconds| HeaderValue::from(milliseconds.div_ceil(1000)));
    let body = serde_json::to_string(&Problem::from(refusal)).unwrap_or_default();
    let mut response = (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_configured_origins_alone_may_open_a_socket() {
        let ours = [Origin::parse("https://chat.example.org").unwrap()];
        let with = |origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, HeaderValue::from_static(origin));
            }
            page_origin(&headers, &ours).is_ok()
        };
        assert!(with(&[]));
        assert!(with(&["https://chat.example.org"]));
        for others in [
            &["https://chat.example.org:8443"][..],
            &["http://chat.example.org"],
            &["https://chat.example.org.evil.example"],
            &["null"],
            &[""],
            &["https://chat.example.org", "https://chat.example.org"],
        ] {
            assert!(!with(others), "{others:?}");
        }
    }
}
