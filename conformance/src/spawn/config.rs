//! What a spawned server is told: one JSON file, which `conformance/spawn/config.schema.json` describes.

use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The value of `format`.
pub const FORMAT: &str = "dispatch-d/1 server under test";

/// The limits that every configuration holds, unless a case asks for others: the specification's defaults, but a challenge
/// short enough to be waited for.
const LIMITS: [(&str, u64); 7] = [
    ("frame_bytes", 262_144),
    ("ciphertext_bytes", 65_536),
    ("wraps", 1024),
    ("skew_ms", 600_000),
    ("session_ms", 21_600_000),
    ("challenge_ms", 2000),
    ("checkpoint_ms", 1000),
];

/// The configuration of a server under test. A reader ignores members that it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerConfig {
    /// [`FORMAT`].
    pub format: String,
    /// Where to listen: an address of this machine and a port that was free just now.
    pub listen: SocketAddr,
    /// The server's one own origin (JOIN-2).
    pub origin: String,
    /// The folder for everything that it stores. It is there, and empty before the first start.
    pub data_dir: PathBuf,
    /// The community's name, for genesis.
    pub community_name: String,
    /// The authority's private key, PKCS#8 in PEM.
    pub authority_key: PathBuf,
    /// The server's private key, PKCS#8 in PEM.
    pub server_key: PathBuf,
    /// The accounts to put on the roster: public keys in PEM, one behind the other.
    pub allowlist: PathBuf,
    /// All limits of the specification's chapter on errors and limits, by name.
    pub limits: BTreeMap<String, u64>,
}

impl ServerConfig {
    /// The limits of a case: the usual ones with its own in their place.
    pub fn limits_with(own: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        let mut limits: BTreeMap<String, u64> = LIMITS
            .into_iter()
            .map(|(name, limit)| (name.to_owned(), limit))
            .collect();
        limits.extend(own.clone());
        limits
    }

    /// Reads a file.
    ///
    /// # Errors
    /// In words, if it cannot be read or is of another form.
    pub fn read(path: &Path) -> Result<Self, String> {
        let told = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let text = fs::read_to_string(path).map_err(|error| told(&error))?;
        let config: Self = serde_json::from_str(&text).map_err(|error| told(&error))?;
        if config.format != FORMAT {
            return Err(told(&format!("its `format` is not \"{FORMAT}\"")));
        }
        Ok(config)
    }

    /// Writes the file, a member a line.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        fs::write(path, text + "\n")
    }
}
