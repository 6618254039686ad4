//! A socket for tests that speaks frames, and fails loudly instead of waiting for ever.

use std::net::SocketAddr;
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{ClientFrame, ServerFrame};
use dispatch_server::Running;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

/// How long anything that must come may take.
pub const SOON: Duration = Duration::from_secs(20);

/// The server that a client dials, wherever it runs.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub origin: String,
    pub community: Id,
}

impl From<&Running> for Target {
    fn from(server: &Running) -> Target {
        Target {
            address: server.address(),
            origin: server.origin().to_owned(),
            community: server.community(),
        }
    }
}

impl From<&Target> for Target {
    fn from(target: &Target) -> Target {
        target.clone()
    }
}

/// What carries a socket: TCP, or TLS on it.
pub trait Carrier: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Carrier for T {}

/// A socket that speaks frames.
pub struct Client {
    socket: WebSocketStream<Box<dyn Carrier>>,
}

impl Client {
    pub async fn dial(server: impl Into<Target>) -> Client {
        let address = server.into().address;
        Client::over(TcpStream::connect(address).await.unwrap(), address).await
    }

    /// The same with a window as small as the system allows, so that little is under way before it is read.
    pub async fn dial_narrow(server: impl Into<Target>) -> Client {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let address = server.into().address;
        Client::over(socket.connect(address).await.unwrap(), address).await
    }

    /// Opens a socket on a connection that stands.
    pub async fn over(stream: impl Carrier + 'static, address: SocketAddr) -> Client {
        let request = format!("ws://{address}/v1/socket");
        Client::asking(stream, request.into_client_request().unwrap()).await
    }

    /// The same by a request of one's own.
    pub async fn asking(stream: impl Carrier + 'static, request: Request) -> Client {
        let stream: Box<dyn Carrier> = Box::new(stream);
        Client {
            socket: tokio_tungstenite::client_async(request, stream)
                .await
                .unwrap()
                .0,
        }
    }

    pub async fn text(&mut self, text: impl Into<String>) {
        self.message(Message::text(text.into())).await;
    }

    pub async fn message(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub async fn send(&mut self, frame: &ClientFrame) {
        self.text(serde_json::to_string(frame).unwrap()).await;
    }

    /// Hands a message to the socket without waiting until it is on its way.
    pub async fn feed(&mut self, frame: &ClientFrame) {
        self.socket
            .feed(Message::text(serde_json::to_string(frame).unwrap()))
            .await
            .unwrap();
    }

    pub async fn flush(&mut self) {
        self.socket.flush().await.unwrap();
    }

    /// The next frame; none once the server has closed.
    pub async fn try_next(&mut self) -> Option<ServerFrame> {
        let text = self.try_next_text().await?;
        Some(ServerFrame::decode(&text).unwrap().expect("a known frame"))
    }

    /// The next frame's text.
    pub async fn next_text(&mut self) -> String {
        self.try_next_text().await.expect("the server goes on")
    }

    async fn try_next_text(&mut self) -> Option<String> {
        loop {
            let message = tokio::time::timeout(SOON, self.socket.next())
                .await
                .expect("a frame comes soon");
            match message? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Close(_)) => return None,
                Ok(_) => {}
                Err(problem) => panic!("the socket failed: {problem}"),
            }
        }
    }

    pub async fn next(&mut self) -> ServerFrame {
        self.try_next().await.expect("the server goes on")
    }

    /// The close code, after everything before it was read.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match tokio::time::timeout(SOON, self.socket.next())
                .await
                .expect("the server closes soon")
            {
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close frame came: {other:?}"),
            }
        }
    }

    /// The code of a refusal that has to come next.
    pub async fn refused(&mut self) -> Code {
        match self.next().await {
            ServerFrame::Refused(refused) => refused.code,
            other => panic!("expected refused, got {other:?}"),
        }
    }

    /// The code of the bye that comes, whatever comes before it.
    pub async fn bye(&mut self) -> Code {
        loop {
            if let ServerFrame::Bye(bye) = self.next().await {
                return bye.code;
            }
        }
    }

    /// The next frame; none once the server has closed, or reset the connection.
    pub async fn try_next_or_reset(&mut self) -> Option<ServerFrame> {
        loop {
            match tokio::time::timeout(SOON, self.socket.next())
                .await
                .expect("something comes soon")?
            {
                Ok(Message::Text(text)) => {
                    return Some(ServerFrame::decode(&text).unwrap().expect("a known frame"));
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
