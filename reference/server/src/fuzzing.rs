//! What bytes from outside meet first in here, one function each, for the fuzz targets in `fuzz/` alone. It is behind a feature,
//! and not behind `cfg(fuzzing)`, so that the lints and compilers that see everything else see it, too; nothing in it is
//! promised to anybody.

use std::path::Path;

use dispatch_protocol::entry::Body;

use crate::ledger::record;
use crate::{Config, allowlist, key_file};

pub use crate::http::fuzzing as http;

/// A configuration's text: what it comes to, or its one line.
pub fn configuration(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("dispatchd.toml"), text).map_err(|error| error.to_string())
}

/// A key of an allowlist: its DER, and its name.
pub type Named = (Vec<u8>, Option<String>);

/// An allowlist's bytes: its keys, or its one line.
pub fn allowlist(bytes: &[u8]) -> Result<Vec<Named>, String> {
    let listed = allowlist::text_of(bytes).and_then(allowlist::parse);
    let listed = listed.map_err(|mistake| mistake.to_string())?;
    Ok(listed
        .into_iter()
        .map(|key| (key.key.der().to_vec(), key.name))
        .collect())
}

/// A private key's file: its public half in DER, or its one line.
pub fn private_key(text: &str) -> Result<Vec<u8>, String> {
    let pair = key_file::parse(Path::new("key.pem"), text).map_err(|error| error.to_string())?;
    Ok(pair.public().der().to_vec())
}

/// A body as a store keeps it: read, and written again.
pub fn record(kind: u8, bytes: &[u8]) -> Option<(Body, u8, Vec<u8>)> {
    let body = record::read(kind, bytes, None)?;
    let again = record::write(&body);
    Some((body.clone(), record::number_of(body.kind()), again))
}
