//! How leaves and nodes are hashed, and where RFC 6962 cuts a tree.

use crate::bytes::Hash;

/// A leaf: `H(0x00 || block hash)`.
pub(super) fn leaf(block: &Hash) -> Hash {
    Hash::of_parts(&[&[0], block.as_bytes()])
}

/// An inner node: `H(0x01 || left || right)`.
pub(super) fn node(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The largest power of two that is smaller than `n`, which is at least 2: where RFC 6962 cuts.
pub(super) fn split(n: u64) -> u64 {
    1 << (u64::BITS - 1 - (n - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_cut_at_the_largest_power_of_two_below_its_size() {
        for (n, k) in [
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 4),
            (8, 4),
            (9, 8),
            (1 << 40, 1 << 39),
        ] {
            assert_eq!(split(n), k);
        }
    }
}
