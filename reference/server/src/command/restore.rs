//! `dispatchd restore`: a backup becomes a community's folder again, and a member's export brings what came after it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::RestoreArguments;
use super::backup::copy;
use super::progress::Progress;
use super::verify::{counted, whole};
use crate::Config;
use crate::clock;
use crate::config::FILE_NAME;
use crate::error::{Error, at};
use crate::init::lock_of;
use crate::ledger::{Batch, Ledger as _, SqliteLedger, SqliteShelf, digests_of};
use crate::manifest::Manifest;
use crate::new_folder::{ALLOWLIST, NewFolder, STORE, STORE_FOLDER, make_dir, sync};

/// How many blocks are appended at once.
const BATCH: usize = 512;

pub(super) fn run(arguments: &RestoreArguments) -> Result<ExitCode, Error> {
    let backup = &arguments.backup;
    let manifest = Manifest::check(backup)?;
    let folder = NewFolder::prepare(&arguments.dir)?;
    let staging = folder.staging();
    make_dir(&staging.join(STORE_FOLDER), false)?;
    for file in &manifest.files {
        copy(&backup.join(&file.name), &staging.join(&file.name))?;
    }
    let config = Config::load(staging)?;
    let own_list = config.allowlist.as_ref();
    if config.store != staging.join(STORE)
        || own_list.is_some_and(|path| *path != staging.join(ALLOWLIST))
    {
        let problem = "it names a store or an allowlist that is not the backup's own; a backup that `dispatchd backup` made does not";
        return Err(Error::file(&backup.join(FILE_NAME), problem));
    }
    let mut state = whole(&config, &SqliteShelf::open(&config.store)?)?.state;
    if (state.community(), state.size(), state.head())
        != (manifest.community, manifest.size, manifest.head)
    {
        let problem = "the chain in it is not the one that manifest.json tells of";
        return Err(Error::file(&backup.join(STORE), problem));
    }
    let members = |state: &State| state.roster().map(|key| key.id()).collect::<BTreeSet<_>>();
    let before = members(&state);
    let mut left = 0;
    if let Some(file) = &arguments.blocks {
        left = append(&config, &mut state, file)?;
        let again = whole(&config, &SqliteShelf::open(&config.store)?)?.state;
        if again.description() != state.description() {
            let problem = "what was appended is not what was read back";
            return Err(Error::Failed(format!("{}: {problem}", file.display())));
        }
    }
    sync(&staging.join(STORE_FOLDER))?;
    let (size, head) = (state.size(), state.head());
    let needed: Vec<PathBuf> = [
        Some(&config.server_key),
        config.authority_key.as_ref(),
        config.allowlist.as_ref(),
        config.tls.as_ref().map(|tls| &tls.certificate),
        config.tls.as_ref().map(|tls| &tls.key),
    ]
    .into_iter()
    .flatten()
    .map(|path| {
        arguments
            .dir
            .join(path.strip_prefix(staging).unwrap_or(path))
    })
    .collect();
    let after = members(&state);
    folder.commit()?;

    anstream::println!(
        "good  {} in {}; every signature verified",
        counted(size, "block"),
        arguments.dir.display()
    );
    anstream::println!("community {}  head {head}", manifest.community);
    anstream::println!(
        "ends     at block {}; the backup was made {} ago{}",
        size - 1,
        age(clock::now().saturating_sub(manifest.made)),
        match size - manifest.size {
            0 => String::new(),
            more => format!(", and {} came from the file", counted(more, "block")),
        }
    );
    if left > 0 {
        anstream::println!(
            "left     {} of the file, which no checkpoint in it covers",
            counted(left, "block")
        );
    }
    anstream::println!(
        "beware   members who have seen later blocks are told of a rollback by their clients, and stop there. Take the \
         newest backup, or bring the later blocks by --blocks with a member's `dispatch export`"
    );
    for (what, ids) in [
        ("added", after.difference(&before)),
        ("removed", before.difference(&after)),
    ] {
        for id in ids {
            anstream::println!(
                "roster   {id} was {what} after the backup, and the allowlist is the backup's: mend it by allow or deny"
            );
        }
    }
    for path in needed.iter().filter(|path| !path.exists()) {
        anstream::println!("missing  {}; put it there before you serve", path.display());
    }
    anstream::println!("next     dispatchd serve {}", arguments.dir.display());
    Ok(ExitCode::SUCCESS)
}

/// The last line of an export.
#[derive(Deserialize)]
struct LastLine<'a> {
    #[serde(borrow)]
    checkpoint: &'a RawValue,
}

