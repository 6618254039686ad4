//! A way to the server that can be cut: it hands bytes on until it is told not to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What still passes.
#[derive(Clone)]
pub struct Gates {
    /// From the client to the server.
    pub up: Arc<AtomicBool>,
    /// From the server to the client.
    pub down: Arc<AtomicBool>,
    cuts: Arc<tokio::sync::Notify>,
    /// How many more connections pass.
    left: Arc<AtomicUsize>,
}

impl Gates {
    pub fn shut(gate: &AtomicBool) {
        gate.store(false, Ordering::SeqCst);
    }

    /// Lets so many more connections pass, and answers none that comes after them.
    pub fn pass_only(&self, count: usize) {
        self.left.store(count, Ordering::SeqCst);
    }

    /// Ends the connections that stand.
    pub fn cut(&self) {
        self.cuts.notify_waiters();
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
        cuts: Arc::default(),
        left: Arc::new(AtomicUsize::new(usize::MAX)),
    };
    let open = gates.clone();
    tokio::spawn(async move {
        let mut unheard = Vec::new();
        while let Ok((client, _)) = listener.accept().await {
            let left = |left: usize| left.checked_sub(1);
            if open
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
                .is_err()
            {
                unheard.push(client);
                continue;
            }
            let Ok(server) = TcpStream::connect(server).await else {
                continue;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let (up, down) = (open.up.clone(), open.down.clone());
            let cuts = open.cuts.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = pass(from_client, to_server, up) => {}
                    () = pass(from_server, to_client, down) => {}
                    () = cuts.notified() => {}
                }
            });
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
