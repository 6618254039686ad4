//! `dispatchd allow` and `dispatchd deny`: edit the allowlist's file and say what happened.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use dispatch_protocol::bytes::Id;

use super::{AllowArguments, DenyArguments, allowlist_of};
use crate::allowlist::{self, Allowed, Denied, Listed};
use crate::error::{Error, at};

const PICKED_UP: &str = "A running dispatchd picks the change up by itself.";

/// The fewest letters of an id that may stand for it.
const PREFIX: usize = 8;

pub(super) fn allow(arguments: &AllowArguments) -> Result<ExitCode, Error> {
    let path = allowlist_of(&arguments.config)?;
    let mut texts = Vec::new();
    for key in &arguments.keys {
        let (source, text) = text_of(key)?;
        // Every argument is read before anything is written.
        allowlist::parse(&text)
            .map_err(|mistake| Error::configuration(format!("{source}, {mistake}")))?;
        texts.push((source, text));
    }
    let mut changed = false;
    for (source, text) in texts {
        for allowed in allowlist::allow(&path, &source, &text, arguments.name.as_deref())? {
            match allowed {
                Allowed::Added(key) => {
                    changed = true;
                    anstream::println!("allowed  {}", line(&key));
                }
                Allowed::Already(key) => anstream::println!("already  {}", line(&key)),
            }
        }
    }
    conclude(changed, &path);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn deny(arguments: &DenyArguments) -> Result<ExitCode, Error> {
    let path = allowlist_of(&arguments.config)?;
    let listed = allowlist::read(&path)?;
    let mut ids = Vec::new();
    for written in &arguments.ids {
        ids.extend(ids_of(written, &listed)?);
    }
    let mut changed = false;
    let mut absent = false;
    for denied in allowlist::deny(&path, &ids)? {
        match denied {
            Denied::Removed(key) => {
                changed = true;
                anstream::println!("denied   {}", line(&key));
            }
            Denied::Absent(id) => {
                absent = true;
                anstream::println!("absent   {id}  is not in the allowlist");
            }
        }
    }
    conclude(changed, &path);
    Ok(ExitCode::from(u8::from(absent && !changed)))
}

fn conclude(changed: bool, path: &Path) {
    if changed {
        anstream::println!("{} is saved. {PICKED_UP}", path.display());
    } else {
        anstream::println!("{} stays as it was.", path.display());
    }
}

fn line(key: &Listed) -> String {
    format!(
        "{}  {}",
        key.id(),
        key.name.as_deref().unwrap_or("(no name)")
    )
}

/// What an argument means: standard input, a key itself, or a file.
fn text_of(argument: &str) -> Result<(String, String), Error> {
    if argument == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(at(Path::new("standard input")))?;
        return Ok(("standard input".to_owned(), text));
    }
    let path = Path::new(argument);
    if argument.contains(' ') && !path.exists() {
        let key = argument.trim_start();
        return Ok(("the key given".to_owned(), key.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(at(path))?;
    Ok((argument.to_owned(), text))
}

/// The ids that an argument of `deny` means.
fn ids_of(written: &str, listed: &[Listed]) -> Result<Vec<Id>, Error> {
    let written = written.trim_start();
    if let Ok(id) = written.parse::<Id>() {
        return Ok(vec![id]);
    }
    let found: Vec<Id> = listed
        .iter()
        .map(Listed::id)
        .filter(|id| id.to_string().starts_with(written))
        .collect();
    match found.as_slice() {
        [id] if written.len() >= PREFIX => return Ok(vec![*id]),
        [_] => {
            return Err(Error::configuration(format!(
                "`{written}`: give at least the first {PREFIX} letters of an id"
            )));
        }
        [_, _, ..] => {
            return Err(Error::configuration(format!(
                "`{written}` begins {} ids; give more of it",
                found.len()
            )));
        }
        [] => {}
    }
    if written == "-" || written.contains(' ') || Path::new(written).exists() {
        let (source, text) = text_of(written)?;
        let keys = allowlist::parse(&text)
            .map_err(|mistake| Error::configuration(format!("{source}, {mistake}")))?;
        return Ok(keys.iter().map(Listed::id).collect());
    }
    Err(Error::configuration(format!(
        "`{written}` is neither an account's id nor the beginning of one in the allowlist"
    )))
}
