//! The chapters: as they stand, but that each id of a requirement leads to its page, and each diagram is drawn.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use dispatch_conformance::requirement::Requirements;
use regex_lite::{Captures, Regex};

use crate::diagram;
use crate::pages::Pages;
use crate::place;

/// Guides beside the chapters, in the order of the book; each stands there as in the repository.
const GUIDES: [&str; 8] = [
    "conformance/README.md",
    "conformance/REPORT.md",
    "conformance/mutants/README.md",
    "vectors/README.md",
    "vectors/static/README.md",
    "vectors/live/README.md",
    "vectors/keys/README.md",
    "vectors/wycheproof.md",
];

/// Adds every chapter that the table of contents names, and the guides; gives the number of diagrams.
pub(crate) fn add(pages: &mut Pages, project: &Path, requirements: &Requirements) -> Result<usize> {
    let read = |name: &str| {
        let path = project.join(name);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let summary = read("spec/SUMMARY.md")?;
    let link = Regex::new(r"\]\(([^)]+)\)")?;
    let chapters = link
        .captures_iter(&summary)
        .map(|chapter| format!("spec/{}", &chapter[1]));
    let mut diagrams = 0;
    for name in chapters.chain(GUIDES.map(str::to_owned)) {
        let (text, drawn) = made(&read(&name)?, &name, requirements)?;
        diagrams += drawn;
        pages.add(place::of(&name), text);
    }
    pages.add("SUMMARY.md", summary);
    Ok(diagrams)
}

/// A page as the book has it, from its text and its path in the repository, and how many diagrams it has.
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
            let drawn =
                diagram::draw(&block.join("\n")).with_context(|| format!("{name}: a diagram"))?;
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

/// Finds the ids of requirements in prose, and the links.
struct Ids<'a> {
    pattern: Regex,
    requirements: &'a Requirements,
    /// The page's path in the repository.
    name: &'a str,
    /// From the page's folder to the book's.
    up: String,
}

impl<'a> Ids<'a> {
    fn new(name: &'a str, requirements: &'a Requirements) -> Result<Self> {
        // What must not be touched comes first: code, and a link's text.
        let pattern = Regex::new(
            r"`[^`]*`|(\[[^\[\]]*\])\(([^)]*)\)|\*\*\[([A-Z]+-[0-9]+)\]\*\*|\b([A-Z]+-[0-9]+)\b|\bRFC ([0-9]+)\b",
        )?;
        if name.contains("..") {
            bail!("spec/SUMMARY.md names {name}, which is not in the folder");
        }
        Ok(Self {
            pattern,
            requirements,
            name,
            up: place::up(name),
        })
    }

    fn linked(&self, line: &str) -> String {
        let Self { up, .. } = self;
        let replaced = self.pattern.replace_all(line, |found: &Captures<'_>| {
            let group = |number: usize| found.get(number).map(|part| part.as_str());
            // Others' ids look alike, such as RSASSA's or UTF-8.
            let id = |number: usize| {
                let id = group(number)?;
                self.requirements.of(id).map(|_| id)
            };
            if let (Some(text), Some(target)) = (group(1), group(2)) {
                format!("{text}({})", place::led_to(self.name, target))
            } else if let Some(id) = id(3) {
                format!("<a id=\"{id}\"></a>[**[{id}]**]({up}requirements/{id}.md)")
            } else if let Some(id) = id(4) {
                format!("[{id}]({up}requirements/{id}.md)")
            } else if let Some(number) = group(5) {
                format!("[RFC {number}](https://www.rfc-editor.org/rfc/rfc{number})")
            } else {
                found[0].to_owned()
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
            linked("spec/join.md", text),
            "- <a id=\"JOIN-4\"></a>[**[JOIN-4]**](requirements/JOIN-4.md) A server MUST, as \
             [SESS-1](requirements/SESS-1.md) says (see [JOIN-2](requirements/JOIN-2.md) to [JOIN-3](requirements/JOIN-3.md)).\n"
        );
        assert!(linked("spec/model/README.md", "JOIN-4").contains("(../requirements/JOIN-4.md)"));
    }

    #[test]
    fn an_rfc_leads_to_its_text() {
        assert_eq!(
            linked("spec/join.md", "(RFC 6454, section 6.2)"),
            "([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454), section 6.2)\n"
        );
    }

    #[test]
    fn code_links_and_what_only_looks_like_an_id_stay_as_they_are() {
        for text in [
            "`JOIN-4`\n",
            "`spec/README.md`\n",
            "[JOIN-4](join.md)\n",
            "UTF-8 and JOIN-4444\n",
            "```text\nJOIN-4\n```\n",
        ] {
            assert_eq!(linked("spec/join.md", text), text);
        }
    }
}
