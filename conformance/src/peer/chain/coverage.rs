//! Which checkpoint covered which block first, over all connections.
//!
//! A server may leave a checkpoint out for one connection where a newer one takes its place, so that lateness can
//! only be judged over all that anyone received.

use std::collections::BTreeMap;

use super::{Held, place};
use crate::peer::Fault;

/// Checkpoints by their size: the earliest time of each.
#[derive(Debug, Default)]
pub struct Coverage {
    times: BTreeMap<u64, u64>,
}

impl Coverage {
    /// Takes note of a checkpoint, and says whether the times fall. [CHECK-15]
    pub fn add(&mut self, size: u64, time: u64) -> Option<Fault> {
        let before = self
            .times
            .range(..size)
            .next_back()
            .filter(|(_, earlier)| **earlier > time);
        let after = self
            .times
            .range(size + 1..)
            .next()
            .filter(|(_, later)| **later < time);
        let fault = before.or(after).map(|(other, _)| {
            Fault::new("CHECK-15", format!("the checkpoints of sizes {size} and {other}: the larger one has the earlier time"))
        });
        let first = self.times.entry(size).or_insert(time);
        *first = time.min(*first);
        fault
    }

    /// The greatest size of a checkpoint that came.
    pub fn latest(&self) -> u64 {
        self.times.keys().next_back().copied().unwrap_or_default()
    }

    /// Says which blocks from `first` on were not covered in time.
    pub fn late(&self, blocks: &[Held], first: u64, checkpoint_ms: u64, now: u64) -> Vec<Fault> {
        let mut faults = Vec::new();
        for held in blocks.iter().skip(place(first)) {
            let due = held.time + checkpoint_ms;
            // A larger checkpoint may be earlier than a smaller one that was made again.
            let covered = self
                .times
                .range(held.index + 1..)
                .map(|(_, time)| *time)
                .min();
            match covered {
                Some(time) if time > due => faults.push(Fault::new(
                    "CHECK-3",
                    format!("block {} was covered {} ms after its time; {checkpoint_ms} are advertised", held.index, time - held.time),
                )),
                None if now > due => faults.push(Fault::new(
                    "CHECK-3",
                    format!("block {} is not covered {} ms after its time; {checkpoint_ms} are advertised", held.index, now - held.time),
                )),
                _ => {}
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_checkpoints_do_not_fall() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.add(5, 100), None);
        assert_eq!(coverage.add(7, 100), None);
        assert_eq!(coverage.add(7, 300), None);
        assert!(coverage.add(6, 99).is_some());
        assert!(coverage.add(9, 99).is_some());
        assert!(coverage.add(4, 101).is_some());
    }
}
