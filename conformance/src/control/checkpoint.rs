//! Checkpoints: when one is due, what it says, and its signature.

use serde_json::{Value, json};

use super::chain::Chain;
use super::fault::Faults;
use super::limits::CHECKPOINT_MS;
use crate::codec::randomness::System;
use crate::codec::{Account, Checkpoint, Hash, Scheme, Tuple, Verdict, accounts, base64url};

/// The latest checkpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Latest {
    /// Counts the checkpoints.
    pub(super) number: u64,
    /// The number of blocks that it covers.
    pub(super) size: u64,
    /// Its JSON.
    pub(super) json: Value,
    /// The JSON of the first.
    pub(super) first: Value,
    head: Hash,
    root: Hash,
    time: u64,
}

impl Latest {
    /// One that was signed before.
    pub(super) fn kept(json: Value) -> Result<Self, Verdict> {
        let stated = Checkpoint::read(&json)?;
        Ok(Self {
            number: 1,
            size: stated.size,
            first: json.clone(),
            head: stated.head,
            root: stated.root,
            time: stated.time,
            json,
        })
    }

    /// [CHECK-15] Faulty: knows neither what was covered nor when.
    pub(super) fn forget_time(&mut self) {
        (self.size, self.time) = (0, 0);
    }
}

/// A checkpoint to be signed.
#[derive(Debug)]
pub(super) struct Draft {
    community: Hash,
    size: u64,
    head: Hash,
    root: Hash,
    time: u64,
    before: Latest,
}

impl Draft {
    /// What is due, if anything is.
    pub(super) fn of(
        chain: &Chain,
        community: &Hash,
        before: &Latest,
        now: u64,
        faults: &Faults,
    ) -> Option<Self> {
        let size = chain.size();
        let last = chain.at(size.checked_sub(1)?)?;
        let is_first = before.size == 0;
        // [CHECK-3]
        let waits = faults.has("CHECK-3") && size < before.size + 100
            || faults.has("CHECK-3/late")
                && now < chain.at(before.size).map_or(0, |b| b.time) + 3 * CHECKPOINT_MS;
        if size == before.size || waits && !is_first {
            return None;
        }
        // [CHECK-9] [CHECK-15]
        let time = if faults.has("CHECK-9") && !is_first {
            now.saturating_sub(CHECKPOINT_MS)
        } else if faults.has("CHECK-15/restart") && is_first {
            last.time
        } else if faults.has("CHECK-15") {
            last.time
                + if before.number.is_multiple_of(2) {
                    CHECKPOINT_MS
                } else {
                    0
                }
        } else {
            now.max(last.time).max(before.time)
        };
        let (mut head, mut root) = (last.hash, chain.root(size));
        // [CHECK-2]
        if faults.has("CHECK-2") && !is_first {
            head = before.head;
        }
        if faults.has("CHECK-2/root") && !is_first {
            root = before.root;
        }
        let before = before.clone();
        Some(Self {
            community: *community,
            size,
            head,
            root,
            time,
            before,
        })
    }

    /// The checkpoint, signed by the server key.
    pub(super) fn signed(self, server_key: &Account, faults: &Faults) -> Latest {
        let tuple = Tuple::new("checkpoint")
            .bytes(&self.community)
            .uint(self.size)
            .bytes(&self.head)
            .bytes(&self.root);
        // [CHECK-1]
        let tuple = if faults.has("CHECK-1/time") {
            tuple
        } else {
            tuple.uint(self.time)
        };
        let key = match faults.has("CHECK-1") {
            true => accounts::named("other-server").expect("a test account"),
            false => server_key,
        };
        let signature = key.sign(&tuple.encode(), Scheme::Pss, &mut System);
        let json = json!({
            "community": base64url::encode(&self.community),
            "size": self.size,
            "head": base64url::encode(&self.head),
            "root": base64url::encode(&self.root),
            "time": self.time,
            "signature": base64url::encode(&signature),
        });
        Latest {
            number: self.before.number + 1,
            size: self.size,
            first: if self.before.number == 0 {
                json.clone()
            } else {
                self.before.first
            },
            json,
            head: self.head,
            root: self.root,
            time: self.time,
        }
    }
}
