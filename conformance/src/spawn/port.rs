//! A port for a server that is to be started, killed and started again on the same one.
//!
//! A port that the system hands out can become the near end of anybody's outgoing connection while the server is down,
//! so one is taken that the system does not hand out.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
};

use crate::codec::randomness::{Randomness, System};

/// Where to look where the system does not say what it hands out.
const USUAL: Range<u16> = 20_000..32_000;
const TRIES: usize = 200;

/// A port of 127.0.0.1 on which nobody listens.
///
/// # Errors
/// If there is none.
pub(super) fn free() -> std::io::Result<SocketAddr> {
    let range = below_what_is_handed_out();
    let width = u32::from(range.end - range.start);
    for _ in 0..TRIES {
        let [a, b, c, d, ..] = System.hash();
        let offset = u32::from_be_bytes([a, b, c, d]) % width;
        let port = range.start + u16::try_from(offset).unwrap_or_default();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn below_what_is_handed_out() -> Range<u16> {
    let told = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first: Option<u16> = told
        .split_whitespace()
        .next()
        .and_then(|first| first.parse().ok());
    match first {
        Some(first) if first > USUAL.start + 1000 => USUAL.start..first.min(USUAL.end),
        _ => USUAL,
    }
}
