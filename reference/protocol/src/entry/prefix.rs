//! A chain, named by its size and head.

use serde::Serialize;

use crate::bytes::Hash;

/// A chain as somebody holds it: its number of blocks and its head. An entry's `seen`, a client's `have`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "prefix", deny_unknown_fields)]
pub struct Prefix {
    /// The number of blocks.
    #[schemars(range(max = 9007199254740991u64))]
    pub size: u64,
    /// The hash of the last of them; 32 zero bytes where there is none.
    pub hash: Hash,
}

impl Prefix {
    /// The chain without a block.
    pub const EMPTY: Self = Self {
        size: 0,
        hash: Hash::ZERO,
    };
}
