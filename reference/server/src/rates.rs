//! How much an account or an address may do in a time. [LIM-7] Whoever does more is told when to come again, and nobody
//! else notices. Each kind of thing has a bucket for each account, or for each network.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use dispatch_protocol::bytes::Id;
use dispatch_protocol::refusal::{Code, Refusal};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;

use crate::config::{Rate, Rates};

/// After how many looks the buckets that are full again are forgotten.
const SWEEP: u64 = 4096;

/// The header by which proxies tell whom they speak for.
const FORWARDED: &str = "x-forwarded-for";

/// See the module.
pub(crate) struct Limiter {
    entries: Option<Buckets<Id>>,
    joins: Option<Buckets<Network>>,
}

impl Limiter {
    /// Everybody's buckets are full.
    pub(crate) fn new(rates: &Rates) -> Limiter {
        Limiter {
            entries: rates.entries.map(|rate| Buckets::new(rate, MonotonicClock)),
            joins: rates.joins.map(|rate| Buckets::new(rate, MonotonicClock)),
        }
    }

    /// Counts an entry that an account hands in.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn entry(&self, account: &Id) -> Result<(), Refusal> {
        let taken = self.entries.as_ref().map(|buckets| buckets.take(account));
        taken.unwrap_or(Ok(())).map_err(|wait| {
            limited(
                "this account has handed in too many entries in a short time; send this one again after retry_after milliseconds",
                wait,
            )
        })
    }

    /// Counts a join that is asked for from a network. None is never limited.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn join(&self, from: Option<Network>) -> Result<(), Refusal> {
        let Some((buckets, from)) = self.joins.as_ref().zip(from) else {
            return Ok(());
        };
        buckets.take(&from).map_err(|wait| {
            limited(
                "too many joins from this address in a short time; ask again after retry_after milliseconds",
                wait,
            )
        })
    }
}

fn limited(detail: &str, wait: u64) -> Refusal {
    Refusal::new(Code::RateLimited, "LIM-7", detail).retry_after(wait)
}

/// Whose joins are counted together: one IPv4 address, or the IPv6 network that a household gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The network of whoever is at the other end: of a connection or, where a proxy that is believed holds that, of the
    /// nearest address behind it that is no such proxy. None on loopback: there the owner is, or a proxy that nobody said
    /// is one, behind which everybody would pay for one.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> Option<Network> {
        let is_proxy = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
        let mut address = peer.to_canonical();
        // Each proxy appends whom it got the request from. What stands further left may be anybody's invention.
        let told = headers.get_all(FORWARDED).iter().rev();
        let told = told.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let mut is_readable = true;
        for told in told {
            if !is_proxy(&address) {
                break;
            }
            let Some(next) = address_of(told) else {
                // Whoever it is, is counted with the proxy.
                is_readable = false;
                break;
            };
            address = next.to_canonical();
        }
        match address {
            address if address.is_loopback() && is_readable => None,
            IpAddr::V4(_) => Some(Network(address)),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                Some(Network(Ipv6Addr::from_bits(network).into()))
            }
        }
    }
}

/// An address as proxies write it: bare, or with a port.
fn address_of(told: &[u8]) -> Option<IpAddr> {
    let told = std::str::from_utf8(told).ok()?.trim();
    let bare = told
        .strip_prefix('[')
        .and_then(|told| told.strip_suffix(']'));
    let with_port = || told.parse::<SocketAddr>().map(|address| address.ip());
    bare.unwrap_or(told).parse().or_else(|_| with_port()).ok()
}

/// How many of a kind of places each network has, so that nobody has them all. // [LIM-9]
#[derive(Debug)]
pub(crate) struct Shares {
    most: usize,
    held: Mutex<HashMap<Network, usize>>,
}

impl Shares {
    /// So many places at most for each.
    pub(crate) fn new(most: usize) -> Arc<Shares> {
        let held = Mutex::default();
        Arc::new(Shares { most, held })
    }

    /// Takes one, if the network has not too many.
    pub(crate) fn take(self: &Arc<Self>, network: Network) -> Option<Share> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(network).or_default();
        (*count < self.most).then(|| {
            *count += 1;
            Share(self.clone(), network)
        })
    }
}

/// A place of a network's, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share(Arc<Shares>, Network);

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.1);
            }
        }
    }
}

#[cfg(feature = "fuzzing")]
impl Network {
    /// The address, or an IPv6 network's first one.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }
}

