//! Which programs are at work on a folder, so that none does what another is about to do.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use super::StoreError;

/// A file that this program holds locked while it runs. The system lets go of the lock however the program ends.
pub(crate) struct Presence {
    path: PathBuf,
    name: String,
    _locked: File,
}

impl Presence {
    /// Shows that this program is at work here, under a name that no other has.
    pub(crate) fn show(folder: &Path) -> Result<Self, StoreError> {
        let mut random = [0; 12];
        aws_lc_rs::rand::fill(&mut random).expect("the system's random source works");
        let name = data_encoding::HEXLOWER.encode(&random);
        let path = file_of(folder, &name);
        let failed = |error| StoreError::other(&path, format!("it cannot be locked: {error}"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(Self {
            path,
            name,
            _locked: file,
        })
    }

    /// The name that errands bear.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the program of this name has ended.
    pub(crate) fn is_gone(folder: &Path, name: &str) -> bool {
        let path = file_of(folder, name);
        match OpenOptions::new().write(true).open(&path) {
            Ok(file) => {
                let gone = file.try_lock().is_ok();
                if gone {
                    let _ = std::fs::remove_file(&path);
                }
                gone
            }
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("running-{name}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_there_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let one = Presence::show(dir.path()).unwrap();
        let name = one.name().to_owned();
        assert!(!Presence::is_gone(dir.path(), &name));
        drop(one);
        assert!(Presence::is_gone(dir.path(), &name));
        // one that was killed leaves the file, and nobody holds it
        std::fs::write(file_of(dir.path(), "killed"), "").unwrap();
        assert!(Presence::is_gone(dir.path(), "killed"));
        assert!(!file_of(dir.path(), "killed").exists());
    }
}
