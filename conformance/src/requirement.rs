//! The specification's requirements, read from its chapters: `- **[JOIN-4]** A server MUST …`.
//!
//! This is a reader only; whether specification and vectors fit together is [`crate::gate`]'s question.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::corpus::Corpus;

const UNTESTABLE: &str = "*Untestable from outside:*";
const WITHDRAWN: &str = "*Withdrawn";

/// The strength of an obligation, of BCP 14; ordered from the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// MAY
    #[serde(rename = "MAY")]
    May,
    /// SHOULD and SHOULD NOT
    #[serde(rename = "SHOULD")]
    Should,
    /// MUST and MUST NOT
    #[serde(rename = "MUST")]
    Must,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        })
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "MAY" => Ok(Self::May),
            "SHOULD" => Ok(Self::Should),
            "MUST" => Ok(Self::Must),
            _ => Err(format!("`{text}` is no level: MUST, SHOULD or MAY")),
        }
    }
}

/// One obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Area and number, such as `JOIN-4`.
    pub id: String,
    /// Its sentence, Markdown and all.
    pub sentence: String,
    /// The chapter's title.
    pub chapter: String,
    /// The chapter's file, such as `spec/join.md`.
    pub file: String,
    /// The heading that it stands under.
    pub section: String,
    /// Every keyword of BCP 14 in the sentence; a sound requirement has one.
    pub keywords: Vec<String>,
    /// Why nobody can see it from outside, where that is so.
    pub untestable: Option<String>,
    /// A tombstone: its id stays taken, and it asks for nothing.
    pub withdrawn: bool,
}

impl Requirement {
    /// The strength of its first keyword.
    pub fn level(&self) -> Option<Level> {
        match self.keywords.first()?.as_str() {
            "MUST" | "MUST NOT" => Some(Level::Must),
            "SHOULD" | "SHOULD NOT" => Some(Level::Should),
            _ => Some(Level::May),
        }
    }

    /// The letters before the number, such as `JOIN`.
    pub fn area(&self) -> &str {
        self.id.rsplit_once('-').map_or(&self.id, |(area, _)| area)
    }
}

/// All requirements, in the order of the chapters.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    list: Vec<Requirement>,
    places: BTreeMap<String, usize>,
}

impl Requirements {
    /// Reads every chapter, in the order of the summary.
    pub fn read(corpus: &Corpus) -> Self {
        let summary = corpus.text("spec/SUMMARY.md").unwrap_or_default();
        let mut chapters: Vec<(&str, &str)> = corpus.folder("spec").collect();
        chapters.sort_by_key(|(path, _)| {
            let name = path.trim_start_matches("spec/");
            (
                summary.find(&format!("({name})")).unwrap_or(usize::MAX),
                *path,
            )
        });
        let mut requirements = Self::default();
        for (path, text) in chapters {
            requirements.read_chapter(path, text);
        }
        requirements
    }

    /// Reads one chapter's text.
    pub fn read_chapter(&mut self, file: &str, text: &str) {
        let mut chapter = String::new();
        let mut section = String::new();
        let mut lines = text.lines().peekable();
        let mut in_code = false;
        while let Some(line) = lines.next() {
            in_code ^= line.trim_start().starts_with("```");
            if in_code {
                continue; // a `#` in there is no heading
            }
            if let Some(title) = line.strip_prefix("# ") {
                title.clone_into(&mut chapter);
                title.clone_into(&mut section);
            } else if let Some((_, title)) = line.split_once("# ").filter(|_| line.starts_with('#'))
            {
                title.clone_into(&mut section);
            } else if let Some((id, first)) = beginning(line) {
                let mut sentence = first.to_owned();
                while let Some(more) = lines.next_if(|next| next.starts_with("  ")) {
                    sentence.push(' ');
                    sentence.push_str(more.trim());
                }
                self.push(requirement(id, &sentence, &chapter, file, &section));
            }
        }
    }

    fn push(&mut self, requirement: Requirement) {
        self.places
            .entry(requirement.id.clone())
            .or_insert(self.list.len());
        self.list.push(requirement);
    }

