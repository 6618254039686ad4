//! The binding over HTTP: what stands behind a socket, by requests. A join is a connection that lives from the hello to the
//! proof, and an entry comes on one that is open for it alone.

mod events;
mod query;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json, value::RawValue};
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::now;
use super::connection::{Connection, Reply};
use super::delivery::Due;
use super::fault::Faults;
use super::limits::FRAME_BYTES;
use super::reading;
use super::server::Server;
use crate::codec::{Hash, Verdict, base64url, fields, merkle};
use query::Query;

/// A body, of one piece or of many.
pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

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

/// Why a request has no good answer.
enum Denial {
    /// By a code. [HTTP-3]
    Refused(Value),
    /// By HTTP: the status, and the method that there is instead.
    Status(StatusCode, Option<Method>),
}

impl From<Verdict> for Denial {
    fn from(verdict: Verdict) -> Self {
        let detail = format!("[{}] {}", verdict.requirement, verdict.detail);
        Self::Refused(json!({ "code": verdict.code, "detail": detail }))
    }
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
                Ok(answer) => answer,
                Err(denial) => denied(denial, faults),
            },
        };
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

    /// Blocks, at once or as soon as there are some. [HTTP-5] [HTTP-6] [POLL-1] [POLL-2] [POLL-3]
    async fn blocks(
        &self,
        query: &Query<'_>,
        place: usize,
        number: u64,
    ) -> Result<Response<Body>, Denial> {
        let faults = &self.server.faults;
        query.only(&["from", "limit", "wait"])?;
        let from = query.needed("from")?;
        let limit = query.within("limit", 1..=1000)?.unwrap_or(100);
        let wait = query.within("wait", 0..=30_000)?.unwrap_or(0);
        let mut connection = self.open_at(place, number, Some(from));
        let open = connection.open.as_mut().expect("just opened");
        let end = Instant::now() + Duration::from_millis(wait);
        let mut changes = self.server.subscribe();
        loop {
            changes.borrow_and_update();
            let expires_in = {
                let mut community = self.server.community();
                if community.is_stopping && !faults.has("HTTP-18") {
                    return Err(Verdict::new("shutting_down", "HTTP-18", "come back later").into());
                }
                if community.sessions.end_of(place, now(), faults).is_some()
                    && !faults.has("HTTP-2/over")
                {
                    if faults.has("POLL-3") {
                        return Ok(good(
                            &json!({ "type": "blocks", "from": from, "blocks": [] }),
                        ));
                    }
                    return Err(Verdict::new("bad_token", "POLL-3", "the session is over").into());
                }
                let size = community.chain.size();
                if from > size && !faults.has("HTTP-6") {
                    let detail = format!("the chain has {size} blocks");
                    return Err(Verdict::new("unknown_have", "HTTP-6", detail).into());
                }
                if from == size && wait == 0 && faults.has("HTTP-6/none") {
                    return Err(Verdict::new("unknown_have", "HTTP-6", "no such block").into());
                }
                let is_over = Instant::now() >= end;
                if from < size && (is_over || !faults.has("POLL-1")) {
                    let limit = if faults.has("HTTP-5") { 1000 } else { limit };
                    return Ok(tagged(&community.blocks(open, size.min(from + limit))));
                }
                if is_over && (wait == 0 || !faults.has("POLL-2")) {
                    if faults.has("POLL-2/refused") {
                        return Err(Verdict::new("unavailable", "POLL-2", "nothing came").into());
                    }
                    return Ok(good(
                        &json!({ "type": "blocks", "from": from, "blocks": [] }),
                    ));
                }
                community
                    .sessions
                    .at(place)
                    .expires_at
                    .saturating_sub(now())
            };
            // A faulty server has nothing to wake it at the end.
            let end = match Instant::now() < end {
                true => end,
                false => Instant::now() + Duration::from_secs(3600),
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep_until(end) => {}
                () = sleep(Duration::from_millis(expires_in.max(1))) => {}
            }
        }
    }

    /// [HTTP-7]
    fn inclusion(&self, query: &Query<'_>) -> Result<Response<Body>, Denial> {
        query.only(&["index", "size"])?;
        let (index, size) = (query.needed("index")?, query.needed("size")?);
        let hashes = self.hashes(size)?;
        if index >= size {
            return Err(
                Verdict::new("unknown_have", "HTTP-7", "no such block below that size").into(),
            );
        }
        let place = usize::try_from(index).expect("an index of ours");
        let path = spelt(&merkle::inclusion_proof(place, &hashes));
        Ok(good(&json!({ "index": index, "size": size, "path": path })))
    }

    /// [HTTP-7]
    fn consistency(&self, query: &Query<'_>) -> Result<Response<Body>, Denial> {
        query.only(&["from", "to"])?;
        let (from, to) = (query.needed("from")?, query.needed("to")?);
        let hashes = self.hashes(to)?;
        let none = from == 0 && !self.server.faults.has("HTTP-7/zero");
        if none || from > to {
            return Err(
                Verdict::new("unknown_have", "HTTP-7", "no such size below the other").into(),
            );
        }
        let place = usize::try_from(from).expect("a size of ours");
        let path = match place {
            0 => Vec::new(),
            place => spelt(&merkle::consistency_proof(place, &hashes)),
        };
        Ok(good(&json!({ "from": from, "to": to, "path": path })))
    }

    /// The hashes of the first so many blocks.
    fn hashes(&self, size: u64) -> Result<Vec<Hash>, Verdict> {
        let community = self.server.community();
        let blocks = community.chain.blocks();
        let held = usize::try_from(size)
            .ok()
            .filter(|size| (1..=blocks.len()).contains(size));
        let held = match (held, self.server.faults.has("HTTP-7")) {
            (None, true) => Some(blocks.len()),
            (Some(_), _) if self.server.faults.has("HTTP-1/proofs") => Some(blocks.len()),
            (held, _) => held,
        };
        let none = || {
            Verdict::new(
                "unknown_have",
                "HTTP-7",
                format!("the chain has {} blocks", blocks.len()),
            )
        };
        Ok(blocks[..held.ok_or_else(none)?]
            .iter()
            .map(|block| block.hash)
            .collect())
    }
}

