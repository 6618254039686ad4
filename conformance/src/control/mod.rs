//! The control server: a second, independent server of dispatch-d/1, in memory, written from the specification as
//! plainly as can be, over WebSocket, HTTP and server-sent events.
//!
//! It is not for use. It is there so that the suite can be proved: without a fault it keeps every rule, and with one
//! switched on it breaks just that rule, as a real implementer would, so that a case that does not notice proves
//! nothing. Beside it stand the null peers, which understand nothing and must pass nothing.
//!
//! To read it in one sitting, begin with `connection`, go on to `answering`, `join`, `welcome`, `submit` and `rules`,
//! and end with `community`, `chain` and `delivery`. `requests` is the binding over HTTP.

mod answering;
mod chain;
mod checkpoint;
mod clock;
mod community;
mod connection;
mod delivery;
mod entry;
pub mod fault;
mod http;
mod join;
mod key;
mod ledger;
mod limits;
mod null_peer;
mod reading;
mod requests;
mod revival;
mod rules;
mod server;
mod session;
mod signature;
mod socket;
mod spill;
mod storing;
mod submit;
mod turn;
mod welcome;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use fault::{Fault, Faults};
pub use null_peer::NullPeer;

use crate::codec::accounts;
use crate::spawn::ServerConfig;
use community::Community;
use http::Port;
use requests::Desk;
use server::Server;

/// What the system holds for a reader that does not read: little, so that a slow one is soon seen to be slow.
const SEND_BUFFER: u32 = 64 << 10;
/// How long a shutdown waits for connections to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server that runs, until it is shut down or dropped.
#[derive(Debug)]
pub struct Running {
    /// Its URL, such as `http://127.0.0.1:40123`: its one own origin.
    pub url: String,
    server: Arc<Server>,
    tasks: Vec<JoinHandle<()>>,
    ends: mpsc::Receiver<Infallible>,
}

/// The first blocks of a community of the suite's accounts, as on the wire: genesis, and the roster with the test members.
///
/// # Errors
/// If there is no such community.
pub fn founding(name: &str) -> Result<Vec<Value>, String> {
    let key = accounts::named("server").ok_or("there is no server key")?;
    let community = Community::found(name, key, &Faults::none());
    let blocks = community.chain.blocks().iter();
    blocks
        .map(|block| serde_json::from_str(&block.text).map_err(|error| error.to_string()))
        .collect()
}

/// Starts the server on a free port of 127.0.0.1, with these faults.
///
/// # Errors
/// If no port can be had.
pub async fn start(faults: Faults) -> io::Result<Running> {
    start_at(0, faults).await
}

/// Starts the server on this port.
///
/// # Errors
/// If the port cannot be had.
pub async fn start_at(port: u16, faults: Faults) -> io::Result<Running> {
    run(Place::Port(port), faults, None).await
}

/// Starts the server that a configuration describes, on its ledger; or a null peer in its place.
///
/// # Errors
/// If its address or its folder cannot be had, or the configuration asks for what this server does not do.
pub async fn start_under(
    config: &ServerConfig,
    faults: Faults,
    null_peer: Option<NullPeer>,
) -> io::Result<Running> {
    run(Place::Configured(config), faults, null_peer).await
}

/// Where a server is, and what it is made of.
enum Place<'a> {
    /// On a port of 127.0.0.1, in memory.
    Port(u16),
    /// Where a configuration says, with a ledger.
    Configured(&'a ServerConfig),
}

/// Starts a null peer on this port; 0 is a free one.
///
/// # Errors
/// If the port cannot be had.
pub async fn start_null(port: u16, peer: NullPeer) -> io::Result<Running> {
    run(Place::Port(port), Faults::none(), Some(peer)).await
}

async fn run(place: Place<'_>, faults: Faults, null_peer: Option<NullPeer>) -> io::Result<Running> {
    // Opened before anyone can connect.
    let (listener, server) = match place {
        Place::Port(port) => {
            let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
            let url = format!("http://{}", listener.local_addr()?);
            (listener, Server::found(url, faults))
        }
        Place::Configured(config) => {
            let server = Server::configured(config, faults)?;
            (listen(config.listen)?, server)
        }
    };
    let url = server.origin.clone();
    let server = Arc::new(server);
    let (alive, ends) = mpsc::channel(1);
    let count = AtomicU64::new(0);
    let port = Arc::new(Port {
        server: Arc::clone(&server),
        desk: Desk::new(Arc::clone(&server)),
        null_peer,
        alive,
        count,
        gives_up: Arc::default(),
    });
    let accepting = tokio::spawn(accept(listener, port));
    let signer = Arc::clone(&server);
    let signing = tokio::spawn(async move { signer.sign_checkpoints().await });
    Ok(Running {
        url,
        server,
        tasks: vec![accepting, signing],
        ends,
    })
}

/// Accepts connections for as long as the task lives.
async fn accept(listener: TcpListener, port: Arc<Port>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Only a fault gives up. [LIM-11]
            () = port.gives_up.notified() => return,
        };
        // A connection that fails before it is there is nobody's loss.
        let Ok((stream, _)) = accepted else { continue };
        if port.server.faults.has("LIM-11/opening") {
            http::await_request(&stream).await;
        }
        tokio::spawn(Arc::clone(&port).serve(stream));
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(1024)
}

impl Running {
    /// Says goodbye to every connection, and ends when they have.
    pub async fn shutdown(mut self) {
        // [WS-9]
        if self.server.faults.has("WS-9") {
            // Not even the drop may say it.
            return std::mem::forget(self);
        }
        self.stop();
        // Who does not leave in time is left behind.
        let _ = timeout(PATIENCE, self.ends.recv()).await;
    }

    fn stop(&self) {
        self.server.community().is_stopping = true;
        self.server.announce();
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
