//! The book's pages as Markdown, before mdBook reads them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use dispatch_conformance::requirement::{Requirement, Requirements};
use walkdir::WalkDir;

use crate::place;
use crate::requirement;

/// What pages link to beside pages, by its path in the repository.
const BESIDE: [&str; 11] = [
    "spec/openapi.json",
    "spec/asyncapi.json",
    "spec/schemas",
    "spec/model/symbolic",
    "vectors/static",
    "vectors/live",
    "vectors/keys",
    "vectors/static.schema.json",
    "vectors/live.schema.json",
    "conformance/learn.json",
    "conformance/spawn",
];

/// The guides, below the chapters.
const OF_GUIDES: &str = "
# Vectors and suite

- [Testing a server](conformance/README.md)
  - [Reports](conformance/REPORT.md)
  - [Mutants](conformance/mutants/README.md)
- [Vectors](vectors/README.md)
  - [Known answers](vectors/static/README.md)
  - [Scenarios](vectors/live/README.md)
  - [Test keys](vectors/keys/README.md)
  - [Wycheproof](vectors/wycheproof.md)
";

/// Texts by their path in the book.
#[derive(Debug, Default)]
pub(crate) struct Pages(BTreeMap<String, String>);

impl Pages {
    pub(crate) fn add(&mut self, path: &str, text: String) {
        self.0.insert(path.to_owned(), text);
    }

    /// Puts the made pages into the table of contents.
    pub(crate) fn add_summary(&mut self, requirements: &Requirements) {
        let summary = self.0.entry("SUMMARY.md".to_owned()).or_default();
        let (overview, conversation) = (
            "(overview.md)\n",
            "  - [The same with its bytes](conversation.md)\n",
        );
        *summary = summary.replace(overview, &format!("{overview}{conversation}"));
        summary.push_str(OF_GUIDES);
        summary.push_str("\n# Requirements\n\n- [What a server keeps](requirements/server.md)\n- [All requirements](requirements/README.md)\n");
        for (area, of_area) in requirement::by_area(requirements) {
            let _ = writeln!(summary, "  - [{area}](requirements/{area}.md)");
            for Requirement { id, .. } in of_area {
                let _ = writeln!(summary, "    - [{id}](requirements/{id}.md)");
            }
        }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        for (path, text) in &self.0 {
            write(&folder.join(path), text.as_bytes())?;
        }
        Ok(())
    }
}

/// Copies the documents that lie beside the pages.
pub(crate) fn copy_beside(project: &Path, folder: &Path) -> Result<()> {
    BESIDE
        .iter()
        .try_for_each(|path| copy(&project.join(path), &folder.join(place::of(path))))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let path = entry.path();
        // A chapter is among the pages already.
        if entry.file_type().is_file() && path.extension() != Some("md".as_ref()) {
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            let inside = path.strip_prefix(from)?;
            // Of a file there is nothing inside, and a joined nothing would end it with a slash.
            let is_file = inside.as_os_str().is_empty();
            let target = if is_file {
                to.to_owned()
            } else {
                to.join(inside)
            };
            write(&target, &bytes)?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let shown = || path.display().to_string();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(shown)?;
    }
    std::fs::write(path, bytes).with_context(shown)
}
