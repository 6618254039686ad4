//! A community's folder with a long chain, as `dispatchd` serves it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use dispatch_protocol::chain::Block;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::key::KeyPair;
use dispatch_server::benching::Store;
use dispatch_server::{Config, Error, Founding, init};

use super::binary;
use crate::chain::{Community, Signing};
use crate::keys;
use crate::load::Problem;

/// How many of the last messages carry signatures of their own: more than a start verifies.
pub const SIGNED: u64 = 300;

/// Blocks that are written at once.
const BATCH: usize = 8192;

/// A community on disk.
pub struct Folder {
    /// What its chain adds up to, and its keys.
    pub community: Community,
    /// The server key.
    pub server_key: KeyPair,
    /// How its server is configured.
    pub config: Config,
    /// The bytes that its entries need in [binary].
    pub binary: u64,
}

impl Folder {
    /// Founds a community in an empty folder, with so many accounts that write and so many that only read.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn found(dir: &Path, writers: usize, readers: usize) -> Result<Folder, Error> {
        let mut pairs = keys::make(writers + 1);
        let server_key = pairs.pop().expect("a server key was made");
        let keep = |name: &str, pair: &KeyPair| -> Result<PathBuf, Error> {
            let path = dir.join(name);
            let failed =
                |problem: std::io::Error| Error::Failed(format!("{}: {problem}", path.display()));
            // A server takes no key that others can read.
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .and_then(|mut file| file.write_all(pair.to_pkcs8_pem().as_bytes()))
                .map_err(failed)?;
            Ok(path)
        };
        let founding = Founding {
            name: "A benchmark's".to_owned(),
            bind: ([127, 0, 0, 1], 0).into(),
            authority_key: Some(keep("authority.pem", &pairs[0])?),
            server_key: Some(keep("server.pem", &server_key)?),
            ..Founding::default()
        };
        let config = init(&dir.join("community"), &founding)?;
        let mut store = Store::open(&config.store)?;
        let genesis = store.blocks(0, 1)?.remove(0);
        let (community, blocks) = Community::begin(genesis, pairs, readers);
        store.append(&blocks[1..])?;
        let folder = Folder {
            community,
            server_key,
            config,
            binary: in_binary(&blocks),
        };
        folder.conclude(&mut store)?;
        Ok(folder)
    }

    /// Lets the chain grow to so many blocks, by messages of so many letters; where it is longer, nothing is done.
    /// [`SIGNED`] of them at the end carry signatures of their own. Those before are [recycled](Signing::Recycled) unless
    /// `all` are to be signed: a start does not verify them, and 1,000,000 signatures take a quarter of an hour.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn grow(&mut self, blocks: u64, letters: usize, all: bool) -> Result<(), Error> {
        self.grow_in_turn(blocks, &[letters], all)
    }

    /// The same by messages of so many letters in turn.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn grow_in_turn(&mut self, blocks: u64, letters: &[usize], all: bool) -> Result<(), Error> {
        let mut store = Store::open(&self.config.store)?;
        while self.community.state.size() < blocks {
            let left = blocks - self.community.state.size();
            let (count, signing) = match left.saturating_sub(SIGNED) {
                0 => (left, Signing::Real),
                before if all => (before, Signing::Real),
                before => (before, Signing::Recycled),
            };
            let count = count.min(BATCH as u64) as usize;
            let entries = self.community.messages_in_turn(count, letters, signing);
            let blocks: Vec<Block> = entries
                .into_iter()
                .map(|entry| self.community.append(entry))
                .collect();
            store.append(&blocks)?;
            self.binary += in_binary(&blocks);
        }
        self.conclude(&mut store)
    }

    /// Signs and keeps a checkpoint over everything.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn conclude(&self, store: &mut Store) -> Result<(), Error> {
        store.keep(&self.checkpoint())?;
        Ok(store.sweep()?)
    }

    /// A checkpoint over everything.
    pub fn checkpoint(&self) -> Checkpoint {
        let description = self.community.state.description();
        Checkpoint::sign(description, self.community.now(), &self.server_key)
    }
}

fn in_binary(blocks: &[Block]) -> u64 {
    blocks.iter().map(|block| binary::bytes(&block.entry)).sum()
}

