//! The growth table: chains of one community, longer by ten times each, then communities of more members, then stores of
//! shorter and longer messages.

use std::path::Path;
use std::time::Instant;

use dispatch_protocol::bytes::Hash;

use super::measure::{WRITERS, measure};
use super::report::{Report, Sized};
use super::{Folder, LETTERS, Row, Space, folder, room};
use crate::load::Problem;
use crate::table::thousands;

/// The shortest chain that is measured.
pub const SHORTEST: u64 = 1000;

/// How many members the communities have whose chains are of [one length](AMONG).
const MEMBERS: [usize; 3] = [10, 100, 1000];
const AMONG: u64 = 10_000;

/// Letters of the messages whose stores are measured, in chains of [one length](OF_LETTERS).
const SIZES: [usize; 6] = [40, 200, LETTERS, 600, 1000, 4000];
/// Of a chat's messages, most are short and some long.
const MIXED: [usize; 8] = [40, 40, 40, 40, 200, 200, 420, 1000];
const OF_LETTERS: u64 = 5000;

/// The chains' lengths: a thousand and ten times more each, up to the last, which is told by the caller.
pub fn lengths(upto: u64) -> Vec<u64> {
    let mut lengths = Vec::new();
    let mut length = SHORTEST;
    while length < upto {
        lengths.push(length);
        length = length.saturating_mul(10);
    }
    lengths.push(upto);
    lengths
}

/// Measures everything in temporary folders. `tell` is told what is being done.
///
/// # Errors
/// No room on the disk; a server that does not come up, refuses, or loses a message.
pub async fn run(upto: u64, mut tell: impl FnMut(&str)) -> Result<Report, Problem> {
    let begun = Instant::now();
    // Beside the longest chain stands a copy of the one before.
    let chains = upto.saturating_add(upto / 10).saturating_add(AMONG);
    let needed = room::needed(chains, LETTERS as u64);
    let instead = "name a folder of another disk in TMPDIR, or give a smaller --upto";
    room::check(&std::env::temp_dir(), needed, instead)?;
    let mut report = Report::default();
    let dir = temporary()?;
    let mut folder = found(dir.path(), 0)?;
    let lengths = lengths(upto);
    for &length in &lengths {
        tell(&format!("{} blocks are made", thousands(length)));
        grow(&mut folder, length, LETTERS)?;
        tell(&format!("{} blocks are measured", thousands(length)));
        let row = match length == upto {
            true => measure(&folder, &dir.path().join("community")).await?,
            false => in_copy(&folder, dir.path()).await?,
        };
        report.chains.push(row);
    }
    drop((folder, dir));
    for members in MEMBERS {
        tell(&format!(
            "{} members are measured",
            thousands(members as u64)
        ));
        let dir = temporary()?;
        let mut folder = found(dir.path(), members - WRITERS)?;
        grow(&mut folder, AMONG, LETTERS)?;
        let row = measure(&folder, &dir.path().join("community")).await?;
        report.members.push(row);
    }
    for letters in SIZES {
        let name = thousands(letters as u64);
        tell(&format!("messages of {name} letters are stored"));
        report.sizes.push(stored(&name, &[letters])?);
    }
    tell("messages of mixed lengths are stored");
    report.sizes.push(stored("mixed", &mixed())?);
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}

/// On a copy, since the load stays in the chain that it meets, and this one is to grow on.
async fn in_copy(folder: &Folder, dir: &Path) -> Result<Row, Problem> {
    let copy = dir.join("copy");
    folder::copy(&dir.join("community"), &copy)?;
    let row = measure(folder, &copy).await?;
    std::fs::remove_dir_all(&copy).map_err(Problem::at(copy.display()))?;
    Ok(row)
}

/// [`MIXED`] in an order without a period that pages could fall in with, and the same in each run.
fn mixed() -> Vec<usize> {
    let drawn = |number: u64| {
        let hash = Hash::of(&number.to_be_bytes());
        MIXED[usize::from(hash.as_bytes()[0]) % MIXED.len()]
    };
    (0..OF_LETTERS).map(drawn).collect()
}

fn stored(name: &str, letters: &[usize]) -> Result<Sized, Problem> {
    let dir = temporary()?;
    let mut folder = Folder::found(dir.path(), 2, 0).map_err(Problem::at("the founding"))?;
    let grown = folder.grow_in_turn(OF_LETTERS, letters, false);
    grown.map_err(Problem::at(NO_GROWTH))?;
    Ok(Sized {
        letters: name.to_owned(),
        blocks: OF_LETTERS,
        space: Space::of(&folder.config.store)?,
        binary: folder.binary,
    })
}

const NO_GROWTH: &str = "the chain could not grow";

fn temporary() -> Result<tempfile::TempDir, Problem> {
    tempfile::tempdir().map_err(Problem::at("no temporary folder"))
}

fn found(dir: &Path, readers: usize) -> Result<Folder, Problem> {
    Folder::found(dir, WRITERS, readers).map_err(Problem::at("the founding"))
}

fn grow(folder: &mut Folder, blocks: u64, letters: usize) -> Result<(), Problem> {
    let grown = folder.grow(blocks, letters, false);
    grown.map_err(Problem::at(NO_GROWTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_ten_times_longer_each_up_to_the_one_that_is_asked_for() {
        assert_eq!(lengths(1000), [1000]);
        assert_eq!(lengths(20_000), [1000, 10_000, 20_000]);
        assert_eq!(lengths(1_000_000), [1000, 10_000, 100_000, 1_000_000]);
    }

    #[test]
    fn mixed_lengths_are_as_many_of_each_as_they_should_be_and_have_no_short_period() {
        let mixed = mixed();
        assert_eq!(mixed.len() as u64, OF_LETTERS);
        for (letters, eighths) in [(40, 4), (200, 2), (420, 1), (1000, 1)] {
            let count = mixed.iter().filter(|found| **found == letters).count() as u64;
            let wanted = OF_LETTERS * eighths / 8;
            assert!(
                count.abs_diff(wanted) < OF_LETTERS / 50,
                "{letters}: {count}"
            );
        }
        for period in 1..100 {
            let alike = mixed.iter().zip(&mixed[period..]);
            assert!(alike.filter(|(one, other)| one == other).count() < mixed.len() / 2);
        }
    }
}
