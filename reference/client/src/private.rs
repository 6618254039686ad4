//! Files and folders for their owner's eyes alone.

use std::path::Path;

use crate::error::{Error, at};

/// Makes the folder where it is not there, and sees that nobody else can enter it.
pub(crate) fn make_private(folder: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(at(folder))?;
    check_private(folder)
}

/// Refuses a file or folder that users other than its owner can read.
#[cfg(unix)]
pub(crate) fn check_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)
        .map_err(at(path))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::file(
        path,
        format!(
            "other users can read it (mode {:o}); take that from them with: chmod go= '{}'",
            mode & 0o777,
            path.display()
        ),
    ))
}

/// Refuses a file or folder that others can read: not told here.
#[cfg(not(unix))]
pub(crate) fn check_private(_: &Path) -> Result<(), Error> {
    Ok(())
}
