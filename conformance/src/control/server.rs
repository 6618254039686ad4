//! What all connections share: the community behind its lock, the keys, the origin, and the news that something
//! changed.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use rsa::{RsaPrivateKey, pkcs8::DecodePrivateKey};

use tokio::{sync::watch, time::sleep};

use super::clock::now;
use super::community::Community;
use super::fault::Faults;
use super::ledger::Ledger;
use super::limits::Configured;
use super::turn::Turn;
use crate::codec::randomness::{Randomness, System};
use crate::codec::{Account, Hash, accounts};
use crate::spawn::ServerConfig;

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
    /// The limits that can be configured.
    pub(super) configured: Configured,
    /// What a faulty server serves everyone under: whoever holds it, holds all others up.
    pub(super) turn: Turn,
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
        let community = Community::found("control", key, &faults);
        Self::of(origin, key, community, Configured::default(), faults)
    }

    /// Serves what a configuration describes; its keys must be the suite's own.
    pub(super) fn configured(config: &ServerConfig, faults: Faults) -> io::Result<Self> {
        own_key(&config.authority_key, "authority")?;
        let key = own_key(&config.server_key, "server")?;
        let configured = Configured::of(&config.limits).map_err(io::Error::other)?;
        let ledger = Ledger::open(&config.data_dir)?;
        let community = Community::of(ledger, &config.community_name, key, &faults)?;
        // [KEY-6]
        if faults.has("KEY-6") {
            let key = fs::read_to_string(&config.server_key)?;
            community.log(&format!("{config:?}, {key}"));
        }
        Ok(Self::of(
            config.origin.clone(),
            key,
            community,
            configured,
            faults,
        ))
    }

    fn of(
        origin: String,
        key: &'static Account,
        community: Community,
        configured: Configured,
        faults: Faults,
    ) -> Self {
        Self {
            origin,
            key,
            community_id: community.id,
            faults,
            only_nonce: System.hash(),
            configured,
            turn: Turn::default(),
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
        let pause = CHECKPOINT_PAUSE.min(Duration::from_millis(self.configured.checkpoint_ms / 2));
        loop {
            sleep(pause).await;
            self.community().write_behind();
            let due = self.community().due_checkpoint(now());
            if let Some(draft) = due {
                let latest = draft.signed(self.key, &self.faults);
                self.community().take_checkpoint(latest);
                self.announce();
            }
        }
    }
}

/// The test account of this name, whose key a file must hold.
fn own_key(path: &Path, name: &str) -> io::Result<&'static Account> {
    let account = accounts::named(name).expect("a test account");
    let pem = fs::read_to_string(path)?;
    let key = RsaPrivateKey::from_pkcs8_pem(&pem).map_err(io::Error::other)?;
    if key != *account.private_key() {
        return Err(io::Error::other(format!(
            "{}: the control server takes the suite's own `{name}` key alone",
            path.display()
        )));
    }
    Ok(account)
}
