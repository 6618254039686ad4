//! Follows the certificate's files, and says in the log what came of it. A pair that cannot be used changes nothing: the
//! old one is shown on until the files are mended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Pair, Shown};
use crate::clock;
use crate::config::TlsFiles;
use crate::error::Error;
use crate::origin::Origin;
use crate::watch::Watch;

/// How often the files are read though nothing was told of them: links that lead elsewhere now, changed permissions and files
/// of another machine are not told of.
const LOOK: Duration = Duration::from_secs(60);

/// The same while they cannot be used.
const RETRY: Duration = Duration::from_secs(5);

/// How often the same is said of a certificate that does not change.
const DAY: Duration = Duration::from_secs(86_400);

/// How long before its end a certificate that was not renewed is complained of, in seconds.
const SOON: u64 = 7 * 86_400;

/// See the module.
pub(crate) struct Keeper {
    files: TlsFiles,
    origins: Vec<Origin>,
    shown: Arc<Shown>,
    watches: [Watch; 2],
    /// What was wrong the last time, so that it is said once.
    trouble: Option<String>,
    /// When the owner was last told of what the certificate is like.
    told: Instant,
    /// Told when the owner asks for it.
    reload: watch::Receiver<u64>,
}

impl Keeper {
    /// Reads the pair and begins to watch its files.
    ///
    /// # Errors
    /// [`Pair::read`]'s, or if the files cannot be watched.
    pub(crate) fn begin(
        files: TlsFiles,
        origins: Vec<Origin>,
        reload: watch::Receiver<u64>,
    ) -> Result<Keeper, Error> {
        // Twice, so that a path that is wrong is told as such, and no change after the second reading is missed.
        Pair::read(&files)?;
        let watches = watches(&files)?;
        let pair = Pair::read(&files)?;
        let mut keeper = Keeper {
            files,
            origins,
            shown: Arc::new(Shown::new(pair)),
            watches,
            trouble: None,
            told: Instant::now(),
            reload,
        };
        keeper.look_over();
        Ok(keeper)
    }

    /// What clients are shown.
    pub(crate) fn shown(&self) -> Arc<Shown> {
        self.shown.clone()
    }

    /// Works until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            let pause = if self.trouble.is_some() { RETRY } else { LOOK };
            let [certificate, key] = &mut self.watches;
            tokio::select! {
                () = certificate.changed() => {}
                () = key.changed() => {}
                asked = self.reload.changed() => if asked.is_err() {
                    return;
                },
                () = tokio::time::sleep(pause) => {}
            }
            // A link may lead elsewhere now.
            if let Ok(watches) = watches(&self.files) {
                self.watches = watches;
            }
            let files = self.files.clone();
            let Ok(read) = tokio::task::spawn_blocking(move || Pair::read(&files)).await else {
                continue;
            };
            match read {
                Ok(pair) => {
                    self.trouble = None;
                    let is_new = self.shown.change(pair);
                    if is_new {
                        tracing::info!(certificate = %self.files.certificate.display(), "the certificate was read anew");
                    }
                    if is_new || self.told.elapsed() >= DAY {
                        self.look_over();
                    }
                }
                // The two files are saved one after the other: between them they do not fit, and that is soon over.
                Err(problem) => {
                    let problem = problem.to_string();
                    if self.trouble.as_ref() != Some(&problem) {
                        tracing::warn!(%problem, "the certificate cannot be used; the one before is shown on until this is mended");
                    }
                    self.trouble = Some(problem);
                }
            }
        }
    }

    /// Says what an owner would want to know of the pair.
    fn look_over(&mut self) {
        self.told = Instant::now();
        let pair = self.shown.pair();
        let now = clock::now() / 1000;
        if pair.not_after <= now {
            tracing::error!(
                "the certificate is no longer valid; members cannot connect until it is renewed"
            );
        } else if pair.not_after - now < SOON {
            let days = (pair.not_after - now) / 86_400;
            tracing::warn!(days, "the certificate ends soon and was not renewed");
        }
        for host in pair.not_named(&self.origins) {
            tracing::warn!(
                host,
                "the certificate does not name this origin's host; members who dial it will be warned, or stopped"
            );
        }
    }
}

fn watches(files: &TlsFiles) -> Result<[Watch; 2], Error> {
    Ok([Watch::over(&files.certificate)?, Watch::over(&files.key)?])
}
