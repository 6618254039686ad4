//! Plain HTTP requests, one connection each, their answers bounded in time and size.

use std::{io, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{HeaderMap, Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::files;

use super::Target;

/// More than any document of the protocol needs.
const BODY_LIMIT: usize = 4 << 20;

/// A server's answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum HttpFault {
    /// No connection.
    #[error("nothing answers there: {0}")]
    Unreachable(io::Error),
    /// Nothing in time.
    #[error("it accepts a connection, and does not answer within {0:?}")]
    Silent(Duration),
    /// Not HTTP, or an answer that broke off.
    #[error("what answers does not speak HTTP to its end: {0}")]
    Broken(String),
    /// A header of the request that HTTP cannot carry.
    #[error("the request cannot be made: {0}")]
    Request(String),
}

/// Makes a request without a body.
///
/// # Errors
/// If no whole answer came in time.
pub async fn request(
    target: &Target,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    patience: Duration,
) -> Result<Answer, HttpFault> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        request = request.header("host", target.host_header());
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| HttpFault::Request(error.to_string()))?;
    match timeout(patience, exchange(target, request)).await {
        Ok(answer) => answer,
        Err(_) => Err(HttpFault::Silent(patience)),
    }
}

async fn exchange(target: &Target, request: Request<Empty<Bytes>>) -> Result<Answer, HttpFault> {
    let stream =
        TcpStream::connect(target.address())
            .await
            .map_err(|error| match files::are_out(&error) {
                Some(advice) => HttpFault::Request(advice),
                None => HttpFault::Unreachable(error),
            })?;
    let broken = |error: &dyn std::error::Error| HttpFault::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    let driver = tokio::spawn(connection);
    let answer = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| HttpFault::Broken(error.to_string()))?
            .to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
    .await;
    driver.abort();
    answer
}
