//! Checkpoints: the server's signed statement of what its chain is.
//!
//! Here they are signed and their signature is verified; [`State::check`](crate::chain::State::check) holds one against
//! a chain, and [`verify`](crate::verify) one against another.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bytes::{Bytes, Hash, Id};
use crate::json::{Fault, Field, Strictness, parse};
use crate::key::{KeyPair, PublicKey};
use crate::refusal::Refusal;
use crate::tuple::{Label, Tuple};
use crate::verdict::{Finding, Verdict};

/// What a chain is at one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The community's id.
    pub community: Id,
    /// The number of blocks.
    pub size: u64,
    /// The hash of the last one.
    pub head: Hash,
    /// The root of the tree over them.
    pub root: Hash,
}

/// A signed [`Description`]. Its signature is checked by [`verify`](Self::verify), not by decoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "checkpoint")]
pub struct Checkpoint {
    /// The community's id.
    pub community: Id,
    /// The number of blocks, at least 1.
    #[schemars(range(min = 1, max = 9007199254740991u64))]
    pub size: u64,
    /// The hash of the last one.
    pub head: Hash,
    /// The root of the tree over them (RFC 6962, section 2.1).
    pub root: Hash,
    /// When the checkpoint was made, by the server's clock, in milliseconds since 1970.
    #[schemars(range(max = 9007199254740991u64))]
    pub time: u64,
    /// By the server key of genesis.
    #[schemars(schema_with = "crate::bounds::signature")]
    pub signature: Bytes,
}

impl Checkpoint {
    /// Signs what a chain is. About 0.8 ms with a key of 2048 bits.
    pub fn sign(description: Description, time: u64, server_key: &KeyPair) -> Self {
        let Description {
            community,
            size,
            head,
            root,
        } = description;
        let mut checkpoint = Self {
            community,
            size,
            head,
            root,
            time,
            signature: Bytes::default(),
        };
        // [CHECK-1]
        checkpoint.signature = server_key.sign(&checkpoint.tuple());
        checkpoint
    }

    /// The tuple that is signed.
    pub fn tuple(&self) -> Vec<u8> {
        Tuple::new(Label::Checkpoint)
            .bytes(self.community)
            .uint(self.size)
            .bytes(self.head)
            .bytes(self.root)
            .uint(self.time)
            .finish()
    }

    /// Verifies the signature.
    ///
    /// # Errors
    /// `bad_checkpoint` (CHECK-6) if it is not the server key's.
    pub fn verify(&self, server_key: &PublicKey) -> Result<(), Finding> {
        // [CHECK-6]
        server_key
            .verify(&self.tuple(), &self.signature)
            .map_err(|_| bad("the checkpoint is not signed by the server key of genesis"))
    }

    /// Checks that the checkpoint is one of this community, of at least one block.
    ///
    /// # Errors
    /// `bad_checkpoint` (CHECK-6).
    pub fn belongs(&self, community: Id) -> Result<(), Finding> {
        // [CHECK-6]
        if self.community != community {
            return Err(bad("the checkpoint is of another community"));
        }
        if self.size == 0 {
            return Err(bad("the checkpoint is of no block"));
        }
        Ok(())
    }

    /// Decodes a checkpoint that a server sent, unknown members ignored.
    ///
    /// # Errors
    /// `malformed`.
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let json = parse(text, Strictness::Lenient)?;
        Ok(Self::read(&Field::root(&json))?)
    }

    pub(crate) fn read(field: &Field<'_, '_>) -> Result<Self, Fault> {
        let checkpoint = field.object()?;
        Ok(Self {
            community: checkpoint.required("community")?.decoded(Id::decode)?,
            size: checkpoint.required("size")?.uint()?,
            head: checkpoint.required("head")?.decoded(Hash::decode)?,
            root: checkpoint.required("root")?.decoded(Hash::decode)?,
            time: checkpoint.required("time")?.uint()?,
            signature: checkpoint.required("signature")?.bytes()?,
        })
    }
}

/// A finding of CHECK-6.
fn bad(detail: &str) -> Finding {
    Finding::new(Verdict::BadCheckpoint, "CHECK-6", detail)
}
