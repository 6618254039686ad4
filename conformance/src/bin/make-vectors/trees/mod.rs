//! `merkle.json`: roots and proofs of RFC 6962.

mod consistency;
mod inclusion;

use crate::community::labelled;
use crate::file::{File, Group, Test, valid};
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::{Hash, merkle};
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
            .tests(inclusion::inclusions())
            .tests(inclusion::no_inclusions()),
        )
        .group(
            Group::new(
                "consistency",
                "`path` shows that the tree of `from` blocks with `from_root` is the beginning of the tree of `to` blocks with `to_root`.",
            )
            .tests(consistency::consistencies())
            .tests(consistency::no_consistencies()),
        )
        .flag_rest("unbound", "does not hold the proof against each of index, sizes, roots and block", &["merkle-"])
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

fn texts(path: &[Hash]) -> Vec<String> {
    path.iter().map(|h| encode(h)).collect()
}
