//! The roots of the chain's prefixes, each in a few steps: whole subtrees are kept.
//!
//! The codec computes a root from all leaves, as RFC 6962 writes it down. A run asks for hundreds, over a chain that grows.

use crate::codec::{Hash, merkle, sha256};

/// Subtrees over a growing list of block hashes.
#[derive(Debug, Default)]
pub struct Tree {
    /// At `level`, the roots of the whole subtrees of `2^level` leaves, from the left.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Adds a block's hash.
    pub fn push(&mut self, block_hash: &Hash) {
        let mut root = merkle::leaf(block_hash);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let roots = &mut self.levels[level];
            roots.push(root);
            if roots.len() % 2 == 1 {
                return;
            }
            root = node(&roots[roots.len() - 2], &root);
        }
    }

    /// The root over the first `size` blocks; none of more than there are, or of no block.
    pub fn root(&self, size: usize) -> Option<Hash> {
        if size == 0 || size > self.levels.first().map_or(0, Vec::len) {
            return None;
        }
        // The whole subtrees that make up the prefix, from the right: each bit of the size is one.
        let mut root: Option<Hash> = None;
        for (level, roots) in self.levels.iter().enumerate() {
            if size >> level & 1 == 1 {
                let left = roots.get((size >> level) - 1)?;
                root = Some(root.map_or(*left, |right| node(left, &right)));
            }
        }
        root
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], &left[..], &right[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_has_the_root_that_the_codec_computes() {
        let hashes: Vec<Hash> = (0_u32..70).map(|n| sha256(&n.to_be_bytes())).collect();
        let mut tree = Tree::default();
        for hash in &hashes {
            tree.push(hash);
        }
        for size in 1..=hashes.len() {
            assert_eq!(
                tree.root(size),
                Some(merkle::root(&hashes[..size])),
                "{size}"
            );
        }
        assert_eq!(tree.root(0), None);
        assert_eq!(tree.root(71), None);
    }
}
