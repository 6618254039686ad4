//! The way to a server: TCP, TLS by the system's roots, the discovery document, the WebSocket.
//!
//! Nothing here is believed: what comes is verified by who asked for it.

use std::sync::Arc;
use std::time::Duration;

use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::limits::SERVER_FRAME_BYTES;
use dispatch_protocol::wire::Discovery;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::error::Error;

/// How long a connection, and each step of it, may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A byte stream, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

/// Where an invitation leads.
#[derive(Clone)]
pub(crate) struct Place {
    origin: String,
    host: String,
    port: u16,
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Place {
    /// Where an invitation leads; the roots of trust are those given, or the system's.
    pub(crate) fn of(
        invitation: &Invitation,
        tls: Option<Arc<rustls::ClientConfig>>,
    ) -> Result<Self, Error> {
        let origin = invitation.origin();
        let (scheme, rest) = origin.split_once("://").expect("an invitation's origin");
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !rest.ends_with(']') => (host, port.parse().ok()),
            _ => (rest, None),
        };
        let is_tls = scheme == "https";
        Ok(Self {
            origin: origin.to_owned(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(if is_tls { 443 } else { 80 }),
            tls: match (is_tls, tls) {
                (false, _) => None,
                (true, Some(config)) => Some(config),
                (true, None) => Some(system_roots()?),
            },
        })
    }

    /// Reads the discovery document. A redirect is not followed. // [SESS-18]
    pub(crate) async fn discover(&self) -> Result<Discovery, Error> {
        let path = "/.well-known/dispatch-d";
        let asked = async {
            let stream = self.connect().await?;
            let io = TokioIo::new(stream);
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
                .await
                .map_err(|error| self.unreachable(&error))?;
            let running = tokio::spawn(connection);
            let request = Request::get(path)
                .header(header::HOST, self.authority())
                .body(Empty::<Bytes>::new())
                .expect("a path and a host are a request");
            let answer = sender
                .send_request(request)
                .await
                .map_err(|error| self.unreachable(&error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), SERVER_FRAME_BYTES)
                .collect()
                .await;
            running.abort();
            if status != StatusCode::OK {
                return Err(self.unreachable(&format!("it answers {path} with {status}")));
            }
            let bytes = body.map_err(|error| self.unreachable(&error))?.to_bytes();
            let text = std::str::from_utf8(&bytes).map_err(|error| self.unreachable(&error))?;
            Discovery::decode(text).map_err(|refusal| {
                self.unreachable(&format!("what it answers is no dispatch-d: {refusal}"))
            })
        };
        self.in_time(asked).await
    }

    /// Opens a socket.
    pub(crate) async fn socket(&self) -> Result<Socket, Error> {
        let opened = async {
            let stream = self.connect().await?;
            let mut config = WebSocketConfig::default();
            config.max_message_size = Some(SERVER_FRAME_BYTES); // [SYNC-5]
            config.max_frame_size = Some(SERVER_FRAME_BYTES);
            let scheme = if self.tls.is_some() { "wss" } else { "ws" };
            let url = format!("{scheme}://{}/v1/socket", self.authority());
            let (socket, _) =
                tokio_tungstenite::client_async_with_config(url, stream, Some(config))
                    .await
                    .map_err(|error| self.unreachable(&error))?;
            Ok(socket)
        };
        self.in_time(opened).await
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Error> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| self.unreachable(&error))?;
        // frames are small, and people wait for them
        let _ = stream.set_nodelay(true);
        let Some(config) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let name =
            ServerName::try_from(self.host.clone()).map_err(|error| self.unreachable(&error))?;
        let stream = TlsConnector::from(config.clone())
            .connect(name, stream)
            .await
            .map_err(|error| self.unreachable(&error))?;
        Ok(Box::new(stream))
    }

    /// Host and port, as a request names them.
    fn authority(&self) -> &str {
        self.origin.split_once("://").expect("an origin").1
    }

    async fn in_time<T>(&self, what: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match tokio::time::timeout(PATIENCE, what).await {
            Ok(done) => done,
            Err(_) => Err(self.unreachable(&"it does not answer in time")),
        }
    }

    fn unreachable(&self, why: &dyn std::fmt::Display) -> Error {
        Error::Network(format!("{} cannot be reached: {why}", self.origin))
    }
}

/// Trusts what the system trusts.
fn system_roots() -> Result<Arc<rustls::ClientConfig>, Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Error::Usage(
            "the system has no root certificates, so that no https server can be verified; install ca-certificates".into(),
        ));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
