//! Opens WebSockets, with the headers and the receive buffer that a case asks for.

use std::{io, net::SocketAddr, time::Duration};

use futures_util::{
    StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
        protocol::WebSocketConfig,
    },
};

use super::{Target, target::SOCKET};

/// Beyond what a server may send, so that a frame that is too long is seen and named. [SYNC-5]
const MESSAGE_LIMIT: usize = 16 << 20;

/// Sends messages.
pub type Sink = SplitSink<WebSocketStream<TcpStream>, Message>;

/// Gives messages.
pub type Source = SplitStream<WebSocketStream<TcpStream>>;

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    /// Its writing half.
    pub sink: Sink,
    /// Its reading half.
    pub source: Source,
    /// The extensions that the server claims to have agreed on, though none was offered to it in earnest.
    pub extensions: Option<String>,
}

/// Why a socket did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// No connection.
    #[error("nothing answers there: {0}")]
    Unreachable(io::Error),
    /// Nothing in time.
    #[error("no answer to the opening within {0:?}")]
    Silent(Duration),
    /// Another status than 101.
    #[error("the opening was answered with status {0}")]
    Status(u16),
    /// Not an opening of RFC 6455.
    #[error("the opening is not one of RFC 6455: {0}")]
    Broken(String),
    /// A header that HTTP cannot carry.
    #[error("the request cannot be made: {0}")]
    Request(String),
}

/// Opens a socket.
///
/// # Errors
/// If the server does not answer with status 101 in time.
pub async fn open(
    target: &Target,
    headers: &[(String, String)],
    receive_buffer: Option<u32>,
    patience: Duration,
) -> Result<Socket, OpenFault> {
    match timeout(patience, handshake(target, headers, receive_buffer)).await {
        Ok(result) => result,
        Err(_) => Err(OpenFault::Silent(patience)),
    }
}

async fn handshake(
    target: &Target,
    headers: &[(String, String)],
    receive_buffer: Option<u32>,
) -> Result<Socket, OpenFault> {
    let unusable = |error: &dyn std::error::Error| OpenFault::Request(error.to_string());
    let mut request = format!("ws://{}{SOCKET}", target.host_header())
        .into_client_request()
        .map_err(|error| unusable(&error))?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| unusable(&error))?;
        let value = HeaderValue::from_str(value).map_err(|error| unusable(&error))?;
        request.headers_mut().insert(name, value);
    }
    let stream = connect(target, receive_buffer)
        .await
        .map_err(OpenFault::Unreachable)?;
    let mut config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT));
    // A big buffer would go on holding for a reader that has stopped.
    config = config.read_buffer_size(
        receive_buffer
            .map_or(64 << 10, |bytes| bytes as usize)
            .max(1024),
    );
    let (stream, response) = client_async_with_config(request, stream, Some(config))
        .await
        .map_err(|error| match error {
            tungstenite::Error::Http(response) => OpenFault::Status(response.status().as_u16()),
            tungstenite::Error::Io(error) => {
                OpenFault::Broken(format!("the connection broke off: {error}"))
            }
            other => OpenFault::Broken(other.to_string()),
        })?;
    let extensions = response
        .headers()
        .get("sec-websocket-extensions")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let (sink, source) = stream.split();
    Ok(Socket {
        sink,
        source,
        extensions,
    })
}

async fn connect(target: &Target, receive_buffer: Option<u32>) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host(target.address()).await? {
        match connect_to(address, receive_buffer).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr, receive_buffer: Option<u32>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(bytes) = receive_buffer {
        // Before connecting: the window's scale is settled in the handshake.
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.connect(address).await
}
