//! The claims of the security chapter: what it names as showing one is there: a model, a case, a known answer.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use dispatch_conformance::scenario::Vectors;
use regex_lite::Regex;

const CHAPTER: &str = "spec/security.md";

/// The heading of the tables' last column.
const SHOWN_BY: &str = "| shown by |";

/// Looks at each row of the tables whose last column says what shows it.
///
/// # Errors
/// A row that nothing shows, or that names what is not there.
pub(crate) fn check(project: &Path, vectors: &Vectors) -> Result<()> {
    let text = std::fs::read_to_string(project.join(CHAPTER)).context(CHAPTER)?;
    let models = models(project)?;
    let known = |id: &str| {
        models.contains(id)
            || vectors.case(id).is_some()
            || vectors.known_answers.iter().any(|answer| answer.id == id)
    };
    faults(&text, known)
}

fn faults(text: &str, known: impl Fn(&str) -> bool) -> Result<()> {
    let word = Regex::new("`([^`]+)`")?;
    let mut in_table = false;
    let mut rows = 0;
    for line in text.lines() {
        if line.ends_with(SHOWN_BY) {
            in_table = true;
        } else if !line.starts_with('|') {
            in_table = false;
        } else if in_table && !line.starts_with("|---") {
            rows += 1;
            let last = line.trim_end_matches([' ', '|']).rsplit('|').next();
            let named: Vec<&str> = word
                .captures_iter(last.unwrap_or_default())
                .filter_map(|found| Some(found.get(1)?.as_str()))
                .collect();
            if named.is_empty() {
                bail!("{CHAPTER}: nothing is named that shows this: {line}");
            }
            if let Some(unknown) = named.into_iter().find(|id| !known(id)) {
                bail!("{CHAPTER}: `{unknown}` is no model, case or known answer: {line}");
            }
        }
    }
    if rows == 0 {
        bail!("{CHAPTER}: there is no table that says what shows a claim");
    }
    Ok(())
}

/// The names of the models, a symbolic pair's without its ending.
fn models(project: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (folder, ending) in [
        ("spec/model/symbolic", ".vp"),
        ("spec/model/states/src/models", ".rs"),
    ] {
        let folder = project.join(folder);
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if let Some(stem) = name.strip_suffix(ending) {
                let pair = stem.strip_suffix("-naive").or(stem.strip_suffix("-fixed"));
                names.insert(pair.unwrap_or(stem).to_owned());
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_nothing_or_an_unknown_vector_shows_is_refused() {
        let text = |shown: &str| {
            format!("| a | rules | shown by |\n|---|---|---|\n| read | X-1 | {shown} |\n")
        };
        let known = |id: &str| id == "good";
        assert!(faults(&text("[`good`](x.md)"), known).is_ok());
        for (shown, told) in [
            ("`good`, `gone`", "`gone` is no model"),
            ("a sentence", "nothing is named"),
        ] {
            let fault = faults(&text(shown), known).unwrap_err().to_string();
            assert!(fault.contains(told), "{fault}");
        }
        assert!(faults("prose", known).is_err());
    }
}
