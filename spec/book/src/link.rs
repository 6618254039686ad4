//! Follows every link of a folder of HTML to a file and a place in it that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use scraper::{Html, Selector};
use walkdir::WalkDir;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) pages: usize,
    pub(crate) followed: usize,
    /// Each with the page that has it.
    pub(crate) broken: Vec<String>,
}

/// A page's links, and the places in it that may be linked to.
#[derive(Debug)]
struct Page {
    links: BTreeSet<String>,
    places: BTreeSet<String>,
}

/// Follows the links of all pages in a folder. Those to other hosts are not followed: this needs no network.
pub(crate) fn follow(folder: &Path) -> Result<Links> {
    let pages = read(folder)?;
    let mut links = Links {
        pages: pages.len(),
        ..Links::default()
    };
    for (path, page) in &pages {
        for link in &page.links {
            if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
                continue;
            }
            links.followed += 1;
            if !leads_somewhere(folder, path, link, &pages) {
                links
                    .broken
                    .push(format!("{} links to {link}", path.display()));
            }
        }
    }
    Ok(links)
}

fn leads_somewhere(
    folder: &Path,
    from: &Path,
    link: &str,
    pages: &BTreeMap<PathBuf, Page>,
) -> bool {
    let (file, place) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => Some(from.to_owned()),
        _ => normal(&from.parent().unwrap_or(Path::new("")).join(file)),
    };
    let Some(target) = target else { return false };
    match pages.get(&target) {
        Some(page) => place.is_empty() || page.places.contains(place),
        None => place.is_empty() && folder.join(target).is_file(),
    }
}

/// Without `..`; none where it leads out of the book, wherever that may be put.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut done = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => done.pop().then_some(())?,
            Component::CurDir => {}
            part => done.push(part),
        }
    }
    Some(done)
}

fn read(folder: &Path) -> Result<BTreeMap<PathBuf, Page>> {
    let mut pages = BTreeMap::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        let path = entry.path();
        if path.extension() == Some("html".as_ref()) {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            pages.insert(path.strip_prefix(folder)?.to_owned(), page(&text)?);
        }
    }
    Ok(pages)
}

fn page(text: &str) -> Result<Page> {
    let document = Html::parse_document(text);
    let of = |selector: &str, attributes: &[&str]| -> Result<BTreeSet<String>> {
        let selector = Selector::parse(selector).map_err(|fault| anyhow!("{fault}"))?;
        let found = document.select(&selector).flat_map(|element| {
            attributes
                .iter()
                .filter_map(|name| element.value().attr(name))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        Ok(found.collect())
    };
    Ok(Page {
        links: of(
            "a[href], link[href], script[src], img[src]",
            &["href", "src"],
        )?,
        places: of("[id]", &["id"])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_file_or_a_place_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "index.html",
            "<a href='a/b.html#here'>1</a><a href='a/b.html#there'>2</a><a href='https://example.org/x'>3</a><a href='../c.json'>4</a>",
        );
        put(
            "a/b.html",
            "<h1 id='here'></h1><a href='../index.html'>1</a><a href='../c.json'>2</a><a href='#here'>3</a><img src='no.png'>",
        );
        put("c.json", "{}");
        let links = follow(folder.path()).unwrap();
        assert_eq!((links.pages, links.followed), (2, 7));
        assert_eq!(
            links.broken,
            [
                "a/b.html links to no.png",
                "index.html links to ../c.json",
                "index.html links to a/b.html#there"
            ]
        );
    }
}
