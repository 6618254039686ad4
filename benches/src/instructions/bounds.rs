//! What each step may take: a file that is kept with the code, and how a count is held against it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::count::Counted;
use crate::table::{Table, thousands};

/// By how many hundredths a count may be above its bound: compilers and libraries differ by less, a copy too many by more.
pub const TOLERATED: u64 = 10;

/// For each architecture the steps' counts as they were accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bounds(BTreeMap<String, BTreeMap<String, u64>>);

/// Why a file of bounds cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BoundsError {
    /// It cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] std::io::Error),
    /// It holds something else.
    #[error(
        "{0}: {1}; it holds an object of architectures, each an object of steps and their instructions"
    )]
    Form(PathBuf, #[source] serde_json::Error),
}

/// What a count is to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Holds,
    More,
    Less,
    New,
}

impl Bounds {
    /// Reads a file.
    ///
    /// # Errors
    /// [`BoundsError`]
    pub fn read(path: &Path) -> Result<Self, BoundsError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| BoundsError::Io(path.into(), cause))?;
        serde_json::from_str(&text).map_err(|cause| BoundsError::Form(path.into(), cause))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`BoundsError`]
    pub fn write(&self, path: &Path) -> Result<(), BoundsError> {
        let text = serde_json::to_string_pretty(self).expect("names and numbers are plain JSON");
        std::fs::write(path, text + "\n").map_err(|cause| BoundsError::Io(path.into(), cause))
    }

    /// Takes counts as the bounds of an architecture from now on.
    pub fn accept(&mut self, architecture: &str, counts: &[Counted]) {
        let counts = counts
            .iter()
            .map(|counted| (counted.step.to_owned(), counted.instructions));
        self.0.insert(architecture.to_owned(), counts.collect());
    }

    /// Holds counts against the bounds of an architecture: what is to be said, and whether all hold. None where the
    /// architecture has none.
    pub fn judge(&self, architecture: &str, counts: &[Counted]) -> Option<(String, bool)> {
        let bounds = self.0.get(architecture)?;
        let mut table = Table::new(["step", "instructions each", "accepted", "", ""]);
        let mut holds = true;
        for Counted { step, instructions } in counts {
            let bound = bounds.get(*step).copied();
            let verdict = verdict(*instructions, bound);
            holds &= matches!(verdict, Verdict::Holds | Verdict::Less);
            table.row([
                (*step).to_owned(),
                thousands(*instructions),
                bound.map_or(String::new(), thousands),
                bound.map_or(String::new(), |bound| change(*instructions, bound)),
                match verdict {
                    Verdict::Holds => "holds".to_owned(),
                    Verdict::More => format!("does not hold: {TOLERATED} % more are tolerated"),
                    Verdict::Less => "holds, and could be accepted".to_owned(),
                    Verdict::New => "has no bound".to_owned(),
                },
            ]);
        }
        let mut text = table.text();
        for gone in bounds
            .keys()
            .filter(|name| !counts.iter().any(|counted| counted.step == *name))
        {
            holds = false;
            text += &format!("{gone}: has a bound, and there is no such step\n");
        }
        Some((text, holds))
    }
}

fn verdict(count: u64, bound: Option<u64>) -> Verdict {
    match bound {
        None => Verdict::New,
        Some(bound) if count * 100 > bound * (100 + TOLERATED) => Verdict::More,
        Some(bound) if count * 100 < bound * (100 - TOLERATED) => Verdict::Less,
        Some(_) => Verdict::Holds,
    }
}

fn change(count: u64, bound: u64) -> String {
    let change = (count as f64 / bound.max(1) as f64 - 1.0) * 100.0;
    format!("{change:+.1} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(figures: &[(&'static str, u64)]) -> Vec<Counted> {
        let counted = |&(step, instructions)| Counted { step, instructions };
        figures.iter().map(counted).collect()
    }

    fn bounds(figures: &[(&'static str, u64)]) -> Bounds {
        let mut bounds = Bounds::default();
        bounds.accept("x", &counts(figures));
        bounds
    }

    #[test]
    fn ten_hundredths_more_are_tolerated_and_no_more() {
        let bounds = bounds(&[("a", 1000)]);
        let holds = |count| bounds.judge("x", &counts(&[("a", count)])).unwrap().1;
        assert!(holds(1100));
        assert!(!holds(1101));
        assert!(holds(5));
    }

    #[test]
    fn a_step_without_a_bound_and_a_bound_without_a_step_are_told() {
        let bounds = bounds(&[("a", 1000), ("gone", 7)]);
        let (text, holds) = bounds
            .judge("x", &counts(&[("a", 850), ("new", 12_345)]))
            .unwrap();
        assert!(!holds);
        insta::assert_snapshot!(text);
        assert!(bounds.judge("y", &counts(&[("a", 1)])).is_none());
        let holds =
            |figures: &[(&'static str, u64)]| bounds.judge("x", &counts(figures)).unwrap().1;
        assert!(holds(&[("a", 1000), ("gone", 7)]));
        assert!(!holds(&[("a", 1000)]));
        assert!(!holds(&[("a", 1000), ("gone", 7), ("new", 1)]));
    }

    #[test]
    fn what_is_accepted_comes_back_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bounds.json");
        let bounds = bounds(&[("a", 1000)]);
        bounds.write(&path).unwrap();
        assert_eq!(Bounds::read(&path).unwrap(), bounds);
        std::fs::write(&path, "[]").unwrap();
        let problem = Bounds::read(&path).unwrap_err().to_string();
        assert!(problem.contains("an object of architectures"), "{problem}");
    }
}
