//! `dispatchd verify`: the whole chain on disk, every page, hash, link, rule and signature.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dispatch_protocol::entry::Body;

use super::Place;
use crate::error::Error;
use crate::ledger::{Shelf as _, SqliteShelf, StoreError};
use crate::opening::{self, Care};

/// How often the progress is shown.
const PROGRESS: Duration = Duration::from_millis(200);

pub(super) fn run(place: &Place) -> Result<ExitCode, Error> {
    let config = place.load()?;
    match SqliteShelf::open(&config.store)
        .map_err(Error::from)
        .and_then(|shelf| verify(&config, &shelf))
    {
        // What this command looks for is its finding, not its failure; a file that is no store any more is damaged, too.
        Err(Error::Store(damage @ (StoreError::Damaged { .. } | StoreError::Unknown { .. }))) => {
            anstream::eprintln!("dispatchd: {damage}");
            Ok(ExitCode::from(1))
        }
        outcome => outcome.map(|()| ExitCode::SUCCESS),
    }
}

fn verify(config: &crate::Config, shelf: &SqliteShelf) -> Result<(), Error> {
    let size = shelf.size()?;
    let mut progress = Progress {
        size,
        shown: Instant::now(),
        live: std::io::stderr().is_terminal(),
    };
    let (mut messages, mut redactions) = (0_u64, 0_u64);
    let begun = Instant::now();
    let loaded = opening::load(shelf, &config.store, Care::Full, &mut |block| {
        match &block.entry.body {
            Body::Message(_) => messages += 1,
            Body::Redaction(_) => redactions += 1,
            _ => {}
        }
        progress.show(block.index + 1);
    });
    progress.clear();
    let state = loaded?;
    // After the blocks, which can say where the damage begins.
    shelf.check_digests()?;
    shelf.check_pages()?;
    opening::is_of(&state, config)?;
    let covered = shelf.checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
    anstream::println!(
        "good  {} ({}, {}), {}, checkpoint over {covered}; every signature verified in {:.1} s",
        counted(state.size(), "block"),
        counted(messages, "message"),
        counted(redactions, "redaction"),
        counted(state.roster().count() as u64, "member"),
        begun.elapsed().as_secs_f64(),
    );
    anstream::println!("community {}  head {}", state.community(), state.head());
    Ok(())
}

/// Such as `1 block` and `0 members`.
fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// One line on a terminal that is written over; nothing elsewhere.
struct Progress {
    size: u64,
    shown: Instant,
    live: bool,
}

impl Progress {
    fn show(&mut self, done: u64) {
        if self.live && self.shown.elapsed() >= PROGRESS {
            self.shown = Instant::now();
            let mut out = std::io::stderr();
            let _ = write!(out, "\r{done} of {} blocks", self.size);
            let _ = out.flush();
        }
    }

    fn clear(&self) {
        if self.live {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
