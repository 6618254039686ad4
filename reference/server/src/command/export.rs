//! `dispatchd export`: the chain as text, a block a line and the checkpoint at its end, as `dispatch export` writes it and
//! `dispatch verify` reads it.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::ExportArguments;
use super::progress::Progress;
use crate::error::{Error, at};
use crate::ledger::{self, Shelf};

/// How much is read at once, in bytes: no reader of the output, however slow, holds the store meanwhile.
const UNIT_BYTES: usize = 1 << 20;

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode, Error> {
    let config = arguments.place.load()?;
    let shelf = ledger::shelf(&config)?;
    let size = shelf.size()?;
    if arguments.from >= size {
        return Err(Error::configuration(format!(
            "--from {}: the chain has {size} blocks, counted from 0",
            arguments.from
        )));
    }
    match &arguments.output {
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            write(
                &*shelf,
                arguments.from,
                &mut out,
                Path::new("standard output"),
            )?;
        }
        Some(path) => to_file(&*shelf, arguments.from, path)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A file that has its name when it is whole.
fn to_file(shelf: &dyn Shelf, from: u64, path: &Path) -> Result<(), Error> {
    let taken = || {
        Error::file(
            path,
            "there is such a file already, and nothing is overwritten",
        )
    };
    if path.exists() {
        return Err(taken());
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .prefix(".dispatchd-export")
        .tempfile_in(folder)
        .map_err(at(folder))?;
    let mut out = BufWriter::new(file.as_file());
    write(shelf, from, &mut out, path)?;
    drop(out);
    file.as_file().sync_all().map_err(at(path))?;
    file.persist_noclobber(path)
        .map(drop)
        .map_err(|problem| match problem.error.kind() {
            std::io::ErrorKind::AlreadyExists => taken(),
            _ => at(path)(problem.error),
        })
}

fn write(shelf: &dyn Shelf, from: u64, out: &mut dyn Write, path: &Path) -> Result<(), Error> {
    let mut progress = Progress::new("blocks written");
    let mut next = from;
    let checkpoint = loop {
        // Up to where there is nothing more: whatever redacted a message before it was read is among the blocks then. [RED-8]
        let blocks = shelf.blocks(next..i64::MAX as u64, UNIT_BYTES)?;
        for block in &blocks {
            serde_json::to_writer(&mut *out, block)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
                .map_err(at(path))?;
            next = block.index + 1;
        }
        if !blocks.is_empty() {
            progress.show(next, shelf.size()?);
            continue;
        }
        // One that covers more than was written is of blocks that have come since.
        match shelf.checkpoint()? {
            Some(checkpoint) if checkpoint.size > next => {}
            checkpoint => break checkpoint,
        }
    };
    if let Some(checkpoint) = checkpoint {
        writeln!(out, "{}", json!({ "checkpoint": checkpoint })).map_err(at(path))?;
    }
    out.flush().map_err(at(path))
}