/// The one frame of a reply; a refusal is none.
fn one(reply: Reply) -> Result<Value, Denial> {
    match reply {
        Reply::Frames(frames) => match frames.into_iter().next() {
            Some(frame) if frame["type"] == "refused" => Err(Denial::Refused(frame)),
            Some(frame) => Ok(frame),
            None => Err(Denial::Status(StatusCode::NO_CONTENT, None)),
        },
        Reply::Bye(code) => Err(Verdict::new(code, "LIM-2", "too long").into()),
        Reply::Close(_) => Err(Denial::Status(StatusCode::BAD_REQUEST, None)),
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

fn spelt(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| base64url::encode(hash)).collect()
}

fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Full::default().boxed_unsync());
    *answer.status_mut() = status;
    answer
}

fn typed(text: String, kind: &'static str) -> Response<Body> {
    let mut answer = Response::new(Full::from(text).boxed_unsync());
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn good(frame: &Value) -> Response<Body> {
    typed(frame.to_string(), "application/json")
}

/// Blocks, which a cache may keep and has to ask about. [HTTP-11]
fn tagged(due: &Due) -> Response<Body> {
    let Due::Frame(text) = due else {
        return status(StatusCode::NO_CONTENT);
    };
    let tag = base64url::encode(&crate::codec::sha256(text.as_bytes()));
    let mut answer = typed(text.clone(), "application/json");
    let tag = HeaderValue::from_str(&format!("\"{tag}\"")).expect("letters");
    answer.headers_mut().insert(header::ETAG, tag);
    answer
}

/// [HTTP-3] [HTTP-13]
fn denied(denial: Denial, faults: &Faults) -> Response<Body> {
    let refused = match denial {
        Denial::Refused(refused) => refused,
        Denial::Status(code, method) => {
            let mut answer = status(code);
            let method = method.filter(|_| !faults.has("HTTP-14/allow"));
            if let Some(method) = method {
                let allowed = HeaderValue::from_str(method.as_str()).expect("letters");
                answer.headers_mut().insert(header::ALLOW, allowed);
            }
            return answer;
        }
    };
    let code = refused["code"].as_str().unwrap_or_default().to_owned();
    let kind = match faults.has("HTTP-3/urn") {
        true => "about:blank".to_owned(),
        false => format!("urn:dispatch-d:refusal:{code}"),
    };
    let mut problem = json!({ "type": kind, "code": code, "detail": refused["detail"] });
    if let Some(after) = refused.get("retry_after") {
        problem["retry_after"] = after.clone();
    }
    let media = match faults.has("HTTP-3/media") {
        true => "application/json",
        false => "application/problem+json",
    };
    let mut answer = typed(problem.to_string(), media);
    let due = match faults.has("HTTP-3") {
        true => 400,
        false => status_of(&code),
    };
    *answer.status_mut() = StatusCode::from_u16(due).expect("a status");
    if due == 401 && !faults.has("HTTP-13") {
        let scheme = HeaderValue::from_static("Dispatch");
        answer
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
    answer
}

/// The status beside a code in spec/errors.md.
fn status_of(code: &str) -> u16 {
    match code {
        "bad_token" => 401,
        "wrong_origin" | "bad_proof" | "not_allowed" | "wrong_author" | "not_authority"
        | "not_recipient" => 403,
        "unexpected_frame" | "no_challenge" | "challenge_expired" | "unknown_have" | "bad_seq"
        | "bad_seen" | "stale_epoch" => 409,
        "too_large" => 413,
        "malformed" | "unknown_frame" | "unknown_version" => 400,
        "rate_limited" => 429,
        "unavailable" | "shutting_down" => 503,
        _ => 422,
    }
}
