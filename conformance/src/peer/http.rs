//! Plain HTTP requests, one connection each, their answers bounded in time and size.

use std::{io, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

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
    request_with(target, method, path, headers, Bytes::new(), patience).await
}

/// Makes a request with a body, which may be empty.
///
/// # Errors
/// If no whole answer came in time.
pub async fn request_with(
    target: &Target,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
    patience: Duration,
) -> Result<Answer, HttpFault> {
    let request = prepared(target, method, path, headers, body)?;
    let exchange = async {
        let mut stream = answered(target, request).await?;
        let body = Limited::new(&mut stream.body, BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| HttpFault::Broken(error.to_string()))?
            .to_bytes();
        Ok(Answer {
            status: stream.status,
            headers: stream.headers.clone(),
            body,
        })
    };
    match timeout(patience, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(HttpFault::Silent(patience)),
    }
}

/// An answer whose body is read as it comes.
pub struct Streaming {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Incoming,
    driver: JoinHandle<Result<(), hyper::Error>>,
    _sender: SendRequest<Full<Bytes>>,
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Makes a request without a body, and gives the answer once its head is there.
///
/// # Errors
/// If no head came in time.
pub async fn stream(
    target: &Target,
    path: &str,
    headers: &[(String, String)],
    patience: Duration,
) -> Result<Streaming, HttpFault> {
    let request = prepared(target, "GET", path, headers, Bytes::new())?;
    match timeout(patience, answered(target, request)).await {
        Ok(answer) => answer,
        Err(_) => Err(HttpFault::Silent(patience)),
    }
}

fn prepared(
    target: &Target,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, HttpFault> {
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
    request
        .body(Full::new(body))
        .map_err(|error| HttpFault::Request(error.to_string()))
}

async fn answered(target: &Target, request: Request<Full<Bytes>>) -> Result<Streaming, HttpFault> {
    let stream =
        TcpStream::connect(target.address())
            .await
            .map_err(|error| match files::are_out(&error) {
                Some(advice) => HttpFault::Request(advice),
                None => HttpFault::Unreachable(error),
            })?;
    let broken = |error: hyper::Error| HttpFault::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = tokio::spawn(connection);
    let response: Response<Incoming> = match sender.send_request(request).await {
        Ok(response) => response,
        Err(error) => {
            driver.abort();
            return Err(broken(error));
        }
    };
    let (head, body) = response.into_parts();
    Ok(Streaming {
        status: head.status,
        headers: head.headers,
        body,
        driver,
        _sender: sender,
    })
}
