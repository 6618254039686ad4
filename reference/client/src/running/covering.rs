//! Blocks that no checkpoint covers for too long: until one does, the server can deny them. // [CHECK-13]

use std::time::Duration;

use tokio::time::Instant;

/// Since when blocks wait for a checkpoint.
#[derive(Default)]
pub(super) struct Uncovered {
    since: Option<(u64, Instant)>,
    told: Option<u64>,
}

impl Uncovered {
    /// The first block that waits for longer than is to be borne, told once.
    pub(super) fn look(
        &mut self,
        size: u64,
        covered: u64,
        patience: Duration,
        now: Instant,
    ) -> Option<u64> {
        if covered >= size {
            self.since = None;
            return None;
        }
        let (first, since) = *self.since.get_or_insert((covered, now));
        if covered > first {
            self.since = Some((covered, now));
            return None;
        }
        let late = now - since > patience && self.told != Some(first);
        late.then(|| {
            self.told = Some(first);
            first
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_waits_too_long_is_told_once() {
        let mut uncovered = Uncovered::default();
        let begin = Instant::now();
        let mut look = |size, covered, seconds| {
            let patience = Duration::from_secs(31);
            uncovered.look(
                size,
                covered,
                patience,
                begin + Duration::from_secs(seconds),
            )
        };
        assert_eq!(look(5, 5, 0), None);
        assert_eq!(look(6, 5, 1), None);
        assert_eq!(look(7, 5, 32), None);
        assert_eq!(look(7, 5, 33), Some(5));
        assert_eq!(look(8, 5, 90), None);
        // a checkpoint came, and covers a part
        assert_eq!(look(8, 7, 91), None);
        assert_eq!(look(8, 7, 122), None);
        assert_eq!(look(8, 7, 123), Some(7));
        assert_eq!(look(8, 8, 124), None);
        assert_eq!(look(9, 8, 300), None);
    }
}
