//! The port: the discovery document, and the opening of sockets.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use super::clock::now;
use super::connection::Connection;
use super::fault::Faults;
use super::limits::{self, FRAME_BYTES};
use super::null_peer::NullPeer;
use super::requests::{Body, Desk};
use super::server::Server;
use super::socket::Socket;
use crate::codec::base64url;

const DISCOVERY: &str = "/.well-known/dispatch-d";
const SOCKET: &str = "/v1/socket";
/// For how many sockets a faulty server has room.
const FEW_SOCKETS: usize = 512;

/// What stands behind the port.
#[derive(Debug)]
pub(super) struct Port {
    /// The server; of a null peer it is what the discovery document shows.
    pub(super) server: Arc<Server>,
    /// What takes requests.
    pub(super) desk: Desk,
    /// Which null peer takes the sockets, if one does.
    pub(super) null_peer: Option<NullPeer>,
    /// Each running connection holds one of these.
    pub(super) alive: mpsc::Sender<Infallible>,
    /// Counts the connections.
    pub(super) count: AtomicU64,
    /// Tells a faulty server to accept no more.
    pub(super) gives_up: Arc<Notify>,
}

impl Port {
    /// Serves one TCP connection.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream) {
        // Frames are small and awaited: none is held back for the next one.
        let _ = stream.set_nodelay(true);
        // A request is answered to its end, like a socket, before the server stops.
        let _alive = self.alive.clone();
        let (faults, gives_up) = (self.server.faults.clone(), Arc::clone(&self.gives_up));
        let service = service_fn(move |request| {
            let port = Arc::clone(&self);
            async move { Ok::<_, Infallible>(port.answer(request).await) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // [LIM-11] What breaks off in HTTP concerns nobody.
        if connection.with_upgrades().await.is_err() && faults.has("LIM-11/accept") {
            gives_up.notify_one();
        }
    }

    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        let answer = match (request.method().as_str(), path) {
            ("GET", DISCOVERY) => self.discovery(request.headers()),
            ("GET", SOCKET) => match self.opening(request.headers()) {
                Ok(answer) => {
                    self.take_over(request);
                    answer
                }
                Err(status) => plain(status),
            },
            _ if path.starts_with("/v1/") && offers_requests(self) => {
                let number = self.count.fetch_add(1, Ordering::Relaxed);
                return self.desk.answer(request, number).await;
            }
            _ => plain(StatusCode::NOT_FOUND),
        };
        answer.map(BodyExt::boxed_unsync)
    }

    /// [DISC-1] to [DISC-4]
    fn discovery(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let faults = &self.server.faults;
        if faults.has("DISC-1") && !headers.contains_key(header::AUTHORIZATION) {
            return plain(StatusCode::UNAUTHORIZED);
        }
        let mut answer = Response::new(Full::from(document(self).to_string()));
        let kind = if faults.has("DISC-1/type") {
            "text/plain"
        } else {
            "application/json"
        };
        answer
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        // [DISC-4]
        let readers = match faults.has("DISC-4/own") {
            true => HeaderValue::from_str(&self.server.origin).expect("an origin is ASCII"),
            false => HeaderValue::from_static("*"),
        };
        if !faults.has("DISC-4") {
            answer
                .headers_mut()
                .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, readers);
        }
        answer
    }

