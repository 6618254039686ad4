//! Copies of a store while somebody writes to it, by SQLite's own online backup. The source is held at one moment by a read
//! transaction: otherwise the copy would begin anew at every commit and, under load, never end. A writer is not kept waiting by
//! it; only what it redacts meanwhile stays in its journal until the copy is done.
//! Not `VACUUM INTO`: it is silent about how far it is, and what comes out is no page-wise copy.

use std::fs::File;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{connect, told};
use crate::ledger::StoreError;

/// How many pages are copied between two reports.
const PAGES: i32 = 1024;

/// Copies a store into a new file that only its owner reads, and makes the copy durable.
///
/// # Errors
/// If there is such a file already, the disk is full, or the store cannot be read. Then there is no copy.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), StoreError> {
    create(to)?;
    let copied = pages(from, to, progress).and_then(|()| {
        let synced = File::open(to).and_then(|file| file.sync_all());
        synced.map_err(|cause| refused(to, &cause))
    });
    if copied.is_err() {
        let _ = std::fs::remove_file(to);
    }
    copied
}

/// Makes an empty file of that name, if there is none yet.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|cause| refused(path, &cause))
}

/// What the disk did not do.
pub(super) fn refused(path: &Path, cause: &std::io::Error) -> StoreError {
    StoreError::Failed {
        path: path.to_owned(),
        what: cause.to_string(),
    }
}

fn pages(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
    let source = connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let held = source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;");
    held.map_err(|cause| told(from, &cause))?;
    let mut copy = Connection::open(to).map_err(|cause| told(to, &cause))?;
    let mut run = || -> rusqlite::Result<()> {
        // The copy is nothing before it is whole, and synced at its end: no journal is needed on the way.
        copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        let backup = Backup::new(&source, &mut copy)?;
        loop {
            let step = backup.step(PAGES)?;
            let told = backup.progress();
            let total = told.pagecount.max(0) as u64;
            progress(total - (told.remaining.max(0) as u64).min(total), total);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(std::time::Duration::from_millis(10)),
            }
        }
        drop(backup);
        // One file, without a journal beside it.
        copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
    };
    run().map_err(|cause| told(to, &cause))
}
