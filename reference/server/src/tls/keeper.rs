//! Follows the certificate's files, and says in the log what came of it. A pair that cannot be used changes nothing: the
//! old one is shown on until the files are mended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Pair, Shown};
use crate::clock;
use crate::config::TlsFiles;
use crate::error::Error;
use crate::origin::Origin;
use crate::watch::Watch;

/// How often the files are read though nothing was told of them: where they lie on another machine, changes are not.
const LOOK: Duration = Duration::from_secs(3600);

/// How long before its end a certificate that was not renewed is complained of, in seconds.
const SOON: u64 = 7 * 86_400;

/// See the module.
pub(crate) struct Keeper {
    files: TlsFiles,
    origins: Vec<Origin>,
    shown: Arc<Shown>,
    watches: [Watch; 2],
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
        let watches = [Watch::over(&files.certificate)?, Watch::over(&files.key)?];
        let pair = Pair::read(&files)?;
        let keeper = Keeper {
            files,
            origins,
            shown: Arc::new(Shown::new(pair)),
            watches,
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
            let [certificate, key] = &mut self.watches;
            tokio::select! {
                () = certificate.changed() => {}
                () = key.changed() => {}
                asked = self.reload.changed() => if asked.is_err() {
                    return;
                },
                () = tokio::time::sleep(LOOK) => {}
            }
            let files = self.files.clone();
            let Ok(read) = tokio::task::spawn_blocking(move || Pair::read(&files)).await else {
                continue;
            };
            match read {
                Ok(pair) => {
                    if self.shown.change(pair) {
                        tracing::info!(certificate = %self.files.certificate.display(), "the certificate was read anew");
                    }
                    self.look_over();
                }
                // The two files are saved one after the other: between them they do not fit, and that is soon over.
                Err(problem) => {
                    tracing::warn!(%problem, "the certificate cannot be used; the one before is shown on until this is mended");
                }
            }
        }
    }

    /// Says what an owner would want to know of the pair.
    fn look_over(&self) {
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
