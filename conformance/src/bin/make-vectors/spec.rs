//! Generated examples in the spec's chapters: the fenced block behind a marker is replaced.
//!
//! `<!-- bytes: FILE/TEST-ID -->` keeps the block's lines up to the one that ends with `=`, and sets the test's
//! `encoded` in hexadecimal under it. `<!-- example: conversation/NAME -->` takes the `frame` of the test
//! `conversation-NAME`.

use crate::file::File;
use crate::ordered;
use data_encoding::HEXLOWER;
use dispatch_conformance::codec::base64url;
use serde_json::Value;

/// The chapter with its examples made anew.
pub fn with_examples(chapter: &str, files: &[File]) -> Result<String, String> {
    let mut out = String::new();
    let mut lines = chapter.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(marker) = line
            .strip_prefix("<!-- ")
            .and_then(|l| l.strip_suffix(" -->"))
        else {
            continue;
        };
        let Some((kind, path)) = marker
            .split_once(": ")
            .filter(|(k, _)| ["bytes", "example"].contains(k))
        else {
            continue;
        };
        let fence = lines
            .next()
            .filter(|l| l.starts_with("```"))
            .ok_or(format!("no fence behind {marker}"))?;
        let old: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
        let new = match kind {
            "bytes" => bytes(&old, path, files)?,
            _ => example(path, files)?,
        };
        out.push_str(&format!("{fence}\n{new}```\n"));
    }
    Ok(out)
}

fn bytes(old: &[&str], path: &str, files: &[File]) -> Result<String, String> {
    let encoded = member(path, "encoded", files)?;
    let encoded = encoded
        .as_str()
        .and_then(|t| base64url::decode(t).ok())
        .ok_or(format!("{path} has no bytes"))?;
    let end = old
        .iter()
        .position(|l| l.ends_with('='))
        .ok_or(format!("no line ends with = under {path}"))?;
    let mut out: String = old[..=end].iter().map(|l| format!("{l}\n")).collect();
    for line in encoded.chunks(32) {
        out.push_str(&format!("{}\n", HEXLOWER.encode(line)));
    }
    Ok(out)
}

fn example(path: &str, files: &[File]) -> Result<String, String> {
    let (file, name) = path.split_once('/').ok_or(format!("{path} is no path"))?;
    Ok(ordered::pretty(&member(
        &format!("{file}/{file}-{name}"),
        "frame",
        files,
    )?))
}

fn member(path: &str, name: &str, files: &[File]) -> Result<Value, String> {
    let missing = || format!("there is no {path}/{name}");
    let (file, id) = path.split_once('/').ok_or_else(missing)?;
    let file = files
        .iter()
        .find(|f| f.name() == file)
        .ok_or_else(missing)?;
    file.test(id)
        .and_then(|t| t.get(name))
        .cloned()
        .ok_or_else(missing)
}
