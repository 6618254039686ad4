//! Edits the allowlist for its owner: every line that is not the subject stays as it was, in its place.
//! Not for the roster: a running server sees the file change and makes the entry.

use std::fs::File;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use dispatch_protocol::bytes::Id;

use super::{Listed, parse, text_of};
use crate::error::{Error, at};

/// What became of a key that was to be allowed.
pub(crate) enum Allowed {
    /// It was added at the end of the file.
    Added(Listed),
    /// It stood there before.
    Already(Listed),
}

/// What became of an id that was to be denied.
pub(crate) enum Denied {
    /// Its lines were taken out.
    Removed(Listed),
    /// No key in the file has this id.
    Absent(Id),
}

/// Adds the keys of a text (as in the allowlist itself) that are not there yet; `name` names them where they bring none.
///
/// # Errors
/// A bad line in the text or in the file: nothing is changed then.
pub(crate) fn allow(
    path: &Path,
    source: &str,
    text: &str,
    name: Option<&str>,
) -> Result<Vec<Allowed>, Error> {
    let wanted =
        parse(text).map_err(|mistake| Error::configuration(format!("{source}, {mistake}")))?;
    if wanted.is_empty() {
        return Err(Error::configuration(format!(
            "{source}: there is no public key in it"
        )));
    }
    let _turn = Turn::wait(path)?;
    let mut file = read_text(path)?;
    let listed = listed_in(path, &file)?;
    let given: Vec<&str> = text.lines().collect();
    let mut outcome = Vec::new();
    let mut changed = false;
    for mut key in wanted {
        if let Some(there) = listed.iter().find(|there| there.id() == key.id()) {
            outcome.push(Allowed::Already(there.clone()));
            continue;
        }
        if !file.is_empty() && !file.ends_with('\n') {
            file.push('\n');
        }
        let lines = &given[key.lines.clone()];
        match (&key.name, name) {
            (None, Some(name)) if lines.len() == 1 => {
                file.push_str(&format!("{} {name}\n", lines[0].trim_end()))
            }
            (None, Some(name)) => file.push_str(&format!("# {name}\n{}\n", lines.join("\n"))),
            _ => file.push_str(&format!("{}\n", lines.join("\n"))),
        }
        key.name = key.name.or_else(|| name.map(str::to_owned));
        changed = true;
        outcome.push(Allowed::Added(key));
    }
    if changed {
        listed_in(path, &file)?;
        replace(path, &file)?;
    }
    Ok(outcome)
}

/// Takes the keys with these ids out of the file.
///
/// # Errors
/// A bad line in the file: nothing is changed then.
pub(crate) fn deny(path: &Path, ids: &[Id]) -> Result<Vec<Denied>, Error> {
    let _turn = Turn::wait(path)?;
    let file = read_text(path)?;
    let mut outcome = Vec::new();
    let mut text = file.clone();
    for id in ids {
        // A key may stand in the file more than once; all of its places go.
        let mut removed = None;
        while let Some(key) = listed_in(path, &text)?
            .into_iter()
            .find(|key| key.id() == *id)
        {
            text = text
                .split_inclusive('\n')
                .enumerate()
                .filter(|(number, _)| !key.lines.contains(number))
                .map(|(_, line)| line)
                .collect();
            removed = Some(key);
        }
        outcome.push(removed.map_or(Denied::Absent(*id), Denied::Removed));
    }
    if text != file {
        replace(path, &text)?;
    }
    Ok(outcome)
}

fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(at(path))?;
    let text =
        text_of(&bytes).map_err(|mistake| Error::line(path, mistake.line, mistake.problem))?;
    Ok(text.to_owned())
}

fn listed_in(path: &Path, text: &str) -> Result<Vec<Listed>, Error> {
    parse(text).map_err(|mistake| Error::line(path, mistake.line, mistake.problem))
}

/// Puts the new text in the old one's place in one step, with the old one's permissions: a server that reads in
/// between sees one or the other, whole.
fn replace(path: &Path, text: &str) -> Result<(), Error> {
    // A link is followed, so that it stays one.
    let target = std::fs::canonicalize(path).map_err(at(path))?;
    let owner = std::fs::metadata(&target).map_err(at(path))?;
    let permissions = owner.permissions();
    let mut beside = target.clone().into_os_string();
    beside.push(format!(".new-{}", std::process::id()));
    let beside = std::path::PathBuf::from(beside);
    let written = File::create(&beside)
        .and_then(|mut file| {
            file.set_permissions(permissions)?;
            // Root's edit leaves the file to its owner, whose server reads it.
            #[cfg(unix)]
            let _ = std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid()));
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, &target));
    written.map_err(|cause| {
        let _ = std::fs::remove_file(&beside);
        at(path)(cause)
    })
}

/// Two edits at once take turns: a lock on the folder's own handle, which ends with the process.
struct Turn(#[expect(dead_code, reason = "held for its lock")] File);

impl Turn {
    fn wait(path: &Path) -> Result<Turn, Error> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let file = File::open(folder).map_err(at(folder))?;
        file.lock().map_err(at(folder))?;
        Ok(Turn(file))
    }
}
