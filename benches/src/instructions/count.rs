//! Counting by callgrind: this very program runs again beneath it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::steps::{self, COUNTED, STEPS};

/// What a step took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub step: &'static str,
    /// Instructions for each of its elements.
    pub instructions: u64,
}

/// Why nothing could be counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// There is no valgrind.
    #[error("valgrind, which counts instructions, is not installed: apt-get install valgrind")]
    NoValgrind,
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// It ended in error.
    #[error("the steps did not come to their end beneath valgrind ({status}):\n{told}")]
    Failed {
        /// Its status.
        status: String,
        /// What it said.
        told: String,
    },
    /// It counted something else than the steps.
    #[error(
        "valgrind counted {found} steps where there are {expected}; is the program stripped of its names?"
    )]
    Steps {
        /// How many it counted.
        found: usize,
        /// How many there are.
        expected: usize,
    },
}

/// Counts all steps: `program` is run with `arguments` and a folder, and has to call [`steps::go`].
///
/// # Errors
/// [`CountError`]
pub fn count(program: &Path, arguments: &[&str]) -> Result<Vec<Counted>, CountError> {
    let folder =
        tempfile::tempdir().map_err(|cause| CountError::Io(std::env::temp_dir(), cause))?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |cause| CountError::Io(path, cause)
    };
    steps::prepare(folder.path()).map_err(at(folder.path()))?;
    let out = folder.path().join("counts");
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--read-inline-info=no"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--dump-after={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(arguments)
        .arg(folder.path())
        .output()
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => CountError::NoValgrind,
            _ => CountError::Io("valgrind".into(), cause),
        })?;
    if !run.status.success() {
        return Err(CountError::Failed {
            status: run.status.to_string(),
            told: String::from_utf8_lossy(&run.stderr).into_owned(),
        });
    }
    let mut totals = Vec::new();
    // One file for each time that the function was left, numbered from 1.
    while let path = folder.path().join(format!("counts.{}", totals.len() + 1))
        && path.exists()
    {
        let text = std::fs::read_to_string(&path).map_err(at(&path))?;
        totals.push(total(&text));
    }
    // What came behind the last step has a file, too, with nothing in it.
    totals.retain(|total| *total > 0);
    if totals.len() != STEPS.len() {
        return Err(CountError::Steps {
            found: totals.len(),
            expected: STEPS.len(),
        });
    }
    let each = STEPS.iter().zip(totals);
    Ok(each
        .map(|((step, elements), total)| Counted {
            step,
            instructions: total / elements,
        })
        .collect())
}

/// The sum that callgrind writes at the end of a file; 0 where it says none.
fn total(text: &str) -> u64 {
    let found = text.lines().find_map(|line| line.strip_prefix("totals: "));
    found.and_then(|sum| sum.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_read_from_where_callgrind_writes_it() {
        let text = "events: Ir\nfn=(1) a\n+3 7\n\ntotals: 2217458\n";
        assert_eq!(total(text), 2_217_458);
        assert_eq!(total("events: Ir\nsummary: 12 3\n"), 0);
        assert_eq!(total(""), 0);
    }
}
