//! The tree itself, as whoever holds every block's hash keeps it.

use super::hash::{leaf, node, split};
use crate::bytes::Hash;

/// Nodes of this level, over 16 blocks, and above are kept; those below are made anew from at most 15 hashes. This costs
/// 4 bytes a block where keeping all of them costs 64.
const KEPT_LEVEL: u32 = 4;

/// The blocks' hashes and the tree over them. Appending is cheap; every root and proof of every size can be had.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    blocks: Vec<Hash>,
    /// `levels[i][j]` is the root over the `j`-th whole group of 2^(`KEPT_LEVEL` + i) blocks.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The number of blocks.
    pub fn size(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// The hash of the block at an index.
    pub fn block(&self, index: u64) -> Option<Hash> {
        self.blocks.get(usize::try_from(index).ok()?).copied()
    }

    /// Adds the next block's hash.
    pub fn append(&mut self, block: Hash) {
        self.blocks.push(block);
        let size = self.size();
        let mut level = KEPT_LEVEL;
        while size.is_multiple_of(1 << level) {
            let whole = self.subtree(size - (1 << level), 1 << level);
            let kept = (level - KEPT_LEVEL) as usize;
            if kept == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[kept].push(whole);
            level += 1;
        }
    }

    /// The root over the first `size` blocks; none if there are not so many. Over no block it is the hash of nothing.
    pub fn root(&self, size: u64) -> Option<Hash> {
        // [TREE-1]
        match size {
            0 => Some(Hash::of(&[])),
            _ if size > self.size() => None,
            _ => Some(self.subtree(0, size)),
        }
    }

    /// The proof that the block at `index` stands in the tree over `size` blocks (RFC 6962, section 2.1.1); none if it
    /// does not.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let (mut start, mut width) = (0, size);
        while width > 1 {
            let left = split(width);
            if index - start < left {
                path.push(self.subtree(start + left, width - left));
                width = left;
            } else {
                path.push(self.subtree(start, left));
                start += left;
                width -= left;
            }
        }
        // The way led from the root to the leaf; a proof is read from the leaf on.
        path.reverse();
        Some(path)
    }

    /// The proof that the tree over `to` blocks extends that over `from` (RFC 6962, section 2.1.2); none if it cannot.
    /// Between equal sizes it is empty.
    pub fn consistency(&self, from: u64, to: u64) -> Option<Vec<Hash>> {
        if from == 0 || from > to || to > self.size() {
            return None;
        }
        let mut path = Vec::new();
        if from == to {
            return Some(path);
        }
        let (mut start, mut width) = (0, to);
        // While the smaller tree ends within this subtree, and not with it.
        while from - start < width {
            let left = split(width);
            if from - start <= left {
                path.push(self.subtree(start + left, width - left));
                width = left;
            } else {
                path.push(self.subtree(start, left));
                start += left;
                width -= left;
            }
        }
        if start > 0 {
            path.push(self.subtree(start, width));
        }
        path.reverse();
        Some(path)
    }

    /// The root over `width` blocks from `start` on, which is a multiple of the next power of two.
    fn subtree(&self, start: u64, width: u64) -> Hash {
        if width == 1 {
            return leaf(&self.blocks[start as usize]);
        }
        if width.is_power_of_two()
            && let Some(level) = width.trailing_zeros().checked_sub(KEPT_LEVEL)
            && let Some(kept) = self
                .levels
                .get(level as usize)
                .and_then(|level| level.get((start / width) as usize))
        {
            return *kept;
        }
        let left = split(width);
        node(
            &self.subtree(start, left),
            &self.subtree(start + left, width - left),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{verify_consistency, verify_inclusion};
    use super::*;
    use proptest::prelude::*;

    fn block(index: u64) -> Hash {
        Hash::of(&index.to_be_bytes())
    }

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|index| tree.append(block(index)));
        tree
    }

    /// RFC 6962, section 2.1, word by word.
    fn root_by_the_book(blocks: &[Hash]) -> Hash {
        match blocks {
            [] => Hash::of(&[]),
            [one] => leaf(one),
            many => {
                let k = split(many.len() as u64) as usize;
                node(&root_by_the_book(&many[..k]), &root_by_the_book(&many[k..]))
            }
        }
    }

    #[test]
    fn every_root_is_that_of_the_definition() {
        let tree = tree(130);
        let blocks: Vec<_> = (0..130).map(block).collect();
        for size in 0..=130 {
            assert_eq!(
                tree.root(size),
                Some(root_by_the_book(&blocks[..size as usize]))
            );
        }
        assert_eq!(tree.root(131), None);
    }

    #[test]
    fn every_proof_of_a_small_tree_verifies() {
        let tree = tree(70);
        for size in 1..=70 {
            let root = tree.root(size).unwrap();
            for index in 0..size {
                let path = tree.inclusion(index, size).unwrap();
                verify_inclusion(&block(index), index, size, &path, &root).unwrap();
            }
            for from in 1..=size {
                let path = tree.consistency(from, size).unwrap();
                verify_consistency(from, size, &tree.root(from).unwrap(), &root, &path).unwrap();
            }
        }
    }

    #[test]
    fn what_is_not_in_the_tree_has_no_proof() {
        let tree = tree(5);
        assert_eq!(tree.inclusion(5, 5), None);
        assert_eq!(tree.inclusion(0, 6), None);
        assert_eq!(tree.inclusion(0, 0), None);
        assert_eq!(tree.consistency(3, 6), None);
        assert_eq!(tree.consistency(4, 3), None);
        assert_eq!(tree.consistency(0, 3), None);
    }

    proptest! {
        #[test]
        fn proofs_of_larger_trees_verify_and_a_turned_bit_does_not(
            size in 2u64..2000, at: prop::sample::Index, bit in 0usize..256, which: prop::sample::Index,
        ) {
            let tree = tree(size);
            let root = tree.root(size).unwrap();
            let index = at.index(size as usize) as u64;
            let mut path = tree.inclusion(index, size).unwrap();
            prop_assert!(verify_inclusion(&block(index), index, size, &path, &root).is_ok());
            let place = which.index(path.len());
            path[place] = turn(path[place], bit);
            prop_assert!(verify_inclusion(&block(index), index, size, &path, &root).is_err());

            let from = index + 1;
            let old = tree.root(from).unwrap();
            let mut path = tree.consistency(from, size).unwrap();
            prop_assert!(verify_consistency(from, size, &old, &root, &path).is_ok());
            if !path.is_empty() {
                let place = which.index(path.len());
                path[place] = turn(path[place], bit);
                prop_assert!(verify_consistency(from, size, &old, &root, &path).is_err());
            }
        }
    }

    fn turn(hash: Hash, bit: usize) -> Hash {
        let mut bytes = *hash.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Hash::new(bytes)
    }
}
