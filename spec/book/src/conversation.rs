//! A whole conversation, each frame beside the bytes that are signed or hashed in it, and why each of them is.
//!
//! The frames are those of `vectors/static/conversation.json`. The bytes are computed here, by the suite's own codec, and each
//! signature and hash is checked while the page is made: what it shows is true, or there is no page.

mod bytes;
mod notes;

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER;
use dispatch_conformance::scenario::{KnownAnswer, Vectors};
use serde_json::Value;

use bytes::{Covered, Listener};

/// Longer texts are shortened in the frames.
const LONG: usize = 40;

const BEGINNING: &str = "# A conversation with its bytes

The conversation of the [overview](overview.md) once more, as an implementer looks at it: left each frame, right what is signed
or hashed in it, field by field, and why. The values are those of `vectors/static/conversation.json`, where they stand whole;
here the long ones are shortened in the middle. Every signature and every hash on this page was checked when it was made.

A [tuple](conventions.md#tuples) begins with its label, a zero byte and the number of its fields; before each field stands its
length, four bytes. *The bytes* under a table are the tuple whole: with them you can see in your own unit test where yours
begin to differ.
";

/// The page.
///
/// # Errors
/// A value of the conversation is not what it should be, or has no note here.
pub(crate) fn page(vectors: &Vectors) -> Result<String> {
    let mut listener = Listener::default();
    let mut out = String::from(BEGINNING);
    let frames = vectors
        .known_answers
        .iter()
        .filter(|answer| answer.file == "conversation");
    let mut count = 0;
    for (number, answer) in (1..).zip(frames) {
        count = number;
        section(&mut out, number, answer, &mut listener)
            .with_context(|| format!("{} of vectors/static/conversation.json", answer.id))?;
    }
    if count != notes::FRAMES.len() {
        bail!(
            "the conversation has {count} frames, and there are notes for {}",
            notes::FRAMES.len()
        );
    }
    Ok(out)
}

fn section(
    out: &mut String,
    number: usize,
    answer: &KnownAnswer,
    listener: &mut Listener,
) -> Result<()> {
    let frame = &answer.test["frame"];
    let Some(note) = notes::FRAMES.iter().find(|note| note.id == answer.id) else {
        bail!("there is no note about it");
    };
    let from = match answer.test["said_by"].as_str() {
        Some("client") => "Alice's client says",
        Some("server") => "The server says",
        Some("document") => "The server's document",
        Some("plaintext") => "Inside the ciphertext",
        Some("file") => "A file that a client writes",
        other => bail!("said by {other:?}"),
    };
    let _ = writeln!(
        out,
        "\n## {number}. {}\n\n*{from}.* {}\n",
        note.title, note.why
    );
    let covered = listener.take(&answer.id, frame)?;
    let shown = serde_json::to_string_pretty(&shortened(frame))?;
    let _ = writeln!(
        out,
        "<div class=\"beside\">\n<div>\n\n```json\n{shown}\n```\n\n</div>\n<div>\n"
    );
    if covered.is_empty() {
        let _ = writeln!(
            out,
            "{}\n",
            note.unsigned
                .context("nothing is signed in it, and no note says why")?
        );
    }
    for piece in &covered {
        table(out, piece)?;
    }
    out.push_str("</div>\n</div>\n");
    Ok(())
}

fn table(out: &mut String, piece: &Covered) -> Result<()> {
    let label = piece.label;
    let Some((_, fields)) = notes::LABELS.iter().find(|(known, _)| *known == label) else {
        bail!("no note about the tuple `{label}`");
    };
    if fields.len() != piece.tuple.fields().len() {
        bail!(
            "the tuple `{label}` has {} fields, and there are notes for {}",
            piece.tuple.fields().len(),
            fields.len()
        );
    }
    let _ = writeln!(
        out,
        "**{}**\n\n| `{label}` | bytes | why |\n|---|---|---|",
        piece.title
    );
    for (field, (name, why)) in piece.tuple.fields().iter().zip(*fields) {
        let _ = writeln!(out, "| {name} | `{}` | {why} |", short(field));
    }
    let bytes = piece.tuple.encode();
    let _ = writeln!(
        out,
        "\n<details><summary>the bytes ({})</summary><pre class=\"bytes\">{}</pre></details>\n",
        bytes.len(),
        whole(&bytes)
    );
    for consequence in &piece.consequences {
        let _ = writeln!(out, "- {consequence}");
    }
    out.push('\n');
    Ok(())
}

/// Bytes, two digits each.
fn whole(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The first and the last, where there are many.
fn short(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "nothing".to_owned(),
        1..=16 => whole(bytes),
        many => format!(
            "{}…{} ({many} bytes)",
            whole(&bytes[..8]),
            whole(&bytes[many - 4..])
        ),
    }
}

/// A frame with its long texts shortened in the middle.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > LONG && !text.contains(' ') => {
            Value::String(format!("{}…{}", &text[..12], &text[text.len() - 6..]))
        }
        Value::Array(list) => list.iter().map(shortened).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shortened(value)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use dispatch_conformance::corpus::Corpus;

    use super::*;

    #[test]
    fn every_signature_of_the_conversation_holds_and_is_shown() {
        let vectors = Vectors::read(&Corpus::embedded()).unwrap();
        let page = page(&vectors).unwrap();
        for label in [
            "join",
            "welcome",
            "entry",
            "block",
            "checkpoint",
            "wrap",
            "message-aad",
        ] {
            assert!(page.contains(&format!("| `{label}` |")), "{label}");
        }
    }

    #[test]
    fn a_conversation_that_does_not_hold_is_refused() {
        let mut vectors = Vectors::read(&Corpus::embedded()).unwrap();
        let prove = vectors
            .known_answers
            .iter_mut()
            .find(|answer| answer.id == "conversation-prove")
            .unwrap();
        let signature = prove.test["frame"]["signature"]
            .as_str()
            .unwrap()
            .to_owned();
        prove.test["frame"]["signature"] = signature.replacen('A', "B", 1).into();
        let problem = format!("{:#}", page(&vectors).unwrap_err());
        assert!(problem.contains("conversation-prove"), "{problem}");
    }
}
