//! Where PostgreSQL's programs are: Debian keeps those of each version in a folder of their own, and not on the path.

use std::path::PathBuf;

use crate::Problem;

/// The folder of Debian's packages, with one of each version in it.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs that are needed.
const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_basebackup"];

/// The folder that holds them.
#[derive(Clone)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// Looks for them: the newest of Debian's, then the path.
    ///
    /// # Errors
    /// They are not installed.
    pub(super) fn find() -> Result<Programs, Problem> {
        let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
        let mut versions: Vec<(u32, PathBuf)> = versions
            .filter_map(|entry| {
                let version = entry.file_name().to_str()?.parse().ok()?;
                Some((version, entry.path().join("bin")))
            })
            .collect();
        versions.sort();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let newest_first = versions.into_iter().rev().map(|(_, folder)| folder);
        let mut folders = newest_first.chain(std::env::split_paths(&path));
        let found = folders.find(|folder| NEEDED.iter().all(|name| folder.join(name).is_file()));
        found.map(Programs).ok_or_else(|| {
            Problem::new("PostgreSQL is not installed; `apt-get install postgresql-15` brings it")
        })
    }

    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.0.join(program)
    }
}
