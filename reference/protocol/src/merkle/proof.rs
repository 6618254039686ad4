//! Verifiers of proofs, for whoever does not hold the tree.

use super::hash::{leaf, node};
use crate::bytes::Hash;
use crate::verdict::{Finding, Verdict};

/// The inclusion proof does not lead from the leaf to the root (TREE-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the inclusion proof {0}")]
pub struct InclusionError(&'static str);

/// The consistency proof does not lead to both roots (TREE-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the consistency proof {0}")]
pub struct ConsistencyError(&'static str);

impl From<InclusionError> for Finding {
    fn from(error: InclusionError) -> Self {
        Self::new(Verdict::BadInclusion, "TREE-2", error.to_string())
    }
}

impl From<ConsistencyError> for Finding {
    fn from(error: ConsistencyError) -> Self {
        Self::new(Verdict::BadConsistency, "TREE-3", error.to_string())
    }
}

const TOO_SHORT: &str = "has too few hashes";
const TOO_LONG: &str = "has too many hashes";

/// Verifies that the block with this hash stands at `index` in the tree of `size` blocks with this root.
///
/// # Errors
/// [`InclusionError`] unless the path has exactly as many hashes as the size asks for and leads to the root.
pub fn verify_inclusion(
    block: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), InclusionError> {
    // [TREE-2]
    if index >= size {
        return Err(InclusionError("is for an index beyond the tree"));
    }
    let mut path = path.iter();
    let mut hash = leaf(block);
    // The place of the node on its level, and of the level's last node.
    let (mut place, mut last) = (index, size - 1);
    while last > 0 {
        if place % 2 == 1 {
            hash = node(path.next().ok_or(InclusionError(TOO_SHORT))?, &hash);
        } else if place < last {
            hash = node(&hash, path.next().ok_or(InclusionError(TOO_SHORT))?);
        }
        // Else it is the last of an odd level and goes up as it is.
        place /= 2;
        last /= 2;
    }
    if path.next().is_some() {
        return Err(InclusionError(TOO_LONG));
    }
    if hash != *root {
        return Err(InclusionError("leads to another root"));
    }
    Ok(())
}

/// Verifies that the tree of `to` blocks with root `new` extends that of `from` blocks with root `old`.
///
/// # Errors
/// [`ConsistencyError`] unless the path has exactly as many hashes as the sizes ask for and leads to both roots.
pub fn verify_consistency(
    from: u64,
    to: u64,
    old: &Hash,
    new: &Hash,
    path: &[Hash],
) -> Result<(), ConsistencyError> {
    // [TREE-3]
    if from == 0 || from > to {
        return Err(ConsistencyError(
            "is from no block, or from a larger size to a smaller one",
        ));
    }
    if from == to {
        if !path.is_empty() {
            return Err(ConsistencyError(TOO_LONG));
        }
        if old != new {
            return Err(ConsistencyError("leads to another root"));
        }
        return Ok(());
    }
    let mut path = path.iter();
    let mut next = || path.next().ok_or(ConsistencyError(TOO_SHORT));
    let (mut place, mut last) = (from - 1, to - 1);
    // The largest whole subtree at the old tree's end: everything below it is in both.
    while place % 2 == 1 {
        place /= 2;
        last /= 2;
    }
    // If that subtree is the old tree itself, its root is known and not repeated in the proof.
    let (mut to_old, mut to_new) = if place == 0 {
        (*old, *old)
    } else {
        let seed = *next()?;
        (seed, seed)
    };
    while last > 0 {
        if place % 2 == 1 {
            let left = next()?;
            to_old = node(left, &to_old);
            to_new = node(left, &to_new);
        } else if place < last {
            to_new = node(&to_new, next()?);
        }
        place /= 2;
        last /= 2;
    }
    if path.next().is_some() {
        return Err(ConsistencyError(TOO_LONG));
    }
    if to_old != *old || to_new != *new {
        return Err(ConsistencyError("leads to another root"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::*;

    fn block(index: u64) -> Hash {
        Hash::of(&index.to_be_bytes())
    }

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|index| tree.append(block(index)));
        tree
    }

    #[test]
    fn an_inclusion_proof_with_a_hash_more_or_less_is_refused() {
        let tree = tree(7);
        let root = tree.root(7).unwrap();
        for index in 0..7 {
            let good = tree.inclusion(index, 7).unwrap();
            let check = |path: &[Hash]| verify_inclusion(&block(index), index, 7, path, &root);
            assert_eq!(check(&good), Ok(()));
            assert!(check(&good[1..]).is_err());
            assert_eq!(
                check(&good[..good.len() - 1]),
                Err(InclusionError(TOO_SHORT))
            );
            assert_eq!(
                check(&[&good[..], &[root]].concat()),
                Err(InclusionError(TOO_LONG))
            );
        }
    }

    #[test]
    fn an_inclusion_proof_for_another_place_size_or_block_is_refused() {
        let tree = tree(8);
        let root = tree.root(8).unwrap();
        let path = tree.inclusion(3, 8).unwrap();
        assert_eq!(verify_inclusion(&block(3), 3, 8, &path, &root), Ok(()));
        assert!(verify_inclusion(&block(2), 3, 8, &path, &root).is_err());
        assert!(verify_inclusion(&block(3), 2, 8, &path, &root).is_err());
        assert!(verify_inclusion(&block(3), 3, 9, &path, &root).is_err());
        assert!(verify_inclusion(&block(3), 8, 8, &path, &root).is_err());
        assert!(verify_inclusion(&block(3), 3, 0, &[], &root).is_err());
    }

    #[test]
    fn a_consistency_proof_with_a_hash_more_or_less_is_refused() {
        let tree = tree(11);
        let new = tree.root(11).unwrap();
        for from in 1..11 {
            let old = tree.root(from).unwrap();
            let good = tree.consistency(from, 11).unwrap();
            let check = |path: &[Hash]| verify_consistency(from, 11, &old, &new, path);
            assert_eq!(check(&good), Ok(()));
            assert_eq!(
                check(&good[..good.len() - 1]),
                Err(ConsistencyError(TOO_SHORT))
            );
            assert_eq!(
                check(&[&good[..], &[new]].concat()),
                Err(ConsistencyError(TOO_LONG))
            );
            assert!(verify_consistency(from, 11, &new, &new, &good).is_err());
            assert!(verify_consistency(from, 11, &old, &old, &good).is_err());
        }
    }

    #[test]
    fn a_proof_between_equal_sizes_is_empty_and_none_is_from_nothing() {
        let tree = tree(4);
        let (one, root) = (tree.root(1).unwrap(), tree.root(4).unwrap());
        assert_eq!(verify_consistency(4, 4, &root, &root, &[]), Ok(()));
        assert!(verify_consistency(4, 4, &root, &root, &[root]).is_err());
        assert!(verify_consistency(4, 4, &one, &root, &[]).is_err());
        assert!(verify_consistency(4, 3, &root, &one, &[]).is_err());
        assert!(verify_consistency(0, 4, &Hash::of(&[]), &root, &[]).is_err());
        assert!(verify_consistency(0, 0, &root, &root, &[]).is_err());
    }
}
