//! The opening of a socket: whose pages may, and whether there is room. What is spoken on it is the connection's.

use axum::extract::FromRequestParts as _;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use dispatch_protocol::refusal::{Code, Refusal};

use super::Door;
use super::problem::Denial;
use crate::connection;
use crate::origin::Origin;
use crate::rates::Network;

/// How far beyond `frame_bytes` a message is read: so much longer ones are answered in order [LIM-2], and those beyond are
/// cut off.
const READ_BEYOND: usize = 4096;

/// What a connection's read buffer holds. The library's own size makes an idle connection cost 134 KiB; with this one it is 7,
/// and frames of two kilobytes are read no slower.
const READ_BYTES: usize = 3072;

/// Beyond how many bytes frames are written before they are flushed.
const WRITE_BYTES: usize = 4096;

/// Answers the request that opens a socket.
pub(super) async fn open(
    door: Door,
    parts: &mut Parts,
    network: Option<Network>,
) -> Result<Response, Denial> {
    page_origin(&parts.headers, &door.page_origins)?;
    let upgrade = match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    // [LIM-9]
    let place = door.room.clone().try_acquire_owned();
    let stranger = door.room_for_strangers.clone().try_acquire_owned();
    let (Ok(place), Ok(stranger)) = (place, stranger) else {
        return Err(door.no_room());
    };
    let frame_bytes = door.house.host.limits.frame_bytes as usize;
    let inside = door.inside.clone();
    // [WS-7] The library offers no extension, and no subprotocol is named here. [WS-3], [WS-11] It puts fragments together,
    // and fails a connection whose frames break the standard.
    Ok(upgrade
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(frame_bytes + READ_BEYOND)
        .max_frame_size(frame_bytes + READ_BEYOND)
        // Boxed, so that the task does not hold the memory of its opening for ever.
        .on_upgrade(move |socket| {
            Box::pin(connection::serve(
                socket,
                door.house,
                network,
                (place, inside),
                stranger,
            ))
        }))
}

/// [WS-5], [WS-6]
fn page_origin(headers: &HeaderMap, page_origins: &[Origin]) -> Result<(), Refusal> {
    let mut stated = headers.get_all(ORIGIN).iter();
    match (stated.next(), stated.next()) {
        (None, _) => Ok(()),
        (Some(origin), None)
            if page_origins
                .iter()
                .any(|ours| ours.as_str().as_bytes() == origin.as_bytes()) =>
        {
            Ok(())
        }
        _ => Err(Refusal::new(
            Code::WrongOrigin,
            "WS-5",
            "pages of this origin may not open a socket here; the server's owner says which may",
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn pages_of_the_configured_origins_alone_may_open_a_socket() {
        let ours = [Origin::parse("https://chat.example.org").unwrap()];
        let with = |origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, HeaderValue::from_static(origin));
            }
            page_origin(&headers, &ours).is_ok()
        };
        assert!(with(&[]));
        assert!(with(&["https://chat.example.org"]));
        for others in [
            &["https://chat.example.org:8443"][..],
            &["http://chat.example.org"],
            &["https://chat.example.org.evil.example"],
            &["null"],
            &[""],
            &["https://chat.example.org", "https://chat.example.org"],
        ] {
            assert!(!with(others), "{others:?}");
        }
    }
}
