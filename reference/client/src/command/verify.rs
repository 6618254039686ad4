//! `verify`: a chain, a store or a file of evidence, judged without a server.

use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dispatch_protocol::chain::Block;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::verdict::Finding;
use dispatch_protocol::verify::{Evidence, Follower, Keeper};
use dispatch_protocol::wire::Blocks as Frame;
use serde_json::{Value, json};

use super::show::{Output, Progress};
use crate::error::{Error, at};
use crate::store::{Blocks, Vault};

/// Blocks that are verified at once: enough for every core.
const BATCH: usize = 1024;

pub(super) fn run(path: &Path, output: &Output) -> Result<ExitCode, Error> {
    let folders = stores(path)?;
    if !folders.is_empty() {
        let mut code = ExitCode::SUCCESS;
        for folder in folders {
            let mut walk = Walk::new();
            let kept = Vault::read(&folder)?.checkpoint()?;
            let walked = Blocks::read(&folder)
                .map_err(Error::from)
                .and_then(|blocks| blocks.each(0, |block, _| walk.take(block)))
                .and_then(|()| walk.end(kept));
            if tell(&folder, walked.map(|()| walk), output)? == ExitCode::from(1) {
                code = ExitCode::from(1);
            }
        }
        return Ok(code);
    }
    let text = std::fs::File::open(path).map_err(at(path))?;
    let mut lines = BufReader::new(text).lines();
    let first = match lines.next() {
        None => return Err(Error::file(path, "the file is empty")),
        Some(line) => line.map_err(at(path))?,
    };
    let is_chain =
        serde_json::from_str::<Value>(&first).is_ok_and(|line| line.get("entry").is_some());
    if !is_chain {
        return evidence(path, output);
    }
    let mut walk = Walk::new();
    let walked = chain(path, first, lines, &mut walk);
    tell(path, walked.map(|()| walk), output)
}

/// The stores in a folder: its own, or those of a home's communities.
fn stores(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    if path.join("chain.sqlite").exists() {
        return Ok(vec![path.to_owned()]);
    }
    let communities = path.join("communities");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&communities)
        .map_err(|_| Error::file(path, "there is no store in this folder"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join("chain.sqlite").exists())
        .collect();
    folders.sort();
    match folders.is_empty() {
        true => Err(Error::file(path, "there is no store in this folder")),
        false => Ok(folders),
    }
}

/// A chain as `export` writes it: a block a line, and at its end a checkpoint.
fn chain(
    path: &Path,
    first: String,
    rest: impl Iterator<Item = std::io::Result<String>>,
    walk: &mut Walk,
) -> Result<(), Error> {
    let mut kept = None;
    let lines = std::iter::once(Ok(first)).chain(rest);
    for (place, line) in lines.enumerate() {
        let line = line.map_err(at(path))?;
        let value: Option<Value> = serde_json::from_str(&line).ok();
        if let Some(checkpoint) = value.as_ref().and_then(|value| value.get("checkpoint")) {
            let read = Checkpoint::decode(&checkpoint.to_string());
            kept = Some(read.map_err(|refusal| found(refusal.into()))?);
            continue;
        }
        let block = Block::decode(&line).map_err(|refusal| {
            let mut finding = Finding::from(refusal);
            finding.detail = format!("line {}: {}", place + 1, finding.detail);
            found(finding)
        })?;
        walk.take(block)?;
    }
    walk.end(kept)
}

fn evidence(path: &Path, output: &Output) -> Result<ExitCode, Error> {
    let text = std::fs::read_to_string(path).map_err(at(path))?;
    let evidence = Evidence::decode(&text).map_err(|refusal| {
        Error::file(
            path,
            format!("neither a chain, as `export` writes it, nor evidence: {refusal}"),
        )
    })?;
    // [EVID-3]
    let community = evidence.genesis.hash();
    match evidence.verify() {
        Ok(()) if output.json => {
            output.line(&json!({"type": "evidence", "proves": true, "community": community}));
        }
        Ok(()) => anstream::println!(
            "proven: the server of the community {community} signed two chains that contradict each other, of {} and of {} blocks",
            evidence.first.size,
            evidence.second.size
        ),
        Err(finding) => {
            if output.json {
                output.line(&json!({
                    "type": "evidence", "proves": false, "community": community, "finding": finding.to_string(),
                }));
            }
            anstream::eprintln!(
                "dispatch: this proves nothing about the community {community}: {finding}"
            );
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A chain that is verified whole, signatures and all.
struct Walk {
    follower: Option<Follower>,
    batch: Vec<Block>,
    from: u64,
    progress: Progress,
}

impl Walk {
    fn new() -> Self {
        Self {
            follower: None,
            batch: Vec::new(),
            from: 0,
            progress: Progress::new(),
        }
    }

    fn take(&mut self, block: Block) -> Result<(), Error> {
        if self.follower.is_none() {
            let (follower, _) = Follower::begin(block, None, Keeper::default()).map_err(found)?;
            self.follower = Some(follower);
            self.from = 1;
            return Ok(());
        }
        self.batch.push(block);
        match self.batch.len() < BATCH {
            true => Ok(()),
            false => self.verify(),
        }
    }

    fn verify(&mut self) -> Result<(), Error> {
        let blocks = std::mem::take(&mut self.batch);
        let Some(follower) = &mut self.follower else {
            return Ok(());
        };
        let from = self.from;
        self.from += blocks.len() as u64;
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        follower
            .batch(Frame { from, blocks }, threads)
            .map_err(found)?;
        self.progress.show(self.from, self.from);
        Ok(())
    }

    fn end(&mut self, kept: Option<Checkpoint>) -> Result<(), Error> {
        self.verify()?;
        self.progress.clear();
        let Some(follower) = &mut self.follower else {
            return Ok(());
        };
        if let Some(kept) = kept {
            follower.checkpoint(&kept).map_err(found)?;
        }
        follower.finish().map_err(found)
    }
}

fn found(finding: Finding) -> Error {
    crate::community::server(finding)
}

/// Damage is what this command looks for: its finding, not its failure.
fn tell(path: &Path, walked: Result<Walk, Error>, output: &Output) -> Result<ExitCode, Error> {
    let told = match walked {
        Ok(walk) => match walk.follower {
            Some(follower) => {
                let state = follower.state();
                let covered = follower.keeper().kept().map_or(0, |kept| kept.size);
                let members = state.roster().count();
                if output.json {
                    output.line(&json!({
                        "type": "chain", "good": true, "community": state.community(), "size": state.size(),
                        "head": state.head(), "covered": covered, "members": members,
                    }));
                } else {
                    anstream::println!(
                        "good  {} blocks, {members} members, checkpoint over {covered}; every signature verified",
                        state.size()
                    );
                    anstream::println!("community {}  head {}", state.community(), state.head());
                }
                return Ok(ExitCode::SUCCESS);
            }
            None => "there is no block in it".to_owned(),
        },
        Err(Error::Server { finding, .. }) => finding.to_string(),
        Err(Error::Store(error)) if error.is_damaged() => error.what,
        Err(error) => return Err(error),
    };
    if output.json {
        output.line(&json!({"type": "chain", "good": false, "finding": told}));
    }
    anstream::eprintln!("dispatch: {}: {told}", path.display());
    Ok(ExitCode::from(1))
}
