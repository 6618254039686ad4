//! `merkle.json`: roots and proofs of RFC 6962.

use crate::community::labelled;
use crate::file::{File, Group, Test, invalid, valid};
use dispatch_conformance::codec::{Hash, base64url::encode, merkle, sha256};
use serde_json::Value;

/// The number of blocks that the tests share.
const BLOCKS: usize = 20;

pub fn file() -> File {
    let leaves: Vec<Value> = hashes().iter().map(|h| encode(h).into()).collect();
    File::new("merkle", "The tree over block hashes. All groups speak of the same 20 blocks.")
        .flag("no-prefix", "hashes leaves and nodes alike", &["many trees"])
        .flag("odd-leaf-twice", "doubles an odd leaf, or lifts it without hashing", &["Bitcoin's tree"])
        .flag("proof-length", "stops when the root is reached, or when the proof ends", &["hand-written verifiers"])
        .flag("proof-order", "puts siblings on the wrong side", &["hand-written verifiers"])
        .flag("one-root", "verifies one of the two roots", &[])
        .group(
            Group::new(
                "roots",
                "`block_hashes`: the hashes of 20 blocks. `root`: that of the tree over the first `size` of them.",
            )
            .shared("block_hashes", leaves)
            .tests((0..=BLOCKS).map(root)),
        )
        .group(
            Group::new(
                "inclusion",
                "`path` shows that the block at `index`, whose hash is `block_hash`, is in the tree of `size` blocks with `root`.",
            )
            .tests(inclusions())
            .tests(no_inclusions()),
        )
        .group(
            Group::new(
                "consistency",
                "`path` shows that the tree of `from` blocks with `from_root` is the beginning of the tree of `to` blocks with `to_root`.",
            )
            .tests(consistencies())
            .tests(no_consistencies()),
        )
}

fn hashes() -> Vec<Hash> {
    (0..BLOCKS)
        .map(|i| labelled(&format!("block {i}")))
        .collect()
}

fn root(size: usize) -> Test {
    let about = match size {
        0 => "no block: the hash of no bytes".to_owned(),
        1 => "one block: the hash of its leaf".to_owned(),
        _ => format!("{size} blocks"),
    };
    let test = valid(format!("merkle-root-{size}"), about, &["TREE-1"])
        .with("size", size)
        .bytes("root", &merkle::root(&hashes()[..size]));
    match size {
        1 => test.flag("no-prefix"),
        3 | 5 | 6 | 7 => test.flag("odd-leaf-twice"),
        _ => test,
    }
}

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

fn inclusions() -> Vec<Test> {
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

fn no_inclusions() -> Vec<Test> {
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

struct Consistency {
    from: usize,
    to: usize,
    from_root: Hash,
    to_root: Hash,
    path: Vec<Hash>,
}

impl Consistency {
    fn of(from: usize, to: usize) -> Self {
        let hashes = &hashes()[..to];
        Self {
            from,
            to,
            from_root: merkle::root(&hashes[..from]),
            to_root: merkle::root(hashes),
            path: merkle::consistency_proof(from, hashes),
        }
    }

    fn into_test(self, test: Test) -> Test {
        test.with("from", self.from)
            .with("to", self.to)
            .bytes("from_root", &self.from_root)
            .bytes("to_root", &self.to_root)
            .with("path", texts(&self.path))
    }
}

fn consistencies() -> Vec<Test> {
    let small = (1..=8).flat_map(|to| (1..=to).map(move |from| (from, to)));
    let large = [1, 2, 7, 8, 13, 16, 17, 19, 20].map(|from| (from, BLOCKS));
    small
        .chain(large)
        .map(|(from, to)| {
            let about = match from == to {
                true => format!("equal sizes, {to}: an empty list and one root"),
                false => format!("from {from} to {to}"),
            };
            let test = valid(
                format!("merkle-consistency-{from}-to-{to}"),
                about,
                &["TREE-1", "TREE-3"],
            );
            Consistency::of(from, to).into_test(test)
        })
        .collect()
}

fn no_consistencies() -> Vec<Test> {
    let bad_from =
        |from, id: &str, about: &str, flag: Option<&'static str>, change: fn(&mut Consistency)| {
            let mut proof = Consistency::of(from, 13);
            change(&mut proof);
            let test = invalid(id, about, &["TREE-3"], "bad_consistency");
            proof.into_test(flag.into_iter().fold(test, Test::flag))
        };
    let bad = |id: &str, about: &str, flag, change| bad_from(6, id, about, flag, change);
    vec![
        bad(
            "merkle-consistency-too-long",
            "a hash more behind a good proof",
            Some("proof-length"),
            |p| p.path.push(p.to_root),
        ),
        bad(
            "merkle-consistency-too-long-in-front",
            "a hash more before a good proof",
            Some("proof-length"),
            |p| {
                p.path.insert(0, p.from_root);
            },
        ),
        bad(
            "merkle-consistency-too-short",
            "the last hash is missing",
            Some("proof-length"),
            |p| p.path.truncate(p.path.len() - 1),
        ),
        bad(
            "merkle-consistency-too-short-in-front",
            "the first hash is missing",
            Some("proof-length"),
            |p| {
                p.path.remove(0);
            },
        ),
        bad(
            "merkle-consistency-empty",
            "no hash at all",
            Some("proof-length"),
            |p| p.path.clear(),
        ),
        bad(
            "merkle-consistency-swapped",
            "two hashes in the wrong order",
            Some("proof-order"),
            |p| p.path.swap(0, 1),
        ),
        bad(
            "merkle-consistency-other-old-root",
            "the proof leads to the new root alone",
            Some("one-root"),
            |p| {
                p.from_root = merkle::root(&hashes()[1..7]);
            },
        ),
        bad(
            "merkle-consistency-other-new-root",
            "the proof leads to the old root alone",
            Some("one-root"),
            |p| {
                p.to_root = merkle::root(&hashes()[1..14]);
            },
        ),
        bad(
            "merkle-consistency-roots-swapped",
            "the roots in the wrong places",
            None,
            |p| {
                std::mem::swap(&mut p.from_root, &mut p.to_root);
            },
        ),
        bad(
            "merkle-consistency-sizes-swapped",
            "from a larger size to a smaller one",
            None,
            |p| {
                std::mem::swap(&mut p.from, &mut p.to);
                std::mem::swap(&mut p.from_root, &mut p.to_root);
            },
        ),
        bad(
            "merkle-consistency-other-from",
            "the proof from 6, said to be from 7",
            None,
            |p| p.from = 7,
        ),
        bad(
            "merkle-consistency-other-to",
            "the proof to 13, said to be to 17, which asks for one hash more",
            None,
            |p| p.to = 17,
        ),
        bad_from(
            8,
            "merkle-consistency-power-of-two-with-root",
            "from a power of two the old root is left out; here it stands in front",
            Some("proof-length"),
            |p| {
                p.path.insert(0, p.from_root);
            },
        ),
        bad_from(
            13,
            "merkle-consistency-equal-sizes-other-roots",
            "equal sizes, an empty list, two roots",
            Some("one-root"),
            |p| {
                p.to_root = merkle::root(&hashes()[1..14]);
            },
        ),
        bad_from(
            13,
            "merkle-consistency-equal-sizes-with-hash",
            "equal sizes and roots, but a hash in the list",
            Some("proof-length"),
            |p| {
                p.path.push(p.to_root);
            },
        ),
    ]
}

fn texts(path: &[Hash]) -> Vec<String> {
    path.iter().map(|h| encode(h)).collect()
}
