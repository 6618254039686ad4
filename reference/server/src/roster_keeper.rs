//! Brings the allowlist's file to the writer whenever it was saved, and says in the log what came of it. A bad line changes
//! nothing; the roster stays as it is until the line is mended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::allowlist::{self, Listed};
use crate::error::Error;
use crate::watch::Watch;
use crate::writer::Command;
use crate::writer::intake::Intake;

/// After what time a file that could not be followed is read again, changed or not: a removal must not be lost because
/// the system was short of file descriptors or of room at that moment.
const RETRY: Duration = Duration::from_secs(5);

/// See the module.
pub(crate) struct RosterKeeper {
    /// What was wrong the last time, so that a retry does not say it again; none once the roster follows.
    trouble: Option<String>,
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
            trouble: None,
            path,
            intake,
        })
    }

    /// Lets the roster follow the file as it was at the start.
    pub(crate) async fn begin(&mut self, listed: Result<Vec<Listed>, Error>) {
        self.follow(listed).await;
    }

    /// Works until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            if self.trouble.is_some() {
                let _ = tokio::time::timeout(RETRY, self.watch.changed()).await;
            } else {
                self.watch.changed().await;
            }
            let path = self.path.clone();
            let Ok(listed) = tokio::task::spawn_blocking(move || allowlist::read(&path)).await
            else {
                continue;
            };
            self.follow(listed).await;
        }
    }

    async fn follow(&mut self, listed: Result<Vec<Listed>, Error>) {
        let listed = match listed {
            Ok(listed) => listed,
            Err(problem) => {
                self.complain(
                    problem,
                    "the allowlist cannot be used; the roster stays as it is until this is mended",
                );
                return;
            }
        };
        let keys = listed.len();
        let (done, outcome) = oneshot::channel();
        self.intake.command(Command::Follow(listed, done));
        let outcome = outcome.await;
        if !matches!(outcome, Ok(Err(_))) {
            self.trouble = None;
        }
        match outcome {
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
                self.complain(
                    problem,
                    "the roster could not follow the allowlist; it will be tried again",
                );
            }
            Err(_) => {}
        }
    }

    fn complain(&mut self, problem: impl std::fmt::Display, what: &str) {
        let problem = problem.to_string();
        if self.trouble.as_ref() != Some(&problem) {
            tracing::error!(%problem, "{what}");
        }
        self.trouble = Some(problem);
    }
}
