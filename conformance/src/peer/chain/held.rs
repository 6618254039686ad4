//! A block that came, with what is computed from it once.

use serde_json::Value;

use crate::codec::{Hash, Verdict, block, entry, fields};

/// A block and its hashes.
#[derive(Debug, Clone)]
pub struct Held {
    /// As it came first.
    pub block: Value,
    /// Its place.
    pub index: u64,
    /// What it is linked to.
    pub prev: Hash,
    /// Its time.
    pub time: u64,
    /// Its hash.
    pub hash: Hash,
    /// The id of its entry.
    pub entry_id: Hash,
    /// The author of its entry.
    pub author: Hash,
    /// The kind of its entry.
    pub kind: String,
}

impl Held {
    /// Computes a block's hashes.
    ///
    /// # Errors
    /// If it is so malformed that it has none.
    pub fn of(value: &Value) -> Result<Self, Verdict> {
        let inner = fields::member(value, "entry")?;
        Ok(Self {
            index: fields::uint(value, "index")?,
            prev: fields::hash(value, "prev")?,
            time: fields::uint(value, "time")?,
            hash: block::hash(value)?,
            entry_id: entry::id(inner)?,
            author: fields::hash(inner, "author")?,
            kind: fields::text(inner, "kind")?.to_owned(),
            block: value.clone(),
        })
    }

    /// Whether two copies are of one block; a ciphertext may be gone from either.
    pub fn same_as(&self, other: &Self) -> bool {
        let rest = |held: &Self| (held.index, held.prev, held.time, held.hash, held.entry_id);
        rest(self) == rest(other) && same_entry(&self.block["entry"], &other.block["entry"])
    }

    /// Whether it is a message that has its ciphertext.
    pub fn has_ciphertext(&self) -> bool {
        self.kind == "message" && self.block["entry"]["body"].get("ciphertext").is_some()
    }
}

/// Whether two entries hold the same values; a ciphertext may be gone from either.
pub fn same_entry(one: &Value, other: &Value) -> bool {
    if one == other {
        return true;
    }
    let either_lacks = [one, other]
        .iter()
        .any(|entry| entry["body"].get("ciphertext").is_none());
    either_lacks && one["kind"] == "message" && without_ciphertext(one) == without_ciphertext(other)
}

fn without_ciphertext(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(body) = entry["body"].as_object_mut() {
        body.shift_remove("ciphertext");
    }
    entry
}
