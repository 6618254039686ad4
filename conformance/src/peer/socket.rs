//! Opens WebSockets, with the headers and the receive buffer that a case asks for.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{BoxStream, SplitSink},
};
use http_body_util::Empty;
use hyper::{
    HeaderMap, Request, StatusCode,
    client::conn::http1,
    header::{HeaderValue, SEC_WEBSOCKET_ACCEPT},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{
            Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use crate::files;

use super::{Target, target::SOCKET, wire::Wire};

/// Beyond what a server may send, so that a frame that is too long is seen and named. [SYNC-5]
const MESSAGE_LIMIT: usize = 16 << 20;

/// Sends messages.
pub type Sink = SplitSink<WebSocketStream<Wire>, Message>;

/// Gives messages.
pub type Source = BoxStream<'static, Result<Message, tungstenite::Error>>;

/// An open socket.
pub struct Socket {
    /// Its writing half.
    pub sink: Sink,
    /// Its reading half.
    pub source: Source,
    /// The connection under it.
    pub wire: Wire,
    /// The headers of the server's answer.
    pub headers: HeaderMap,
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
    #[error("the opening was answered with status {status}")]
    Status {
        /// The status.
        status: u16,
        /// The headers of the answer.
        headers: HeaderMap,
    },
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
    let key = generate_key();
    let request = request(target, headers, &key)?;
    let wire =
        connect(target, receive_buffer)
            .await
            .map_err(|error| match files::are_out(&error) {
                Some(advice) => OpenFault::Request(advice),
                None => OpenFault::Unreachable(error),
            })?;
    let broken = |error: hyper::Error| OpenFault::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire.clone()))
        .await
        .map_err(broken)?;
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await.map_err(broken)?;
    let headers = response.headers().clone();
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(OpenFault::Status {
            status: response.status().as_u16(),
            headers,
        });
    }
    let accepted = headers.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(OpenFault::Broken(
            "its Sec-WebSocket-Accept does not answer the key".into(),
        ));
    }
    let parts = hyper::upgrade::on(response)
        .await
        .map_err(broken)?
        .downcast::<TokioIo<Wire>>();
    let parts =
        parts.map_err(|_| OpenFault::Broken("the connection was not handed over".into()))?;
    let stream = WebSocketStream::from_partially_read(
        parts.io.into_inner(),
        parts.read_buf.to_vec(),
        Role::Client,
        Some(config(receive_buffer)),
    )
    .await;
    let (sink, source) = stream.split();
    Ok(Socket {
        sink,
        source: source.boxed(),
        wire,
        headers,
    })
}

/// The opening request. By hand, because a client's library takes offence where it offered something and nothing was chosen.
fn request(
    target: &Target,
    headers: &[(String, String)],
    key: &str,
) -> Result<Request<Empty<Bytes>>, OpenFault> {
    let usual = [
        ("host", target.host_header()),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", key),
    ];
    let mut request = Request::builder().method("GET").uri(SOCKET);
    for (name, value) in usual {
        if !headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
        {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request
        .body(Empty::new())
        .map_err(|error| OpenFault::Request(error.to_string()))
}

fn config(receive_buffer: Option<u32>) -> WebSocketConfig {
    // A big buffer would go on holding for a reader that has stopped.
    let buffer = receive_buffer
        .map_or(64 << 10, |bytes| bytes as usize)
        .max(1024);
    WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT))
        .read_buffer_size(buffer)
}

/// The kind of a data message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, whether or not its bytes are UTF-8.
    Text,
    /// Binary.
    Binary,
}

/// The frames of one message, cut into so many fragments.
pub fn message(bytes: &[u8], kind: Kind, fragments: usize) -> Vec<Message> {
    let first = match kind {
        Kind::Text => Data::Text,
        Kind::Binary => Data::Binary,
    };
    let fragments = fragments.max(1);
    let length = bytes.len().div_ceil(fragments).max(1);
    let cut = |n: usize| &bytes[(n * length).min(bytes.len())..((n + 1) * length).min(bytes.len())];
    (0..fragments)
        .map(|n| {
            let data = if n == 0 { first } else { Data::Continue };
            Message::Frame(Frame::message(
                cut(n).to_vec(),
                OpCode::Data(data),
                n + 1 == fragments,
            ))
        })
        .collect()
}

/// Opens a TCP connection; `receive_buffer` is what the system may hold for it while nobody reads.
///
/// # Errors
/// If none of the address's hosts takes it.
pub async fn connect(target: &Target, receive_buffer: Option<u32>) -> io::Result<Wire> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host(target.address()).await? {
        match connect_to(address, receive_buffer).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(Wire::new(stream));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_into_fragments_that_make_it_up() {
        for fragments in [1, 2, 3, 7, 20] {
            let mut whole = Vec::new();
            let frames = message(b"{\"type\":\"x\"}", Kind::Text, fragments);
            assert_eq!(frames.len(), fragments);
            for (place, frame) in frames.into_iter().enumerate() {
                let Message::Frame(frame) = frame else {
                    panic!("no frame")
                };
                assert_eq!(frame.header().is_final, place + 1 == fragments);
                let continues = frame.header().opcode == OpCode::Data(Data::Continue);
                assert_eq!(continues, place > 0);
                whole.extend_from_slice(frame.payload());
            }
            assert_eq!(whole, b"{\"type\":\"x\"}");
        }
    }
}
