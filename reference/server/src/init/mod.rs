//! Founds a community: keys, block 0, the first checkpoint, an allowlist and a configuration that explains itself.
//!
//! Everything is made in a folder inside the new one and moved to its place at the end, `dispatchd.toml` last: a folder
//! without it holds no community. What an interrupted founding leaves behind was never used, and the next one clears it
//! away; what a refused one made is removed at once.

mod configuration;

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dispatch_protocol::chain::{State, found};
use dispatch_protocol::key::{KeyPair, ModulusBits};
use dispatch_protocol::limits::Limits;

use configuration::configuration;

use crate::allowlist::{self, TEMPLATE};
use crate::config::{FILE_NAME, TlsFiles};
use crate::error::{Error, at};
use crate::ledger::{Ledger, SqliteLedger};
use crate::origin::Origin;
use crate::writer::Tip;
use crate::{Config, checkpointer, clock, key_file, tls};

const STAGING: &str = ".dispatchd-init";
/// A folder of its own: what SQLite writes there all the time does not wake who watches the allowlist.
const STORE_FOLDER: &str = "store";
const STORE: &str = "store/chain.sqlite";
const SERVER_KEY: &str = "server-key.pem";
const AUTHORITY_KEY: &str = "authority-key.pem";
const ALLOWLIST: &str = "allowlist";

/// In the order in which they are moved to their place.
const FILES: [&str; 5] = [
    SERVER_KEY,
    AUTHORITY_KEY,
    STORE_FOLDER,
    ALLOWLIST,
    FILE_NAME,
];

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
    /// The certificate, where its server is to speak TLS itself. Both files stay where they are.
    pub tls: Option<TlsFiles>,
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
            tls: None,
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
    if let Some(files) = &founding.tls {
        tls::Pair::read(files)?;
    }
    let members = read_members(&founding.allow)?;
    let folder = Folder::prepare(dir)?;
    let staging = &folder.staging;

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

/// The new community's folder while it is made.
struct Folder {
    dir: PathBuf,
    staging: PathBuf,
    made: bool,
    done: bool,
}

impl Folder {
    fn prepare(dir: &Path) -> Result<Folder, Error> {
        let made = !dir.exists();
        if made {
            make_dir(dir, true)?;
        } else if !dir.is_dir() {
            return Err(Error::file(
                dir,
                "there is a file of this name; choose another folder",
            ));
        }
        let mut folder = Folder {
            dir: dir.to_owned(),
            staging: dir.join(STAGING),
            made,
            done: true,
        };
        if dir.join(FILE_NAME).exists() {
            return Err(Error::file(
                dir,
                "a community was founded here already; nothing was changed",
            ));
        }
        if folder.staging.exists() {
            folder.clear();
        }
        if fs::read_dir(dir).map_err(at(dir))?.next().is_some() {
            return Err(Error::file(
                dir,
                "the folder is not empty; nothing was changed",
            ));
        }
        folder.done = false;
        make_dir(&folder.staging, false)?;
        Ok(folder)
    }

    fn commit(mut self) -> Result<(), Error> {
        for name in FILES {
            let made = self.staging.join(name);
            if !made.exists() {
                continue;
            }
            if name == FILE_NAME {
                sync(&self.dir)?;
            }
            let place = self.dir.join(name);
            fs::rename(&made, &place).map_err(at(&place))?;
        }
        self.done = true;
        let _ = fs::remove_dir(&self.staging);
        sync(&self.dir)
    }

    /// Removes what a founding made that did not come to its end. These files were never anybody's but its own: the
    /// folder was empty when it began.
    fn clear(&self) {
        let _ = fs::remove_dir_all(&self.staging);
        for name in FILES {
            let path = self.dir.join(name);
            let _ = if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            };
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.done {
            self.clear();
            if self.made {
                let _ = fs::remove_dir(&self.dir);
            }
        }
    }
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

fn make_dir(path: &Path, parents: bool) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(parents);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(at(path))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let write = |mut file: File| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    File::create_new(path).and_then(write).map_err(at(path))
}

/// Makes the names in a folder durable.
fn sync(dir: &Path) -> Result<(), Error> {
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(at(dir))
}

fn lock_of(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}
