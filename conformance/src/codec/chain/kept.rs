//! Signed statements about the chain, held against what a client holds: checkpoints, welcomes, receipts
//! (spec/chain.md, "What a client keeps").

use super::ChainModel;
use crate::codec::{Checkpoint, Hash, Verdict, fields};
use serde_json::Value;

impl ChainModel {
    /// Verifies a checkpoint: `bad_checkpoint` where it is not one of this community, `fork` where it contradicts the
    /// blocks held or the one kept. Of one that is larger than the chain held only the signature is seen.
    ///
    /// # Panics
    ///
    /// Without a block 0.
    pub fn check_checkpoint(
        &self,
        checkpoint: &Value,
        kept: Option<&Checkpoint>,
    ) -> Result<Checkpoint, Verdict> {
        let genesis = self.genesis().expect("a checkpoint comes after block 0");
        // [CHECK-6]
        let stated = Checkpoint::verified(checkpoint, &genesis.server)?;
        if stated.community != genesis.community || stated.size == 0 {
            let detail = "it is of another community, or of size 0";
            return Err(Verdict::new("bad_checkpoint", "CHECK-6", detail));
        }
        // [CHECK-8]
        self.check_agreement(&stated)?;
        if let Some(kept) = kept {
            self.check_agreement(kept)?;
            if kept.size == stated.size && (kept.head, kept.root) != (stated.head, stated.root) {
                return Err(fork(
                    "CHECK-8",
                    "it contradicts the checkpoint that was kept",
                ));
            }
        }
        Ok(stated)
    }

    /// Holds the size and head of a `welcome` against the checkpoint kept and the `have` that was sent: `rollback` or
    /// `fork`. The head can be judged only once the chain is held up to that size.
    pub fn check_shown(
        &self,
        size: u64,
        head: &Hash,
        have: u64,
        kept: Option<&Checkpoint>,
    ) -> Result<(), Verdict> {
        // [CHECK-7]
        let due = have.max(kept.map_or(0, |k| k.size));
        if size < due {
            return Err(Verdict::new(
                "rollback",
                "CHECK-7",
                format!("size {size} where {due} was seen before"),
            ));
        }
        // [CHECK-10]
        match self.head_of(size) {
            Some(held) if held != *head => Err(fork(
                "CHECK-10",
                "the head of the welcome is not the chain's",
            )),
            _ => Ok(()),
        }
    }

    /// Holds the answer `accepted` to an entry against the block at its index: `fork` where that has another hash or
    /// holds another entry. An index that is not held yet cannot be judged.
    pub fn check_accepted(&self, accepted: &Value, entry: &Hash) -> Result<(), Verdict> {
        // [CHAIN-11]
        let hash = fields::hash(accepted, "hash")?;
        match self.held(fields::uint(accepted, "index")?) {
            Some(held) if held.hash != hash || held.entry != *entry => Err(fork(
                "CHAIN-11",
                "the block at that index is not the one that was acknowledged",
            )),
            _ => Ok(()),
        }
    }

    /// Whether this checkpoint describes a prefix of the chain held, as far as that reaches.
    fn check_agreement(&self, checkpoint: &Checkpoint) -> Result<(), Verdict> {
        match (self.head_of(checkpoint.size), self.root_of(checkpoint.size)) {
            (Some(head), Some(root)) if (head, root) != (checkpoint.head, checkpoint.root) => Err(
                fork("CHECK-8", "it does not describe the chain that is held"),
            ),
            _ => Ok(()),
        }
    }
}

fn fork(requirement: &'static str, detail: &str) -> Verdict {
    Verdict::new("fork", requirement, detail)
}
