//! A way to the server that can be cut: it hands bytes on until it is told not to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What still passes.
#[derive(Clone)]
pub struct Gates {
    /// From the client to the server.
    pub up: Arc<AtomicBool>,
    /// From the server to the client.
    pub down: Arc<AtomicBool>,
}

impl Gates {
    pub fn shut(gate: &AtomicBool) {
        gate.store(false, Ordering::SeqCst);
    }
}

/// A listening socket, whose address can stand in a community's origins before it is founded.
pub async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Hands on what comes to the listener.
pub fn serve(listener: TcpListener, server: SocketAddr) -> Gates {
    let gates = Gates {
        up: Arc::new(AtomicBool::new(true)),
        down: Arc::new(AtomicBool::new(true)),
    };
    let open = gates.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(server).await else {
                continue;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(pass(from_client, to_server, open.up.clone()));
            tokio::spawn(pass(from_server, to_client, open.down.clone()));
        }
    });
    gates
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    open: Arc<AtomicBool>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if open.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
