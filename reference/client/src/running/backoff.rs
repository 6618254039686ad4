//! How long to wait before trying again.

use std::time::Duration;

/// The first wait after a loss, and the longest one.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);

/// Waits that grow with each loss, until a join succeeds.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    losses: u32,
    /// What the server asked for.
    asked: Option<Duration>,
}

impl Backoff {
    /// A join succeeded.
    pub(super) fn joined(&mut self) {
        self.losses = 0;
    }

    /// The server says after which time it makes sense to come back.
    pub(super) fn asked(&mut self, wait: Option<Duration>) {
        self.asked = wait;
    }

    /// The wait after a loss: from half of the longest one so far to all of it, by `share` from 0 to 1, so that no two clients
    /// come back together; and no less than what the server asked for.
    pub(super) fn wait(&mut self, share: f64) -> Duration {
        let longest = FIRST.saturating_mul(1 << self.losses.min(16)).min(LONGEST);
        self.losses += 1;
        let half = longest / 2;
        (half + half.mul_f64(share)).max(self.asked.take().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_a_join() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..9).map(|_| backoff.wait(1.0).as_millis()).collect();
        assert_eq!(
            waits,
            [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
        );
        for _ in 0..100 {
            backoff.wait(0.0);
        }
        assert_eq!(backoff.wait(0.0).as_millis(), 30_000);
        backoff.joined();
        assert_eq!(backoff.wait(0.5).as_millis(), 375);
    }

    #[test]
    fn what_the_server_asks_for_is_waited_once() {
        let mut backoff = Backoff::default();
        backoff.asked(Some(Duration::from_secs(5)));
        assert_eq!(backoff.wait(1.0).as_millis(), 5000);
        assert_eq!(backoff.wait(1.0).as_millis(), 1000);
    }
}
