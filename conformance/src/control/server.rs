//! What all connections share: the community behind its lock, the keys, the origin, and the news that something
//! changed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::{sync::watch, time::sleep};

use super::clock::now;
use super::community::Community;
use super::fault::Faults;
use crate::codec::randomness::{Randomness, System};
use crate::codec::{Account, Hash, accounts};

/// How often the server looks whether a checkpoint is due.
const CHECKPOINT_PAUSE: Duration = Duration::from_millis(50);

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    /// Its one own origin.
    pub(super) origin: String,
    /// The server key.
    pub(super) key: &'static Account,
    /// The community's id.
    pub(super) community_id: Hash,
    /// What is broken.
    pub(super) faults: Faults,
    /// A nonce that is drawn once, for the fault that does so.
    pub(super) only_nonce: Hash,
    community: Mutex<Community>,
    changes: watch::Sender<u64>,
}

impl Server {
    /// Founds a community and serves it under this origin.
    pub(super) fn found(origin: String, faults: Faults) -> Self {
        // [KEY-7]
        let name = if faults.has("KEY-7") {
            "authority"
        } else {
            "server"
        };
        let key = accounts::named(name).expect("a test account");
        let community = Community::found(key, &faults);
        Self {
            origin,
            key,
            community_id: community.id,
            faults,
            only_nonce: System.hash(),
            community: Mutex::new(community),
            changes: watch::Sender::new(0),
        }
    }

    /// The community, for as long as the guard lives; never across a wait.
    pub(super) fn community(&self) -> MutexGuard<'_, Community> {
        self.community
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells every connection that something changed.
    pub(super) fn announce(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Hears of changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Signs a checkpoint whenever blocks are not covered. [CHECK-3]
    pub(super) async fn sign_checkpoints(&self) {
        loop {
            sleep(CHECKPOINT_PAUSE).await;
            let due = self.community().due_checkpoint(now());
            if let Some(draft) = due {
                let latest = draft.signed(self.key, &self.faults);
                self.community().checkpoint = latest;
                self.announce();
            }
        }
    }
}
