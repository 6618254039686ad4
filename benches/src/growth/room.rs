//! Whether there is room for a chain, looked at before it is made: a disk that is full halfway costs minutes, and other
//! programs their work.

use std::path::Path;

use rustix::fs::statvfs;

use crate::load::Problem;

/// What a block takes besides its message's letters, at most: a store's page holds few rows, and may stay a quarter empty.
const BESIDES: u64 = 1000;

/// For the journal, keys and smaller chains.
const SPARE: u64 = 64 << 20;

/// The bytes that a chain of so many blocks needs at most, whose messages have so many letters.
pub fn needed(blocks: u64, letters: u64) -> u64 {
    let each = BESIDES.saturating_add(letters.saturating_mul(5) / 4);
    blocks.saturating_mul(each).saturating_add(SPARE)
}

/// Looks whether a folder's disk has room for so many bytes. `instead` says what else can be done than to make room.
///
/// # Errors
/// If there is less room, or no such folder.
pub fn check(folder: &Path, needed: u64, instead: &str) -> Result<(), Problem> {
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

    #[test]
    fn a_disk_without_room_is_told_with_what_can_be_done() {
        let folder = std::env::temp_dir();
        assert!(check(&folder, 1, "or else").is_ok());
        let problem = check(&folder, u64::MAX, "or else").expect_err("no such disk");
        let problem = problem.to_string();
        assert!(problem.contains("make room, or else"), "{problem}");
        assert!(problem.starts_with(&folder.display().to_string()));
        let problem = check(Path::new("/nowhere/at/all"), 1, "").expect_err("no such folder");
        assert!(problem.to_string().starts_with("/nowhere/at/all: "));
    }

    #[test]
    fn a_million_blocks_need_more_than_a_gigabyte_and_nothing_overflows() {
        assert!((1_200_000_000..2_000_000_000).contains(&needed(1_000_000, 420)));
        assert_eq!(needed(u64::MAX, u64::MAX), u64::MAX);
    }
}
