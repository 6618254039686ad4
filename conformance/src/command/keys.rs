//! `keys`: the test accounts' keys as files, ready for a server's allowlist.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{Library, complain};
use crate::{control, exit::Exit, key_files};

/// The file of a community's first blocks.
const FOUNDING: &str = "founding.json";

#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder to write to; it is made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn execute(arguments: &Arguments, library: &Library) -> Exit {
    let folder = &arguments.folder;
    if let Err(error) = fs::create_dir_all(folder) {
        return complain(Exit::Usage, &format!("{}: {error}", folder.display()));
    }
    let mut written = 0;
    for (path, text) in library.corpus.folder("vectors/keys") {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name == "README.md" {
            continue;
        }
        let file = folder.join(name);
        if let Err(error) = key_files::write(&file, text) {
            return complain(Exit::Usage, &format!("{}: {error}", file.display()));
        }
        written += 1;
    }
    if written == 0 {
        return complain(Exit::Usage, "the vectors hold no keys");
    }
    if let Err(why) = found(&folder.join(FOUNDING)) {
        return complain(Exit::Usage, &why);
    }
    anstream::println!("{}", advice(&folder.display().to_string(), written));
    Exit::Conformant
}

/// Writes the first blocks of a community. Those that are there stay: a server's chain may stand on them already.
fn found(path: &Path) -> Result<(), String> {
    if path.exists() {
        return Ok(());
    }
    let blocks = control::founding("dispatch-conformance")?;
    let text = serde_json::to_string_pretty(&blocks).map_err(|error| error.to_string())?;
    fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
}

fn advice(folder: &str, written: usize) -> String {
    format!(
        "{written} files in {folder}. These keys are PUBLIC: never put one on the roster of a community that matters.

  allowlist.pem      the public keys of the test members, in PEM
  authorized_keys    the same, as OpenSSH writes them
  accounts.json      every test account: name, role, id, public key, card
  *.test-key.pem     the private keys, PKCS#8, readable by their owner alone
  founding.json      the first two blocks of a community of these accounts, genesis and the roster: a chain to begin with

dispatchd:
  dispatchd init community --authority-key {folder}/authority.test-key.pem --server-key {folder}/server.test-key.pem \\
      --allow {folder}/allowlist.pem --challenge-seconds 2
  dispatchd serve community
  dispatch-conformance run ws://127.0.0.1:7311

any server:
  1. found a community whose authority is the key of authority.test-key.pem, or begin with the blocks of founding.json and
     the key of server.test-key.pem. If its authority must be another one, put the keys of allowlist.pem on the roster, and
     give the suite that key with --authority-key FILE, or declare --without authority
  2. let challenge_ms be at most 5000, or declare --without short-challenge
  3. dispatch-conformance run ws://HOST:PORT --wait-ready 30"
    )
}
