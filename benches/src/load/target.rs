//! Where a server is, and sockets to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dispatch_protocol::wire::Discovery;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::Problem;

/// A WebSocket to a server.
pub type Socket = WebSocketStream<TcpStream>;

/// What a reading connection's buffer holds.
pub const BUFFER: usize = 64 << 10;

/// Where a server is.
#[derive(Debug, Clone)]
pub struct Target {
    /// Host and port.
    pub address: String,
    /// The origin by which it is dialled.
    pub origin: String,
    /// Where several processes serve it, each connection goes to the next of these.
    turns: Option<Arc<Turns>>,
}

/// Addresses in turns.
#[derive(Debug)]
struct Turns {
    addresses: Vec<String>,
    next: AtomicUsize,
}

impl Target {
    /// The server at an origin such as `http://127.0.0.1:7311`.
    ///
    /// # Errors
    /// Another scheme than `http`: the load is for a server on the same machine.
    pub fn at(origin: &str) -> Result<Target, Problem> {
        let origin = origin.trim_end_matches('/');
        let address = origin.strip_prefix("http://").ok_or_else(|| {
            let hint = "give the server's own address, such as http://127.0.0.1:7311";
            Problem::new(format!("{origin} does not begin with http://; {hint}"))
        })?;
        let address = match address.contains(':') {
            true => address.to_owned(),
            false => format!("{address}:80"),
        };
        Ok(Target::new(address, origin))
    }

    /// A server at an address, dialled by an origin.
    pub fn new(address: impl Into<String>, origin: impl Into<String>) -> Target {
        Target {
            address: address.into(),
            origin: origin.into(),
            turns: None,
        }
    }

    /// The same server where it has several processes: each connection goes to the next of their addresses.
    #[must_use]
    pub fn in_turns(mut self, addresses: Vec<String>) -> Target {
        self.turns = Some(Arc::new(Turns {
            addresses,
            next: AtomicUsize::new(0),
        }));
        self
    }

    fn next(&self) -> &str {
        match &self.turns {
            Some(turns) => {
                let turn = turns.next.fetch_add(1, Ordering::Relaxed);
                &turns.addresses[turn % turns.addresses.len()]
            }
            None => &self.address,
        }
    }

    /// Opens a WebSocket at a path, with a buffer of so many bytes to read into.
    ///
    /// # Errors
    /// A server that is not there, or answers otherwise.
    pub async fn open(&self, path: &str, buffer: usize) -> Result<Socket, Problem> {
        let stream = self.connect().await?;
        let mut config = WebSocketConfig::default();
        config.read_buffer_size = buffer;
        let url = format!("ws://{}{path}", self.address);
        let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
        Ok(opened.map_err(Problem::at(self.unreachable()))?.0)
    }

    /// Opens a TCP connection.
    ///
    /// # Errors
    /// A server that is not there, or no file descriptor left.
    pub async fn connect(&self) -> Result<TcpStream, Problem> {
        let stream = TcpStream::connect(self.next()).await;
        let stream = stream.map_err(Problem::at(self.unreachable()))?;
        stream
            .set_nodelay(true)
            .map_err(Problem::at(self.unreachable()))?;
        Ok(stream)
    }

    /// Reads the discovery document.
    ///
    /// # Errors
    /// A server that is not there, or serves no community.
    pub async fn discover(&self) -> Result<Discovery, Problem> {
        let document = self.get("/.well-known/dispatch-d", "").await?;
        Discovery::decode(&document)
            .map_err(Problem::at(format!("{} is no dispatch-d", self.origin)))
    }

    /// Reads a document over a connection of its own. `headers` are further lines of the request, each with its line's end.
    ///
    /// # Errors
    /// A server that is not there, or answers otherwise than with 200.
    pub async fn get(&self, path: &str, headers: &str) -> Result<String, Problem> {
        let mut stream = self.connect().await?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
            self.address
        );
        stream
            .write_all(request.as_bytes())
            .await
            .map_err(Problem::at(self.unreachable()))?;
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .await
            .map_err(Problem::at(self.unreachable()))?;
        let (head, document) = answer
            .split_once("\r\n\r\n")
            .ok_or_else(|| Problem::new(self.unreachable()))?;
        match head.starts_with("HTTP/1.1 200 ") {
            true => Ok(document.to_owned()),
            false => {
                let status = head.lines().next().unwrap_or(head);
                let words = format!("{}{path} answers {status}: {document}", self.origin);
                Err(Problem::new(words))
            }
        }
    }

    fn unreachable(&self) -> String {
        format!("{} cannot be reached", self.origin)
    }
}
