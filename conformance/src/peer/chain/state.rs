//! What is held of a chain, and what is wrong with what is added to it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Held, authors::Authors, coverage::Coverage, held, place, tree::Tree};
use crate::{
    codec::{Checkpoint, Hash, fields},
    peer::Fault,
};

/// Blocks, and what follows from them.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) blocks: Vec<Held>,
    pub(super) hashes: Vec<Hash>,
    pub(super) authors: Authors,
    pub(super) coverage: Coverage,
    pub(super) redactions: HashMap<u64, u64>,
    pub(super) submitted: HashMap<Hash, Vec<Value>>,
    pub(super) signatures: HashMap<String, Hash>,
    pub(super) tree: Tree,
    pub(super) receipts: HashMap<Hash, (u64, Hash)>,
    pub(super) checkpoints: HashSet<String>,
}

impl State {
    pub(super) fn append(&mut self, held: Held, community: Option<Hash>) -> Vec<Fault> {
        let mut faults = self.chain_faults(&held);
        faults.extend(self.entry_faults(&held, community));
        faults.extend(self.change_faults(&held));
        if held.kind == "redaction"
            && let Ok(index) = fields::uint(&held.block["entry"]["body"], "index")
        {
            self.redactions.entry(index).or_insert(held.index);
        }
        self.authors.wrote(&held.block["entry"]);
        self.authors.change(&held);
        self.tree.push(&held.hash);
        self.hashes.push(held.hash);
        self.blocks.push(held);
        faults
    }

    fn chain_faults(&self, held: &Held) -> Vec<Fault> {
        let mut faults = Vec::new();
        let index = held.index;
        let prev = self.hashes.last().copied().unwrap_or_default();
        if held.prev != prev {
            faults.push(Fault::new(
                "CHAIN-2",
                format!("block {index}'s `prev` is not the hash of the block before it"),
            ));
        }
        if self
            .blocks
            .last()
            .is_some_and(|before| held.time < before.time)
        {
            faults.push(Fault::new(
                "CHAIN-3",
                format!("block {index}'s time is earlier than that of the block before it"),
            ));
        }
        faults
    }

    fn entry_faults(&self, held: &Held, community: Option<Hash>) -> Vec<Fault> {
        let entry = &held.block["entry"];
        let index = held.index;
        let mut faults = Vec::new();
        if index == 0 {
            if held.kind != "genesis" {
                faults.push(Fault::new("GEN-1", format!("block 0 is a {}", held.kind)));
            }
            return faults;
        }
        if fields::hash(entry, "community").ok() != community {
            faults.push(Fault::new(
                "ENTRY-2",
                format!("block {index} holds an entry of another community"),
            ));
        }
        if fields::uint(entry, "seq").ok() != Some(self.authors.appended(&held.author) + 1) {
            faults.push(Fault::new(
                "ENTRY-4",
                format!("block {index} holds an entry out of its author's order"),
            ));
        }
        let seen = fields::place(entry, "seen").ok();
        let known = seen.and_then(|(size, head)| {
            let prefix = self.hashes.get(place(size.checked_sub(1)?))?;
            (*prefix == head).then_some(size)
        });
        match known {
            None => faults.push(Fault::new(
                "ENTRY-7",
                format!("block {index} holds an entry whose `seen` is no prefix"),
            )),
            Some(size) if size < self.authors.appended_seen(&held.author) => {
                faults.push(Fault::new(
                    "ENTRY-8",
                    format!("block {index} holds an entry whose `seen` went back"),
                ));
            }
            Some(_) => {}
        }
        if !self.authors.is_member(&held.author) {
            faults.push(Fault::new(
                "ENTRY-10",
                format!("block {index} is by an account that is not on the roster"),
            ));
        }
        faults
    }

    /// Holds the block's entry against what was submitted.
    fn change_faults(&self, held: &Held) -> Vec<Fault> {
        let entry = &held.block["entry"];
        let text = entry["signature"].as_str().unwrap_or_default();
        let unchanged = match (
            self.submitted.get(&held.entry_id),
            self.signatures.get(text),
        ) {
            (Some(submitted), _) => submitted.iter().any(|one| held::same_entry(one, entry)),
            (None, Some(id)) => *id == held.entry_id,
            (None, None) => true,
        };
        if unchanged {
            return Vec::new();
        }
        vec![Fault::new(
            "CHAIN-6",
            format!(
                "block {} does not hold the entry as it was submitted",
                held.index
            ),
        )]
    }

    pub(super) fn checkpoint_faults(
        &mut self,
        stated: &Checkpoint,
        community: Option<Hash>,
    ) -> Vec<Fault> {
        let size = stated.size;
        let mut faults = Vec::new();
        if community.is_some_and(|community| community != stated.community) {
            faults.push(Fault::new(
                "CHECK-2",
                "the checkpoint names another community",
            ));
        }
        if size == 0 {
            faults.push(Fault::new("CHECK-2", "the checkpoint is over no block"));
            return faults;
        }
        if let Some(last) = self.blocks.get(place(size - 1)) {
            let root = self.tree.root(place(size));
            if last.hash != stated.head {
                faults.push(Fault::new(
                    "CHECK-2",
                    format!("the checkpoint's head is not that of {size} blocks"),
                ));
            }
            if root != Some(stated.root) {
                faults.push(Fault::new(
                    "CHECK-2",
                    format!("the checkpoint's root is not that of {size} blocks"),
                ));
            }
            if stated.time < last.time {
                faults.push(Fault::new(
                    "CHECK-9",
                    format!("the checkpoint is earlier than block {}", size - 1),
                ));
            }
        }
        faults.extend(self.coverage.add(size, stated.time));
        faults
    }
}
