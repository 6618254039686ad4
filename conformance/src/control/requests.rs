//! The binding over HTTP: what stands behind a socket, by requests. A join is a connection that lives from the hello to the
//! proof, and an entry comes on one that is open for it alone.

mod answers;
mod chain;
mod events;
mod query;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{json, value::RawValue};

use super::clock::now;
use super::connection::Connection;
use super::limits::FRAME_BYTES;
use super::reading;
use super::server::Server;
use crate::codec::{Hash, Verdict, base64url, fields};
pub(super) use answers::Body;
use answers::{Denial, coded, denied, good, one, status, unless_held};
use query::Query;

/// The paths, and the method that each takes.
const PATHS: [(&str, Method); 8] = [
    ("/v1/hello", Method::POST),
    ("/v1/prove", Method::POST),
    ("/v1/entries", Method::POST),
    ("/v1/blocks", Method::GET),
    ("/v1/events", Method::GET),
    ("/v1/checkpoint", Method::GET),
    ("/v1/proofs/inclusion", Method::GET),
    ("/v1/proofs/consistency", Method::GET),
];

/// What takes requests.
#[derive(Debug)]
pub(super) struct Desk {
    server: Arc<Server>,
    /// Joins that await their proof, by the nonce of the challenge. [JOIN-9]
    joining: Mutex<HashMap<Hash, Connection>>,
}

