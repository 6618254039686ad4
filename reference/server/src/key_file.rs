//! Private keys on disk: PKCS#8 in PEM, readable by their owner alone. Public keys, as people have them, are the
//! allowlist's.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use dispatch_protocol::key::{KeyPair, KeyPairError};

use crate::error::{Error, at};

/// Reads a private key.
///
/// # Errors
/// [`Error::Configuration`] with the path: no such file, one that is open to other users, another form of key (with the
/// command that turns it into the right one), or a key that breaks a rule.
pub(crate) fn read(path: &Path) -> Result<KeyPair, Error> {
    let mut file = File::open(path).map_err(at(path))?;
    // Of the file that is read, and not of one that took its name meanwhile.
    guarded(path, &file)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(at(path))?;
    parse(path, &text)
}

/// The key of a text that a file holds.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(path: &Path, text: &str) -> Result<KeyPair, Error> {
    let turn = "openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW";
    let form = |problem: String| Err(Error::file(path, problem));
    let label = text.lines().find_map(|line| {
        line.trim()
            .strip_prefix("-----BEGIN ")?
            .strip_suffix("-----")
    });
    match label {
        Some("PRIVATE KEY") => {}
        Some("RSA PRIVATE KEY") => {
            return form(format!(
                "a key in PKCS#1 form; turn it into PKCS#8 with: {turn}"
            ));
        }
        Some("ENCRYPTED PRIVATE KEY") => {
            return form(format!(
                "the key is encrypted, and a server starts without its owner; decrypt it with: {turn}"
            ));
        }
        Some("OPENSSH PRIVATE KEY") => {
            let first = "ssh-keygen -p -m PKCS8 -f COPY-OF-KEY";
            return form(format!(
                "a key in OpenSSH's own form; turn a copy of it into PKCS#8 with: {first}"
            ));
        }
        Some("PUBLIC KEY" | "RSA PUBLIC KEY") => {
            return form("a public key; the private half is wanted here".into());
        }
        _ => return form("not a private key in PEM (-----BEGIN PRIVATE KEY-----)".into()),
    }
    KeyPair::from_pkcs8_pem(text).map_err(|cause| match cause {
        // The library does not say whether the key is too short, of another kind, or damaged.
        KeyPairError::Pkcs8 => Error::file(
            path,
            "not a private RSA key of 2048 to 4096 bits, or damaged",
        ),
        cause => Error::file(path, cause),
    })
}

/// Writes a private key to a new file that only its owner reads.
///
/// # Errors
/// If there is such a file already, or it cannot be written.
pub(crate) fn create(path: &Path, pair: &KeyPair) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = |mut file: File| {
        file.write_all(pair.to_pkcs8_pem().as_bytes())?;
        file.sync_all()
    };
    options.open(path).and_then(write).map_err(at(path))
}

/// Refuses a file that is open to users other than its owner.
#[cfg(unix)]
fn guarded(path: &Path, file: &File) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata().map_err(at(path))?;
    if !metadata.is_file() || is_guarded(metadata.uid(), metadata.mode()) {
        return Ok(());
    }
    let mode = metadata.mode() & 0o777;
    let name = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,@:=".contains(letter);
    let quoted = match name.chars().all(is_plain) {
        true => name,
        false => format!("'{}'", name.replace('\'', r"'\''")),
    };
    Err(Error::file(
        path,
        format!(
            "this private key is open to other users (mode {mode:04o}); mend it with: chmod 600 {quoted}"
        ),
    ))
}

/// Whether a file of this owner and mode is its reader's alone. A group may read what is root's: only root can have given
/// it to that group, and so service managers and containers hand keys on.
#[cfg(unix)]
fn is_guarded(owner: u32, mode: u32) -> bool {
    let open = if owner == 0 { 0o037 } else { 0o077 };
    mode & open == 0
}

/// Who may read a file is not told here.
#[cfg(not(unix))]
fn guarded(_: &Path, _: &File) -> Result<(), Error> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_owners_alone_and_a_group_reads_it_where_root_lets_it() {
        for (mode, is_own, is_roots) in [
            (0o600, true, true),
            (0o400, true, true),
            (0o700, true, true),
            (0o440, false, true),
            (0o640, false, true),
            (0o660, false, false),
            (0o620, false, false),
            (0o610, false, false),
            (0o604, false, false),
            (0o602, false, false),
            (0o444, false, false),
            (0o644, false, false),
            (0o666, false, false),
            (0o777, false, false),
        ] {
            assert_eq!(is_guarded(1000, mode), is_own, "{mode:o}");
            assert_eq!(is_guarded(0, mode), is_roots, "{mode:o}");
        }
    }
}
