//! `make-vectors`: makes the static vectors, the files beside the test keys, and the generated examples of the spec.
//!
//! Everything follows from the committed keys, fixed times and labels: two runs give the same bytes.
//!
//! ```text
//! make-vectors           writes vectors/static, vectors/keys and the generated blocks in spec/*.md
//! make-vectors --check   writes nothing; exit code 1 where a file would change
//! make-vectors --keys    makes the key files again, from their seeds
//! ```

mod backups;
mod base64;
mod blocks;
mod cards;
mod chains;
mod checkpoints;
mod community;
mod conversation;
mod entries;
mod evidence;
mod file;
mod frames;
mod invitations;
mod joins;
mod keys;
mod measured;
mod messages;
mod ordered;
mod parsers;
mod public_keys;
mod signatures;
mod spec;
mod trees;
mod tuples;
mod unicode;
mod wraps;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let argument = std::env::args().nth(1);
    let result = match argument.as_deref() {
        None => write(&root),
        Some("--check") => check(&root),
        Some("--keys") => keys::write_key_files(&root).map_err(|e| e.to_string()),
        Some(other) => Err(format!("{other} is unknown: nothing, --check or --keys")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn write(root: &Path) -> Result<(), String> {
    for (path, text) in made(root)? {
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn check(root: &Path) -> Result<(), String> {
    let mut changed = Vec::new();
    for (path, text) in made(root)? {
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            changed.push(path.display().to_string());
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "not what make-vectors makes: {}\nrun it without --check",
        changed.join(", ")
    ))
}

/// All files that are made, by path.
fn made(root: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
    let files = [
        tuples::file(),
        public_keys::file(),
        signatures::file(),
        frames::file(),
        parsers::file(),
        base64::file(),
        unicode::file(),
        entries::file(),
        blocks::file(),
        trees::file(),
        checkpoints::file(),
        chains::file(),
        cards::file(),
        wraps::file(),
        messages::file(),
        joins::file(),
        evidence::file(),
        invitations::file(),
        backups::file(),
        conversation::file(),
    ];
    let mut ids = HashSet::new();
    let mut out = keys::files(root);
    for file in &files {
        for id in file.ids() {
            if !ids.insert(id.clone()) {
                return Err(format!("the id {id} stands twice"));
            }
        }
        out.insert(
            root.join(format!("vectors/static/{}.json", file.name())),
            ordered::pretty(&file.to_json()),
        );
    }
    let spec = root.join("spec");
    let chapters = std::fs::read_dir(&spec).map_err(|e| format!("{}: {e}", spec.display()))?;
    for chapter in chapters.filter_map(Result::ok).map(|entry| entry.path()) {
        if chapter.extension().is_some_and(|e| e == "md") {
            let text = std::fs::read_to_string(&chapter)
                .map_err(|e| format!("{}: {e}", chapter.display()))?;
            let text = spec::with_examples(&text, &files)
                .map_err(|e| format!("{}: {e}", chapter.display()))?;
            out.insert(chapter, text);
        }
    }
    Ok(out)
}
