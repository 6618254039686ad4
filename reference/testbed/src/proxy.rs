//! A TCP proxy in front of one or several servers: a load balancer, and a cable that can be cut.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::Problem;

/// What one direction of a connection holds back.
const BUFFER: usize = 64 << 10;

/// When it is tried again to take a connection, after one could not be taken.
const AGAIN: Duration = Duration::from_millis(10);

/// A proxy on 127.0.0.1. Each new connection goes to the next target; one that refuses is skipped.
///
/// It works on a thread of its own, so that a test that computes does not slow it, and ends with this value: its connections
/// are closed then.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    targets: watch::Sender<Vec<SocketAddr>>,
    cable: watch::Sender<Cable>,
    runtime: Option<Runtime>,
}

/// What a proxy has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that came.
    pub came: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Those that no target took.
    pub refused: u64,
    /// Bytes that were handed on, in both directions.
    pub bytes: u64,
}

#[derive(Clone, Copy, Default)]
struct Cable {
    is_cut: bool,
    /// Grows when all connections are closed.
    resets: u64,
}

#[derive(Default)]
struct Shared {
    next: AtomicUsize,
    came: AtomicU64,
    open: AtomicU64,
    refused: AtomicU64,
    bytes: AtomicU64,
}

impl Proxy {
    /// A proxy that listens at a free port. Without targets it refuses everybody until it has some.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(targets: &[SocketAddr]) -> Result<Proxy, Problem> {
        Proxy::start_at(([127, 0, 0, 1], 0).into(), targets)
    }

    /// The same at a given address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start_at(address: SocketAddr, targets: &[SocketAddr]) -> Result<Proxy, Problem> {
        let problem = "a proxy cannot listen";
        let listener = StdListener::bind(address).map_err(Problem::at(problem))?;
        let address = listener.local_addr().map_err(Problem::at(problem))?;
        listener
            .set_nonblocking(true)
            .map_err(Problem::at(problem))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("proxy")
            .enable_all()
            .build()
            .map_err(Problem::at(problem))?;
        let shared = Arc::new(Shared::default());
        let (targets, of_targets) = watch::channel(targets.to_vec());
        let (cable, of_cable) = watch::channel(Cable::default());
        {
            let _inside = runtime.enter();
            let listener = TcpListener::from_std(listener).map_err(Problem::at(problem))?;
            runtime.spawn(accept(listener, of_targets, of_cable, Arc::clone(&shared)));
        }
        Ok(Proxy {
            address,
            shared,
            targets,
            cable,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends connections that come from now on to other targets. Those that stand stay: see [`Proxy::reset`].
    pub fn retarget(&self, targets: &[SocketAddr]) {
        self.targets.send_replace(targets.to_vec());
    }

    /// Pulls the cable: nothing is handed on any more, no connection is closed, and what comes new hangs. The system at each
    /// end goes on to take what fits into its buffers, so nobody learns of it but by waiting.
    pub fn cut(&self) {
        self.cable.send_modify(|cable| cable.is_cut = true);
    }

    /// Plugs it in again: what was held back goes on, and so do those who hung.
    pub fn heal(&self) {
        self.cable.send_modify(|cable| cable.is_cut = false);
    }

    /// Closes all connections that stand, those that hang as well.
    pub fn reset(&self) {
        self.cable.send_modify(|cable| cable.resets += 1);
    }

    /// What it has seen.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        Counts {
            came: read(&self.shared.came),
            open: read(&self.shared.open),
            refused: read(&self.shared.refused),
            bytes: read(&self.shared.bytes),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Without waiting: whoever drops it may be asynchronous itself.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(
    listener: TcpListener,
    targets: watch::Receiver<Vec<SocketAddr>>,
    cable: watch::Receiver<Cable>,
    shared: Arc<Shared>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // No file descriptor, or a client that is gone again.
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        shared.came.fetch_add(1, Ordering::SeqCst);
        shared.open.fetch_add(1, Ordering::SeqCst);
        let (targets, mut cable) = (targets.clone(), cable.clone());
        let shared = Arc::clone(&shared);
        let resets = cable.borrow().resets;
        tokio::spawn(async move {
            let reset = cable.clone();
            tokio::select! {
                () = carry(client, targets, &mut cable, &shared) => {}
                () = has_reset(reset, resets) => {}
            }
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn has_reset(mut cable: watch::Receiver<Cable>, before: u64) {
    let _ = cable.wait_for(|cable| cable.resets != before).await;
}

/// One connection, to the end of both its directions.
async fn carry(
    client: TcpStream,
    targets: watch::Receiver<Vec<SocketAddr>>,
    cable: &mut watch::Receiver<Cable>,
    shared: &Shared,
) {
    whole(cable).await;
    let targets = targets.borrow().clone();
    let Some(server) = dial(&targets, shared).await else {
        shared.refused.fetch_add(1, Ordering::SeqCst);
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // One who has said everything may still be answered; a connection that broke is over for both.
    let _ = tokio::try_join!(
        pump(from_client, to_server, cable.clone(), shared),
        pump(from_server, to_client, cable.clone(), shared),
    );
}

/// The next target that takes the connection.
async fn dial(targets: &[SocketAddr], shared: &Shared) -> Option<TcpStream> {
    let first = shared.next.fetch_add(1, Ordering::SeqCst);
    for step in 0..targets.len() {
        let target = targets[(first + step) % targets.len()];
        if let Ok(server) = TcpStream::connect(target).await {
            return Some(server);
        }
    }
    None
}

/// Hands on what comes as long as the cable is whole, and the end of it, too.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut cable: watch::Receiver<Cable>,
    shared: &Shared,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).await;
        // What comes while it is cut has not come, and neither has an end.
        whole(&mut cable).await;
        let length = read?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
        shared.bytes.fetch_add(length as u64, Ordering::SeqCst);
    }
}

/// Waits until the cable is whole.
async fn whole(cable: &mut watch::Receiver<Cable>) {
    let _ = cable.wait_for(|cable| !cable.is_cut).await;
}
