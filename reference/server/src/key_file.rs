//! Private keys on disk: PKCS#8 in PEM, readable by their owner alone. Public keys, as people have them, are the
//! allowlist's.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use dispatch_protocol::key::{KeyPair, KeyPairError};

use crate::error::{Error, at};

/// Reads a private key.
///
/// # Errors
/// [`Error::Configuration`] with the path: no such file, another form of key (with the command that turns it into the
/// right one), or a key that breaks a rule.
pub(crate) fn read(path: &Path) -> Result<KeyPair, Error> {
    let text = std::fs::read_to_string(path).map_err(at(path))?;
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
    KeyPair::from_pkcs8_pem(&text).map_err(|cause| match cause {
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

/// Whether users other than its owner can read the file, which nobody intends.
#[cfg(unix)]
pub(crate) fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Whether users other than its owner can read the file: not told here.
#[cfg(not(unix))]
pub(crate) fn readable_by_others(_: &Path) -> bool {
    false
}
