//! Faulty: one turn for everybody. A server that reads, writes or accepts under it waits for one client in the place of
//! all others. [LIM-11]

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::fault::Faults;

/// The turn, of which there is one for all connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn(Arc<Mutex<()>>);

/// Whose turn it is.
pub(super) type Held = OwnedMutexGuard<()>;

impl Turn {
    /// Waits for the turn, where one of these faults asks for it.
    pub(super) async fn take(&self, faults: &Faults, ids: &[&str]) -> Option<Held> {
        match ids.iter().any(|id| faults.has(id)) {
            true => Some(Arc::clone(&self.0).lock_owned().await),
            false => None,
        }
    }
}
