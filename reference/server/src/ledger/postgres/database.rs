//! Connections to the database, on a small runtime of their own, so that threads which wait for an answer and tasks which
//! await one can both use them. Nothing waits for ever: each question has its time, and a connection that kept it waiting
//! longer, or answered with an error, is not used again.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Connection, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use super::told::{self, Cause};
use crate::config::DatabaseAddress;
use crate::ledger::StoreError;

/// How long an answer may take. The database's own waiting for a lock ends before (`lock_timeout`).
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What each session of the database is told. A batch is acknowledged when the synchronous standbys have it, if there are
/// any; whoever keeps the chain's end and falls silent loses it; and no statement waits for a lock as long as its client
/// does for the answer. `remote_apply` promises more than `on`, and stays.
const SESSION: &str = "
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply';
SET lock_timeout = 3500; SET idle_in_transaction_session_timeout = 2500; SET client_min_messages = warning;
SET default_transaction_isolation = 'read committed'";

/// A value of a statement.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// The connections to one database.
pub(crate) struct Database {
    address: DatabaseAddress,
    tls: MakeRustlsConnect,
    runtime: Option<Runtime>,
    idle: Mutex<Vec<Line>>,
}

/// One connection.
pub(crate) struct Line {
    pub(crate) client: Client,
    /// Whether the database warned of something since this was last asked.
    warned: Arc<AtomicBool>,
    driver: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        // Not in order, which a network that is cut would never let happen: the database rolls back what was open.
        self.driver.abort();
    }
}

impl Line {
    /// Whether the database has warned since the last time. A commit that was made without the standbys it had to wait for
    /// is told as a success, and a warning.
    pub(super) fn warned(&self) -> bool {
        self.warned.swap(false, Ordering::AcqRel)
    }
}

impl Database {
    /// Gets everything ready to connect.
    ///
    /// # Errors
    /// If certificates cannot be read, or there is no thread.
    pub(crate) fn new(address: &DatabaseAddress) -> Result<Arc<Database>, StoreError> {
        let failed = |what: String| StoreError::Failed {
            path: address.shown().to_owned(),
            what,
        };
        let tls = tls::connector(address.certificates()).map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("database")
            .enable_all()
            .build()
            .map_err(|cause| failed(format!("the runtime could not be started ({cause})")))?;
        Ok(Arc::new(Database {
            address: address.clone(),
            tls,
            runtime: Some(runtime),
            idle: Mutex::default(),
        }))
    }

    /// The address without its password.
    pub(crate) fn place(&self) -> &Path {
        self.address.shown()
    }

    /// A new connection. `heard` is told of each notification.
    pub(super) async fn connect(
        &self,
        heard: Option<mpsc::Sender<()>>,
    ) -> Result<Line, StoreError> {
        let (address, tls) = (self.address.clone(), self.tls.clone());
        // Its driver runs where the database's runtime is, whoever asked.
        let connecting = self.runtime().spawn(async move {
            let (client, connection) = address.connect().connect(tls).await?;
            let warned = Arc::new(AtomicBool::new(false));
            let driver = tokio::spawn(drive(connection, warned.clone(), heard));
            let line = Line {
                client,
                warned,
                driver,
            };
            line.client.batch_execute(SESSION).await?;
            Ok(line)
        });
        match connecting.await {
            Ok(line) => line.map_err(|cause| self.told(&cause)),
            Err(cause) => Err(self.away(cause.to_string())),
        }
    }

    /// Does something on the database's runtime, while this thread waits; no longer than [`PATIENCE`].
    ///
    /// # Errors
    /// What went wrong, or that the time is over.
    pub(super) fn wait<R>(
        &self,
        work: impl Future<Output = Result<R, StoreError>>,
    ) -> Result<R, StoreError> {
        self.runtime().block_on(self.within(work))
    }

    /// Asks on a connection that is kept for the next one who asks. A question is asked once more on a new connection if
    /// the one that was kept turns out to be broken: so it must change nothing, or the same when it is asked twice.
    ///
    /// # Errors
    /// What went wrong, or that the time is over.
    pub(crate) async fn ask<R>(
        &self,
        question: impl AsyncFn(&Client) -> Result<R, Cause>,
    ) -> Result<R, StoreError> {
        self.within(async {
            loop {
                let (line, is_kept) = self.line().await?;
                match question(&line.client).await {
                    Ok(answer) => {
                        self.lock().push(line);
                        return Ok(answer);
                    }
                    Err(Cause::Database(_)) if is_kept && line.client.is_closed() => {}
                    Err(cause) => return Err(cause.at(self.place())),
                }
            }
        })
        .await
    }

    /// The same for one statement, in one round trip, where the question has to go from thread to thread.
    ///
    /// # Errors
    /// As [`ask`](Database::ask).
    pub(super) async fn rows(
        &self,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.within(async {
            loop {
                let (line, is_kept) = self.line().await?;
                match line.client.query_typed(statement, values).await {
                    Ok(rows) => {
                        self.lock().push(line);
                        return Ok(rows);
                    }
                    Err(_) if is_kept && line.client.is_closed() => {}
                    Err(cause) => return Err(self.told(&cause)),
                }
            }
        })
        .await
    }

    /// As [`ask`](Database::ask), while this thread waits.
    pub(super) fn ask_waiting<R>(
        &self,
        question: impl AsyncFn(&Client) -> Result<R, Cause>,
    ) -> Result<R, StoreError> {
        self.runtime().block_on(self.ask(question))
    }

    /// A connection that was kept, or a new one; and which of the two.
    async fn line(&self) -> Result<(Line, bool), StoreError> {
        let kept = self.lock().pop();
        match kept {
            Some(line) => Ok((line, true)),
            None => Ok((self.connect(None).await?, false)),
        }
    }

    /// Starts something that goes on beside.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime().spawn(work)
    }

    pub(super) fn told(&self, cause: &tokio_postgres::Error) -> StoreError {
        told::told(self.place(), cause)
    }

    async fn within<R>(
        &self,
        work: impl Future<Output = Result<R, StoreError>>,
    ) -> Result<R, StoreError> {
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.away(format!("no answer in {} s", PATIENCE.as_secs()))),
        }
    }

    fn away(&self, what: String) -> StoreError {
        StoreError::Away {
            path: self.place().to_owned(),
            what,
        }
    }

    fn runtime(&self) -> &Runtime {
        match &self.runtime {
            Some(runtime) => runtime,
            None => unreachable!("it is taken when this is dropped, and not before"),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries a connection until it ends.
async fn drive<S, T>(
    mut connection: Connection<S, T>,
    warned: Arc<AtomicBool>,
    heard: Option<mpsc::Sender<()>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    // An error ends it; whoever waits for an answer is told.
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            AsyncMessage::Notice(notice) => {
                warned.store(true, Ordering::Release);
                let code = notice.code().code();
                tracing::warn!(code, "the database warns: {}", notice.message());
            }
            // One that waits already says the same.
            AsyncMessage::Notification(_) => {
                if let Some(heard) = &heard {
                    let _ = heard.try_send(());
                }
            }
            _ => {}
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.lock().clear();
        // Dropped in a task, a runtime must not wait for its threads.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
