//! The configuration that a founding writes: every setting with what it means and its default, so that an owner need not
//! look anywhere else.

use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::limits::Limits;

use super::{ALLOWLIST, AUTHORITY_KEY, Founding, SERVER_KEY, STORE};
use crate::config::{Queues, Rate, Rates};
use crate::error::{Error, at};
use crate::origin::Origin;

/// The text of `dispatchd.toml`.
///
/// # Errors
/// If a key's path cannot be written into it.
pub(super) fn configuration(
    founding: &Founding,
    origins: &[Origin],
    community: Id,
) -> Result<String, Error> {
    let own_path = |given: &Option<PathBuf>, made: &str| -> Result<String, Error> {
        match given {
            Some(path) => Ok(quoted(&absolute(path)?)),
            None => Ok(quoted(made)),
        }
    };
    let origins = match origins {
        [] => format!("# origins = [\"http://{}\"]", founding.bind),
        some => format!(
            "origins = [{}]",
            some.iter()
                .map(|origin| quoted(origin.as_str()))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let limits = &founding.limits;
    let values = [
        (
            "frame_bytes",
            limits.frame_bytes,
            "a client's frame, in bytes",
        ),
        (
            "ciphertext_bytes",
            limits.ciphertext_bytes,
            "a message's ciphertext, in bytes",
        ),
        ("wraps", limits.wraps, "wraps of one epoch or share"),
        (
            "skew_ms",
            limits.skew_ms,
            "how far a member's clock may be off",
        ),
        ("session_ms", limits.session_ms, "a session's life"),
        (
            "challenge_ms",
            limits.challenge_ms,
            "how long a challenge may be proved",
        ),
        (
            "checkpoint_ms",
            limits.checkpoint_ms,
            "how late a checkpoint may be",
        ),
    ];
    let limits: String = values
        .iter()
        .map(|(name, value, what)| {
            let (_, least, most) = Limits::BOUNDS
                .into_iter()
                .find(|(bounded, ..)| bounded == name)
                .unwrap_or((name, 0, *value));
            format!(
                "{:<28}# {what}; {least} to {most}\n",
                format!("{name} = {value}")
            )
        })
        .collect();
    let tls = match &founding.tls {
        Some(files) => format!(
            "[tls]\ncertificate = {}\nkey = {}",
            quoted(&absolute(&files.certificate)?),
            quoted(&absolute(&files.key)?)
        ),
        None => "# [tls]\n\
             # certificate = \"/etc/letsencrypt/live/chat.example.org/fullchain.pem\"\n\
             # key = \"/etc/letsencrypt/live/chat.example.org/privkey.pem\""
            .to_owned(),
    };
    let usual = Rates::default();
    let rate = |what: &str, rate: Option<Rate>, whose: &str| {
        let (per_second, burst) =
            rate.map_or((0, 1), |rate| (rate.per_second.get(), rate.burst.get()));
        let per_second = format!("{what}_per_second = {per_second}");
        let burst = format!("{what}_burst = {burst}");
        format!(
            "{per_second:<28}# {whose}, in the long run\n{burst:<28}# and at once after a pause\n"
        )
    };
    let rates = rate("entries", usual.entries, "entries of an account")
        + &rate("joins", usual.joins, "joins from an address");
    let queues = Queues::default().text();
    Ok(format!(
        "\
# The server of a dispatch-d community. Paths are relative to this file. A change takes effect at the next start.

# The community's id: members compare it with the one on their invitation. A store that holds another is refused.
community = {community}

# Where to listen. A server that faces a network speaks TLS (see [tls] below) or stands behind a proxy that does, or
# members' tokens can be read.
bind = {bind}

# The origins by which members dial this server, as a browser shows them, such as \"https://chat.example.org\". A join is
# signed for one of them. Without any, the bound address is taken.
{origins}

# The origins of web pages that may use this server; without this line the same as origins.
# page_origins = [\"https://app.example.org\"]

# What clients may speak: WebSocket, plain HTTP with long-polling, server-sent events. What is left out answers 404.
transports = [\"ws\", \"http\", \"sse\"]

# Whether the chat app is served at the origins. Members open it by their invitation.
app = true

# The chain: everything that was ever said. `dispatchd backup` copies it while the server runs; a plain copy may be torn.
store = {store}

# Signs welcomes and checkpoints. Whoever has it can pass for this server.
server_key = {server_key}

# Signs the roster. Whoever has it decides who is a member. dispatchd needs it to follow the allowlist; without this line
# and the next one, roster entries come from a client that holds the key.
authority_key = {authority_key}
allowlist = {allowlist}

# How long a client may take to read what it is sent, and a connection to join or a request's body to come.
slow_reader_ms = 30000
join_ms = 30000

# How long a stop may take, and how many connections there may be at a time: sockets, streams and requests of members.
shutdown_ms = 10000
connections = 16384

# Proxies whose X-Forwarded-For is believed, as addresses or networks. Without it all who come through a proxy on another
# machine count as one address; joins from this machine itself are never counted.
# proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]

# Where Prometheus finds /metrics, besides /healthz and /readyz. Not for everybody: they tell how busy the community is.
# metrics = \"127.0.0.1:7312\"

# What an account or an address may do in a time. Whoever does more is refused with rate_limited and told when to come
# again. 0 a second stands for no bound.
[rates]
{rates}
# How much may gather in memory, and what happens when it is full: somebody waits or is turned away. What was acknowledged
# is in the store and cannot be lost.
[queues]
{queues}
# TLS without a proxy. Both files are read again when they change. The key is for the server's user and group alone.
{tls}

[limits]
{limits}
[log]
format = \"human\"            # or \"json\"
level = \"info\"              # or \"warn\", \"debug\", or a filter such as \"dispatch_server=debug\"
",
        community = quoted(&community.to_string()),
        bind = quoted(&founding.bind.to_string()),
        store = quoted(STORE),
        server_key = own_path(&founding.server_key, SERVER_KEY)?,
        authority_key = own_path(&founding.authority_key, AUTHORITY_KEY)?,
        allowlist = quoted(ALLOWLIST),
    ))
}

fn absolute(path: &Path) -> Result<String, Error> {
    let path = std::path::absolute(path).map_err(at(path))?;
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::file(&path, "the path is not UTF-8 text"))
}

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
