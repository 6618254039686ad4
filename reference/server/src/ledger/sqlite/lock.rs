//! One writer at a time.

use std::fs::File;
use std::path::Path;

use crate::ledger::StoreError;

/// The right to write to a store, which one process has at a time. It ends with the process, however that ends.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it.
    pub(crate) fn take(store: &Path) -> Result<Lock, StoreError> {
        // Whatever link it is called by: a store is one.
        let real = store.canonicalize().unwrap_or_else(|_| store.to_owned());
        let mut path = real.clone().into_os_string();
        path.push(".lock");
        let failed = |cause: std::io::Error| StoreError::Failed {
            path: path.clone().into(),
            what: cause.to_string(),
        };
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        belong_to_owner_of(&real, &file);
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(store.to_owned())),
            Err(std::fs::TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}

/// What root makes beside a store is its owner's: their server has to open it later.
#[cfg(unix)]
fn belong_to_owner_of(store: &Path, file: &File) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    if let Ok(store) = store.metadata() {
        // Refused to everybody but root, for whom alone it matters.
        let _ = fchown(file, Some(store.uid()), Some(store.gid()));
    }
}

#[cfg(not(unix))]
fn belong_to_owner_of(_: &Path, _: &File) {}