/// Appends what a file holds beyond the store's end, as far as the server's checkpoint in it covers, and gives the number of
/// blocks beyond that.
///
/// Blocks alone would prove nothing of their order: the checkpoint does, which the server signed.
fn append(config: &Config, state: &mut State, file: &Path) -> Result<u64, Error> {
    if !std::fs::metadata(file).map_err(at(file))?.is_file() {
        let problem =
            "it is read twice, so that a pipe will not do; write the export to a file first";
        return Err(Error::file(file, problem));
    }
    let checkpoint = checkpoint_of(file)?;
    let mut ledger = SqliteLedger::open(&config.store)?;
    if let Some(migrated) = ledger.migrate(&mut |_| {})? {
        // The backup itself is the copy of what was before.
        std::fs::remove_file(&migrated.backup).map_err(at(&migrated.backup))?;
    }
    let mut progress = Progress::new("blocks of the file verified");
    let mut batch = Vec::new();
    let (mut left, mut due) = (0, None);
    for (place, line) in lines(file)?.enumerate() {
        let line = line.map_err(at(file))?;
        let bad = |problem: String| Error::line(file, place + 1, problem);
        if serde_json::from_str::<LastLine<'_>>(&line).is_ok() {
            continue;
        }
        let block = Block::decode(&line).map_err(|refusal| bad(refusal.detail))?;
        let index = block.index;
        if due.is_some_and(|due| due != index) {
            return Err(bad(format!(
                "block {index} does not follow on the line before"
            )));
        }
        due = Some(index + 1);
        if index < state.size() {
            if state.prefix_head(index + 1) != Some(block.hash()) {
                let problem =
                    format!("its block {index} is not the backup's; the file is of another chain");
                return Err(bad(problem));
            }
        } else if index >= checkpoint.size {
            left += 1;
        } else {
            let linked = state
                .replay(block)
                .map_err(|finding| bad(finding.to_string()))?;
            batch.push(linked.into_block());
            if batch.len() == BATCH {
                write(&mut ledger, &mut batch)?;
            }
            progress.show(index + 1, checkpoint.size);
        }
    }
    write(&mut ledger, &mut batch)?;
    // [CHECK-6], [CHECK-8]
    state
        .check(&checkpoint)
        .map_err(|finding| Error::file(file, format!("its checkpoint: {finding}")))?;
    // [RED-8]
    if let Some(index) = state.first_gap() {
        let problem = format!("message {index} has no ciphertext in it, and no block redacts it");
        return Err(Error::file(file, problem));
    }
    let kept = ledger.shelf().checkpoint()?;
    if kept.is_none_or(|kept| kept.size < checkpoint.size) {
        ledger.keep(&checkpoint)?;
    }
    ledger.sweep()?;
    drop(ledger);
    let lock = lock_of(&config.store);
    std::fs::remove_file(&lock).map_err(at(&lock))?;
    Ok(left)
}

fn write(ledger: &mut SqliteLedger, batch: &mut Vec<Block>) -> Result<(), Error> {
    let redacted: Vec<u64> = batch
        .iter()
        .filter_map(|block| match &block.entry.body {
            Body::Redaction(redaction) => Some(redaction.index),
            _ => None,
        })
        .collect();
    if !batch.is_empty() {
        ledger.append(&Batch {
            blocks: batch,
            digests: &digests_of(batch),
            redacted: &redacted,
            applied: None,
        })?;
        batch.clear();
    }
    Ok(())
}

fn lines(file: &Path) -> Result<std::io::Lines<BufReader<std::fs::File>>, Error> {
    Ok(BufReader::new(std::fs::File::open(file).map_err(at(file))?).lines())
}

/// The checkpoint at an export's end.
fn checkpoint_of(file: &Path) -> Result<Checkpoint, Error> {
    let mut last = String::new();
    for line in lines(file)? {
        last = line.map_err(at(file))?;
    }
    let problem = "there is no checkpoint at its end, as `dispatch export` writes one; without it nothing shows that the server had these blocks";
    let line: LastLine<'_> = serde_json::from_str(&last).map_err(|_| Error::file(file, problem))?;
    Checkpoint::decode(line.checkpoint.get()).map_err(|refusal| Error::file(file, refusal.detail))
}

/// Such as `3 days` or `12 minutes`.
fn age(ms: u64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        0 => "less than a minute".to_owned(),
        1..120 => counted(minutes, "minute"),
        120..2880 => counted(minutes / 60, "hour"),
        _ => counted(minutes / 1440, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_unit_that_a_person_would_take() {
        for (minutes, told) in [
            (0, "less than a minute"),
            (1, "1 minute"),
            (119, "119 minutes"),
            (120, "2 hours"),
            (2880, "2 days"),
        ] {
            assert_eq!(age(minutes * 60_000), told);
        }
    }
}
