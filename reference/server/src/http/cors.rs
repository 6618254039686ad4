//! Which pages may read the answers: those of the page origins, and no others, by the Fetch standard's CORS protocol. A page
//! of another origin is served as any client, and its browser keeps the answer from it: it has no token to show. // [HTTP-12]

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::origin::Origin;

/// What a page may send besides what every page may.
const HEADERS: &str = "authorization, content-type, if-none-match, last-event-id";

/// What it may read besides what every page may.
const EXPOSED: &str = "etag, retry-after, www-authenticate";

/// The origin of the page that a request comes from, if it is one of these.
pub(super) fn page(headers: &HeaderMap, page_origins: &[Origin]) -> Option<HeaderValue> {
    let mut stated = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (stated.next(), stated.next()) else {
        return None;
    };
    let is_ours = page_origins
        .iter()
        .any(|ours| ours.as_str().as_bytes() == origin.as_bytes());
    is_ours.then(|| origin.clone())
}

/// Whether a request is a browser's question what a page may send. It carries no token.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers such a question.
pub(super) fn preflight(page: Option<&HeaderValue>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if page.is_some() {
        let headers = response.headers_mut();
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
            (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (ACCESS_CONTROL_MAX_AGE, "7200"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// Lets that page read an answer, and caches know that it depends on the page.
pub(super) fn show(response: &mut Response, page: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(page) = page {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
}
