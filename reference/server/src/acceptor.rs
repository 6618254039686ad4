//! Takes TCP connections in, and TLS on them where the server speaks it: a bounded number at a time of which nobody knows
//! whose they are, and without delay for small frames. Whoever opens connections and asks for nothing holds no file descriptor that a member needs. // [LIM-9]

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{HeaderMap, Request};
use axum_server::accept::Accept;
use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::config::Queues;
use crate::rates::{Network, Share, Shares};
use crate::stream::Stream;
use crate::tls::Carrier;

/// See the module.
#[derive(Clone)]
pub(crate) struct Acceptor {
    /// For connections at a stranger's request, which has seconds to come. A socket leaves this room as it is opened, a proof
    /// as it has come whole, and a member's connection as its token is seen.
    room: Arc<Semaphore>,
    /// What of it each network may have, unless it is this machine's own or a proxy's that is believed.
    shares: Arc<Shares>,
    proxies: Arc<[IpNet]>,
    patience: Duration,
    /// TLS, and how long a handshake may take.
    tls: Option<(TlsAcceptor, Duration)>,
}

impl Acceptor {
    /// For clients who may be so slow to read.
    pub(crate) fn new(
        patience: Duration,
        queues: &Queues,
        tls: Option<(TlsAcceptor, Duration)>,
        proxies: Arc<[IpNet]>,
    ) -> Acceptor {
        Acceptor {
            room: Arc::new(Semaphore::new(queues.requests)),
            shares: Shares::new(queues.requests_of_network),
            proxies,
            patience,
            tls,
        }
    }

    /// A place for whoever is at this address: in the room, and of its network's share if it is a stranger's.
    ///
    /// # Errors
    /// [`ErrorKind::QuotaExceeded`] if there is none.
    fn place_for(&self, peer: IpAddr) -> io::Result<Held> {
        let full = || {
            let problem = "too many connections are at their request";
            io::Error::new(ErrorKind::QuotaExceeded, problem)
        };
        let place = self.room.clone().try_acquire_owned();
        let place = place.map_err(|_| full())?;
        let is_proxy = self.proxies.iter().any(|proxy| proxy.contains(&peer));
        let network = Network::of(peer, &HeaderMap::new(), &[]).filter(|_| !is_proxy);
        let share = match network {
            Some(network) => Some(self.shares.take(network).ok_or_else(full)?),
            None => None,
        };
        Ok(Held {
            _place: place,
            _share: share,
            is_members: false,
        })
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for Acceptor {
    type Stream = Stream;
    type Service = Placed<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Stream, Placed<S>)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Also one that has gone already.
        let aborted = |cause| io::Error::new(ErrorKind::ConnectionAborted, cause);
        let held = stream.set_nodelay(true).and_then(|()| stream.peer_addr());
        let held = held.map_err(aborted).and_then(|peer| {
            let peer = peer.ip().to_canonical();
            self.place_for(peer).map(|held| (peer, held))
        });
        let (patience, tls) = (self.patience, self.tls.clone());
        Box::pin(async move {
            let (peer, held) = held?;
            // Whoever is at a handshake holds a place like whoever is at a request.
            let carrier = match tls {
                None => Carrier::Plain(stream),
                Some((tls, within)) => {
                    let shaken = tokio::time::timeout(within, tls.accept(stream)).await;
                    let shaken = shaken.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
                    Carrier::Tls(Box::new(shaken.map_err(aborted)?))
                }
            };
            let seat = Seat {
                peer,
                held: Arc::new(Mutex::new(held)),
            };
            Ok((Stream::new(carrier, patience), Placed { service, seat }))
        })
    }
}

/// What a connection takes up: a place at a stranger's request at first. It is given back when the connection ends or
/// becomes a socket, which has a place of its own.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// The address at the connection's other end.
    pub(crate) peer: IpAddr,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug)]
struct Held {
    _place: OwnedSemaphorePermit,
    /// Its network's place among strangers.
    _share: Option<Share>,
    is_members: bool,
}

