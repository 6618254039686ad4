//! Consistency proofs from earlier sizes of a chain: how many hashes each has, and what it takes to be told one.

use std::time::{Duration, Instant};

use dispatch_protocol::bytes::{Bytes, Hash};
use dispatch_protocol::merkle::{Tree, verify_consistency};
use serde::Deserialize;

use crate::load::Problem;
use crate::load::target::Target;

/// A proof that was asked for, and verified.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Its hashes.
    pub hashes: usize,
    /// From the first byte of a new connection to the last of the answer.
    pub took: Duration,
}

#[derive(Deserialize)]
struct Document {
    path: Vec<Hash>,
}

/// Asks a server for the proof from one size to the whole of a chain that is held here, and verifies it.
///
/// # Errors
/// A server that refuses, or a proof that does not lead to the chain's root.
pub async fn ask(target: &Target, token: &Bytes, tree: &Tree, from: u64) -> Result<Told, Problem> {
    let to = tree.size();
    let path = format!("/v1/proofs/consistency?from={from}&to={to}");
    let header = format!("Authorization: Dispatch {token}\r\n");
    let begun = Instant::now();
    let answer = target.get(&path, &header).await?;
    let took = begun.elapsed();
    let wrong = || Problem::at(format!("the proof from {from} to {to}"));
    let Document { path } = serde_json::from_str(&answer).map_err(Problem::at("a proof"))?;
    let roots = tree.root(from).zip(tree.root(to));
    let (old, new) = roots.ok_or_else(|| Problem::new("a size that the chain does not have"))?;
    verify_consistency(from, to, &old, &new, &path).map_err(wrong())?;
    Ok(Told {
        hashes: path.len(),
        took,
    })
}

/// How many hashes the proof from one size to another has (RFC 6962, section 2.1.2).
pub fn hashes(from: u64, to: u64) -> usize {
    // `from` and `width` within the subtree that is looked at; `whole` while it begins where the tree does.
    let (mut from, mut width, mut whole, mut count) = (from, to, true, 0);
    while from < width {
        let left = width.next_power_of_two() / 2;
        count += 1;
        match from <= left {
            true => width = left,
            false => {
                (from, width, whole) = (from - left, width - left, false);
            }
        }
    }
    count + usize::from(!whole)
}

/// The smallest size whose proof to this one has most hashes of all.
pub fn worst(to: u64) -> u64 {
    let most = (1..to).map(|from| hashes(from, to)).max();
    (1..to)
        .find(|from| Some(hashes(*from, to)) == most)
        .unwrap_or(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proofs_hashes_are_counted_without_making_it() {
        let mut tree = Tree::default();
        for to in 1..=70_u64 {
            tree.append(Hash::of(&to.to_be_bytes()));
            for from in 1..=to {
                let path = tree.consistency(from, to).expect("sizes of the tree");
                assert_eq!(hashes(from, to), path.len(), "from {from} to {to}");
            }
        }
    }

    #[test]
    fn the_worst_of_all_is_found() {
        // From three leaves: the third and the fourth by themselves, the first two, and the other half of each level above.
        assert_eq!((worst(8), hashes(worst(8), 8)), (3, 4));
        assert_eq!(worst(1), 1);
        let to = 1_000_000;
        assert_eq!(hashes(worst(to), to), 21);
        assert_eq!(hashes(100_000, to), 16);
    }
}
