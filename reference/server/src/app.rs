//! The chat app: a page and what it loads, carried in the program. Its headers let it load and dial nothing but this server.
//! Not for what the app does: that is `reference/web/app`.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::coding::{Effort, gzip, takes_gzip};
use crate::http;
use crate::origin::Origin;

/// The files of `reference/web/dist`, by name.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/app.rs"));

/// The file that is served at `/`.
const PAGE: &str = "index.html";

/// The routes of the app, whose page may dial these origins.
pub(crate) fn routes(origins: &[Origin]) -> Router {
    let policy = policy(origins);
    let mut router = Router::new();
    for (name, bytes) in FILES {
        let served = Served::new(name, bytes, &policy);
        let path = match *name {
            PAGE => "/".to_owned(),
            name => format!("/{name}"),
        };
        router = router.route(
            &path,
            get(move |headers: HeaderMap| async move { served.answer(&headers) }),
        );
    }
    router
}

/// One file and the headers that go with it.
#[derive(Clone)]
struct Served {
    bytes: &'static [u8],
    /// In gzip, where that is shorter.
    coded: Option<Bytes>,
    headers: HeaderMap,
}

impl Served {
    fn new(name: &str, bytes: &'static [u8], policy: &HeaderValue) -> Served {
        let fixed = [
            (CONTENT_TYPE, content_type(name)),
            (
                CACHE_CONTROL,
                match is_hashed(name) {
                    true => "public, max-age=31536000, immutable",
                    false => "no-cache",
                },
            ),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (header("cross-origin-opener-policy"), "same-origin"),
            (header("cross-origin-resource-policy"), "same-origin"),
            (
                header("permissions-policy"),
                "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ];
        let mut headers: HeaderMap = fixed
            .into_iter()
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect();
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        Served {
            bytes,
            coded: gzip(bytes, Effort::Much).map(Bytes::from),
            headers,
        }
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let coded = self.coded.as_ref().filter(|_| takes_gzip(request));
        let tag = http::tag(self.bytes, coded.is_some());
        let is_known = http::is_known(request, &tag);
        let mut headers = self.headers.clone();
        headers.insert(ETAG, tag);
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        match coded {
            None => (headers, self.bytes).into_response(),
            Some(coded) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                (headers, coded.clone()).into_response()
            }
        }
    }
}

/// What the page may do. It loads scripts and styles from here alone, and dials here alone: browsers differ in whether `'self'`
/// covers sockets, so each origin is named.
fn policy(origins: &[Origin]) -> HeaderValue {
    let sockets: String = origins
        .iter()
        .filter(|origin| is_plain(origin.as_str()))
        .filter_map(|origin| Some(format!(" ws{}", origin.as_str().strip_prefix("http")?)))
        .collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; manifest-src 'self'; \
         worker-src 'self'; connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types dispatch-d"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Whether an origin means itself where a policy names it: the URL standard lets hosts hold `;`, `,` and `*`, too.
fn is_plain(origin: &str) -> bool {
    origin
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._:/[]".contains(&byte))
}

fn header(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a name changes with what is in the file, as `app-5QXLZ3YB.js` does.
fn is_hashed(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        hash.len() == 8
            && hash
                .bytes()
                .all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_dial_its_own_origins_by_socket_and_nobody_else() {
        let origins = ["https://chat.example.org", "http://127.0.0.1:7311"]
            .map(|origin| Origin::parse(origin).unwrap());
        let policy = policy(&origins);
        let policy = policy.to_str().unwrap();
        let connect = policy
            .split("; ")
            .find(|directive| directive.starts_with("connect-src"));
        assert_eq!(
            connect,
            Some("connect-src 'self' wss://chat.example.org ws://127.0.0.1:7311")
        );
        assert!(policy.starts_with("default-src 'none';"));
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
    }

    #[test]
    fn a_host_cannot_end_a_directive_of_the_policy_or_widen_it() {
        for host in ["a;script-src", "a,b", "*"] {
            let origin = Origin::parse(&format!("https://{host}")).unwrap();
            let policy = policy(&[origin]);
            assert!(!policy.to_str().unwrap().contains(host), "{policy:?}");
        }
    }

    #[test]
    fn only_a_name_with_a_hash_lasts() {
        assert!(is_hashed("app-5QXLZ3YB.js"));
        for name in ["index.html", "app.js", "app-chat.js", "app-5qxlz3yb.js"] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn every_file_has_a_type_and_the_page_is_there() {
        assert!(FILES.iter().any(|(name, _)| *name == PAGE));
        for (name, _) in FILES {
            assert_ne!(content_type(name), "application/octet-stream", "{name}");
        }
    }
}
