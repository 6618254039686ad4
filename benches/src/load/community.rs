//! A community for one load, in a temporary folder that goes with it: the reference's own founding, an allowlist of new keys,
//! and no limit of rates.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use dispatch_protocol::key::{KeyPair, PublicKey};
use dispatch_server::{Config, Founding, init};

use super::Problem;
use crate::keys;

/// See the module.
pub struct Community {
    folder: tempfile::TempDir,
    /// The members' keys.
    pub keys: Vec<Arc<KeyPair>>,
}

/// What a load needs to be otherwise than an owner has it.
pub(crate) const SETTINGS: [(&str, &str); 5] = [
    ("entries_per_second", "0"),
    ("joins_per_second", "0"),
    // Sockets on which nobody joins stay open for a load, in which they are idle.
    ("join_ms", "600000"),
    ("strangers", "16384"),
    ("connections", "16384"),
];

impl Community {
    /// Founds one with so many members, besides its authority.
    ///
    /// # Errors
    /// No room for its folder.
    pub fn found(members: usize) -> Result<Community, Problem> {
        let folder = tempfile::tempdir().map_err(Problem::at("no temporary folder"))?;
        Community::found_in(folder, members, Founding::default())
    }

    /// Founds one in a folder, beside what is there already, with so many members besides those of a founding.
    ///
    /// # Errors
    /// A founding that cannot be.
    pub fn found_in(
        folder: tempfile::TempDir,
        members: usize,
        mut founding: Founding,
    ) -> Result<Community, Problem> {
        let keys: Vec<_> = keys::make(members).into_iter().map(Arc::new).collect();
        let allow = folder.path().join("members");
        let listed: String = keys.iter().map(|key| pem(key.public())).collect();
        fs::write(&allow, listed).map_err(Problem::at(allow.display()))?;
        founding.bind = ([127, 0, 0, 1], 0).into();
        founding.allow.push(allow);
        let community = Community { folder, keys };
        init(&community.path(), &founding).map_err(Problem::at("the founding"))?;
        settle(&community.path())?;
        Ok(community)
    }

    /// The community's folder, as `dispatchd serve` takes it.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("community")
    }

    /// Its configuration, for a server within this process.
    ///
    /// # Errors
    /// A configuration that does not load.
    pub fn config(&self) -> Result<Config, Problem> {
        Config::load(&self.path()).map_err(Problem::at("the configuration"))
    }
}

/// Lets a community's folder be configured as a load needs it.
///
/// # Errors
/// A configuration that lacks a setting which is changed.
pub fn settle(folder: &Path) -> Result<(), Problem> {
    let path = folder.join("dispatchd.toml");
    let text = fs::read_to_string(&path).map_err(Problem::at(path.display()))?;
    let mut found = 0;
    let lines = text.lines().map(|line| {
        let name = line.split(' ').next().unwrap_or(line);
        match SETTINGS.iter().find(|(setting, _)| *setting == name) {
            Some((setting, value)) => {
                found += 1;
                format!("{setting} = {value}\n")
            }
            None => format!("{line}\n"),
        }
    });
    let text: String = lines.collect();
    if found != SETTINGS.len() {
        let words = "the configuration that was founded lacks a setting that the load changes";
        return Err(Problem::new(words));
    }
    fs::write(&path, text).map_err(Problem::at(path.display()))
}

/// Reads members' private keys (PKCS#8 in PEM): every `.pem` file of a folder, in the order of their names.
///
/// # Errors
/// No such folder or no key in it; a file that is none.
pub fn keys_in(folder: &Path) -> Result<Vec<Arc<KeyPair>>, Problem> {
    let listing = fs::read_dir(folder).map_err(Problem::at(folder.display()))?;
    let mut paths: Vec<PathBuf> = listing
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        let words = format!(
            "{}: no .pem file of a member's key is in it",
            folder.display()
        );
        return Err(Problem::new(words));
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(Problem::at(path.display()))?;
        let key = KeyPair::from_pkcs8_pem(&text).map_err(Problem::at(path.display()))?;
        Ok(Arc::new(key))
    };
    paths.into_iter().map(read).collect()
}

/// A public key as an allowlist has it.
pub(crate) fn pem(key: &PublicKey) -> String {
    let letters = BASE64.encode(key.der());
    let lines: Vec<String> = letters
        .as_bytes()
        .chunks(64)
        .map(|line| line.iter().map(|&letter| char::from(letter)).collect())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