    /// The requirement of an id.
    pub fn of(&self, id: &str) -> Option<&Requirement> {
        self.places.get(id).map(|place| &self.list[*place])
    }

    /// All of them, an id that was given twice as often as it stands there.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.list.iter()
    }
}

/// The id and the rest of a line that begins an obligation.
fn beginning(line: &str) -> Option<(&str, &str)> {
    let (id, rest) = line.strip_prefix("- **[")?.split_once("]**")?;
    Some((id, rest.trim()))
}

fn requirement(id: &str, text: &str, chapter: &str, file: &str, section: &str) -> Requirement {
    let (sentence, untestable) = match text.split_once(UNTESTABLE) {
        Some((sentence, reason)) => (sentence.trim(), Some(reason.trim().to_owned())),
        None => (text, None),
    };
    Requirement {
        id: id.to_owned(),
        sentence: sentence.to_owned(),
        chapter: chapter.to_owned(),
        file: file.to_owned(),
        section: section.to_owned(),
        keywords: keywords(sentence),
        untestable,
        withdrawn: sentence.starts_with(WITHDRAWN),
    }
}

/// The keywords of BCP 14 that stand in capitals in a sentence, in their order.
fn keywords(sentence: &str) -> Vec<String> {
    let words: Vec<&str> = sentence
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if matches!(
            *word,
            "MUST" | "SHOULD" | "MAY" | "SHALL" | "REQUIRED" | "RECOMMENDED" | "OPTIONAL"
        ) {
            let negated = words.get(place + 1) == Some(&"NOT");
            found.push(if negated {
                format!("{word} NOT")
            } else {
                (*word).to_owned()
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Requirements {
        let mut requirements = Requirements::default();
        requirements.read_chapter("spec/x.md", text);
        requirements
    }

    #[test]
    fn a_requirement_has_its_sentence_keyword_chapter_and_section() {
        let requirements =
            read("# Chapter\n\n## Part\n\n- **[JOIN-3]** A server MUST NOT guess\n  its origin.\n");
        let requirement = requirements.of("JOIN-3").expect("read");
        assert_eq!(requirement.sentence, "A server MUST NOT guess its origin.");
        assert_eq!(requirement.keywords, ["MUST NOT"]);
        assert_eq!(
            (requirement.chapter.as_str(), requirement.section.as_str()),
            ("Chapter", "Part")
        );
        assert_eq!(
            (requirement.area(), requirement.level()),
            ("JOIN", Some(Level::Must))
        );
        assert_eq!(requirement.untestable, None);
    }

    #[test]
    fn the_reason_of_an_untestable_one_is_no_part_of_its_sentence() {
        let requirements = read(
            "- **[KEY-6]** A key MUST NOT leave. *Untestable from outside:* it MUST be believed.\n",
        );
        let requirement = requirements.of("KEY-6").expect("read");
        assert_eq!(requirement.sentence, "A key MUST NOT leave.");
        assert_eq!(requirement.keywords, ["MUST NOT"]);
        assert_eq!(
            requirement.untestable.as_deref(),
            Some("it MUST be believed.")
        );
    }

    #[test]
    fn two_keywords_are_both_seen() {
        let requirements =
            read("- **[A-1]** It MUST come, and SHOULD stay; dismay and must do not count.\n");
        assert_eq!(
            requirements.of("A-1").expect("read").keywords,
            ["MUST", "SHOULD"]
        );
    }

    #[test]
    fn an_id_in_prose_or_a_table_is_no_requirement() {
        assert_eq!(
            read("see **[JOIN-4]**\n| JOIN-4 | x |\nsuch as **JOIN-4** in square brackets\n")
                .iter()
                .count(),
            0
        );
    }

    #[test]
    fn the_specification_is_read_in_the_order_of_its_summary() {
        let requirements = Requirements::read(&Corpus::embedded());
        let first = requirements.iter().next().expect("at least one");
        assert_eq!(first.id, "CONV-1");
        assert!(requirements.of("SYNC-5").is_some());
    }
}