/// A bucket for each of many.
struct Buckets<K: Hash + Eq + Clone, C: Clock = MonotonicClock> {
    limiter: RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    looks: AtomicU64,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Buckets<K, C> {
    fn new(rate: Rate, clock: C) -> Buckets<K, C> {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Buckets {
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            looks: AtomicU64::new(0),
        }
    }

    /// Takes one out, or says in how many milliseconds there will be one.
    fn take(&self, key: &K) -> Result<(), u64> {
        if self.looks.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            // Rounded up: whoever waits so long is let through.
            u64::try_from(wait.as_nanos().div_ceil(1_000_000))
                .unwrap_or(u64::MAX)
                .max(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use axum::http::HeaderValue;
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        let [per_second, burst] = [per_second, burst].map(|n| NonZeroU32::new(n).unwrap());
        Rate { per_second, burst }
    }

    #[test]
    fn who_waits_as_long_as_told_is_let_through_and_no_sooner() {
        let clock = FakeRelativeClock::default();
        let buckets = Buckets::new(rate(3, 5), clock.clone());
        for _ in 0..5 {
            assert_eq!(buckets.take(&"a"), Ok(()));
        }
        let wait = buckets.take(&"a").unwrap_err();
        assert_eq!(wait, 334);
        assert_eq!(buckets.take(&"b"), Ok(()), "everybody has a bucket");
        clock.advance(Duration::from_millis(wait - 2));
        assert!(buckets.take(&"a").is_err());
        clock.advance(Duration::from_millis(2));
        assert_eq!(buckets.take(&"a"), Ok(()));
        assert!(buckets.take(&"a").is_err());
    }

    #[test]
    fn those_whose_buckets_are_full_again_take_no_memory() {
        let clock = FakeRelativeClock::default();
        let buckets = Buckets::new(rate(10, 10), clock.clone());
        for number in 0..3 * SWEEP {
            clock.advance(Duration::from_millis(100));
            buckets.take(&number).unwrap();
        }
        assert!(
            buckets.limiter.len() <= SWEEP as usize + 1,
            "{}",
            buckets.limiter.len()
        );
    }

    #[test]
    fn nobody_has_all_places_and_who_gives_one_back_may_have_another() {
        let network = |text: &str| {
            let peer = text.parse().unwrap();
            Network::of(peer, &HeaderMap::new(), &[]).unwrap()
        };
        let shares = Shares::new(2);
        let mut held: Vec<_> = (0..2)
            .map(|_| shares.take(network("192.0.2.1")).unwrap())
            .collect();
        assert!(shares.take(network("192.0.2.1")).is_none());
        assert!(shares.take(network("192.0.2.2")).is_some());
        held.pop();
        assert!(shares.take(network("192.0.2.1")).is_some());
        drop(held);
        assert!(
            shares.held.lock().unwrap().is_empty(),
            "nothing is kept of who is gone"
        );
    }

    #[test]
    fn a_network_is_told_from_the_nearest_address_that_is_no_believed_proxy() {
        let proxies: Vec<IpNet> = ["127.0.0.1/32", "10.0.0.0/8"]
            .map(|text| text.parse().unwrap())
            .into();
        let of = |peer: &str, told: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in told {
                headers.append(FORWARDED, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            let network = Network::of(peer.parse().unwrap(), &headers, &proxies);
            network.map(|network| network.0.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("192.0.2.7", &[]), some("192.0.2.7"));
        assert_eq!(
            of("192.0.2.7", &["198.51.100.1"]),
            some("192.0.2.7"),
            "not a proxy of ours"
        );
        assert_eq!(of("127.0.0.1", &["198.51.100.1"]), some("198.51.100.1"));
        assert_eq!(
            of("127.0.0.1", &["203.0.113.9, 198.51.100.1,10.1.2.3"]),
            some("198.51.100.1")
        );
        assert_eq!(
            of("127.0.0.1", &["203.0.113.9", "198.51.100.1"]),
            some("198.51.100.1")
        );
        assert_eq!(
            of("::ffff:127.0.0.1", &["198.51.100.1"]),
            some("198.51.100.1")
        );
        assert_eq!(of("127.0.0.1", &[]), None, "a proxy that says nothing");
        // What cannot be read frees nobody.
        for line in ["unknown", "198.51.100.1, x", ""] {
            assert_eq!(of("127.0.0.1", &[line]), some("127.0.0.1"), "{line}");
        }
        assert_eq!(
            of("127.0.0.1", &["\u{e9}, 198.51.100.1"]),
            some("198.51.100.1")
        );
        assert_eq!(
            of("127.0.0.1", &["198.51.100.1:5555"]),
            some("198.51.100.1")
        );
        assert_eq!(
            of("127.0.0.1", &["[2001:db8:1:2::9]:5555"]),
            some("2001:db8:1:2::")
        );
        assert_eq!(
            of("127.0.0.1", &["[2001:db8:1:2::9]"]),
            some("2001:db8:1:2::")
        );
        assert_eq!(of("10.0.0.1", &["unknown"]), some("10.0.0.1"));
        assert_eq!(
            of("::1", &["198.51.100.1"]),
            None,
            "not believed, and on this machine"
        );
        assert_eq!(
            of("127.0.0.1", &["2001:db8:1:2:3:4:5:6"]),
            some("2001:db8:1:2::")
        );
        assert_eq!(of("2001:db8:1:2:ffff::1", &[]), some("2001:db8:1:2::"));
    }
}
