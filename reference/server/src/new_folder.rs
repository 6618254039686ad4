//! A community's folder, or a backup's, that comes to be whole or not at all.
//!
//! Everything is made in a folder inside the new one and moved to its place at the end, `dispatchd.toml` after the rest and a
//! backup's manifest last: a folder without the one holds no community, one without the other is no backup. What was
//! interrupted was never used, and the next try clears it away; what a refused one made is removed at once.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::config::FILE_NAME;
use crate::error::{Error, at};

const STAGING: &str = ".dispatchd-init";
/// A folder of its own: what SQLite writes there all the time does not wake who watches the allowlist.
pub(crate) const STORE_FOLDER: &str = "store";
pub(crate) const STORE: &str = "store/chain.sqlite";
pub(crate) const SERVER_KEY: &str = "server-key.pem";
pub(crate) const AUTHORITY_KEY: &str = "authority-key.pem";
pub(crate) const ALLOWLIST: &str = "allowlist";
/// What a backup holds.
pub(crate) const MANIFEST: &str = "manifest.json";

/// In the order in which they are moved to their place.
const FILES: [&str; 6] = [
    SERVER_KEY,
    AUTHORITY_KEY,
    STORE_FOLDER,
    ALLOWLIST,
    FILE_NAME,
    MANIFEST,
];

/// Stands in the staging folder once files are moved to their place, and names them in their order: what of them is not
/// there any more was moved.
const MOVING: &str = "moving";

/// A folder while it is filled.
pub(crate) struct NewFolder {
    dir: PathBuf,
    staging: PathBuf,
    made: bool,
    done: bool,
    /// One run at a time fills it; ends with the process.
    _turn: File,
}

impl NewFolder {
    /// Begins with a folder that does not exist or is empty.
    ///
    /// # Errors
    /// If something is in the way.
    pub(crate) fn prepare(dir: &Path) -> Result<NewFolder, Error> {
        let made = !dir.exists();
        if made {
            make_dir(dir, true)?;
        } else if !dir.is_dir() {
            return Err(Error::file(
                dir,
                "there is a file of this name; choose another folder",
            ));
        }
        let turn = File::open(dir).map_err(at(dir))?;
        turn.try_lock().map_err(|_| {
            Error::file(
                dir,
                "another dispatchd is at work in this folder; nothing was changed",
            )
        })?;
        let mut folder = NewFolder {
            dir: dir.to_owned(),
            staging: dir.join(STAGING),
            made,
            done: true,
            _turn: turn,
        };
        if folder.staging.exists() {
            if let Some(last) = folder.moving().last()
                && !folder.staging.join(last).exists()
            {
                // Nothing was missing but the end of the program.
                let _ = fs::remove_dir_all(&folder.staging);
            } else {
                folder.clear();
            }
        }
        if dir.join(FILE_NAME).exists() {
            return Err(Error::file(
                dir,
                "there is a community or a backup here already; nothing was changed",
            ));
        }
        if fs::read_dir(dir).map_err(at(dir))?.next().is_some() {
            return Err(Error::file(
                dir,
                "the folder is not empty; nothing was changed",
            ));
        }
        folder.done = false;
        make_dir(&folder.staging, false)?;
        Ok(folder)
    }

    /// Where its files are made.
    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Moves what was made to its place.
    pub(crate) fn commit(mut self) -> Result<(), Error> {
        let made = FILES.into_iter();
        let made: Vec<_> = made
            .filter(|name| self.staging.join(name).exists())
            .collect();
        write(&self.staging.join(MOVING), &made.join("\n"))?;
        sync(&self.staging)?;
        for name in made {
            let made = self.staging.join(name);
            if name == FILE_NAME || name == MANIFEST {
                sync(&self.dir)?;
            }
            let place = self.dir.join(name);
            fs::rename(&made, &place).map_err(at(&place))?;
        }
        self.done = true;
        let _ = fs::remove_dir_all(&self.staging);
        sync(&self.dir)
    }

    /// What is moved to its place, in this order; none if that has not begun.
    fn moving(&self) -> Vec<&'static str> {
        let names = fs::read_to_string(self.staging.join(MOVING)).unwrap_or_default();
        let ours = FILES.into_iter();
        ours.filter(|name| names.lines().any(|line| line == *name))
            .collect()
    }

    /// Removes what was made that did not come to its end: what was moved, and the staging folder. Another file that lies
    /// in the folder is somebody's.
    fn clear(&self) {
        for name in self.moving() {
            if self.staging.join(name).exists() {
                continue;
            }
            let path = self.dir.join(name);
            let _ = if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            };
        }
        let _ = fs::remove_dir_all(&self.staging);
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.done {
            self.clear();
            if self.made {
                let _ = fs::remove_dir(&self.dir);
            }
        }
    }
}

/// Makes a folder that only its owner enters.
pub(crate) fn make_dir(path: &Path, parents: bool) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(parents);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(at(path))
}

/// Writes a new file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let write = |mut file: File| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    File::create_new(path).and_then(write).map_err(at(path))
}

/// Makes the names in a folder durable.
pub(crate) fn sync(dir: &Path) -> Result<(), Error> {
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(at(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of these names is left of a folder's files once another run came to one that was broken off, with the allowlist
    /// made and these names on their way.
    fn left(moving: Option<&str>) -> Vec<&'static str> {
        let folder = tempfile::tempdir().unwrap();
        let staging = folder.path().join(STAGING);
        fs::create_dir(&staging).unwrap();
        fs::write(staging.join(ALLOWLIST), "").unwrap();
        if let Some(names) = moving {
            fs::write(staging.join(MOVING), names).unwrap();
        }
        for name in FILES {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(NewFolder::prepare(folder.path()).is_err());
        assert!(!staging.exists());
        let names = FILES.into_iter();
        names
            .filter(|name| folder.path().join(name).exists())
            .collect()
    }

    #[test]
    fn what_was_not_moved_to_its_place_is_somebodys_whatever_its_name() {
        assert_eq!(left(None), FILES, "nothing was on its way yet");
        let moving = format!("{SERVER_KEY}\n{ALLOWLIST}");
        assert_eq!(
            left(Some(&moving)),
            FILES[1..],
            "the allowlist was not moved yet"
        );
    }
}
