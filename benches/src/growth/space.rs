//! Where a store's bytes are, as SQLite tells it (`dbstat`). For people who ask why a store needs more than its entries do.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use crate::load::Problem;

/// A store's bytes by what they are used for: together all of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Space {
    /// The file.
    pub file: u64,
    /// What the rows of the table `block` hold.
    pub blocks: u64,
    /// What the rows of the table `digest` hold: kept for a quick start.
    pub digests: u64,
    /// Room in pages that no row fits into.
    pub unused: u64,
    /// Everything else: heads of pages and of rows, inner pages, the other tables.
    pub rest: u64,
}

impl Space {
    /// Reads a store that nobody serves and whose journal was swept into it.
    ///
    /// # Errors
    /// No such file, or none of SQLite's.
    pub fn of(store: &Path) -> Result<Space, Problem> {
        let at = || Problem::at(store.display());
        let file = store
            .metadata()
            .map_err(Problem::at(store.display()))?
            .len();
        let connection =
            Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(at())?;
        let mut space = Space {
            file,
            ..Space::default()
        };
        let mut select = connection
            .prepare("SELECT name, payload, unused FROM dbstat WHERE aggregate = TRUE")
            .map_err(at())?;
        let rows = select
            .query_map([], |row| {
                let number = |column| row.get::<_, i64>(column).map(|number| number as u64);
                Ok((row.get::<_, String>(0)?, number(1)?, number(2)?))
            })
            .map_err(at())?;
        for row in rows {
            let (name, payload, unused) = row.map_err(at())?;
            match name.as_str() {
                "block" => space.blocks += payload,
                "digest" => space.digests += payload,
                _ => {}
            }
            space.unused += unused;
        }
        let told = space.blocks + space.digests + space.unused;
        space.rest = file.checked_sub(told).ok_or_else(|| {
            let words = "the store is longer than its file: its journal was not swept into it";
            Problem::new(format!("{}: {words}", store.display()))
        })?;
        Ok(space)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::Folder;

    #[test]
    fn a_stores_bytes_are_all_told_and_most_of_them_are_rows() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::found(dir.path(), 1, 0).expect("a community");
        folder.grow(800, 40, false).expect("it grows");
        let space = Space::of(&folder.config.store).expect("a store");
        let Space {
            file,
            blocks,
            digests,
            unused,
            rest,
        } = space;
        assert_eq!(file, blocks + digests + unused + rest);
        assert_eq!(file, folder.config.store.metadata().expect("a file").len());
        // Two hashes in each digest; a signature, a ciphertext and more in each block.
        assert!(digests > 795 * 2 * 32 && digests < 800 * 100, "{space:?}");
        assert!(blocks > folder.binary && blocks < file, "{space:?}");
        assert!(unused > 0 && unused + rest < file / 2, "{space:?}");
    }

    #[test]
    fn what_is_no_store_is_refused_in_one_line() {
        let dir = tempfile::tempdir().expect("a folder");
        let missing = Space::of(&dir.path().join("none")).expect_err("nothing there");
        let file = dir.path().join("text");
        std::fs::write(
            &file,
            "not a database, but long enough to be looked at".repeat(99),
        )
        .expect("a file");
        let other = Space::of(&file).expect_err("no database");
        for problem in [missing, other].map(|problem| problem.to_string()) {
            assert!(problem.starts_with(&dir.path().display().to_string()));
            assert_eq!(problem.lines().count(), 1, "{problem}");
        }
    }
}
