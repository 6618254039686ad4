//! Blocks and their hashes (spec/chain.md, "Blocks").

use super::{Hash, Tuple, Verdict, base64url, entry, fields, sha256};
use serde_json::{Value, json};

/// The JSON of a block.
pub fn make(index: u64, prev: &Hash, time: u64, entry: Value) -> Value {
    json!({ "index": index, "prev": base64url::encode(prev), "time": time, "entry": entry })
}

/// The block tuple.
pub fn tuple(block: &Value) -> Result<Tuple, Verdict> {
    let entry = fields::member(block, "entry")?;
    Ok(Tuple::new("block")
        .uint(fields::uint(block, "index")?)
        .bytes(&fields::hash(block, "prev")?)
        .uint(fields::uint(block, "time")?)
        .bytes(&entry::id(entry)?)
        .bytes(&sha256(&entry::signature_of(entry)?)))
}

/// The block's hash; of block 0 it is the community's id.
pub fn hash(block: &Value) -> Result<Hash, Verdict> {
    Ok(tuple(block)?.hash())
}
