//! Which checkpoint covered which block first, over all connections.
//!
//! A server may leave a checkpoint out for one connection where a newer one takes its place, so that lateness can
//! only be judged over all that anyone received. Where others write, too, there may be one that nobody received: then a
//! block was late for certain if somebody read along from it to the checkpoint, or if it is the checkpoint's last one.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{Held, place};
use crate::peer::Fault;

/// Checkpoints by their size: the earliest time of each.
#[derive(Debug, Default)]
pub struct Coverage {
    times: BTreeMap<u64, u64>,
    attended: BTreeSet<u64>,
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

    /// Takes note of blocks that came as they were made, on a connection that was then sent a checkpoint over them.
    pub fn attend(&mut self, blocks: Range<u64>) {
        self.attended.extend(blocks);
    }

    /// Whether no earlier checkpoint over the block can have been missed.
    fn is_first(&self, index: u64) -> bool {
        self.attended.contains(&index) || self.times.contains_key(&(index + 1))
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
            // A clock that was set back leaves it no earlier time than that of the one before. [CHECK-15]
            let before = self.times.range(..=held.index).map(|(_, time)| *time).max();
            let allowed = due.max(before.unwrap_or_default());
            match covered {
                Some(time) if time > allowed && self.is_first(held.index) => faults.push(Fault::new(
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

    /// Four blocks of time 100, and one of time 2000.
    fn blocks() -> Vec<Held> {
        let block = |index: u64| Held {
            block: serde_json::Value::Null,
            index,
            prev: crate::codec::Hash::default(),
            time: if index < 4 { 100 } else { 2000 },
            hash: crate::codec::Hash::default(),
            entry_id: crate::codec::Hash::default(),
            author: crate::codec::Hash::default(),
            kind: "message".to_owned(),
        };
        (0..5).map(block).collect()
    }

    #[test]
    fn where_the_clock_was_set_back_a_checkpoint_may_have_the_time_of_the_one_before_and_no_later()
    {
        let set_back = |time: u64| {
            let mut coverage = Coverage::default();
            coverage.attend(0..5);
            coverage.add(4, 9000);
            coverage.add(5, time);
            coverage.late(&blocks(), 4, 1000, 0).len()
        };
        assert_eq!(set_back(9000), 0);
        assert_eq!(set_back(9001), 1, "later than it has to be");
    }

    #[test]
    fn a_late_checkpoint_counts_for_who_read_along_and_for_its_last_block() {
        let late = |coverage: &Coverage| coverage.late(&blocks(), 0, 1000, 0).len();
        let mut coverage = Coverage::default();
        coverage.add(5, 2100);
        assert_eq!(late(&coverage), 0, "an earlier one may have been missed");
        coverage.attend(2..5);
        assert_eq!(late(&coverage), 2);
        let mut coverage = Coverage::default();
        coverage.add(4, 1101);
        assert_eq!(late(&coverage), 1);
        assert_eq!(Coverage::default().late(&blocks(), 0, 1000, 1101).len(), 4);
    }

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
