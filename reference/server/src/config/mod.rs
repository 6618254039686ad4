//! What a server is told: where it listens, what it is called from outside, where its files lie, what it bounds.
//! Reading `dispatchd.toml` is `file`. Nothing here opens a store or a key.

mod database;
mod file;
mod queues;
mod sections;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::wire::Transport;
use ipnet::IpNet;

pub use database::DatabaseAddress;
pub(crate) use file::{FILE_NAME, Log, LogFormat, check_transports, file_in, set_limit};
pub use queues::Queues;
pub use sections::{Rate, Rates, TlsFiles};

use crate::origin::Origin;

/// The configuration of one server. [`Config::load`] reads it from `dispatchd.toml`; an embedder takes it from
/// [`init`](crate::init()) and changes the fields that it cares about.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 takes any that is free.
    pub bind: SocketAddr,
    /// The origins by which clients dial this server (JOIN-2). Where there is none, the bound address's own is taken,
    /// and `localhost` with the same port beside a loopback one.
    pub origins: Vec<Origin>,
    /// The origins of web pages that may open a socket (WS-5) and read answers (HTTP-12); none means the same as `origins`.
    pub page_origins: Option<Vec<Origin>>,
    /// What is offered, and listed in the discovery document (DISC-3). Sessions begin on a socket or by HTTP, so that one
    /// of the two must be among them.
    pub transports: Vec<Transport>,
    /// Whether the chat app is served at `/`.
    pub app: bool,
    /// The community's id: a store that holds another one is refused.
    pub community: Option<Id>,
    /// The SQLite file that holds the chain, unless a database does.
    pub store: PathBuf,
    /// The PostgreSQL database that holds the chain, if one does.
    pub database: Option<DatabaseAddress>,
    /// The server key, PKCS#8 in PEM.
    pub server_key: PathBuf,
    /// The authority's key, if this server holds it: without it the allowlist is not used.
    pub authority_key: Option<PathBuf>,
    /// The allowlist's file, if one is used.
    pub allowlist: Option<PathBuf>,
    /// What the server advertises and enforces.
    pub limits: Limits,
    /// What an account or an address may do in a time (LIM-7).
    pub rates: Rates,
    /// How much may gather in memory.
    pub queues: Queues,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpNet>,
    /// The certificate, where the server speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// Where `/metrics` is shown, if at all. Port 0 takes any that is free.
    pub metrics: Option<SocketAddr>,
    /// How long a write to a client may take before the client is `slow_reader` (SYNC-4).
    pub slow_reader: Duration,
    /// How long a connection may go without a join (WS-8), and the body of a member's request may take to come.
    pub join_within: Duration,
    /// How long a shutdown may take.
    pub shutdown_within: Duration,
    /// The most connections of members at a time, and sockets on which nobody has joined yet.
    pub connections: usize,
    pub(crate) log: file::Log,
}

impl Config {
    /// The defaults around the paths that have none.
    pub(crate) fn new(bind: SocketAddr, store: PathBuf, server_key: PathBuf) -> Config {
        Config {
            bind,
            origins: Vec::new(),
            page_origins: None,
            transports: vec![Transport::Ws, Transport::Http, Transport::Sse],
            app: true,
            community: None,
            store,
            database: None,
            server_key,
            authority_key: None,
            allowlist: None,
            limits: Limits::default(),
            rates: Rates::default(),
            queues: Queues::default(),
            proxies: Vec::new(),
            tls: None,
            metrics: None,
            slow_reader: Duration::from_secs(30),
            join_within: Duration::from_secs(30),
            shutdown_within: Duration::from_secs(10),
            connections: 16_384,
            log: file::Log::default(),
        }
    }
}