/// Makes sure that a folder is there and empty.
///
/// # Errors
/// If something is in it, it is a file, or it cannot be made.
pub fn make_empty(dir: &Path) -> Result<(), Problem> {
    let hint = "name a folder that does not exist or is empty";
    if dir.exists() && !dir.is_dir() {
        return Err(Problem::new(format!(
            "{} is no folder: {hint}",
            dir.display()
        )));
    }
    fs::create_dir_all(dir).map_err(Problem::at(dir.display()))?;
    let mut listing = fs::read_dir(dir).map_err(Problem::at(dir.display()))?;
    match listing.next() {
        None => Ok(()),
        Some(_) => Err(Problem::new(format!(
            "{} is not empty: {hint}",
            dir.display()
        ))),
    }
}

/// Copies a community that nobody serves to a folder that does not exist; the keys stay where they are.
///
/// # Errors
/// If the disk refuses.
pub fn copy(community: &Path, to: &Path) -> Result<(), Problem> {
    let failed = || Problem::at(format!("a copy in {}", to.display()));
    fs::create_dir(to).map_err(failed())?;
    for entry in fs::read_dir(community).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        match path.is_dir() {
            true => copy(&path, &to.join(name))?,
            false => fs::copy(&path, to.join(name)).map(drop).map_err(failed())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use dispatch_server::benching::verify;

    use super::*;

    #[test]
    fn a_long_chain_starts_as_a_real_one_does_and_only_its_last_messages_are_signed() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::found(dir.path(), 2, 1).expect("a community");
        let begun = folder.community.state.size();
        folder
            .grow(begun + SIGNED + 5, 40, false)
            .expect("it grows");
        let store = Store::open(&folder.config.store).expect("a store");
        let state = store.load().expect("a good start");
        assert_eq!(state.description(), folder.community.state.description());
        assert_eq!(state.size(), begun + SIGNED + 5);
        let blocks = store.blocks(0, state.size()).expect("its blocks");
        assert_eq!(folder.binary, in_binary(&blocks));
        drop(store);
        let found = verify(&folder.config.store).expect_err("recycled signatures");
        // The card of the one who only reads: genesis, the roster, two cards, then this.
        assert!(found.to_string().contains("damaged at block 4:"), "{found}");
    }

    #[test]
    fn a_copy_starts_as_its_original_does_and_the_original_stays_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::found(dir.path(), 1, 0).expect("a community");
        folder.grow(20, 40, false).expect("it grows");
        let copied = dir.path().join("copied");
        copy(&dir.path().join("community"), &copied).expect("a copy");
        let config = Config::load(&copied).expect("its configuration");
        assert_ne!(config.store, folder.config.store);
        folder.grow(25, 40, false).expect("it grows on");
        let size = |config: &Config| {
            let store = Store::open(&config.store).expect("a store");
            store.load().expect("a good start").size()
        };
        assert_eq!((size(&config), size(&folder.config)), (20, 25));
        let again = copy(&dir.path().join("community"), &copied).expect_err("it is there");
        assert!(again.to_string().contains("exists"), "{again}");
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused_in_one_line() {
        let dir = tempfile::tempdir().expect("a folder");
        let new = dir.path().join("new/one");
        make_empty(&new).expect("it is made");
        make_empty(&new).expect("it is empty");
        fs::write(new.join("file"), "").expect("a file");
        for (path, words) in [
            (new.clone(), "is not empty"),
            (new.join("file"), "is no folder"),
        ] {
            let problem = make_empty(&path)
                .expect_err("something is there")
                .to_string();
            assert!(problem.contains(words), "{problem}");
            assert!(
                problem.starts_with(&path.display().to_string()),
                "{problem}"
            );
            assert_eq!(problem.lines().count(), 1);
        }
    }

    #[test]
    fn a_chain_that_is_all_signed_verifies_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::found(dir.path(), 2, 0).expect("a community");
        folder.grow(400, 40, true).expect("it grows");
        let state = verify(&folder.config.store).expect("a good chain");
        assert_eq!(state.description(), folder.community.state.description());
    }
}
