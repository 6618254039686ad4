//! Takes TCP connections in: a bounded number at a time of which nobody knows whose they are, and without delay for small
//! frames. Whoever opens connections and asks for nothing holds no file descriptor that a member needs. // [LIM-9]

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Request;
use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use crate::stream::Stream;

/// How many connections may be at a stranger's request at a time. A request has seconds to come; a socket leaves this
/// number as it is opened, and a member's connection as its token is seen.
pub(crate) const REQUESTS: usize = 512;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    room: Arc<Semaphore>,
    patience: Duration,
}

impl Acceptor {
    /// For clients who may be so slow to read.
    pub(crate) fn new(patience: Duration) -> Acceptor {
        Acceptor {
            room: Arc::new(Semaphore::new(REQUESTS)),
            patience,
        }
    }
}

impl<S> Accept<TcpStream, S> for Acceptor {
    type Stream = Stream;
    type Service = Placed<S>;
    type Future = std::future::Ready<io::Result<(Stream, Placed<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = self.room.clone().try_acquire_owned();
        let place =
            place.map_err(|_| io::Error::other("too many connections are at their request"));
        std::future::ready(place.and_then(|place| {
            stream.set_nodelay(true)?;
            let seat = Seat(Arc::new(Mutex::new(Held {
                _place: place,
                is_members: false,
            })));
            Ok((Stream::new(stream, self.patience), Placed { service, seat }))
        }))
    }
}

/// What a connection takes up: a stranger's place at first, a member's once a request has shown a live token. It is given
/// back when the connection ends or becomes a socket, which has a place of its own.
#[derive(Clone, Debug)]
pub(crate) struct Seat(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    _place: OwnedSemaphorePermit,
    is_members: bool,
}

impl Seat {
    /// Makes it a member's, in a room that members share. False if there is no room.
    pub(crate) fn change_to_members(&self, room: &Arc<Semaphore>) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.is_members {
            let Ok(place) = room.clone().try_acquire_owned() else {
                return false;
            };
            *held = Held {
                _place: place,
                is_members: true,
            };
        }
        true
    }
}

/// A connection's service, which shows each request its seat.
#[derive(Clone, Debug)]
pub(crate) struct Placed<S> {
    service: S,
    seat: Seat,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Placed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(self.seat.clone());
        self.service.call(request)
    }
}
