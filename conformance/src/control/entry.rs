//! An entry as it was submitted, with what its judges look at.

use serde_json::Value;

use super::fault::Faults;
use crate::codec::{Hash, Tuple, Verdict, entry, fields, sha256};

/// A submitted entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its JSON.
    pub(super) value: Value,
    /// Its id.
    pub(super) id: Hash,
    /// The tuple under its signature.
    pub(super) tuple: Vec<u8>,
    /// Its kind.
    pub(super) kind: String,
    /// Its author's id.
    pub(super) author: Hash,
    /// Its author's number.
    pub(super) seq: u64,
    /// Size and head of the chain as the author held it.
    pub(super) seen: (u64, Hash),
    /// By the author's clock.
    pub(super) sent_at: u64,
    /// The signature's bytes.
    pub(super) signature: Vec<u8>,
}

impl Entry {
    /// Reads an entry whose form was checked.
    pub(super) fn read(value: Value, faults: &Faults) -> Result<Self, Verdict> {
        // [TUPLE-1]
        let tuple = match faults.has("TUPLE-1/json") {
            true => over_json(&value)?,
            false => entry::tuple(&value)?,
        };
        Ok(Self {
            id: tuple.hash(),
            tuple: tuple.encode(),
            kind: fields::text(&value, "kind")?.to_owned(),
            author: fields::hash(&value, "author")?,
            seq: fields::uint(&value, "seq")?,
            seen: fields::place(&value, "seen")?,
            sent_at: fields::uint(&value, "sent_at")?,
            signature: entry::signature_of(&value)?,
            value,
        })
    }

    /// What its kind defines.
    pub(super) fn body(&self) -> &Value {
        &self.value["body"]
    }
}

fn over_json(value: &Value) -> Result<Tuple, Verdict> {
    let (size, head) = fields::place(value, "seen")?;
    Ok(Tuple::new("entry")
        .bytes(&fields::hash(value, "community")?)
        .text(fields::text(value, "kind")?)
        .bytes(&fields::hash(value, "author")?)
        .uint(fields::uint(value, "seq")?)
        .uint(size)
        .bytes(&head)
        .uint(fields::uint(value, "sent_at")?)
        .bytes(&sha256(value["body"].to_string().as_bytes())))
}
