//! What a request is answered with: frames, blocks, problems, and what HTTP says by itself. [HTTP-3] [HTTP-11] [HTTP-13]

use std::convert::Infallible;
use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::codec::{Verdict, base64url};
use crate::control::connection::Reply;
use crate::control::delivery::Due;
use crate::control::fault::Faults;

/// A body, of one piece or of many.
pub(in crate::control) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Why a request has no good answer.
pub(in crate::control) enum Denial {
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

/// The one frame of a reply; a refusal is none.
pub(in crate::control) fn one(reply: Reply) -> Result<Value, Denial> {
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

pub(in crate::control) fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Full::default().boxed_unsync());
    *answer.status_mut() = status;
    answer
}

pub(in crate::control) fn typed(text: String, kind: &'static str) -> Response<Body> {
    let mut answer = Response::new(Full::from(text).boxed_unsync());
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

pub(in crate::control) fn good(frame: &Value) -> Response<Body> {
    typed(frame.to_string(), "application/json")
}

/// Blocks, which a cache may keep and has to ask about. [HTTP-11] [HTTP-20]
pub(in crate::control) fn tagged(due: &Due, asked: &str, faults: &Faults) -> Response<Body> {
    let Due::Frame(text) = due else {
        return status(StatusCode::NO_CONTENT);
    };
    let named = match faults.has("HTTP-20") {
        true => asked,
        false => text,
    };
    let tag = base64url::encode(&crate::codec::sha256(named.as_bytes()));
    let mut answer = typed(text.clone(), "application/json");
    let tag = HeaderValue::from_str(&format!("\"{tag}\"")).expect("letters");
    answer.headers_mut().insert(header::ETAG, tag);
    answer
}

/// What a cache is told that holds the answer already. RFC 9110, section 15.4.5
pub(in crate::control) fn unless_held(answer: Response<Body>, asked: &HeaderMap) -> Response<Body> {
    let tag = answer.headers().get(header::ETAG);
    match tag.is_some() && tag == asked.get(header::IF_NONE_MATCH) {
        false => answer,
        true => {
            let (mut head, _) = answer.into_parts();
            head.status = StatusCode::NOT_MODIFIED;
            head.headers.remove(header::CONTENT_TYPE);
            Response::from_parts(head, Full::default().boxed_unsync())
        }
    }
}

/// Faulty: answers in gzip where it must not. [HTTP-19]
pub(in crate::control) async fn coded(
    answer: Response<Body>,
    asked: &HeaderMap,
    faults: &Faults,
) -> Response<Body> {
    let stated = asked.get(header::ACCEPT_ENCODING);
    let stated = stated.map(|stated| stated.as_bytes()).unwrap_or_default();
    let stated = String::from_utf8_lossy(stated);
    let is_coded = match answer.headers().contains_key(header::ETAG) {
        true => faults.has("HTTP-19/weight") && stated.contains("gzip"),
        false => faults.has("HTTP-19") && stated.contains("gzip,"),
    };
    if !is_coded {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let Ok(body) = body.collect().await;
    let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
    coder.write_all(&body.to_bytes()).expect("a list takes it");
    let coded = coder.finish().expect("a list takes it");
    let gzip = HeaderValue::from_static("gzip");
    head.headers.insert(header::CONTENT_ENCODING, gzip);
    Response::from_parts(head, Full::from(coded).boxed_unsync())
}

/// [HTTP-3] [HTTP-13]
pub(in crate::control) fn denied(denial: Denial, faults: &Faults) -> Response<Body> {
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
pub(in crate::control) fn status_of(code: &str) -> u16 {
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
