//! Entity tags (RFC 9110, section 8.8.3): strong ones, made of the bytes or of what the bytes are made of.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::IF_NONE_MATCH;
use axum::http::{HeaderMap, HeaderValue};
use data_encoding::BASE64URL_NOPAD;

/// The tag of these bytes in a content coding.
pub(crate) fn tag(bytes: &[u8], is_coded: bool) -> HeaderValue {
    let hash = BASE64URL_NOPAD.encode(digest(&SHA256, bytes).as_ref());
    // RFC 9110, section 8.8.3.3: another coding, another tag.
    let hash = hash + if is_coded { "-gzip" } else { "" };
    HeaderValue::from_str(&format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether a request says that its cache holds what has this tag.
pub(crate) fn is_known(request: &HeaderMap, tag: &HeaderValue) -> bool {
    request.get_all(IF_NONE_MATCH).iter().any(|tags| {
        let listed = tags.as_bytes().split(|byte| *byte == b',');
        listed.map(<[u8]>::trim_ascii).any(|listed| {
            listed == b"*" || listed.strip_prefix(b"W/").unwrap_or(listed) == tag.as_bytes()
        })
    })
}
