//! Which epochs a client may still write under (spec/encryption.md, "When a new epoch is due").

use super::ChainModel;
use crate::codec::{Hash, Verdict};

impl ChainModel {
    /// Holds an epoch against what a client that holds this chain may write under: `stale_epoch` or `old_card`. That the client
    /// is one of the recipients is not asked here.
    pub fn check_writable(&self, epoch: &Hash) -> Result<(), Verdict> {
        let unknown = || Verdict::new("unknown_epoch", "MSG-1", "no such epoch is on the chain");
        let epoch = self.epoch(epoch).ok_or_else(unknown)?;
        // [ENC-11]
        if epoch.stale {
            return Err(Verdict::new(
                "stale_epoch",
                "ENC-11",
                "one of its recipients was removed",
            ));
        }
        // [ENC-19]
        for (_, recipient, wrapped_for) in &epoch.wraps {
            let cards = &self.accounts[recipient].cards;
            let value = |(_, x25519): &(u64, [u8; 32])| *x25519;
            let wrapped_for = cards.iter().find(|(index, _)| index == wrapped_for);
            if wrapped_for.map(value) != cards.last().map(value) {
                return Err(Verdict::new(
                    "old_card",
                    "ENC-19",
                    "one of its recipients has another card since",
                ));
            }
        }
        Ok(())
    }
}
