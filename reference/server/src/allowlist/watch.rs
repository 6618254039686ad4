//! Notices that the allowlist was saved. It watches the folder, since editors put a new file in the old one's place,
//! and waits until the file has been quiet for a moment, so that half of a save is not taken for the whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::error::Error;

/// How long the file must be quiet before it is read.
const QUIET: Duration = Duration::from_millis(150);

/// A watch over one file; it ends when it is dropped.
pub(crate) struct Watch {
    changes: mpsc::Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// If the folder cannot be watched, for example because the system's number of watches is used up.
    pub(crate) fn over(path: &Path) -> Result<Watch, Error> {
        let path = std::path::absolute(path).map_err(crate::error::at(path))?;
        let folder: PathBuf = path.parent().unwrap_or(Path::new("/")).to_owned();
        let name = path.file_name().map(ToOwned::to_owned);
        // One place is enough: a change that is not yet read stands for those that follow it.
        let (changed, changes) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let ours = match &event {
                // An event that was lost is a reason to look.
                Err(_) => true,
                Ok(event) if matches!(event.kind, EventKind::Access(_)) && !saved(&event.kind) => {
                    false
                }
                Ok(event) => {
                    event.need_rescan()
                        || event
                            .paths
                            .iter()
                            .any(|path| path.file_name() == name.as_deref())
                }
            };
            if ours {
                let _ = changed.try_send(());
            }
        })
        .and_then(|mut watcher| {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        })
        .map_err(|cause| {
            Error::Failed(format!("{}: cannot be watched ({cause})", folder.display()))
        });
        Ok(Watch {
            changes,
            _watcher: watcher?,
        })
    }

    /// Waits for a change and then for quiet. Never returns once the watch itself has failed.
    pub(crate) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changes.recv()).await {}
    }
}

/// Whether somebody closed a file that they wrote to; being opened and read is no change.
fn saved(kind: &EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode};
    matches!(
        kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
    )
}
