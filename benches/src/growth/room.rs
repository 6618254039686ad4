//! Whether there is room for a chain, looked at before it is made: a disk that is full halfway costs minutes, and other
//! programs their work.

use std::path::Path;

use rustix::fs::statvfs;

use crate::load::Problem;

/// A store's pages, which hold whole rows as long as one fits.
const PAGE: u64 = 4096;

/// What a block's row takes besides its message's letters, at most: padding is in it.
const BESIDES: u64 = 650;

/// What a block takes beside its row, at most: its digest.
const DIGEST: u64 = 160;

/// For the journal, keys and smaller chains.
const SPARE: u64 = 64 << 20;

/// The bytes that a chain of so many blocks needs at most, whose messages have so many letters.
pub fn needed(blocks: u64, letters: u64) -> u64 {
    blocks.saturating_mul(each(letters)).saturating_add(SPARE)
}

fn each(letters: u64) -> u64 {
    let row = letters.saturating_add(BESIDES);
    let paged = match PAGE / row {
        0 => row.saturating_add(PAGE),
        rows => PAGE / rows,
    };
    paged.saturating_add(DIGEST)
}

/// Looks whether a folder's disk has room for so many bytes. `instead` says what else can be done than to make room.
///
/// # Errors
/// If there is less room, or no such folder.
pub fn check(folder: &Path, needed: u64, instead: &str) -> Result<(), Problem> {
    if !folder.is_dir() {
        let words = format!("there is no folder {}: {instead}", folder.display());
        return Err(Problem::new(words));
    }
    let disk = statvfs(folder).map_err(Problem::at(folder.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let gb = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    Err(Problem::new(format!(
        "{} has {} free, and the chain may need {}: make room, {instead}",
        folder.display(),
        gb(free),
        gb(needed)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::Folder;

    #[test]
    fn a_disk_without_room_is_told_with_what_can_be_done() {
        let folder = std::env::temp_dir();
        assert!(check(&folder, 1, "or else").is_ok());
        let problem = check(&folder, u64::MAX, "or else").expect_err("no such disk");
        let problem = problem.to_string();
        assert!(problem.contains("make room, or else"), "{problem}");
        assert!(problem.starts_with(&folder.display().to_string()));
        let problem = check(Path::new("/no/where"), 1, "or else").expect_err("no such folder");
        assert_eq!(problem.to_string(), "there is no folder /no/where: or else");
    }

    #[test]
    fn a_store_does_not_need_more_than_was_said_and_not_twice_as_little() {
        for letters in [40, 420, 1000, 1500, 5000] {
            let dir = tempfile::tempdir().expect("a folder");
            let mut folder = Folder::found(dir.path(), 1, 0).expect("a community");
            folder.grow(600, letters, false).expect("it grows");
            let file = folder.config.store.metadata().expect("a store").len();
            let said = 600 * each(letters as u64);
            assert!(
                file <= said && said < 2 * file,
                "{letters}: {file} of {said}"
            );
        }
    }

    #[test]
    fn a_million_blocks_need_more_than_a_gigabyte_and_nothing_overflows() {
        assert!((1_200_000_000..2_000_000_000).contains(&needed(1_000_000, 420)));
        assert_eq!(needed(u64::MAX, u64::MAX), u64::MAX);
    }
}
