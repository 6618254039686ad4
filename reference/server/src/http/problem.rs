//! Refusals by HTTP, as RFC 9457 has them, and the few denials that have no code of the protocol.

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::Problem;

use crate::outbox::unavailable;
use crate::reader::Failed;

/// Why a request gets no answer of its own.
#[derive(Debug)]
pub(super) enum Denial {
    /// By a rule of the protocol. // [HTTP-3]
    Refused(Refusal),
    /// There is nothing at its path. // [HTTP-14]
    NoSuchPath,
    /// What is at its path takes these methods. // [HTTP-14]
    Method(&'static str),
    /// Its body did not come in time.
    Late,
}

impl Denial {
    /// As many connections as there may be are there.
    pub(super) fn no_room() -> Denial {
        let refusal = Refusal::new(
            Code::Unavailable,
            "LIM-9",
            "the server has as many connections as it takes",
        );
        refusal.retry_after(5000).into()
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Denial {
        Denial::Refused(refusal)
    }
}

impl From<Failed> for Denial {
    fn from(_: Failed) -> Denial {
        unavailable("the store could not be read; try again").into()
    }
}

impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        match self {
            Denial::Refused(refusal) => problem(refusal),
            Denial::NoSuchPath => StatusCode::NOT_FOUND.into_response(),
            Denial::Method(allowed) => {
                (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, allowed)]).into_response()
            }
            Denial::Late => StatusCode::REQUEST_TIMEOUT.into_response(),
        }
    }
}

/// [HTTP-3] The code goes along, to be counted.
fn problem(refusal: Refusal) -> Response {
    let code = refusal.code;
    let status = code
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
    response.extensions_mut().insert(code);
    if code == Code::BadToken {
        // [HTTP-13]
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Dispatch"));
    }
    response
}
