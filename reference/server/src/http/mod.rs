//! What is served over HTTP: the discovery document, a sign of life, the chat app and, under `/v1/`, the protocol itself: the
//! opening of a socket, plain requests and long-polling, server-sent events. Each has a file of its own; [`v1`] says which
//! request goes where. What they come to is decided where it is for sockets.

mod authorization;
mod blocks;
mod body;
mod cors;
mod entries;
mod etag;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod join;
mod problem;
mod proofs;
mod query;
mod socket;
mod v1;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use dispatch_protocol::chain::Block;
use dispatch_protocol::wire::{Discovery, Transport};
use ipnet::IpNet;
use problem::Denial;
use tokio::sync::{Semaphore, mpsc};

use crate::acceptor::Seat;
use crate::app;
use crate::health::Health;
use crate::house::House;
use crate::metrics::TurnedAway;
use crate::origin::Origin;
use crate::rates::Network;

pub(crate) use etag::{is_known, tag};

/// What the requests need.
#[derive(Clone)]
pub(crate) struct Door {
    house: Arc<House>,
    page_origins: Arc<[Origin]>,
    /// The origins by which the app's page dials, where the app is served.
    app: Option<Arc<[Origin]>>,
    transports: Arc<[Transport]>,
    discovery: Arc<str>,
    /// Places for sockets and members' connections, and for those who are about to join: a whole community that comes back at
    /// once [LIM-12], and no more, since each may hold an unfinished frame. // [LIM-9]
    room: Arc<Semaphore>,
    room_for_strangers: Arc<Semaphore>,
    /// Held by every connection: when the last one is dropped, all have ended.
    inside: mpsc::Sender<()>,
    health: Health,
    /// The proxies that are believed about whom they speak for.
    proxies: Arc<[IpNet]>,
}

/// What a server shows of itself, and to whom.
pub(crate) struct Shown {
    /// The origins of pages that may use it.
    pub(crate) page_origins: Vec<Origin>,
    /// The origins by which the app's page dials, where the app is served.
    pub(crate) app: Option<Vec<Origin>>,
    /// What is offered.
    pub(crate) transports: Vec<Transport>,
    /// Block 0.
    pub(crate) genesis: Block,
    /// How it is.
    pub(crate) health: Health,
    /// The proxies that are believed.
    pub(crate) proxies: Vec<IpNet>,
}

impl Door {
    /// A door to the house, for at most so many connections at a time, and so many who have not joined.
    pub(crate) fn new(
        house: Arc<House>,
        shown: Shown,
        (connections, strangers): (usize, usize),
        inside: mpsc::Sender<()>,
    ) -> Door {
        let Shown {
            page_origins,
            app,
            transports,
            genesis,
            health,
            proxies,
        } = shown;
        // [DISC-2], [DISC-3]
        let discovery = Discovery::new(genesis, house.host.limits.clone(), transports.clone());
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
            transports: transports.into(),
            discovery,
            room: Arc::new(Semaphore::new(connections)),
            room_for_strangers: Arc::new(Semaphore::new(strangers)),
            inside,
            health,
            proxies: proxies.into(),
        }
    }

    /// The routes.
    pub(crate) fn routes(self) -> Router {
        let app = self.app.as_deref().map(app::routes).unwrap_or_default();
        let health = self.health.clone().routes();
        Router::new()
            .route("/.well-known/dispatch-d", get(discovery))
            .route("/v1/", any(v1::serve))
            .route("/v1/{*path}", any(v1::serve))
            .with_state(self)
            .merge(health)
            .merge(app)
            .layer(axum::middleware::map_response(one_answer))
    }

    /// As many connections as there may be are there.
    fn no_room(&self) -> Denial {
        self.house.metrics.turned_away(TurnedAway::Full);
        Denial::no_room()
    }

    /// Where a request comes from, as far as joins are counted.
    fn network(&self, parts: &Parts) -> Option<Network> {
        let seat = parts.extensions.get::<Seat>()?;
        Network::of(seat.peer, &parts.headers, &self.proxies)
    }

    fn offers(&self, transport: Transport) -> bool {
        self.transports.contains(&transport)
    }
}

/// Stands beside an answer to a member, whose connection is kept for the next request.
#[derive(Clone, Copy)]
struct Kept;

/// A stranger has one request a connection: whoever asks again and again without reading the answers holds nothing for long.
async fn one_answer(mut response: Response) -> Response {
    let kept = response.extensions().get::<Kept>().is_some();
    if !kept && response.status() != StatusCode::SWITCHING_PROTOCOLS {
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
