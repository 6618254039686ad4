//! A bundle: one file with a run's result, the transcripts of all its cases, and which suite judged.
//!
//! Its digest shows that a file was changed by accident or without care. It shows nothing about who wrote it: who wants to
//! deceive computes it anew, and must then still deceive [`crate::judge`].

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{codec::sha256, result::RunResult, transcript::Transcript};

/// The value of `format`.
pub const FORMAT: &str = "dispatch-d/1 conformance bundle";

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What the run came to.
    pub result: RunResult,
    /// How the program was called, but for the selectors.
    pub arguments: Vec<String>,
    /// The transcripts, by case; those of what the runner does around the cases stand in parentheses.
    pub transcripts: BTreeMap<String, Transcript>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    format: String,
    /// SHA-256 over the text of `content`, in hexadecimal.
    digest: String,
    content: Box<RawValue>,
}

/// Each text of a message stands once, however many connections it came on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    result: RunResult,
    arguments: Vec<String>,
    texts: Vec<String>,
    transcripts: BTreeMap<String, Value>,
}

impl Bundle {
    /// The file's text.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which no bundle of a run is.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut texts = Texts::default();
        let mut transcripts = BTreeMap::new();
        for (case, transcript) in &self.transcripts {
            let mut value = serde_json::to_value(transcript)?;
            for_messages(&mut value, |message| {
                if let Value::String(text) = message {
                    *message = texts.place(text).into();
                }
                Ok(())
            })
            .unwrap_or_default();
            transcripts.insert(case.clone(), value);
        }
        let content = serde_json::value::to_raw_value(&Content {
            result: self.result.clone(),
            arguments: self.arguments.clone(),
            texts: texts.list,
            transcripts,
        })?;
        let mut text = serde_json::to_string(&Envelope {
            format: FORMAT.into(),
            digest: digest(content.get()),
            content,
        })?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// In words: no bundle, or one that was changed.
    pub fn read(text: &str) -> Result<Self, String> {
        let no_bundle = |error: serde_json::Error| format!("no bundle: {error}");
        let envelope: Envelope = serde_json::from_str(text).map_err(no_bundle)?;
        if envelope.format != FORMAT {
            return Err(format!(
                "its format is `{}`, not `{FORMAT}`",
                envelope.format
            ));
        }
        if digest(envelope.content.get()) != envelope.digest {
            return Err(
                "its digest is not that of its content: it was changed after it was written".into(),
            );
        }
        let content: Content = serde_json::from_str(envelope.content.get()).map_err(no_bundle)?;
        let mut transcripts = BTreeMap::new();
        for (case, mut value) in content.transcripts {
            for_messages(&mut value, |message| {
                let place = message
                    .as_u64()
                    .and_then(|place| usize::try_from(place).ok());
                let text = place.and_then(|place| content.texts.get(place));
                *message = text
                    .ok_or_else(|| format!("{case}: a message without its text"))?
                    .clone()
                    .into();
                Ok(())
            })?;
            let transcript =
                serde_json::from_value(value).map_err(|error| format!("{case}: {error}"))?;
            transcripts.insert(case, transcript);
        }
        Ok(Self {
            result: content.result,
            arguments: content.arguments,
            transcripts,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// In words, with the path.
    pub fn open(path: &Path) -> Result<Self, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::read(&text).map_err(|why| format!("{}: {why}", path.display()))
    }
}

/// The result in a bundle or in a JSON report.
///
/// # Errors
/// In words, with the path.
pub fn result(path: &Path) -> Result<RunResult, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let in_file = |why: String| format!("{}: {why}", path.display());
    let value: Value = serde_json::from_str(&text).map_err(|error| in_file(error.to_string()))?;
    match value["format"].as_str() {
        Some(FORMAT) => Bundle::read(&text)
            .map(|bundle| bundle.result)
            .map_err(in_file),
        Some(RunResult::FORMAT) => {
            serde_json::from_value(value).map_err(|error| in_file(error.to_string()))
        }
        _ => Err(in_file(
            "neither a report (json) nor a bundle of this suite".into(),
        )),
    }
}

/// Texts, each once.
#[derive(Default)]
struct Texts {
    list: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.list.len();
        self.list.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }
}

/// Does something with every message's text of a transcript.
fn for_messages(
    transcript: &mut Value,
    mut with: impl FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let lines = transcript["lines"].as_array_mut().into_iter().flatten();
    for line in lines {
        for name in ["sent", "received"] {
            if let Some(message) = line.get_mut(name) {
                with(message)?;
            }
        }
    }
    Ok(())
}

fn digest(content: &str) -> String {
    data_encoding::HEXLOWER.encode(&sha256(content.as_bytes()))
}