impl Seat {
    /// Takes a place in another room for strangers. False if there is none.
    pub(crate) fn change_to_strangers(&self, room: &Arc<Semaphore>) -> bool {
        self.change(room, false)
    }

    /// Takes a place in the room that members share, once. False if there is none.
    pub(crate) fn change_to_members(&self, room: &Arc<Semaphore>) -> bool {
        self.change(room, true)
    }

    fn change(&self, room: &Arc<Semaphore>, is_members: bool) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_members {
            return true;
        }
        let Ok(place) = room.clone().try_acquire_owned() else {
            return false;
        };
        *held = Held {
            _place: place,
            _share: None,
            is_members,
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// With room for four, two of them of one network, and a proxy that is believed.
    fn acceptor() -> Acceptor {
        let queues = Queues {
            requests: 4,
            requests_of_network: 2,
            ..Queues::default()
        };
        let proxies = ["192.0.2.80/32".parse().unwrap()].into();
        Acceptor::new(Duration::ZERO, &queues, None, proxies)
    }

    fn place_for(acceptor: &Acceptor, peer: &str) -> Option<Seat> {
        let peer = peer.parse().unwrap();
        let held = match acceptor.place_for(peer) {
            Ok(held) => held,
            Err(problem) => {
                assert_eq!(problem.kind(), ErrorKind::QuotaExceeded);
                return None;
            }
        };
        let held = Arc::new(Mutex::new(held));
        Some(Seat { peer, held })
    }

    #[test]
    fn one_network_has_not_all_places_and_has_its_own_again_as_it_leaves_them() {
        let acceptor = acceptor();
        let of = |peer: &str| place_for(&acceptor, peer);
        let [first, second] = ["203.0.113.5", "203.0.113.5"].map(|peer| of(peer).unwrap());
        assert!(of("203.0.113.5").is_none(), "these are its two");
        assert_eq!(acceptor.room.available_permits(), 2, "a refusal takes none");
        let other = of("2001:db8:1:2::1").unwrap();
        let _neighbour = of("2001:db8:1:2::2").unwrap();
        assert!(of("203.0.113.6").is_none(), "these were all");
        drop((second, other));
        assert!(of("203.0.113.5").is_some());
        // A socket is counted elsewhere.
        let _again = of("203.0.113.5").unwrap();
        let sockets = Arc::new(Semaphore::new(1));
        assert!(first.change_to_strangers(&sockets));
        assert!(of("203.0.113.5").is_some());
    }

    #[test]
    fn a_believed_proxy_and_this_machine_may_have_all_places() {
        for peer in ["192.0.2.80", "127.0.0.1", "::1"] {
            let acceptor = acceptor();
            let held: Vec<_> = (0..4).map(|_| place_for(&acceptor, peer)).collect();
            assert!(held.iter().all(Option::is_some), "{peer}");
            assert!(place_for(&acceptor, peer).is_none(), "{peer}");
        }
    }

    #[test]
    fn a_place_is_given_back_as_another_is_taken() {
        let [requests, strangers, members] =
            [1, 1, 1].map(|places| Arc::new(Semaphore::new(places)));
        let free = || [&requests, &strangers, &members].map(|room| room.available_permits());
        let place = requests.clone().try_acquire_owned().unwrap();
        let seat = Seat {
            peer: [127, 0, 0, 1].into(),
            held: Arc::new(Mutex::new(Held {
                _place: place,
                _share: None,
                is_members: false,
            })),
        };
        assert_eq!(free(), [0, 1, 1]);
        assert!(seat.change_to_strangers(&strangers));
        assert_eq!(free(), [1, 0, 1]);
        assert!(!seat.change_to_strangers(&strangers), "there is no other");
        assert_eq!(free(), [1, 0, 1]);
        assert!(seat.change_to_members(&members));
        assert_eq!(free(), [1, 1, 0]);
        for room in [&strangers, &members] {
            assert!(seat.change_to_members(room), "once a member's, it stays so");
        }
        assert_eq!(free(), [1, 1, 0]);
        drop(seat);
        assert_eq!(free(), [1, 1, 1]);
    }
}
