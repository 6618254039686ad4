//! `dispatchd migrate`: a chain moves from the store where it lies into another one, block by block, and the configuration
//! follows when all of it is there and was verified. What was moved before a break is not moved again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::progress::Progress;
use super::verify::{counted, whole};
use super::{MigrateArguments, file_in};
use crate::config::DatabaseAddress;
use crate::error::{Error, at};
use crate::init::{lock_of, quoted};
use crate::ledger::{Batch, Ledger, PostgresLedger, Shelf, SqliteLedger, StoreError, digests_of};
use crate::{Config, opening};

/// How many blocks are appended at once.
const BATCH: usize = 512;

/// How much is read at once, in bytes.
const UNIT_BYTES: usize = 4 << 20;

pub(super) fn run(arguments: &MigrateArguments) -> Result<ExitCode, Error> {
    let file = file_in(arguments.place.path());
    let config = Config::load(&file)?;
    if let Some(there) = &config.database {
        return Err(Error::file(
            &file,
            format!("the chain lies in {} already", there.shown().display()),
        ));
    }
    let address = DatabaseAddress::parse(&arguments.ledger)
        .map_err(Error::configuration)?
        .or_environment();
    // Its lock is held until the end: no server may append to what was left behind.
    let mut from = SqliteLedger::open(&config.store)?;
    opening::migrate(&mut from)?;
    let size = whole(&config, from.shelf())?.state.size();
    let mut to = begin(&address, from.shelf())?;
    move_blocks(from.shelf(), &mut to, size)?;
    let moved = Config {
        database: Some(address.clone()),
        ..config.clone()
    };
    let good = whole(&moved, to.shelf())?;
    if good.state.size() != size {
        return Err(Error::Failed(format!(
            "{}: it holds {} blocks, and {size} were moved; somebody writes to it",
            address.shown().display(),
            good.state.size()
        )));
    }
    name_in(&file, &arguments.ledger)?;
    // Its journal goes into the file, which is all that is kept of it.
    from.sweep()?;
    drop(from);
    let kept = set_aside(&config.store)?;
    anstream::println!(
        "good  {} in {}; every signature verified",
        counted(size, "block"),
        address.shown().display()
    );
    anstream::println!(
        "community {}  head {}",
        good.state.community(),
        good.state.head()
    );
    anstream::println!(
        "kept     {}, as it was; remove it when all is well, since what is redacted from now on stays in it",
        kept.display()
    );
    anstream::println!(
        "next     dispatchd serve {}",
        arguments.place.path().display()
    );
    Ok(ExitCode::SUCCESS)
}

/// The database with at least block 0 in it.
fn begin(address: &DatabaseAddress, from: &dyn Shelf) -> Result<PostgresLedger, Error> {
    let genesis = from.blocks(0..1, 0)?.pop();
    let genesis = genesis.ok_or_else(|| Error::Failed("block 0 is gone".to_owned()))?;
    match PostgresLedger::create(address, &genesis)? {
        Some(made) => Ok(made),
        // An earlier move that broke off, which goes on; or another chain, which its blocks show.
        None => Ok(PostgresLedger::open(address)?),
    }
}

/// Moves the blocks that are not there yet, and what is kept beside them.
fn move_blocks(from: &dyn Shelf, to: &mut dyn Ledger, size: u64) -> Result<(), Error> {
    let there = to.shelf().size()?;
    let hash_at = |shelf: &dyn Shelf, index: u64| -> Result<_, StoreError> {
        Ok(shelf
            .blocks(index..index + 1, 0)?
            .pop()
            .map(|block| block.hash()))
    };
    let is_begun = there <= size
        && [0, there.saturating_sub(1)]
            .into_iter()
            .map(|index| Ok(hash_at(from, index)? == hash_at(to.shelf(), index)?))
            .collect::<Result<Vec<bool>, StoreError>>()?
            .into_iter()
            .all(|same| same);
    if !is_begun {
        return Err(StoreError::Unknown {
            path: to.shelf().place().to_owned(),
            what: "another chain lies in this database, or a longer one; nothing was changed"
                .to_owned(),
        }
        .into());
    }
    let mut progress = Progress::new("blocks moved");
    let mut next = there;
    while next < size {
        let blocks = from.blocks(next..size, UNIT_BYTES)?;
        for batch in blocks.chunks(BATCH) {
            to.take()?;
            to.append(&Batch {
                blocks: batch,
                digests: &digests_of(batch),
                // What is redacted has no ciphertext any more.
                redacted: &[],
                applied: None,
            })?;
        }
        next = blocks.last().map_or(size, |block| block.index + 1);
        progress.show(next, size);
    }
    to.take()?;
    to.append(&Batch {
        blocks: &[],
        digests: &[],
        redacted: &[],
        applied: Some(&from.applied()?),
    })?;
    if let Some(checkpoint) = from.checkpoint()? {
        to.keep(&checkpoint)?;
    }
    Ok(())
}

/// Writes into the configuration where the chain lies now: all of it or nothing.
fn name_in(file: &Path, url: &str) -> Result<(), Error> {
    let text = std::fs::read_to_string(file).map_err(at(file))?;
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut renewed = tempfile::Builder::new()
        .prefix(".dispatchd-toml")
        .tempfile_in(folder)
        .map_err(at(folder))?;
    let section = format!(
        "\n# Where the chain lies: a database that several dispatchd may share. Its password stands in password_file, or in the\n\
         # environment's PGPASSWORD.\n[ledger]\nurl = {}\n# password_file = \"ledger-password\"\n\
         # certificates = \"/etc/ssl/db-ca.pem\" # of the authorities that vouch for it, where the system's do not\n",
        quoted(url)
    );
    let written = renewed
        .write_all(text.as_bytes())
        .and_then(|()| renewed.write_all(section.as_bytes()))
        .and_then(|()| renewed.as_file().sync_all());
    written.map_err(at(file))?;
    let permissions = std::fs::metadata(file).map_err(at(file))?.permissions();
    renewed
        .as_file()
        .set_permissions(permissions)
        .map_err(at(file))?;
    renewed
        .persist(file)
        .map(drop)
        .map_err(|problem| at(file)(problem.error))
}

/// Takes the file that was left behind out of the way of whoever would serve it again, and so fork the chain.
fn set_aside(store: &Path) -> Result<PathBuf, Error> {
    let mut kept = store.as_os_str().to_owned();
    kept.push(".moved");
    let kept = PathBuf::from(kept);
    std::fs::rename(store, &kept).map_err(at(store))?;
    let lock = lock_of(store);
    std::fs::remove_file(&lock).map_err(at(&lock))?;
    Ok(kept)
}
