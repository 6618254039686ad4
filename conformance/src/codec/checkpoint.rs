//! Checkpoints (spec/chain.md, "Checkpoints").

use super::randomness::Randomness;
use super::{Account, Hash, PublicKey, Scheme, Tuple, Verdict, base64url, fields, signature};
use serde_json::{Value, json};

/// What a checkpoint states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The community's id.
    pub community: Hash,
    /// The number of blocks.
    pub size: u64,
    /// The last block's hash.
    pub head: Hash,
    /// The root of the tree.
    pub root: Hash,
    /// When it was made, in milliseconds since 1970.
    pub time: u64,
}

impl Checkpoint {
    /// Reads what the JSON states; the signature is not looked at.
    pub fn read(checkpoint: &Value) -> Result<Self, Verdict> {
        Ok(Self {
            community: fields::hash(checkpoint, "community")?,
            size: fields::uint(checkpoint, "size")?,
            head: fields::hash(checkpoint, "head")?,
            root: fields::hash(checkpoint, "root")?,
            time: fields::uint(checkpoint, "time")?,
        })
    }

    /// Reads it, and verifies its signature by the server key: `bad_checkpoint` where it does not hold.
    pub fn verified(checkpoint: &Value, server: &PublicKey) -> Result<Self, Verdict> {
        let stated = Self::read(checkpoint)?;
        let bytes = fields::bytes(checkpoint, "signature")?;
        // [CHECK-1]
        signature::verify(server, &stated.tuple().encode(), &bytes)
            .map_err(|v| Verdict::new("bad_checkpoint", "CHECK-1", v.detail))?;
        Ok(stated)
    }

    /// The tuple under the signature.
    pub fn tuple(&self) -> Tuple {
        Tuple::new("checkpoint")
            .bytes(&self.community)
            .uint(self.size)
            .bytes(&self.head)
            .bytes(&self.root)
            .uint(self.time)
    }

    /// The JSON, signed by this server key.
    pub fn signed(&self, server: &Account, randomness: &mut dyn Randomness) -> Value {
        let signature = server.sign(&self.tuple().encode(), Scheme::Pss, randomness);
        json!({
            "community": base64url::encode(&self.community),
            "size": self.size,
            "head": base64url::encode(&self.head),
            "root": base64url::encode(&self.root),
            "time": self.time,
            "signature": base64url::encode(&signature),
        })
    }
}
