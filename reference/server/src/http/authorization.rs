//! The token of a request: one header `Authorization`, of the scheme `Dispatch`. It is never logged. // [SESS-16]

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use dispatch_protocol::bytes::Bytes;
use dispatch_protocol::refusal::{Code, Refusal};

use crate::house::House;
use crate::lobby::Pass;

/// Looks the session up whose token a request carries.
///
/// # Errors
/// `bad_token`, or `unavailable`.
pub(super) async fn authorize(headers: &HeaderMap, house: &House) -> Result<Pass, Refusal> {
    match token(headers) {
        Some(token) => house.pass(&token).await,
        None => Err(Refusal::new(
            Code::BadToken,
            "HTTP-2",
            "one header is due: Authorization: Dispatch, a space, and the token in base64url",
        )),
    }
}

pub(super) fn token(headers: &HeaderMap) -> Option<Bytes> {
    let mut stated = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (stated.next(), stated.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Dispatch") {
        return None;
    }
    Bytes::decode(token.trim_start_matches(' ')).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&'static str]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        token(&headers).map(Bytes::into_vec)
    }

    #[test]
    fn the_scheme_is_compared_without_regard_to_case_and_the_token_strictly() {
        for good in ["Dispatch AQI", "dispatch AQI", "DISPATCH  AQI"] {
            assert_eq!(read(&[good]), Some(vec![1, 2]), "{good}");
        }
        for bad in [
            "Dispatch",
            "DispatchAQI",
            "Bearer AQI",
            "Dispatch AQI=",
            "Dispatch AQJ",
            "Dispatch A QI",
            "Dispatch token=AQI",
        ] {
            assert_eq!(read(&[bad]), None, "{bad}");
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["Dispatch AQI", "Dispatch AQI"]), None);
    }
}
