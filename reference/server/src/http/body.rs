//! A request's body: JSON of a bounded length, in a bounded time. // [LIM-1], [LIM-2]

use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use dispatch_protocol::refusal::{Code, Refusal};
use futures_util::StreamExt as _;

use super::problem::Denial;
use crate::house::{House, shutting_down};

/// How much of a body that is refused is read and dropped: bytes that nobody reads make the system reset the connection as
/// it is closed, and the answer would be lost on the way.
const SKIPPED: usize = 1 << 20;

/// How long that may take.
const SKIPPING: Duration = Duration::from_secs(2);

/// Reads a body.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    house: &House,
    within: Duration,
) -> Result<String, Denial> {
    let most = house.host.limits.frame_bytes as usize;
    let announced = headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let refused = match form(headers) {
        Ok(()) if announced.is_some_and(|length| length > most as u64) => Err(too_large(most)),
        form => form,
    };
    if let Err(refusal) = refused {
        skip(headers, body).await;
        return Err(refusal.into());
    }
    let mut stream = body.into_data_stream();
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(part) = stream.next().await {
            let part =
                part.map_err(|_| Refusal::malformed("CONV-1", "the body broke off on its way"))?;
            if bytes.len() + part.len() > most {
                return Err(too_large(most));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    };
    let read = tokio::select! {
        read = tokio::time::timeout(within, reading) => read.map_err(|_late| Denial::Late)?,
        () = house.stopped() => return Err(shutting_down().into()),
    };
    match read {
        // [CONV-7]
        Ok(bytes) => String::from_utf8(bytes)
            .map_err(|_| Refusal::malformed("CONV-7", "the body is not UTF-8").into()),
        Err(refusal) => {
            skip_stream(stream).await;
            Err(refusal.into())
        }
    }
}

/// Reads and drops a body, as far as that is no burden. A client who waits for a sign to send it (RFC 9110, section 10.1.1)
/// gets none.
pub(super) async fn skip(headers: &HeaderMap, body: Body) {
    if !body.is_end_stream() && !headers.contains_key(EXPECT) {
        skip_stream(body.into_data_stream()).await;
    }
}

async fn skip_stream(mut stream: BodyDataStream) {
    let skipping = async {
        let mut skipped = 0;
        while let Some(Ok(part)) = stream.next().await {
            skipped += part.len();
            if skipped > SKIPPED {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(SKIPPING, skipping).await;
}

fn too_large(most: usize) -> Refusal {
    let detail = format!("the body is longer than {most} bytes, which is the limit");
    Refusal::new(Code::TooLarge, "LIM-2", detail)
}

/// Judges what the headers say of the body.
pub(super) fn form(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    // [HTTP-8]
    match (types.next(), types.next()) {
        (Some(value), None) if value.to_str().is_ok_and(is_json) => {}
        _ => {
            return Err(Refusal::malformed(
                "HTTP-8",
                "one header is due: Content-Type: application/json",
            ));
        }
    }
    // [HTTP-9]
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refusal::malformed(
            "HTTP-9",
            "a body has no Content-Encoding here; send it plain",
        ));
    }
    Ok(())
}

/// `application/json`, with the parameter `charset=utf-8` or none. // [HTTP-15]
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let plain = parts.all(|parameter| {
        let charset = parameter.split_once('=');
        charset.is_some_and(|(name, value)| {
            let value = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
                .unwrap_or(value);
            name.eq_ignore_ascii_case("charset") && value.eq_ignore_ascii_case("utf-8")
        })
    });
    essence.eq_ignore_ascii_case("application/json") && plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_json_in_utf_8() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            "application/json; charset=\"UTF-8\"",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/json5",
            "application/problem+json",
            "application/json; charset=utf-16",
            "application/json; charset",
            "application/json; profile=x",
            "application/json, text/plain",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
