//! The chapters: as they stand, but that each id of a requirement leads to its page, and each diagram is drawn.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use dispatch_conformance::requirement::Requirements;
use regex_lite::{Captures, Regex};

use crate::diagram;
use crate::pages::Pages;

/// Adds every chapter that the table of contents names; gives the number of diagrams.
pub(crate) fn add(pages: &mut Pages, project: &Path, requirements: &Requirements) -> Result<usize> {
    let read = |name: &str| {
        let path = project.join("spec").join(name);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let summary = read("SUMMARY.md")?;
    let chapters = Regex::new(r"\]\(([^)]+)\)")?;
    let mut diagrams = 0;
    for chapter in chapters.captures_iter(&summary) {
        let name = &chapter[1];
        let (text, drawn) = made(&read(name)?, name, requirements)?;
        diagrams += drawn;
        pages.add(name, text);
    }
    pages.add("SUMMARY.md", summary);
    Ok(diagrams)
}

/// Pages on the vectors, which lie beside the chapters in the repository and below them in the book.
const OF_VECTORS: [&str; 5] = [
    "README.md",
    "static/README.md",
    "live/README.md",
    "keys/README.md",
    "wycheproof.md",
];

/// Adds the pages on the vectors.
pub(crate) fn add_of_vectors(
    pages: &mut Pages,
    project: &Path,
    requirements: &Requirements,
) -> Result<()> {
    for name in OF_VECTORS {
        let path = project.join("vectors").join(name);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        // The chapters lie elsewhere in the book, and a folder has a page.
        let text = text
            .replace("](../spec/)", "](../README.md)")
            .replace("../spec/", "../");
        let text = ["static", "live", "keys"]
            .iter()
            .fold(text, |text, folder| {
                text.replace(&format!("{folder}/)"), &format!("{folder}/README.md)"))
            });
        let place = format!("vectors/{name}");
        let (text, _) = made(&text, &place, requirements)?;
        pages.add(&place, text);
    }
    Ok(())
}

/// A chapter as the book has it, and how many diagrams it has.
pub(crate) fn made(text: &str, name: &str, requirements: &Requirements) -> Result<(String, usize)> {
    let ids = Ids::new(name, requirements)?;
    let mut out = String::with_capacity(text.len() * 2);
    let mut diagrams = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            out.push_str(&ids.linked(line));
            out.push('\n');
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if language == "pikchr" {
            let drawn = diagram::draw(&block.join("\n"))
                .with_context(|| format!("spec/{name}: a diagram"))?;
            out.push_str(&drawn);
            out.push('\n');
            diagrams += 1;
        } else {
            for line in std::iter::once(line).chain(block).chain(["```"]) {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok((out, diagrams))
}

/// Finds the ids of requirements in prose.
struct Ids<'a> {
    pattern: Regex,
    requirements: &'a Requirements,
    /// From the chapter's folder to the book's.
    up: String,
}

impl<'a> Ids<'a> {
    fn new(name: &str, requirements: &'a Requirements) -> Result<Self> {
        // What must not be touched comes first: code, links with their texts, a requirement's own beginning.
        let pattern = Regex::new(
            r"`[^`]*`|\[[^\[\]]*\]\([^)]*\)|\*\*\[([A-Z]+-[0-9]+)\]\*\*|\b([A-Z]+-[0-9]+)\b|\bRFC ([0-9]+)\b",
        )?;
        if name.contains("..") {
            bail!("spec/SUMMARY.md names {name}, which is not in the folder");
        }
        Ok(Self {
            pattern,
            requirements,
            up: "../".repeat(name.matches('/').count()),
        })
    }

    fn linked(&self, line: &str) -> String {
        let Self { up, .. } = self;
        let replaced = self.pattern.replace_all(line, |found: &Captures<'_>| {
            let whole = found[0].to_owned();
            let id = |group: usize| {
                let id = found.get(group)?.as_str();
                self.requirements.of(id).map(|_| id)
            };
            match (id(1), id(2)) {
                (Some(id), _) => {
                    format!("<a id=\"{id}\"></a>[**[{id}]**]({up}requirements/{id}.md)")
                }
                _ if found.get(3).is_some() => {
                    let number = &found[3];
                    format!("[RFC {number}](https://www.rfc-editor.org/rfc/rfc{number})")
                }
                // Others' ids look alike, such as RSASSA's or UTF-8.
                (_, Some(id)) => format!("[{id}]({up}requirements/{id}.md)"),
                // mdBook makes `index` of a `README`, and leaves the links to it.
                _ => whole.replace("README.md", "index.md"),
            }
        });
        replaced.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use dispatch_conformance::corpus::Corpus;

    use super::*;

    fn linked(name: &str, text: &str) -> String {
        let requirements = Requirements::read(&Corpus::embedded());
        made(text, name, &requirements).unwrap().0
    }

    #[test]
    fn an_id_leads_to_its_page_wherever_it_stands_in_prose() {
        let text = "- **[JOIN-4]** A server MUST, as SESS-1 says (see JOIN-2 to JOIN-3).";
        assert_eq!(
            linked("join.md", text),
            "- <a id=\"JOIN-4\"></a>[**[JOIN-4]**](requirements/JOIN-4.md) A server MUST, as \
             [SESS-1](requirements/SESS-1.md) says (see [JOIN-2](requirements/JOIN-2.md) to [JOIN-3](requirements/JOIN-3.md)).\n"
        );
        assert!(linked("model/README.md", "JOIN-4").contains("(../requirements/JOIN-4.md)"));
    }

    #[test]
    fn an_rfc_leads_to_its_text() {
        assert_eq!(
            linked("join.md", "(RFC 6454, section 6.2)"),
            "([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454), section 6.2)\n"
        );
    }

    #[test]
    fn code_links_and_what_only_looks_like_an_id_stay_as_they_are() {
        for text in [
            "`JOIN-4`\n",
            "[JOIN-4](join.md)\n",
            "UTF-8 and JOIN-4444\n",
            "```text\nJOIN-4\n```\n",
        ] {
            assert_eq!(linked("join.md", text), text);
        }
    }
}
