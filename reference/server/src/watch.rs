//! Notices that a file was saved. It watches the folder, since editors put a new file in the old one's place, and waits
//! until the file has been quiet for a moment, so that half of a save is not taken for the whole.
use std::ffi::OsString;
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
        // A link is followed: both it and the file that it names may be put in their place anew.
        let mut places = vec![path.clone()];
        places.extend(path.canonicalize().ok().filter(|target| *target != path));
        let folders: Vec<PathBuf> = places.iter().map(|place| folder_of(place)).collect();
        let names: Vec<OsString> = places
            .iter()
            .filter_map(|place| place.file_name().map(ToOwned::to_owned))
            .collect();
        // One place is enough: a change that is not yet read stands for those that follow it.
        let (changed, changes) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let ours = match &event {
                // An event that was lost is a reason to look.
                Err(_) => true,
                Ok(event) if event.need_rescan() => true,
                Ok(event) => {
                    ends_a_save(&event.kind)
                        && event.paths.iter().any(|path| {
                            path.file_name()
                                .is_some_and(|name| names.iter().any(|ours| ours == name))
                        })
                }
            };
            if ours {
                let _ = changed.try_send(());
            }
        })
        .and_then(|mut watcher| {
            for folder in &folders {
                watcher.watch(folder, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        })
        .map_err(|cause| Error::Failed(format!("{}: cannot be watched ({cause})", path.display())));
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

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}

/// Whether a file may be whole now. Where the system tells of each close, what was written and is still open is half a
/// save; elsewhere a write is all that is told.
fn ends_a_save(kind: &EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode, ModifyKind};
    match kind {
        EventKind::Access(access) => *access == AccessKind::Close(AccessMode::Write),
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {
            !cfg!(target_os = "linux")
        }
        EventKind::Any | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}
