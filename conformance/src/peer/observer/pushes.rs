//! Blocks and checkpoints.

use serde_json::Value;

use super::{Arrived, Observer};
use crate::codec::{self, base64url, fields};

impl Observer {
    pub(super) fn blocks(&mut self, frame: &Value) {
        let Some(joined) = &mut self.joined else {
            if !self.is_astray {
                self.fault("SYNC-1", "blocks before a `welcome`");
            }
            return;
        };
        let first = joined.next;
        let from = frame["from"].as_u64();
        if from != Some(first) {
            self.fault(
                "SYNC-2",
                format!("blocks from {} where block {first} was due", frame["from"]),
            );
        }
        let blocks = frame["blocks"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (place, block) in blocks.iter().enumerate() {
            if block["index"].as_u64() != from.map(|from| from + place as u64) {
                let index = &block["index"];
                self.fault(
                    "SYNC-2",
                    format!(
                        "block {index} stands at place {place} of the blocks from {}",
                        frame["from"]
                    ),
                );
            }
            self.block(block);
        }
        self.judge_early_checkpoints();
        self.judge_head();
        self.check_receipts();
    }

    fn block(&mut self, block: &Value) {
        self.faults.extend(self.server.chain.observe(block));
        let Ok(index) = fields::uint(block, "index") else {
            return;
        };
        let entry = &block["entry"];
        let arrived = Arrived {
            index,
            id: codec::entry::id(entry).ok(),
            signature: entry["signature"].as_str().unwrap_or_default().to_owned(),
        };
        let Some(joined) = &mut self.joined else {
            return;
        };
        joined.next = index + 1;
        if !self.server.is_prompt(block) {
            joined.prompt_from = index + 1;
        }
        joined.arrived.push(arrived);
        if let Some(removed) = joined.removed_at {
            self.fault(
                "SESS-6",
                format!("block {index} came after block {removed}, which removed the account"),
            );
            return;
        }
        match entry["kind"].as_str() {
            Some("message") => self.message(index, entry),
            Some("redaction") => self.redaction(index, &entry["body"]),
            Some("roster") => {
                let own = base64url::encode(&joined.account);
                let removed = entry["body"]["remove"].as_array();
                // One from before the welcome is history: the account is back since.
                if index >= joined.size
                    && removed.is_some_and(|removed| removed.iter().any(|id| *id == own))
                {
                    joined.removed_at = Some(index);
                }
            }
            _ => {}
        }
    }

    /// A ciphertext must be gone once the redaction was appended, which it was if it stands under the welcome. [RED-4]
    fn message(&mut self, index: u64, entry: &Value) {
        let whole = entry["body"].get("ciphertext").is_some();
        let redaction = self.server.chain.redacted_by(index);
        let Some(joined) = &mut self.joined else {
            return;
        };
        if whole && redaction.is_some_and(|by| by < joined.size) {
            self.fault(
                "RED-4",
                format!("block {index} was sent with the ciphertext that was redacted"),
            );
        } else if whole && index < joined.size {
            joined.open_ciphertexts.push(index);
        }
    }

    fn redaction(&mut self, by: u64, body: &Value) {
        let Ok(index) = fields::uint(body, "index") else {
            return;
        };
        let Some(joined) = &self.joined else { return };
        if by < joined.size && joined.open_ciphertexts.contains(&index) {
            self.fault(
                "RED-4",
                format!("block {index} was sent with the ciphertext that block {by} had redacted"),
            );
        }
    }

    pub(super) fn checkpoint(&mut self, checkpoint: &Value) {
        let size = checkpoint["size"].as_u64().unwrap_or_default();
        let Some(joined) = &mut self.joined else {
            if !self.is_astray {
                self.fault("CHECK-4", "a checkpoint before a `welcome`");
            }
            return;
        };
        let attended = joined.covered.max(joined.prompt_from)..size.min(joined.next);
        joined.covered = joined.covered.max(size);
        joined.last_checkpoint = Some(checkpoint.clone());
        // A server may leave checkpoints out for a reader that lags.
        if self.server.is_prompt(checkpoint) {
            self.server.chain.attend(attended);
        }
        if size > joined.next {
            let next = joined.next;
            joined.early_checkpoints.push(checkpoint.clone());
            self.fault(
                "CHECK-4",
                format!("a checkpoint of size {size} came before block {next}"),
            );
            return;
        }
        self.faults.extend(self.server.chain.checkpoint(checkpoint));
    }

    /// Judges checkpoints once the blocks that they cover have come.
    pub(super) fn judge_early_checkpoints(&mut self) {
        let Some(joined) = &mut self.joined else {
            return;
        };
        let next = joined.next;
        let (ripe, early) = std::mem::take(&mut joined.early_checkpoints)
            .into_iter()
            .partition(|checkpoint| checkpoint["size"].as_u64().unwrap_or_default() <= next);
        joined.early_checkpoints = early;
        let ripe: Vec<Value> = ripe;
        for checkpoint in ripe {
            self.faults
                .extend(self.server.chain.checkpoint(&checkpoint));
        }
    }

    /// Holds the welcome's head against the chain, once its blocks have come.
    pub(super) fn judge_head(&mut self) {
        let Some(joined) = &mut self.joined else {
            return;
        };
        let size = joined.size;
        let Some(head) = self
            .server
            .chain
            .prefix_head(size)
            .filter(|_| !joined.head_judged)
        else {
            return;
        };
        joined.head_judged = true;
        if joined.welcome["head"] != base64url::encode(&head) {
            self.fault(
                "JOIN-16",
                format!("the welcome's head is not that of its {size} blocks"),
            );
        }
    }
}
