//! Takes TCP connections in: a bounded number at a time that have not become sockets, and without delay for small frames.
//! Whoever opens connections and asks for nothing holds no file descriptor that a member needs. // [LIM-9]

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

/// How many connections may be at their request at a time. A request has seconds to come, and a socket leaves this number
/// as it is opened.
pub(crate) const REQUESTS: usize = 512;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    room: Arc<Semaphore>,
}

impl Acceptor {
    pub(crate) fn new() -> Acceptor {
        Acceptor {
            room: Arc::new(Semaphore::new(REQUESTS)),
        }
    }
}

impl<S> Accept<TcpStream, S> for Acceptor {
    type Stream = TcpStream;
    type Service = Placed<S>;
    type Future = std::future::Ready<io::Result<(TcpStream, Placed<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = self.room.clone().try_acquire_owned();
        let place =
            place.map_err(|_| io::Error::other("too many connections are at their request"));
        std::future::ready(place.and_then(|place| {
            stream.set_nodelay(true)?;
            let _place = Arc::new(place);
            Ok((stream, Placed { service, _place }))
        }))
    }
}

/// A connection's service, with its place: it is dropped when the connection ends or becomes a socket.
#[derive(Clone, Debug)]
pub(crate) struct Placed<S> {
    service: S,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<S: Service<R>, R> Service<R> for Placed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
}
