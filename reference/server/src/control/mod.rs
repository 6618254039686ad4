//! The control socket: a Unix-domain socket beside the store, by which a program of the server's own user hands in what the
//! authority has signed while the server runs. It opens nothing that a member's connection does not: each entry goes the way
//! of every other, and is judged by the same rules. A line of JSON is asked, a line of JSON is answered.
//!
//! Not for members, and not for a network: who may open the file is the system's to say.

#[cfg(unix)]
mod caller;
#[cfg(unix)]
mod socket;

use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::{Hash, Id};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[cfg(unix)]
pub(crate) use caller::{Caller, Outcome};
#[cfg(unix)]
pub(crate) use socket::ControlSocket;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Where the authority's next entry has to go on from.
    Standing,
    /// Append this entry of the authority.
    Entry(Box<RawValue>),
    /// Whether nothing of a redacted ciphertext is left in the store's files; waits for it a while.
    Swept,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// See [`Standing`].
    Standing(Standing),
    /// The entry stands in this block, which is durable.
    Accepted(u64),
    /// The entry, or the line, was not taken.
    Refused {
        /// A code of the protocol.
        code: String,
        /// For people.
        detail: String,
    },
    /// Whether the files are clean.
    Swept(bool),
}

/// The chain as it is durable, and the authority's place in it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// The community's id.
    pub(crate) community: Id,
    /// The number of blocks.
    pub(crate) size: u64,
    /// The hash of the last one.
    pub(crate) head: Hash,
    /// The `seq` of the authority's next entry.
    pub(crate) seq: u64,
}

/// Where the control socket of a store's server is.
pub(crate) fn path_of(store: &Path) -> PathBuf {
    // Whatever link the store is called by: it has one server.
    let store = store.canonicalize().unwrap_or_else(|_| store.to_owned());
    let mut path = store.into_os_string();
    path.push(".sock");
    path.into()
}

/// Whether the system can name a socket by this path: there are some hundred bytes for it.
#[cfg(unix)]
pub(crate) fn fits(path: &Path) -> bool {
    std::os::unix::net::SocketAddr::from_pathname(path).is_ok()
}
