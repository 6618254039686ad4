//! Renders what a run came to, for people and for machines.
//!
//! What a server says is hostile until shown otherwise: every format takes it through [`crate::story::visible`] and its own escaping.

pub mod badge;
pub mod call;
pub mod html;
pub mod json;
pub mod junit;
pub mod lesson;
pub mod markdown;
pub mod matrix;
pub mod page;
pub mod progress;
pub mod recording;
pub mod tap;
mod telling;
pub mod terminal;

use std::{collections::BTreeMap, fs, path::PathBuf, str::FromStr};

pub use call::Call;

use crate::{bundle::Bundle, requirement::Requirements, result::RunResult, transcript::Transcript};

/// Everything that a report tells of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What the run came to.
    pub result: &'a RunResult,
    /// The specification.
    pub requirements: &'a Requirements,
    /// How the program was called.
    pub call: &'a Call,
    /// The transcripts, where they were kept.
    pub transcripts: &'a BTreeMap<String, Transcript>,
}

/// A report that was asked for: its format and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    format: Format,
    path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Junit,
    Tap,
    Html,
    Markdown,
    Badge,
    Bundle,
}

impl Format {
    const ALL: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("junit", Self::Junit),
        ("tap", Self::Tap),
        ("html", Self::Html),
        ("md", Self::Markdown),
        ("badge", Self::Badge),
        ("bundle", Self::Bundle),
    ];
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text
            .split_once('=')
            .ok_or("a report is FORMAT=PATH, such as json=report.json")?;
        let known = Format::ALL.into_iter().find(|(known, _)| *known == name);
        let Some((_, format)) = known else {
            let names = Format::ALL.map(|(name, _)| name).join(", ");
            return Err(format!(
                "`{name}` is no format of a report; there are: {names}"
            ));
        };
        if path.is_empty() {
            return Err("the path of a report is missing".into());
        }
        Ok(Self {
            format,
            path: path.into(),
        })
    }
}

impl Wanted {
    /// Whether it can be written from transcripts alone.
    pub fn needs_transcripts(&self) -> bool {
        self.format == Format::Bundle
    }

    /// Writes the report.
    ///
    /// # Errors
    /// In words, with the path.
    pub fn write(&self, report: Report<'_>) -> Result<(), String> {
        let text = match self.format {
            Format::Json => json::render(report.result),
            Format::Junit => junit::render(report),
            Format::Tap => tap::render(report),
            Format::Html => html::render(report),
            Format::Markdown => markdown::render(report),
            Format::Badge => badge::render(report.result),
            Format::Bundle => Bundle {
                result: report.result.clone(),
                arguments: report.call.arguments.clone(),
                transcripts: report.transcripts.clone(),
            }
            .to_text()
            .map_err(|error| error.to_string())?,
        };
        fs::write(&self.path, text).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_is_refused_with_those_that_there_are() {
        let error = "yaml=x".parse::<Wanted>().expect_err("unknown");
        assert!(
            error.contains("yaml") && error.contains("json, junit"),
            "{error}"
        );
        assert!("json".parse::<Wanted>().is_err() && "json=".parse::<Wanted>().is_err());
        assert!("json=a=b.json".parse::<Wanted>().is_ok());
    }
}
