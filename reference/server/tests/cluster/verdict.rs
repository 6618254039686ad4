//! What was promised, held against the chain that is left.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::State;

use crate::bed::Bed;
use crate::load::{Load, Tally};
use crate::voice::{Receipts, Testimony, Voice};

/// The chain that is left, as one reader read it whole, every rule checked.
pub struct Kept {
    pub chain: State,
    pub seen: Testimony,
}

/// What was promised and is not kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// Acknowledged, and not there or elsewhere.
    pub lost: usize,
    /// In the chain more than once.
    pub doubled: usize,
    /// Shown to somebody, and another block stands there, or none; a checkpoint of another chain.
    pub forked: usize,
    /// What members were in doubt about meanwhile.
    pub doubts: Vec<String>,
}

impl Kept {
    /// Reads the whole chain from one process, up to a size at least.
    pub async fn read(bed: &Bed, process: usize, name: &str, size: u64) -> Kept {
        let tally = Tally::new();
        let reader = bed.reader(name, &tally);
        let load = Load::begin(vec![(reader, bed.process(process))]);
        let mut readers = load.end_at(size, &tally).await;
        let mut reader = readers.pop().unwrap();
        assert_eq!(reader.doubts, [""; 0]);
        Kept {
            chain: reader.chain().clone(),
            seen: reader.testimonies.pop().unwrap(),
        }
    }

    /// Reads it from each process, and asserts that all show the same.
    pub async fn read_everywhere(bed: &Bed, name: &str, size: u64) -> Kept {
        let first = Kept::read(bed, 0, name, size).await;
        for process in 1..bed.fleet.len() {
            let other = Kept::read(bed, process, name, first.chain.size()).await;
            assert_eq!(
                other.chain.prefix_head(first.chain.size()),
                Some(first.chain.head()),
                "process {process} shows another chain"
            );
        }
        first
    }

    /// Of each block its index and its hash, as the database has them.
    pub fn hashes(&self) -> Vec<(i64, Vec<u8>)> {
        let blocks = self.seen.blocks.iter();
        let hashes = blocks.map(|(hash, _)| hash.as_bytes().to_vec());
        (0..).zip(hashes).collect()
    }

    /// Holds it against what voices were acknowledged and shown.
    pub fn against(&self, voices: &[Voice]) -> Broken {
        let said = voices
            .iter()
            .map(|voice| (&voice.receipts, &voice.testimonies[..]));
        let mut broken = held(&self.seen.blocks, said);
        for voice in voices {
            let checkpoints = voice.testimonies.iter().flat_map(|seen| &seen.checkpoints);
            let others = checkpoints.filter(|checkpoint| self.chain.check(checkpoint).is_err());
            broken.forked += others.count();
            broken.doubts.extend(voice.doubts.iter().cloned());
        }
        broken
    }
}

/// Holds blocks against receipts, and the blocks that those who have them were shown.
fn held<'a>(
    kept: &[(Hash, Id)],
    said: impl Iterator<Item = (&'a Receipts, &'a [Testimony])>,
) -> Broken {
    let mut places: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for (index, (_, id)) in kept.iter().enumerate() {
        places.entry(*id).or_default().push(index);
    }
    let mut broken = Broken {
        doubled: places.values().filter(|places| places.len() > 1).count(),
        ..Broken::default()
    };
    for (receipts, testimonies) in said {
        let lost = receipts
            .iter()
            .filter(|(id, (index, hash))| kept.get(*index as usize) != Some(&(*hash, **id)));
        broken.lost += lost.count();
        for seen in testimonies {
            let blocks = seen.blocks.iter().enumerate();
            let others = blocks.filter(|(index, block)| kept.get(*index) != Some(block));
            broken.forked += others.count();
        }
    }
    broken
}

/// Held against the chain of every process, and printed. Gives the chain.
pub async fn judge(bed: &Bed, reader: &str, voices: &[Voice], tally: &Arc<Tally>) -> Kept {
    let size = voices
        .iter()
        .map(Voice::size_acknowledged)
        .max()
        .unwrap_or(0);
    let kept = Kept::read_everywhere(bed, reader, size).await;
    let broken = kept.against(voices);
    let counts = tally.counts();
    let seen = || voices.iter().flat_map(|voice| &voice.testimonies);
    let shown: usize = seen().map(|seen| seen.blocks.len()).sum();
    let checkpoints: usize = seen().map(|seen| seen.checkpoints.len()).sum();
    println!("acknowledged  {}; {broken}", counts.acknowledged);
    println!(
        "shown         {shown} blocks and {checkpoints} checkpoints to {} members",
        voices.len()
    );
    println!(
        "came back     {} connections broke, {} of them with entries unanswered; {} sessions were resumed; {} entries handed in again; {} refused for now",
        counts.broken, counts.amid, counts.resumed, counts.again, counts.unavailable
    );
    let acknowledged: usize = voices.iter().map(|voice| voice.receipts.len()).sum();
    assert_eq!(acknowledged as u64, counts.acknowledged);
    assert_eq!(broken, Broken::default());
    kept
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "lost {}, doubled {}, forks {}",
            self.lost, self.doubled, self.forked
        )
    }
}

#[test]
fn a_lost_a_doubled_and_a_forked_block_are_counted() {
    let block = |name: &[u8]| (Hash::of(name), Id::from(Hash::of(name)));
    let [a, b, c] = [&b"a"[..], b"b", b"c"].map(block);
    let receipts: Receipts = [(a.1, (0, a.0)), (b.1, (1, b.0))].into();
    let seen = [Testimony {
        blocks: vec![a, b],
        checkpoints: Vec::new(),
    }];
    let told = |kept: &[(Hash, Id)]| held(kept, [(&receipts, &seen[..])].into_iter()).to_string();
    assert_eq!(told(&[a, b, c]), "lost 0, doubled 0, forks 0");
    assert_eq!(told(&[a]), "lost 1, doubled 0, forks 1");
    assert_eq!(told(&[a, c, b]), "lost 1, doubled 0, forks 1");
    assert_eq!(told(&[a, b, b]), "lost 0, doubled 1, forks 0");
    // The same entry in another block is not what was acknowledged.
    assert_eq!(told(&[a, (c.0, b.1)]), "lost 1, doubled 0, forks 1");
}
