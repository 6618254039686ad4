//! The Merkle tree over block hashes, and its proofs: RFC 6962, section 2.1, in its recursive words.

use super::{Hash, Verdict, sha256};

/// The hash of a leaf.
pub fn leaf(block_hash: &Hash) -> Hash {
    sha256(&[&[0], &block_hash[..]].concat())
}

/// The root of the tree over these block hashes; of none it is `H` of nothing.
pub fn root(block_hashes: &[Hash]) -> Hash {
    match block_hashes {
        [] => sha256(b""),
        [only] => leaf(only),
        _ => {
            let (left, right) = block_hashes.split_at(split(block_hashes.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The inclusion proof of the block at `index` (`PATH` of section 2.1.1).
///
/// # Panics
///
/// Where `index` is not below the number of blocks.
pub fn inclusion_proof(index: usize, block_hashes: &[Hash]) -> Vec<Hash> {
    assert!(index < block_hashes.len(), "no such block");
    if block_hashes.len() == 1 {
        return Vec::new();
    }
    let k = split(block_hashes.len());
    let (left, right) = block_hashes.split_at(k);
    let (mut path, sibling) = if index < k {
        (inclusion_proof(index, left), root(right))
    } else {
        (inclusion_proof(index - k, right), root(left))
    };
    path.push(sibling);
    path
}

/// The consistency proof from the first `from` blocks to all of them (`PROOF` of section 2.1.2).
///
/// # Panics
///
/// Where `from` is 0 or greater than the number of blocks.
pub fn consistency_proof(from: usize, block_hashes: &[Hash]) -> Vec<Hash> {
    assert!((1..=block_hashes.len()).contains(&from), "no such prefix");
    subproof(from, block_hashes, true)
}

/// Whether the proof leads from the block at `index` to the root of the tree of `size` blocks.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    block_hash: &Hash,
    path: &[Hash],
    expected: &Hash,
) -> Result<(), Verdict> {
    // [TREE-2]
    let found = (index < size)
        .then(|| included(index, size, leaf(block_hash), path))
        .flatten();
    if found.as_ref() == Some(expected) {
        return Ok(());
    }
    Err(Verdict::new(
        "bad_inclusion",
        "TREE-2",
        format!("the proof does not lead from block {index} to the root of size {size}"),
    ))
}

/// Whether the proof leads to both the root of size `from` and that of size `to`.
pub fn verify_consistency(
    from: u64,
    to: u64,
    old: &Hash,
    new: &Hash,
    path: &[Hash],
) -> Result<(), Verdict> {
    // [TREE-3]
    let found = match from {
        1.. if from <= to => consistent(from, to, Some(*old), path),
        _ => None,
    };
    if found == Some((*old, *new)) {
        return Ok(());
    }
    Err(Verdict::new(
        "bad_consistency",
        "TREE-3",
        format!("the proof does not lead from size {from} to size {to}"),
    ))
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], &left[..], &right[..]].concat())
}

/// The largest power of two that is smaller than n, for n > 1.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

fn split_u64(n: u64) -> u64 {
    // Not next_power_of_two: that overflows above 2^63.
    1 << (n - 1).ilog2()
}

/// `SUBPROOF` of section 2.1.2; `whole` says whether these blocks are the old tree's left edge.
fn subproof(from: usize, block_hashes: &[Hash], whole: bool) -> Vec<Hash> {
    if from == block_hashes.len() {
        return if whole {
            Vec::new()
        } else {
            vec![root(block_hashes)]
        };
    }
    let k = split(block_hashes.len());
    let (left, right) = block_hashes.split_at(k);
    let (mut path, sibling) = if from <= k {
        (subproof(from, left, whole), root(right))
    } else {
        (subproof(from - k, right, false), root(left))
    };
    path.push(sibling);
    path
}

/// The root to which the path leads, if it has exactly the right length.
fn included(index: u64, size: u64, leaf: Hash, path: &[Hash]) -> Option<Hash> {
    if size == 1 {
        return path.is_empty().then_some(leaf);
    }
    let (sibling, path) = path.split_last()?;
    let k = split_u64(size);
    Some(if index < k {
        node(&included(index, k, leaf, path)?, sibling)
    } else {
        node(sibling, &included(index - k, size - k, leaf, path)?)
    })
}

/// The old and the new root of this subtree, if the path has exactly the right length. `known` is the old root
/// where the old tree's left edge runs along this subtree, which the proof then leaves out.
fn consistent(from: u64, to: u64, known: Option<Hash>, path: &[Hash]) -> Option<(Hash, Hash)> {
    if from == to {
        return match (known, path) {
            (Some(old), []) => Some((old, old)),
            (None, [both]) => Some((*both, *both)),
            _ => None,
        };
    }
    let (sibling, path) = path.split_last()?;
    let k = split_u64(to);
    Some(if from <= k {
        let (old, new) = consistent(from, k, known, path)?;
        (old, node(&new, sibling))
    } else {
        let (old, new) = consistent(from - k, to - k, None, path)?;
        (node(sibling, &old), node(sibling, &new))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(n: usize) -> Vec<Hash> {
        (0..n).map(|i| sha256(&i.to_be_bytes())).collect()
    }

    #[test]
    fn every_proof_of_a_small_tree_leads_where_it_should() {
        for size in 1..40 {
            let hashes = blocks(size);
            let root_now = root(&hashes);
            for index in 0..size {
                let path = inclusion_proof(index, &hashes);
                verify_inclusion(index as u64, size as u64, &hashes[index], &path, &root_now)
                    .unwrap();
                let long = [&path[..], &[root_now]].concat();
                assert!(
                    verify_inclusion(index as u64, size as u64, &hashes[index], &long, &root_now)
                        .is_err()
                );
            }
            for from in 1..=size {
                let path = consistency_proof(from, &hashes);
                let old = root(&hashes[..from]);
                verify_consistency(from as u64, size as u64, &old, &root_now, &path).unwrap();
                for i in 0..path.len() {
                    let mut bad = path.clone();
                    bad[i][0] ^= 1;
                    assert!(
                        verify_consistency(from as u64, size as u64, &old, &root_now, &bad)
                            .is_err()
                    );
                    bad.remove(i);
                    assert!(
                        verify_consistency(from as u64, size as u64, &old, &root_now, &bad)
                            .is_err()
                    );
                }
            }
        }
    }

    #[test]
    fn sizes_that_no_tree_has_are_refused_and_not_computed() {
        let h = [1; 32];
        assert!(verify_inclusion(u64::MAX - 1, u64::MAX, &h, &[], &h).is_err());
        assert!(verify_inclusion(0, 0, &h, &[], &h).is_err());
        assert!(verify_consistency(3, 2, &h, &h, &[]).is_err());
        assert!(verify_consistency(1, u64::MAX, &h, &h, &[h; 64]).is_err());
    }
}
