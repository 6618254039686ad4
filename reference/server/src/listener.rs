//! Where connections come in: takes the port, and hands each connection to the routes.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum_server::Handle;
use ipnet::IpNet;
use tokio_rustls::TlsAcceptor;

use crate::acceptor::Acceptor;
use crate::config::Queues;
use crate::error::Error;
use crate::http::Door;
use crate::metrics::{Metrics, TurnedAway};

/// How long a client may take to send the head of a request, or to shake hands for TLS.
const HEAD: Duration = Duration::from_secs(10);

/// How much of a head is read, and of an answer is buffered beyond what the system holds.
const BUFFER: usize = 64 << 10;

/// How long the log is silent about connections that cannot be accepted, once it has said so.
const SILENCE: Duration = Duration::from_secs(10);

/// Takes the port.
///
/// # Errors
/// Why it cannot be had, and what to do.
pub(crate) fn listen(bind: SocketAddr) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(bind).map_err(|cause| {
        let what = match cause.kind() {
            std::io::ErrorKind::AddrInUse => {
                "is in use by another program; choose another port with --bind".to_owned()
            }
            std::io::ErrorKind::PermissionDenied => {
                "may not be used by this user; ports below 1024 need a right".to_owned()
            }
            std::io::ErrorKind::AddrNotAvailable => "is not an address of this machine".to_owned(),
            _ => format!("cannot be listened on ({cause})"),
        };
        Error::configuration(format!("{bind} {what}"))
    })?;
    listener
        .set_nonblocking(true)
        .map_err(|cause| Error::Failed(cause.to_string()))?;
    Ok(listener)
}

/// How connections are taken.
pub(crate) struct Manners {
    /// How long a write to a client may take.
    pub(crate) slow_reader: Duration,
    /// How many may come at once.
    pub(crate) queues: Queues,
    /// How long a connection may go without a join.
    pub(crate) join_within: Duration,
    /// TLS, where it is spoken.
    pub(crate) tls: Option<TlsAcceptor>,
    /// The proxies that are believed.
    pub(crate) proxies: Arc<[IpNet]>,
    /// Where it is counted who got no place.
    pub(crate) metrics: Arc<Metrics>,
}

/// Accepts connections until the handle says otherwise.
pub(crate) fn accept(
    listener: TcpListener,
    door: Door,
    handle: Handle<SocketAddr>,
    manners: Manners,
) -> Result<impl Future<Output = ()> + use<>, Error> {
    let Manners {
        slow_reader,
        queues,
        join_within,
        tls,
        proxies,
        metrics,
    } = manners;
    let tls = tls.map(|tls| (tls, HEAD.min(join_within)));
    let mut server = axum_server::from_tcp(listener)
        .map_err(|cause| Error::Failed(cause.to_string()))?
        // Twice as long as a member's frames have, so that a `bye` can still come through.
        .acceptor(Acceptor::new(2 * slow_reader, &queues, tls, proxies))
        .handle(handle)
        .first_request_timeout(HEAD)
        .accept_error_handler({
            // Said now and then, and not twenty times a second while somebody knocks.
            let said = Mutex::new(None::<Instant>);
            move |_, cause| {
                metrics.turned_away(reason(cause));
                if cause.kind() == ErrorKind::ConnectionAborted {
                    // Whoever looks for open ports does so all day.
                    tracing::debug!(%cause, "a connection was given up");
                    return;
                }
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                if said.is_none_or(|at| at.elapsed() >= SILENCE) {
                    *said = Some(Instant::now());
                    tracing::warn!(%cause, "a connection could not be accepted");
                }
            }
        });
    // Between two requests of a connection that is kept it is the time for which it may be idle, too.
    server
        .http_builder()
        .http1()
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER);
    let routes = door.routes().into_make_service();
    Ok(async move {
        if let Err(problem) = server.serve(routes).await {
            tracing::error!(%problem, "the listener failed");
        }
    })
}

/// Why the acceptor, or the system, gave no connection.
fn reason(cause: &std::io::Error) -> TurnedAway {
    match cause.kind() {
        ErrorKind::QuotaExceeded => TurnedAway::Strangers,
        ErrorKind::ConnectionAborted => TurnedAway::Handshake,
        _ => TurnedAway::System,
    }
}