    /// The answer to a request that opens a socket (RFC 6455, section 4.2.2), or the status that refuses it.
    fn opening(&self, headers: &HeaderMap) -> Result<Response<Full<Bytes>>, StatusCode> {
        let faults = &self.server.faults;
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let lists = |name, word: &str| {
            let words = text(name).unwrap_or_default().split(',');
            words
                .map(str::trim)
                .any(|found| found.eq_ignore_ascii_case(word))
        };
        let key = text(header::SEC_WEBSOCKET_KEY).ok_or(StatusCode::BAD_REQUEST)?;
        if !lists(header::CONNECTION, "upgrade") || !lists(header::UPGRADE, "websocket") {
            return Err(StatusCode::BAD_REQUEST);
        }
        if text(header::SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err(StatusCode::UPGRADE_REQUIRED);
        }
        // [LIM-12]
        if self.alive.strong_count() > FEW_SOCKETS && faults.has("LIM-12/sockets") {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        // A null peer opens to every page.
        if self.null_peer.is_none()
            && !allows_page(
                text(header::ORIGIN),
                headers.contains_key(header::ORIGIN),
                &self.server.origin,
                faults,
            )
        {
            return Err(StatusCode::FORBIDDEN);
        }
        let accept = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
        let mut answer = plain(StatusCode::SWITCHING_PROTOCOLS);
        let mut set = |name, value: &str| {
            // What a client offered came as a header's value, and can go as one.
            let value = HeaderValue::from_str(value).expect("visible ASCII");
            answer.headers_mut().insert(name, value);
        };
        set(header::CONNECTION, "Upgrade");
        set(header::UPGRADE, "websocket");
        set(header::SEC_WEBSOCKET_ACCEPT, &BASE64.encode(&accept));
        // [WS-7]
        if faults.has("WS-7") && text(header::SEC_WEBSOCKET_EXTENSIONS).is_some() {
            set(header::SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate");
        }
        let offered = text(header::SEC_WEBSOCKET_PROTOCOL).and_then(|list| list.split(',').next());
        if let Some(first) = offered.filter(|_| faults.has("WS-7/subprotocol")) {
            set(header::SEC_WEBSOCKET_PROTOCOL, first.trim());
        }
        Ok(answer)
    }

    /// Serves the socket once the answer is out.
    fn take_over(self: &Arc<Self>, request: Request<Incoming>) {
        let port = Arc::clone(self);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let host = host.unwrap_or_default().to_owned();
        tokio::spawn(async move {
            let _alive = port.alive.clone();
            let Ok(stream) = hyper::upgrade::on(request).await else {
                return;
            };
            let faults = port.server.faults.clone();
            let socket = Socket::new(stream, FRAME_BYTES, faults, port.server.turn.clone());
            match port.null_peer {
                Some(peer) => peer.serve(socket, &port.server).await,
                None => {
                    Connection::new(Arc::clone(&port.server), number, host)
                        .serve(socket)
                        .await
                }
            }
        });
    }
}

/// [WS-5] [WS-6] Whether a page of this origin, or who is no page, may open a socket.
fn allows_page(origin: Option<&str>, is_page: bool, own: &str, faults: &Faults) -> bool {
    if !is_page {
        return !faults.has("WS-6");
    }
    let host = own.trim_start_matches("http://");
    let origin = origin.unwrap_or_default();
    origin == own
        || faults.has("WS-5")
        || faults.has("WS-5/suffix") && origin.ends_with(host)
        || faults.has("WS-5/prefix") && origin.starts_with(own)
        || faults.has("WS-5/null") && origin == "null"
}

/// Whether requests are served; a null peer understands none, and a faulty server claims that it does.
fn offers_requests(port: &Port) -> bool {
    port.null_peer.is_none() && !port.server.faults.has("DISC-3/transports")
}

/// The discovery document.
fn document(port: &Port) -> Value {
    let server = &port.server;
    let faults = &server.faults;
    let community = server.community();
    let first = &community.chain.blocks()[0];
    let mut genesis: Value = serde_json::from_str(&first.text).expect("a block's text is JSON");
    // [DISC-2]
    if faults.has("DISC-2/genesis") {
        genesis["time"] = now().into();
    }
    let id = if faults.has("DISC-2") {
        first.entry.id
    } else {
        community.id
    };
    // [DISC-3]
    let transports = match offers_requests(port) || faults.has("DISC-3/transports") {
        true => json!(["ws", "http", "sse"]),
        false => json!(["ws"]),
    };
    json!({
        "versions": ["dispatch-d/1"],
        "community": base64url::encode(&id),
        "genesis": genesis,
        "limits": limits::advertised(faults, server.configured),
        "transports": transports,
    })
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

/// Faulty: waits until a whole request is there, or the client is gone. [LIM-11]
pub(super) async fn await_request(stream: &TcpStream) {
    const PAUSE: Duration = Duration::from_millis(2);
    let mut head = vec![0; 8 << 10];
    while let Ok(count @ 1..) = stream.peek(&mut head).await {
        let is_whole = head[..count].windows(4).any(|end| end == b"\r\n\r\n");
        if is_whole || count == head.len() {
            return;
        }
        sleep(PAUSE).await;
    }
}
