//! Evidence of a fork, as a file (spec/chain.md, "Evidence").

use super::chain::ChainModel;
use super::{Checkpoint, Hash, Verdict, base64url, fields, merkle};
use serde_json::Value;

/// The text under `format`.
pub const FORMAT: &str = "dispatch-d/1 evidence";

/// The id of the community that the evidence convicts, or `bad_evidence`.
pub fn verify(evidence: &Value) -> Result<Hash, Verdict> {
    convicted(evidence).map_err(|v| Verdict::new("bad_evidence", "EVID-1", v.to_string()))
}

fn convicted(evidence: &Value) -> Result<Hash, Verdict> {
    let bad = |detail: &str| Err(Verdict::new("bad_evidence", "EVID-1", detail));
    if fields::text(evidence, "format")? != FORMAT {
        return bad("another format");
    }
    let mut chain = ChainModel::new();
    chain.append(fields::member(evidence, "genesis")?)?;
    let genesis = chain.genesis().expect("just founded");
    let checkpoint = |name| {
        let stated = Checkpoint::verified(fields::member(evidence, name)?, &genesis.server)?;
        if stated.community != genesis.community || stated.size == 0 {
            return Err(Verdict::new(
                "bad_checkpoint",
                "CHECK-6",
                format!("`{name}` is not one of this community"),
            ));
        }
        Ok(stated)
    };
    let (first, second) = (checkpoint("first")?, checkpoint("second")?);
    if first.size > second.size {
        return bad("`first` is larger than `second`");
    }
    if first.size == second.size && (first.head, first.root) != (second.head, second.root) {
        return Ok(genesis.community);
    }
    let inclusion = fields::member(evidence, "inclusion")?;
    let block_hash = fields::hash(inclusion, "block_hash")?;
    let path = path(inclusion)?;
    merkle::verify_inclusion(
        first.size - 1,
        second.size,
        &block_hash,
        &path,
        &second.root,
    )?;
    if block_hash == first.head {
        return bad("the block is the head of `first`: the two agree");
    }
    Ok(genesis.community)
}

/// A proof's list of hashes.
pub fn path(value: &Value) -> Result<Vec<Hash>, Verdict> {
    let read = |item: &Value| match item.as_str() {
        Some(text) => base64url::decode_hash(text),
        None => Err(Verdict::malformed(
            "CONV-4",
            "`path` is not a list of hashes",
        )),
    };
    fields::list(value, "path")?.iter().map(read).collect()
}
