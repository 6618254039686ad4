//! Builds and signs entries, right ones and wrong ones.

use serde_json::{Map, Value, json};

use super::{Stage, bytes, evaluate::Trouble};
use crate::codec::{self, Hash, Scheme, Tuple, fields, randomness::System};

/// An entry to be made.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The author's role.
    pub by: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The body.
    pub body: Value,
    /// Members put in the place of the usual ones before it is signed, by their paths; `signature` after.
    pub with: Map<String, Value>,
    /// The role that signs.
    pub signer: &'a str,
    /// How it is signed.
    pub scheme: Scheme,
}

impl<'a> Draft<'a> {
    /// A draft of a right entry.
    pub fn of(by: &'a str, kind: &'a str, body: Value) -> Self {
        Self {
            by,
            kind,
            body,
            with: Map::new(),
            signer: by,
            scheme: Scheme::Pss,
        }
    }
}

impl Stage {
    /// Builds and signs an entry: the author's next number, what the runner holds, now.
    pub fn build(&self, draft: Draft<'_>) -> Result<Value, Trouble> {
        let author = self.role(draft.by)?.id();
        let chain = &self.server.chain;
        let (size, head) = chain.have();
        let mut entry = json!({
            "community": bytes::value(&self.community()?),
            "kind": draft.kind,
            "author": bytes::value(&author),
            "seq": chain.next_seq(&author),
            "seen": {"size": size, "hash": bytes::value(&head)},
            "sent_at": self.sent_at(author),
            "body": draft.body,
        });
        let mut with = draft.with;
        let signature = with.shift_remove("signature");
        for (path, value) in with {
            bytes::set(&mut entry, &path, value)?;
        }
        let signature = match signature {
            Some(signature) => signature,
            None => {
                let tuple = codec::entry::tuple(&entry).unwrap_or_else(|_| nearest_tuple(&entry));
                bytes::value(&self.role(draft.signer)?.sign(
                    &tuple.encode(),
                    draft.scheme,
                    &mut System,
                ))
            }
        };
        bytes::set(&mut entry, "signature", signature)?;
        Ok(entry)
    }
}

/// What is signed where an entry is so malformed that it has no tuple: the tuple of what can be read of it.
fn nearest_tuple(entry: &Value) -> Tuple {
    let kind = entry["kind"].as_str().unwrap_or_default();
    let body = codec::entry::body_digest(kind, &entry["body"]);
    let (size, head) = fields::place(entry, "seen").unwrap_or_default();
    let hash = |name| fields::hash(entry, name).unwrap_or_default();
    let uint = |name| fields::uint(entry, name).unwrap_or_default();
    Tuple::new("entry")
        .bytes(&hash("community"))
        .text(kind)
        .bytes(&hash("author"))
        .uint(uint("seq"))
        .uint(size)
        .bytes(&head)
        .uint(uint("sent_at"))
        .bytes(&body.unwrap_or_else(|_| Tuple::new(&format!("body/{kind}")).hash()))
}

/// The id of an entry that has one.
pub fn id(entry: &Value) -> Result<Hash, Trouble> {
    codec::entry::id(entry)
        .map_err(|verdict| Trouble::Vector(format!("the entry has no id: {verdict}")))
}

/// A member of an object, or an item of a list by its place.
pub fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    }
}
