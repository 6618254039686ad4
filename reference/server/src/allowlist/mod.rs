//! The allowlist: a text file that is the owner's. This module reads it whole or not at all; it never guesses at a bad
//! line. Changing it for the owner is `edit`, noticing a change is `watch`; what a change means for the roster is decided
//! by the writer, which alone knows the chain.

mod edit;
mod key_form;

use std::fmt;
use std::ops::Range;
use std::path::Path;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::key::PublicKey;

pub(crate) use edit::{Allowed, Denied, allow, deny};

use crate::error::{Error, at};

/// What a new allowlist says about itself.
pub(crate) const TEMPLATE: &str = "\
# Who may join: one public RSA key (2048 to 4096 bits) for each member, as an OpenSSH line
#
#     ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC... alice@laptop
#
# or as a PEM block, with the member's name in a comment right above it:
#
#     # Bob
#     -----BEGIN PUBLIC KEY-----
#     ...
#     -----END PUBLIC KEY-----
#
# Save the file and a running dispatchd picks the change up: a key that is new here gets onto the roster, one that is
# gone from here is removed, and its sessions end at once. If any line is wrong, nothing is changed and the log says
# which line it is. `dispatchd allow` and `dispatchd deny` edit this file for you and keep what you wrote.

";

/// A key of the allowlist.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The account's key, checked.
    pub(crate) key: PublicKey,
    /// Who it is, in the owner's words: the OpenSSH comment, or the comment above the PEM block.
    pub(crate) name: Option<String>,
    /// The lines that it takes, counted from 0, with the name above a PEM block.
    lines: Range<usize>,
}

impl Listed {
    pub(crate) fn id(&self) -> Id {
        self.key.id()
    }
}

/// What is wrong with a line, counted from 1.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) line: usize,
    pub(crate) problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// Reads the file and all its keys, each account once.
///
/// # Errors
/// The first bad line, with its number. A file that is missing, or holds nothing at all, is an error, too, and not an
/// empty list: nobody is shown the door because a disk was not mounted, or was full when an editor saved.
pub(crate) fn read(path: &Path) -> Result<Vec<Listed>, Error> {
    let bytes = std::fs::read(path).map_err(at(path))?;
    let text =
        text_of(&bytes).map_err(|mistake| Error::line(path, mistake.line, mistake.problem))?;
    if text.trim().is_empty() {
        let problem =
            "the file holds nothing; if nobody is to be a member, say so in a comment line";
        return Err(Error::line(path, 1, problem.to_owned()));
    }
    parse(text).map_err(|mistake| Error::line(path, mistake.line, mistake.problem))
}

pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, Mistake> {
    // some editors begin a text with a byte-order mark, which nobody sees
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|cause| Mistake {
        line: 1 + bytes[..cause.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        problem: "not UTF-8 text".to_owned(),
    })
}

/// The keys of a text, each account once, in their order.
///
/// # Errors
/// The first line that is neither blank, a comment nor a usable key.
pub(crate) fn parse(text: &str) -> Result<Vec<Listed>, Mistake> {
    let lines: Vec<&str> = text.lines().collect();
    let mut listed: Vec<Listed> = Vec::new();
    let mut known = std::collections::HashSet::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim();
        if line.is_empty() || line.starts_with('#') {
            at += 1;
            continue;
        }
        let found = read_key(&lines, at).map_err(|problem| Mistake {
            line: at + 1,
            problem,
        })?;
        at = found.lines.end;
        if known.insert(found.id()) {
            listed.push(found);
        }
    }
    Ok(listed)
}

/// The key that begins at a line.
fn read_key(lines: &[&str], at: usize) -> Result<Listed, String> {
    let (der, name, lines) = match key_form::pem_label(lines[at]) {
        Some(label) => {
            let length = lines[at..]
                .iter()
                .position(|line| key_form::ends_pem(line, label))
                .ok_or_else(|| {
                    if label.contains("PRIVATE KEY") {
                        key_form::private_key_warning()
                    } else {
                        format!("the PEM block has no line -----END {label}-----")
                    }
                })?;
            let der = key_form::from_pem(label, &lines[at + 1..at + length].concat())?;
            let name = at.checked_sub(1).and_then(|above| name_in(lines[above]));
            let start = if name.is_some() { at - 1 } else { at };
            (der, name, start..at + length + 1)
        }
        None if key_form::is_private(lines[at]) => return Err(key_form::private_key_warning()),
        None => {
            let (der, name) = key_form::from_openssh(lines[at].trim())?;
            (der, name, at..at + 1)
        }
    };
    let key = PublicKey::parse(&der)
        .map_err(|refusal| format!("not a key that may be an account: {}", refusal.detail))?;
    Ok(Listed { key, name, lines })
}

/// The words of a comment line.
fn name_in(line: &str) -> Option<String> {
    let words = line
        .trim()
        .strip_prefix('#')?
        .trim_start_matches('#')
        .trim();
    (!words.is_empty()).then(|| words.to_owned())
}
