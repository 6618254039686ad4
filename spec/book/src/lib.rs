//! Builds the specification as a book: its chapters as they stand, and beside them what is made of the same data as
//! `dispatch-conformance explain`: a page for each requirement, and a conversation with the bytes under its signatures.
//!
//! The way: chapters ([`chapter`]) and made pages ([`requirement`], [`conversation`]) → a folder of Markdown ([`pages`]) →
//! mdBook → a folder of HTML, all of whose links are followed ([`link`]).

mod chapter;
mod claims;
mod conversation;
mod diagram;
mod enforcement;
mod link;
mod pages;
mod place;
mod requirement;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use dispatch_conformance::{corpus::Corpus, requirement::Requirements, scenario::Vectors};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;

use enforcement::Citations;
use pages::Pages;

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// Where its first page is.
    pub index: PathBuf,
    /// How many pages it has.
    pub pages: usize,
    /// How many requirements have a page of their own.
    pub requirements: usize,
    /// How many diagrams were drawn.
    pub diagrams: usize,
    /// How many links were followed.
    pub links: usize,
}

/// Builds the book of the project in a folder into another one, which is emptied before.
///
/// # Errors
/// A chapter that is not as the book needs it, a link that leads nowhere, or what hinders reading and writing; in words.
pub fn build(project: &Path, out: &Path) -> Result<Built> {
    let corpus = Corpus::embedded();
    let requirements = Requirements::read(&corpus);
    let vectors = Vectors::read(&corpus).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let citations = Citations::read(project)?;
    claims::check(project, &vectors)?;
    let uncited = citations.without(&requirements);
    if !uncited.is_empty() {
        bail!(
            "the reference cites these nowhere: {}; write the id in brackets where the rule is kept",
            uncited.join(", ")
        );
    }

    let mut pages = Pages::default();
    let diagrams = chapter::add(&mut pages, project, &requirements)?;
    let conversation = conversation::page(&vectors)?;
    let (conversation, _) = chapter::made(&conversation, "spec/conversation.md", &requirements)?;
    pages.add("conversation.md", conversation);
    requirement::add(&mut pages, &requirements, &vectors, &citations);
    pages.add_summary(&requirements);

    let markdown = out.join("markdown");
    let html = out.join("html");
    for folder in [&markdown, &html] {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
    }
    pages.write(&markdown)?;
    pages::copy_beside(project, &markdown)?;
    let configuration = project.join("spec/book.toml");
    let mut config = Config::from_disk(&configuration)?;
    config.book.src = markdown.clone();
    config.build.build_dir = html.clone();
    let book = MDBook::load_with_config(project.join("spec/book"), config)?;
    book.build()?;

    let links = link::follow(&html)?;
    if !links.broken.is_empty() {
        bail!("links that lead nowhere:\n{}", links.broken.join("\n"));
    }
    Ok(Built {
        index: html.join("index.html"),
        pages: links.pages,
        requirements: requirements.iter().count(),
        diagrams,
        links: links.followed,
    })
}
