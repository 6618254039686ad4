//! Inclusion proofs.

use super::{BLOCKS, hashes, texts};
use crate::file::{Test, invalid, valid};
use dispatch_conformance::codec::{Hash, merkle, sha256};

struct Inclusion {
    index: usize,
    size: usize,
    leaf: Hash,
    path: Vec<Hash>,
    root: Hash,
}

impl Inclusion {
    fn of(index: usize, size: usize) -> Self {
        let hashes = &hashes()[..size];
        Self {
            index,
            size,
            leaf: hashes[index],
            path: merkle::inclusion_proof(index, hashes),
            root: merkle::root(hashes),
        }
    }

    fn into_test(self, test: Test) -> Test {
        test.with("index", self.index)
            .with("size", self.size)
            .bytes("block_hash", &self.leaf)
            .with("path", texts(&self.path))
            .bytes("root", &self.root)
    }
}

pub(super) fn inclusions() -> Vec<Test> {
    let small = (1..=8).flat_map(|size| (0..size).map(move |index| (index, size)));
    let large = [0, 7, 8, 15, 16, 17, 18, 19].map(|index| (index, BLOCKS));
    small
        .chain(large)
        .map(|(index, size)| {
            let about = format!("block {index} of {size}");
            let test = valid(
                format!("merkle-inclusion-{index}-of-{size}"),
                about,
                &["TREE-1", "TREE-2"],
            );
            Inclusion::of(index, size).into_test(test)
        })
        .collect()
}

pub(super) fn no_inclusions() -> Vec<Test> {
    let bad = |id: &str, about: &str, flag: Option<&'static str>, change: fn(&mut Inclusion)| {
        let mut proof = Inclusion::of(6, 13);
        change(&mut proof);
        let test = invalid(id, about, &["TREE-2"], "bad_inclusion");
        proof.into_test(flag.into_iter().fold(test, Test::flag))
    };
    vec![
        bad(
            "merkle-inclusion-too-long",
            "a hash more behind a good proof",
            Some("proof-length"),
            |p| p.path.push(p.root),
        ),
        bad(
            "merkle-inclusion-too-long-in-front",
            "a hash more before a good proof",
            Some("proof-length"),
            |p| {
                p.path.insert(0, p.leaf);
            },
        ),
        bad(
            "merkle-inclusion-too-short",
            "the last hash is missing",
            Some("proof-length"),
            |p| p.path.truncate(p.path.len() - 1),
        ),
        bad(
            "merkle-inclusion-too-short-in-front",
            "the first hash is missing",
            Some("proof-length"),
            |p| {
                p.path.remove(0);
            },
        ),
        bad(
            "merkle-inclusion-empty",
            "no hash at all, in a tree of 13",
            Some("proof-length"),
            |p| p.path.clear(),
        ),
        bad(
            "merkle-inclusion-leaf-as-root",
            "no hash, and the leaf for the root",
            Some("proof-length"),
            |p| {
                p.path.clear();
                p.root = merkle::leaf(&p.leaf);
            },
        ),
        bad(
            "merkle-inclusion-swapped",
            "two hashes in the wrong order",
            Some("proof-order"),
            |p| p.path.swap(0, 1),
        ),
        bad(
            "merkle-inclusion-reversed",
            "from the root down",
            Some("proof-order"),
            |p| p.path.reverse(),
        ),
        bad(
            "merkle-inclusion-other-index",
            "the proof of block 6 for block 7",
            Some("proof-order"),
            |p| p.index = 7,
        ),
        bad(
            "merkle-inclusion-other-size",
            "the proof in a tree of 13, for one of 17, which asks for one hash more",
            None,
            |p| p.size = 17,
        ),
        bad(
            "merkle-inclusion-smaller-size",
            "the size is 8, the proof that of 13",
            Some("proof-length"),
            |p| p.size = 8,
        ),
        bad(
            "merkle-inclusion-other-root",
            "the root of another size",
            None,
            |p| p.root = merkle::root(&hashes()[..12]),
        ),
        bad(
            "merkle-inclusion-other-block",
            "the hash of another block",
            None,
            |p| p.leaf = hashes()[5],
        ),
        bad(
            "merkle-inclusion-index-is-size",
            "there is no block 13 in a tree of 13",
            None,
            |p| p.index = 13,
        ),
        bad(
            "merkle-inclusion-index-far-off",
            "an index far behind the end",
            None,
            |p| p.index = 6 + 16,
        ),
        bad(
            "merkle-inclusion-of-nothing",
            "a tree of no blocks",
            None,
            |p| {
                (p.index, p.size, p.root) = (0, 0, sha256(b""));
                p.path.clear();
            },
        ),
        bad(
            "merkle-inclusion-node-for-leaf",
            "a node of the tree passed off as a block of a smaller one",
            Some("no-prefix"),
            |p| {
                // The tree of blocks 0 to 3, read as one of two blocks whose hashes are the preimages of its nodes.
                let left = merkle::root(&hashes()[..2]);
                let right = merkle::root(&hashes()[2..4]);
                (p.index, p.size, p.leaf, p.root) = (0, 2, left, merkle::root(&hashes()[..4]));
                p.path = vec![right];
            },
        ),
    ]
}
