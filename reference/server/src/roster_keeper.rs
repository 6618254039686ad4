//! Brings the allowlist's file to the writer whenever it was saved, and says in the log what came of it. A bad line changes
//! nothing; the roster stays as it is until the line is mended.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::allowlist::{self, Listed, Watch};
use crate::error::Error;
use crate::writer::Command;
use crate::writer::intake::Intake;

/// See the module.
pub(crate) struct RosterKeeper {
    path: PathBuf,
    watch: Watch,
    intake: Arc<Intake>,
}

impl RosterKeeper {
    /// Begins to watch; what is saved from here on is noticed.
    ///
    /// # Errors
    /// If the file cannot be watched.
    pub(crate) fn new(path: PathBuf, intake: Arc<Intake>) -> Result<RosterKeeper, Error> {
        Ok(RosterKeeper {
            watch: Watch::over(&path)?,
            path,
            intake,
        })
    }

    /// Lets the roster follow the file as it was at the start.
    pub(crate) async fn begin(&self, listed: Result<Vec<Listed>, Error>) {
        self.follow(listed).await;
    }

    /// Works until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            self.watch.changed().await;
            let path = self.path.clone();
            let Ok(listed) = tokio::task::spawn_blocking(move || allowlist::read(&path)).await
            else {
                continue;
            };
            self.follow(listed).await;
        }
    }

    async fn follow(&self, listed: Result<Vec<Listed>, Error>) {
        let listed = match listed {
            Ok(listed) => listed,
            Err(problem) => {
                tracing::error!(%problem, "the allowlist cannot be used; the roster stays as it is until this is mended");
                return;
            }
        };
        let keys = listed.len();
        let (done, outcome) = oneshot::channel();
        self.intake.command(Command::Follow(listed, done));
        match outcome.await {
            Ok(Ok(followed)) if followed.entries == 0 => {
                tracing::debug!(keys, "the roster agrees with the allowlist")
            }
            Ok(Ok(followed)) => {
                tracing::info!(
                    keys,
                    added = followed.added,
                    removed = followed.removed,
                    "the roster follows the allowlist"
                );
            }
            Ok(Err(problem)) => {
                tracing::error!(%problem, "the roster could not follow the allowlist; save it again to retry")
            }
            Err(_) => {}
        }
    }
}
