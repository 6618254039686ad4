//! What every transport needs of its server, and what all of them do alike: let an account in, hand an entry on, tell that
//! the server stops. Not for how a transport speaks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use dispatch_protocol::bytes::Nonce;
use dispatch_protocol::entry::Entry;
use dispatch_protocol::key::{KeyPair, PublicKey};
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::session::{Challenges, Host, Open};
use dispatch_protocol::wire::{Ref, ServerFrame, Welcome};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::feed::Feed;
use crate::ledger::{Commons, Shelf};
use crate::lobby::{Lobby, Membership};
use crate::metrics::Metrics;
use crate::outbox::{Outbox, unavailable};
use crate::rates::{Limiter, Network};
use crate::writer::Command;
use crate::writer::intake::{Intake, Submission};

/// See the module.
pub(crate) struct House {
    pub(crate) host: Host,
    pub(crate) server_key: Arc<KeyPair>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) lobby: Arc<Lobby>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) shelf: Arc<dyn Shelf>,
    /// What other processes that append to the same store share with this one; none where there is none.
    pub(crate) commons: Option<Arc<dyn Commons>>,
    /// How many readers may ask the store at once.
    pub(crate) readers: Arc<Semaphore>,
    /// The challenges that were asked for by requests; those of sockets are with their connections. They go with the
    /// process. Each network's are counted: where there is no room, the one that has the most gives way. Of several processes each
    /// counts those that it made, which lie with what they share, and are proved there.
    /// // [JOIN-21], [LIM-9], [LIM-12]
    pub(crate) challenges: Mutex<Challenges<Option<Network>>>,
    pub(crate) limiter: Limiter,
    pub(crate) metrics: Arc<Metrics>,
    /// How many submits of one socket may be without an answer; it is not read meanwhile.
    pub(crate) entries_of_socket: usize,
    pub(crate) slow_reader: Duration,
    pub(crate) join_within: Duration,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// An account that was let in, and the welcome that it is due.
pub(crate) struct Joined {
    pub(crate) open: Open,
    pub(crate) welcome: Welcome,
    /// The key that the account's entries are verified by.
    pub(crate) key: PublicKey,
    pub(crate) membership: Arc<Membership>,
}

impl House {
    /// The challenges that were asked for by requests.
    pub(crate) fn outstanding(&self) -> MutexGuard<'_, Challenges<Option<Network>>> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was durable when this was asked, whichever process appended it: what another one has told a client is
    /// news to nobody here. // [CHECK-7], [JOIN-14]
    ///
    /// # Errors
    /// `unavailable`, if the store does not say.
    pub(crate) async fn abreast(&self) -> Result<(), Refusal> {
        if self.commons.is_none() {
            return Ok(());
        }
        let (done, looked) = oneshot::channel();
        self.intake.command(Command::Look(done));
        let refusal = "the server does not know how far the chain is; try again";
        looked.await.map_err(|_| unavailable(refusal))
    }

    /// Does the RSA work of a join, and looks at who may come in, on the threads that do such work.
    ///
    /// # Errors
    /// Those of the work; `unavailable` if it could not be done.
    pub(crate) async fn work<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<R, Refusal> + Send + 'static,
    ) -> Result<R, Refusal> {
        self.intake.run(work).await.unwrap_or_else(|| {
            Err(unavailable(
                "the server could not look at the proof; try again",
            ))
        })
    }

    /// Counts a join, and tells the log of it.
    pub(crate) fn tell(&self, joined: &Result<Joined, Refusal>) {
        match joined {
            Ok(Joined { open, welcome, .. }) => {
                self.metrics.joined();
                tracing::debug!(account = %open.account(), size = welcome.size, "joined");
            }
            Err(refusal) if matches!(refusal.code, Code::BadProof | Code::NotAllowed) => {
                tracing::info!(code = %refusal.code, "a join was refused");
            }
            Err(_) => {}
        }
    }

    /// Hands an entry of so many bytes on to be verified and appended; its answer comes into the outbox. Waits while too
    /// much is under way. None if the server takes nothing more.
    pub(crate) async fn submit(
        &self,
        entry: Entry,
        key: PublicKey,
        bytes: usize,
        reference: Option<Ref>,
        outbox: &Arc<Outbox>,
    ) -> Option<()> {
        let permit = self.intake.admit(bytes).await?;
        let reply = outbox.expect(reference, permit);
        self.intake.submit(Submission { entry, key, reply });
        Some(())
    }

    /// Whether the server stops.
    pub(crate) fn stops(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the server stops.
    pub(crate) async fn stopped(&self) {
        // An error says that the server is gone, which is the same.
        let _ = self.stopping.clone().wait_for(|stop| *stop).await;
    }
}

/// What is said when the server stops. // [WS-9]
pub(crate) fn shutting_down() -> Refusal {
    Refusal::new(
        Code::ShuttingDown,
        "WS-9",
        "the server stops; try again later",
    )
    .retry_after(5000)
}

/// What is said to a client that reads too slowly. // [SYNC-4]
pub(crate) fn slow_reader() -> Refusal {
    Refusal::new(
        Code::SlowReader,
        "SYNC-4",
        "the client reads too slowly; join again and go on from what it holds",
    )
}

/// A frame's text.
pub(crate) fn text(frame: &ServerFrame) -> Utf8Bytes {
    match serde_json::to_string(frame) {
        Ok(text) => text.into(),
        Err(problem) => unreachable!("a frame of numbers and texts is always written: {problem}"),
    }
}

/// 32 bytes that nobody can guess. // [JOIN-7]
pub(crate) fn nonce() -> Nonce {
    let mut bytes = [0; 32];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        // Without a source of random bytes no challenge may be made; whoever asked for one ends.
        panic!("the system's random source failed");
    }
    Nonce::new(bytes)
}
