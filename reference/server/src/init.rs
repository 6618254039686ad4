//! Founds a community: keys, block 0, the first checkpoint, an allowlist and a configuration that explains itself.
//!
//! Everything is made in a [new folder](NewFolder), whole or not at all.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{State, found};
use dispatch_protocol::key::{KeyPair, ModulusBits};
use dispatch_protocol::limits::Limits;

use crate::allowlist::{self, TEMPLATE};
use crate::config::FILE_NAME;
use crate::error::{Error, at};
use crate::ledger::{Ledger, SqliteLedger};
use crate::new_folder::{
    ALLOWLIST, AUTHORITY_KEY, NewFolder, SERVER_KEY, STORE, STORE_FOLDER, make_dir, sync, write,
};
use crate::origin::Origin;
use crate::writer::Tip;
use crate::{Config, checkpointer, clock, key_file};

/// What a new community is to be. `Default` makes both keys, and listens on 127.0.0.1:7311.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Its name, 1 to 128 bytes.
    pub name: String,
    /// Where its server listens.
    pub bind: SocketAddr,
    /// The origins by which its server is dialled; none means the bound address's own.
    pub origins: Vec<String>,
    /// The authority's private key (PKCS#8 in PEM), which stays where it is; none means that one is made.
    pub authority_key: Option<PathBuf>,
    /// The server's private key, likewise.
    pub server_key: Option<PathBuf>,
    /// Files of public keys for the allowlist.
    pub allow: Vec<PathBuf>,
    /// What the server bounds.
    pub limits: Limits,
}

impl Default for Founding {
    fn default() -> Founding {
        Founding {
            name: "A dispatch-d community".to_owned(),
            bind: SocketAddr::from(([127, 0, 0, 1], 7311)),
            origins: Vec::new(),
            authority_key: None,
            server_key: None,
            allow: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// Founds a community in a folder that does not exist or is empty, and gives its configuration as it was written there.
///
/// # Errors
/// [`Error`]: something in the way, a bad key, origin, name or limit. Nothing is left behind then.
pub fn init(dir: &Path, founding: &Founding) -> Result<Config, Error> {
    // Everything that can be refused is looked at before anything is written.
    founding
        .limits
        .check()
        .map_err(|problem| Error::configuration(problem.to_string()))?;
    let origins = founding
        .origins
        .iter()
        .map(|origin| Origin::parse(origin))
        .collect::<Result<Vec<_>, _>>();
    let origins = origins.map_err(Error::configuration)?;
    if origins.is_empty() && founding.bind.ip().is_unspecified() {
        let hint = "say with --origin by which URL members dial the server";
        return Err(Error::configuration(format!(
            "{} is an address that nobody dials; {hint}",
            founding.bind
        )));
    }
    let given_authority = founding
        .authority_key
        .as_deref()
        .map(key_file::read)
        .transpose()?;
    let given_server = founding
        .server_key
        .as_deref()
        .map(key_file::read)
        .transpose()?;
    let members = read_members(&founding.allow)?;
    let folder = NewFolder::prepare(dir)?;
    let staging = folder.staging();

    let authority = given_or_made(
        given_authority,
        ModulusBits::Bits3072,
        &staging.join(AUTHORITY_KEY),
    )?;
    let server_key = given_or_made(
        given_server,
        ModulusBits::Bits2048,
        &staging.join(SERVER_KEY),
    )?;
    let genesis = found(
        &founding.name,
        &authority,
        server_key.public(),
        clock::now(),
    )
    .map_err(|refusal| Error::configuration(refusal.detail))?;
    let (state, _) = State::from_genesis(genesis.clone())
        .map_err(|finding| Error::Failed(finding.to_string()))?;
    make_dir(&staging.join(STORE_FOLDER), false)?;
    let store = staging.join(STORE);
    let mut ledger = SqliteLedger::create(&store, &genesis)?;
    ledger.keep(&checkpointer::sign(Tip::of(&state), 0, &server_key))?;
    ledger.sweep()?;
    drop(ledger);
    fs::remove_file(lock_of(&store)).map_err(at(&store))?;
    sync(&staging.join(STORE_FOLDER))?;
    write(&staging.join(ALLOWLIST), &format!("{TEMPLATE}{members}"))?;
    write(
        &staging.join(FILE_NAME),
        &configuration(founding, &origins, state.community())?,
    )?;
    folder.commit()?;
    Config::load(dir)
}

fn given_or_made(given: Option<KeyPair>, bits: ModulusBits, path: &Path) -> Result<KeyPair, Error> {
    if let Some(pair) = given {
        return Ok(pair);
    }
    let pair = KeyPair::generate(bits).map_err(|cause| Error::Failed(cause.to_string()))?;
    key_file::create(path, &pair)?;
    Ok(pair)
}

/// The texts of the files for the allowlist, each one checked.
fn read_members(files: &[PathBuf]) -> Result<String, Error> {
    let mut text = String::new();
    for path in files {
        if allowlist::read(path)?.is_empty() {
            return Err(Error::file(path, "there is no public key in it"));
        }
        text.push_str(&fs::read_to_string(path).map_err(at(path))?);
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    Ok(text)
}

fn configuration(founding: &Founding, origins: &[Origin], community: Id) -> Result<String, Error> {
    let own_path = |given: &Option<PathBuf>, made: &str| -> Result<String, Error> {
        let Some(path) = given else {
            return Ok(quoted(made));
        };
        let path = std::path::absolute(path).map_err(at(path))?;
        let text = path
            .to_str()
            .ok_or_else(|| Error::file(&path, "the path is not UTF-8 text"))?;
        Ok(quoted(text))
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
    Ok(format!(
        "\
# The server of a dispatch-d community. Paths are relative to this file. A change takes effect at the next start.

# The community's id: members compare it with the one on their invitation. A store that holds another is refused.
community = {community}

# Where to listen. A server that faces a network stands behind a proxy that speaks TLS, or members' tokens can be read.
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

# The chain: everything that was ever said. Back it up with `dispatchd backup`, never by copying it alone.
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

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The file by whose lock a store has one writer.
pub(crate) fn lock_of(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}