impl Desk {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self {
            server,
            joining: Mutex::default(),
        }
    }

    /// Answers a request under `/v1/`; `number` counts the connections.
    pub(super) async fn answer(&self, request: Request<Incoming>, number: u64) -> Response<Body> {
        let (head, body) = request.into_parts();
        let faults = &self.server.faults;
        let mut answer = match is_preflight(&head) {
            true => status(StatusCode::NO_CONTENT),
            false => match self.answered(&head, body, number).await {
                Ok(answer) => unless_held(answer, &head.headers),
                Err(denial) => denied(denial, faults),
            },
        };
        answer = coded(answer, &head.headers, faults).await;
        let headers = answer.headers_mut();
        // [HTTP-10] [HTTP-11]
        let caching = match (headers.contains_key(header::ETAG), faults.has("HTTP-11")) {
            (true, true) => "max-age=60",
            (true, false) => "no-cache",
            (false, _) => "no-store",
        };
        if !faults.has("HTTP-10") || caching != "no-store" {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        }
        self.let_pages_read(&head, headers);
        answer
    }

    /// [HTTP-12]
    fn let_pages_read(&self, head: &Parts, headers: &mut HeaderMap) {
        let faults = &self.server.faults;
        let Some(page) = head.headers.get(header::ORIGIN) else {
            return;
        };
        let is_ours = page.as_bytes() == self.server.origin.as_bytes();
        if faults.has("HTTP-12") || !is_ours && !faults.has("HTTP-12/any") {
            return;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page.clone());
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
        if is_preflight(head) {
            let methods = HeaderValue::from_static("GET, POST");
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            let names = HeaderValue::from_static("authorization, content-type, last-event-id");
            if !faults.has("HTTP-12/headers") {
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
            }
        }
    }

    async fn answered(
        &self,
        head: &Parts,
        body: Incoming,
        number: u64,
    ) -> Result<Response<Body>, Denial> {
        let path = head.uri.path();
        let is_join = ["/v1/hello", "/v1/prove"].contains(&path);
        // [HTTP-2]
        let session = match is_join {
            true => None,
            false => Some(self.session(&head.headers)?),
        };
        // [HTTP-14]
        let missing = self.server.faults.has("HTTP-1") && path == "/v1/checkpoint";
        let known = PATHS.iter().find(|(known, _)| *known == path && !missing);
        let Some((_, method)) = known else {
            return Err(Denial::Status(StatusCode::NOT_FOUND, None));
        };
        let is_read = *method == Method::GET && head.method == Method::HEAD;
        if head.method != *method && !is_read {
            let status = match self.server.faults.has("HTTP-14") {
                true => StatusCode::NOT_FOUND,
                false => StatusCode::METHOD_NOT_ALLOWED,
            };
            return Err(Denial::Status(status, Some(method.clone())));
        }
        let query = Query::of(head.uri.query().unwrap_or_default(), &self.server.faults)?;
        match (path, session) {
            ("/v1/hello", _) => {
                query.only(&[])?;
                self.hello(&self.text(&head.headers, body).await?, number, host(head))
                    .await
            }
            ("/v1/prove", _) => {
                query.only(&[])?;
                self.prove(&self.text(&head.headers, body).await?, number)
                    .await
            }
            ("/v1/entries", Some(place)) => {
                query.only(&[])?;
                let text = self.text(&head.headers, body).await?;
                self.entry(&text, place, number).await
            }
            ("/v1/blocks", Some(place)) => self.blocks(&query, place, number).await,
            ("/v1/events", Some(place)) => self.events(&query, &head.headers, place, number),
            ("/v1/checkpoint", _) => {
                query.only(&[])?;
                let checkpoint = self.server.community().checkpoint.json.clone();
                Ok(good(
                    &json!({ "type": "checkpoint", "checkpoint": checkpoint }),
                ))
            }
            ("/v1/proofs/inclusion", _) => self.inclusion(&query),
            _ => self.consistency(&query),
        }
    }

    /// [HTTP-2] The live session that a request has the token of.
    fn session(&self, headers: &HeaderMap) -> Result<usize, Verdict> {
        let faults = &self.server.faults;
        let value = headers.get(header::AUTHORIZATION);
        let stated = value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let (scheme, token) = stated.split_once(' ').unwrap_or_default();
        let fits = match faults.has("HTTP-2/scheme") {
            true => scheme == "Dispatch",
            false => scheme.eq_ignore_ascii_case("Dispatch"),
        };
        let token = base64url::decode(token).ok().filter(|_| fits);
        let mut community = self.server.community();
        if faults.has("HTTP-2") && community.sessions.count() > 0 {
            return Ok(community.sessions.count() - 1);
        }
        let place = token.and_then(|token| match faults.has("HTTP-2/over") {
            true => community.sessions.place_of(&token),
            false => community.sessions.live(&token, now(), faults),
        });
        place.ok_or_else(|| Verdict::new("bad_token", "HTTP-2", "no live session has this token"))
    }

    /// A request's body. [HTTP-8] [HTTP-9] [HTTP-15] [HTTP-17]
    async fn text(&self, headers: &HeaderMap, body: Incoming) -> Result<String, Denial> {
        let faults = &self.server.faults;
        let stated = headers.get(header::CONTENT_TYPE);
        let stated = stated
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let known = match faults.has("HTTP-15/case") {
            true => stated.to_owned(),
            false => stated.to_ascii_lowercase(),
        };
        let known = match faults.has("HTTP-15") {
            true => known,
            false => known
                .replace(' ', "")
                .trim_end_matches(";charset=utf-8")
                .to_owned(),
        };
        if known != "application/json" && !faults.has("HTTP-8") {
            let verdict = Verdict::malformed("HTTP-8", "a body is application/json");
            return Err(verdict.into());
        }
        if headers.contains_key(header::CONTENT_ENCODING) && !faults.has("HTTP-9") {
            return Err(Verdict::malformed("HTTP-9", "a body has no encoding").into());
        }
        let limit = match faults.has("HTTP-17/exact") {
            true => FRAME_BYTES - 1,
            false => FRAME_BYTES,
        };
        let limit = if faults.has("HTTP-17") {
            limit * 4
        } else {
            limit
        };
        let Ok(body) = Limited::new(body, limit).collect().await else {
            let verdict = Verdict::new("too_large", "HTTP-17", "longer than frame_bytes");
            return Err(verdict.into());
        };
        let text = String::from_utf8(body.to_bytes().to_vec());
        text.map_err(|_| Verdict::malformed("CONV-7", "a body is UTF-8").into())
    }

    async fn hello(&self, text: &str, number: u64, host: &str) -> Result<Response<Body>, Denial> {
        self.is_due(text, "hello")?;
        let mut connection = Connection::new(Arc::clone(&self.server), number, host.to_owned());
        let frame = one(connection.frame(text).await)?;
        if let Ok(nonce) = fields::hash(&frame, "server_nonce") {
            self.joining().insert(nonce, connection);
        }
        Ok(good(&frame))
    }

    async fn prove(&self, text: &str, number: u64) -> Result<Response<Body>, Denial> {
        self.is_due(text, "prove")?;
        // Only a proof that could be read names a challenge.
        let read = reading::read(text.as_bytes(), &self.server.faults);
        let nonce = read.and_then(|frame| fields::hash(&frame, "server_nonce"));
        let named = nonce.ok().and_then(|nonce| self.joining().remove(&nonce));
        let fresh = || Connection::new(Arc::clone(&self.server), number, String::new());
        let mut connection = named.unwrap_or_else(fresh);
        Ok(good(&one(connection.frame(text).await)?))
    }

    fn joining(&self) -> std::sync::MutexGuard<'_, HashMap<Hash, Connection>> {
        self.joining.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// [HTTP-16]
    fn is_due(&self, text: &str, due: &str) -> Result<(), Verdict> {
        match reading::read(text.as_bytes(), &self.server.faults) {
            Ok(frame) if frame["type"] != due && !self.server.faults.has("HTTP-16") => {
                let detail = format!("a {due} is awaited here");
                Err(Verdict::new("unexpected_frame", "HTTP-16", detail))
            }
            _ => Ok(()),
        }
    }

    async fn entry(&self, text: &str, place: usize, number: u64) -> Result<Response<Body>, Denial> {
        // One value and nothing behind it: what stands in a frame could end it otherwise. [CONV-1]
        if serde_json::from_str::<&RawValue>(text).is_err() {
            return Err(Verdict::malformed("CONV-1", "not one JSON object").into());
        }
        let token = base64url::encode(&self.server.community().sessions.at(place).token);
        let mut connection = self.open_at(place, number, None);
        let frame = format!(r#"{{"type":"submit","ref":"r","token":"{token}","entry":{text}}}"#);
        let mut frame = one(connection.frame(&frame).await)?;
        if let (Some(members), false) =
            (frame.as_object_mut(), self.server.faults.has("HTTP-1/ref"))
        {
            members.shift_remove("ref");
        }
        Ok(good(&frame))
    }

    /// A connection that is open under a session, from an index on.
    fn open_at(&self, place: usize, number: u64, from: Option<u64>) -> Connection {
        let mut connection = Connection::new(Arc::clone(&self.server), number, String::new());
        let community = self.server.community();
        let from = from.unwrap_or_else(|| community.chain.size());
        connection.open(&community, place, from);
        connection
    }
}

fn host(head: &Parts) -> &str {
    let host = head.headers.get(header::HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or_default()
}

fn is_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS
        && head
            .headers
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
