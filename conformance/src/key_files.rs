//! Key files for servers: a private one is its owner's alone, since a careful server takes no other.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

/// Writes one of `vectors/keys/` to a file of its name, readable by its owner alone where it is a private key. One that is
/// there already is written over.
///
/// # Errors
/// Those of files.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let is_private = text.contains("PRIVATE KEY-----");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if is_private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(path)?;
    // One that was there keeps its mode.
    #[cfg(unix)]
    if is_private {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    file.write_all(text.as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_private_key_is_its_owners_alone_also_over_a_file_that_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            let file = fs::metadata(folder.path().join(name)).unwrap();
            file.permissions().mode() & 0o777
        };
        let private = "-----BEGIN PRIVATE KEY-----\n";
        let old = folder.path().join("old");
        fs::write(&old, "a longer text than the key's that comes over it").unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o644)).unwrap();
        write(&old, private).unwrap();
        write(&folder.path().join("new"), private).unwrap();
        assert_eq!((mode("old"), mode("new")), (0o600, 0o600));
        assert_eq!(fs::read_to_string(&old).unwrap(), private);
    }
}
