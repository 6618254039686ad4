//! Where the reference keeps a rule: the lines of its sources that cite a requirement, such as `// [JOIN-4]`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use dispatch_conformance::requirement::Requirements;
use regex_lite::Regex;
use walkdir::WalkDir;

/// What the reference is made of.
const SOURCES: [&str; 5] = [
    "reference/protocol/src",
    "reference/server/src",
    "reference/client/src",
    "reference/web/src",
    "reference/web/app/src",
];

/// How many lines are shown before and after the one that cites.
const BEFORE: usize = 2;
const AFTER: usize = 5;

/// A line that cites a requirement, with its neighbours.
#[derive(Debug, Clone)]
pub(crate) struct Citation {
    /// In the repository.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// The line and those around it, without the indentation that they share.
    pub(crate) excerpt: String,
    /// `rust` or `js`.
    pub(crate) language: &'static str,
}

/// All citations, by the requirement's id.
#[derive(Debug, Default)]
pub(crate) struct Citations(BTreeMap<String, Vec<Citation>>);

impl Citations {
    /// Reads the sources of a project.
    pub(crate) fn read(project: &Path) -> Result<Self> {
        let pattern = Regex::new(r"\[([A-Z]+-[0-9]+)\]")?;
        let mut citations = Self::default();
        for folder in SOURCES {
            citations.read_folder(project, folder, &pattern)?;
        }
        Ok(citations)
    }

    /// Those of one requirement, in the order of the sources.
    pub(crate) fn of(&self, id: &str) -> &[Citation] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }

    /// The requirements that no line cites.
    pub(crate) fn without<'a>(&self, requirements: &'a Requirements) -> Vec<&'a str> {
        requirements
            .iter()
            .filter(|one| !one.withdrawn && self.of(&one.id).is_empty())
            .map(|one| one.id.as_str())
            .collect()
    }

    fn read_folder(&mut self, project: &Path, folder: &str, pattern: &Regex) -> Result<()> {
        for entry in WalkDir::new(project.join(folder)).sort_by_file_name() {
            let entry = entry?;
            let path = entry.path();
            let language = match path.extension().and_then(|ending| ending.to_str()) {
                Some("rs") => "rust",
                Some("js") => "js",
                _ => continue,
            };
            let file = path.strip_prefix(project)?.display().to_string();
            let text = std::fs::read_to_string(path).with_context(|| file.clone())?;
            self.read_file(&file, language, &text, pattern);
        }
        Ok(())
    }

    fn read_file(&mut self, file: &str, language: &'static str, text: &str, pattern: &Regex) {
        let lines: Vec<&str> = text.lines().collect();
        // What tests cite is not where a rule is kept.
        let tests = lines.windows(2).position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        });
        for (number, line) in lines.iter().enumerate().take(tests.unwrap_or(lines.len())) {
            for found in pattern.captures_iter(line) {
                // In code quotes it is a word and no citation.
                let start = found.get(0).map_or(0, |whole| whole.start());
                if line[..start].ends_with('`') {
                    continue;
                }
                let of_id = self.0.entry(found[1].to_owned()).or_default();
                let shown_already =
                    |earlier: &Citation| earlier.file == file && number < earlier.line + AFTER;
                if of_id.last().is_some_and(shown_already) {
                    continue;
                }
                of_id.push(Citation {
                    file: file.to_owned(),
                    line: number + 1,
                    excerpt: excerpt(&lines, number),
                    language,
                });
            }
        }
    }
}

/// A line with its neighbours, as far as they belong to the same piece.
fn excerpt(lines: &[&str], number: usize) -> String {
    let first = (number.saturating_sub(BEFORE)..number)
        .rev()
        .take_while(|place| !lines[*place].trim().is_empty())
        .last()
        .unwrap_or(number);
    let shown: Vec<&str> = lines[first..lines.len().min(number + AFTER + 1)]
        .iter()
        .enumerate()
        .take_while(|(place, line)| first + place <= number || !line.trim().is_empty())
        .map(|(_, line)| *line)
        .collect();
    let indentation = shown
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let shown: Vec<&str> = shown
        .iter()
        .map(|line| line.get(indentation..).unwrap_or(""))
        .collect();
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_where_it_is_kept_and_not_in_tests() {
        let text = "fn check() {\n\n    // [JOIN-4]\n    refuse();\n}\n\n#[cfg(test)]\nmod tests {\n    // [JOIN-5]\n}\n";
        let mut citations = Citations::default();
        let pattern = Regex::new(r"\[([A-Z]+-[0-9]+)\]").unwrap();
        citations.read_file("a.rs", "rust", text, &pattern);
        let [citation] = citations.of("JOIN-4") else {
            panic!("{citations:?}");
        };
        assert_eq!((citation.file.as_str(), citation.line), ("a.rs", 3));
        assert_eq!(citation.excerpt, "    // [JOIN-4]\n    refuse();\n}");
        assert!(citations.of("JOIN-5").is_empty());

        let mut requirements = Requirements::default();
        let chapter = "- **[JOIN-4]** A\n- **[JOIN-5]** B\n- **[JOIN-6]** *Withdrawn: C*\n";
        requirements.read_chapter("spec/x.md", chapter);
        assert_eq!(citations.without(&requirements), ["JOIN-5"]);
    }
}
