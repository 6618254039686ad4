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
        let mut path = store.as_os_str().to_owned();
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
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(store.to_owned())),
            Err(std::fs::TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}
