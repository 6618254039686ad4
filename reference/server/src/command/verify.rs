//! `dispatchd verify`: the whole chain on disk, every page, hash, link, rule and signature.

use std::process::ExitCode;
use std::time::Instant;

use dispatch_protocol::chain::State;
use dispatch_protocol::entry::Body;

use super::Place;
use super::progress::Progress;
use crate::Config;
use crate::error::Error;
use crate::ledger::{self, Shelf, StoreError};
use crate::opening::{self, Care};

pub(super) fn run(place: &Place) -> Result<ExitCode, Error> {
    let config = place.load()?;
    match ledger::shelf(&config)
        .map_err(Error::from)
        .and_then(|shelf| verify(&config, &*shelf))
    {
        // What this command looks for is its finding, not its failure; a file that is no store any more is damaged, too.
        Err(Error::Store(damage @ (StoreError::Damaged { .. } | StoreError::Unknown { .. }))) => {
            anstream::eprintln!("dispatchd: {damage}");
            Ok(ExitCode::from(1))
        }
        outcome => outcome.map(|()| ExitCode::SUCCESS),
    }
}

fn verify(config: &Config, shelf: &dyn Shelf) -> Result<(), Error> {
    let begun = Instant::now();
    let found = whole(config, shelf)?;
    let covered = shelf.checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
    let state = found.state;
    anstream::println!(
        "good  {} ({}, {}), {}, checkpoint over {covered}; every signature verified in {:.1} s",
        counted(state.size(), "block"),
        counted(found.messages, "message"),
        counted(found.redactions, "redaction"),
        counted(state.roster().count() as u64, "member"),
        begun.elapsed().as_secs_f64(),
    );
    anstream::println!("community {}  head {}", state.community(), state.head());
    Ok(())
}

/// A chain that is good.
pub(super) struct Good {
    pub(super) state: State,
    messages: u64,
    redactions: u64,
}

/// Looks at everything, and shows how far it is.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn whole(config: &Config, shelf: &dyn Shelf) -> Result<Good, Error> {
    let size = shelf.size()?;
    let mut progress = Progress::new("blocks verified");
    let (mut messages, mut redactions) = (0_u64, 0_u64);
    let state = opening::load(shelf, Care::Full, &mut |block| {
        match &block.entry.body {
            Body::Message(_) => messages += 1,
            Body::Redaction(_) => redactions += 1,
            _ => {}
        }
        progress.show(block.index + 1, size);
    })?;
    // After the blocks, which can say where the damage begins.
    shelf.check()?;
    opening::is_of(&state, shelf, config)?;
    Ok(Good {
        state,
        messages,
        redactions,
    })
}

/// Such as `1 block` and `0 members`.
pub(super) fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
