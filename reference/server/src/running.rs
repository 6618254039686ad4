//! A server that runs: what its owner may ask it, and how it is taken down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use dispatch_protocol::bytes::Id;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::key::KeyPair;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::origin::Origin;
use crate::server::run_blocking;
use crate::writer::Writer;
use crate::writer::intake::Intake;

/// How long requests that are on their way when the server stops are still told so.
const LAST_CALL: Duration = Duration::from_millis(50);

/// A server that runs. Dropping it stops it abruptly; [`Running::shutdown`] does so in order.
pub struct Running {
    pub(crate) origins: Vec<Origin>,
    pub(crate) address: SocketAddr,
    pub(crate) metrics_address: Option<SocketAddr>,
    pub(crate) metrics_handle: Handle<SocketAddr>,
    pub(crate) reload: watch::Sender<u64>,
    pub(crate) community: Id,
    pub(crate) blocks: u64,
    pub(crate) members: usize,
    pub(crate) shutdown_within: Duration,
    pub(crate) handle: Handle<SocketAddr>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) inside: mpsc::Receiver<()>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) server_key: Arc<KeyPair>,
    pub(crate) last: Checkpoint,
    pub(crate) writer: JoinHandle<Option<Writer>>,
    pub(crate) tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// The first origin by which this server may be dialled, such as `http://127.0.0.1:7311`.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.origins[0].as_str()
    }

    /// All its origins.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// A link that invites to this community: it pins the community's id behind the first origin. // [INV-1]
    #[must_use]
    pub fn invitation(&self) -> String {
        format!("{}/#dispatch-d/1/{}", self.origin(), self.community)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address at which its metrics are shown, if they are.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Reads the certificate anew. A change of its files is noticed without this, too.
    pub fn reload(&self) {
        self.reload.send_modify(|times| *times += 1);
    }

    /// The community's id.
    #[must_use]
    pub fn community(&self) -> Id {
        self.community
    }

    /// The number of blocks and of accounts on the roster at the start.
    #[must_use]
    pub fn size_at_start(&self) -> (u64, usize) {
        (self.blocks, self.members)
    }

    /// Waits until the server fails by itself, which it does not in good health.
    pub async fn failure(&mut self) -> Error {
        let _ = (&mut self.writer).await;
        Error::Failed("the ledger's writer failed; the log says why".to_owned())
    }

    /// Stops in order: takes no more entries and, soon, no more connections, makes durable what was accepted, says `bye` with
    /// `shutting_down` to everybody, and signs a last checkpoint. Takes little longer than `shutdown_within`.
    ///
    /// # Errors
    /// If the last of it failed; what was answered is durable all the same.
    pub async fn shutdown(mut self) -> Result<(), Error> {
        self.stop.send_replace(true);
        // [HTTP-18] A connection whose request was not read yet would be closed without a word.
        tokio::time::sleep(LAST_CALL).await;
        self.handle.graceful_shutdown(Some(self.shutdown_within));
        // Nobody sends anything there: it ends when the last connection, and the door, have ended.
        let all_gone = tokio::time::timeout(self.shutdown_within, self.inside.recv())
            .await
            .is_ok();
        if !all_gone {
            tracing::warn!("some clients did not close in time");
        }
        self.intake.close();
        let ended = tokio::time::timeout(self.shutdown_within, &mut self.writer).await;
        self.tasks.drain(..).for_each(|task| task.abort());
        let Ok(Ok(Some(mut writer))) = ended else {
            return Err(Error::Failed(
                "the ledger's writer did not end in order".to_owned(),
            ));
        };
        let (server_key, last) = (self.server_key.clone(), self.last.time);
        run_blocking(move || writer.conclude(last, &server_key).map_err(Error::from)).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
        self.metrics_handle.shutdown();
        self.intake.close();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
