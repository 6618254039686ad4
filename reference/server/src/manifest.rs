//! What a backup says of itself: which chain it holds, up to where, and each file's sum. It is written last, so that a backup
//! without it never came to its end; its own sum is in it, so that damage in it is noticed, too.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use dispatch_protocol::bytes::{Hash, Id};
use serde::{Deserialize, Serialize};

use crate::config::FILE_NAME;
use crate::error::{Error, at};
use crate::new_folder::{ALLOWLIST, AUTHORITY_KEY, MANIFEST, SERVER_KEY, STORE};

const FORMAT: &str = "dispatchd backup";
const VERSION: u32 = 1;

/// What a backup may hold besides: nothing else is copied out of one.
const FILES: [&str; 5] = [STORE, SERVER_KEY, AUTHORITY_KEY, ALLOWLIST, FILE_NAME];

/// A backup's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: String,
    version: u32,
    /// The version of dispatchd that made it.
    dispatchd: String,
    /// When it was made, in milliseconds since 1970.
    pub(crate) made: u64,
    pub(crate) community: Id,
    /// How many blocks the chain has.
    pub(crate) size: u64,
    /// The hash of the last one.
    pub(crate) head: Hash,
    /// Its time, in milliseconds since 1970.
    pub(crate) time: u64,
    /// Every other file.
    pub(crate) files: Vec<Summed>,
    /// The sum of this very text, as it is with nothing here.
    sha256: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Summed {
    /// Its path in the backup.
    pub(crate) name: String,
    bytes: u64,
    /// Hexadecimal, as `sha256sum` prints it.
    sha256: String,
}

/// The chain of a backup.
pub(crate) struct Held {
    pub(crate) community: Id,
    pub(crate) size: u64,
    pub(crate) head: Hash,
    pub(crate) time: u64,
}

impl Manifest {
    /// The manifest of what is in a folder: these files.
    ///
    /// # Errors
    /// If one cannot be read.
    pub(crate) fn of(
        folder: &Path,
        names: &[&str],
        held: Held,
        made: u64,
    ) -> Result<Manifest, Error> {
        let summed = |name: &&str| -> Result<Summed, Error> {
            let (bytes, sha256) = sum(&folder.join(name))?;
            Ok(Summed {
                name: (*name).to_owned(),
                bytes,
                sha256,
            })
        };
        Ok(Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            dispatchd: env!("CARGO_PKG_VERSION").to_owned(),
            made,
            community: held.community,
            size: held.size,
            head: held.head,
            time: held.time,
            files: names.iter().map(summed).collect::<Result<_, _>>()?,
            sha256: String::new(),
        })
    }

    fn names(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Its text, with its own sum.
    pub(crate) fn text(&self) -> String {
        let mut manifest = self.clone();
        manifest.sha256.clear();
        let bare = manifest.pretty();
        manifest.sha256 = HEXLOWER.encode(Hash::of(bare.as_bytes()).as_bytes());
        manifest.pretty()
    }

    fn pretty(&self) -> String {
        match serde_json::to_string_pretty(self) {
            Ok(text) => text + "\n",
            Err(problem) => unreachable!("numbers and texts are always written: {problem}"),
        }
    }

    /// Reads a backup's manifest, and looks whether each file is there as it was.
    ///
    /// # Errors
    /// What is no backup, one that never came to its end, is damaged, or was made by a later version; a damaged file is named.
    pub(crate) fn check(backup: &Path) -> Result<Manifest, Error> {
        let path = backup.join(MANIFEST);
        if !backup.is_dir() {
            return Err(Error::file(backup, "there is no such folder"));
        }
        if !path.try_exists().map_err(at(&path))? {
            let problem = "there is no manifest.json in it: it is no backup, or one that was broken off; take another one";
            return Err(Error::file(backup, problem));
        }
        let damaged = || Error::file(&path, "the file is damaged; take another backup");
        let text = std::fs::read(&path).map_err(at(&path))?;
        let text = String::from_utf8(text).map_err(|_| damaged())?;
        let manifest: Manifest = serde_json::from_str(&text).map_err(|_| damaged())?;
        if manifest.text() != text {
            return Err(damaged());
        }
        if manifest.format != FORMAT || manifest.version != VERSION {
            let problem = format!(
                "a backup of version {}, and this dispatchd knows version {VERSION}; use a newer dispatchd",
                manifest.version
            );
            return Err(Error::file(&path, problem));
        }
        let whole = [STORE, FILE_NAME].iter().all(|name| manifest.names(name));
        let foreign = |file: &Summed| !FILES.contains(&file.name.as_str());
        if !whole || manifest.files.iter().any(foreign) {
            return Err(Error::file(&path, "it does not list what a backup holds"));
        }
        for file in &manifest.files {
            let path = backup.join(&file.name);
            if !path.exists() {
                let problem = "the file is missing; take another backup";
                return Err(Error::file(&path, problem));
            }
            if sum(&path)? != (file.bytes, file.sha256.clone()) {
                let problem = "the file is not as it was backed up; take another backup";
                return Err(Error::file(&path, problem));
            }
        }
        Ok(manifest)
    }
}

/// A file's length and SHA-256.
fn sum(path: &Path) -> Result<(u64, String), Error> {
    let mut file = File::open(path).map_err(at(path))?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer).map_err(at(path))? {
            0 => return Ok((bytes, HEXLOWER.encode(context.finish().as_ref()))),
            read => {
                context.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}
