//! Consistency proofs.

use super::{BLOCKS, hashes, texts};
use crate::file::{Test, invalid, valid};
use dispatch_conformance::codec::{Hash, merkle};

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

pub(super) fn consistencies() -> Vec<Test> {
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

pub(super) fn no_consistencies() -> Vec<Test> {
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
        bad(
            "merkle-consistency-from-nothing",
            "from no block at all, whose root every tree extends: a proof begins at a size of at least 1",
            None,
            |p| {
                p.from = 0;
                p.from_root = merkle::root(&[]);
                p.path.clear();
            },
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
