//! One subscriber: reads what it is sent until it has everything.

use std::time::Instant;

use futures_util::{Stream, StreamExt as _};

use super::hearing::Heard;
use super::{Problem, Tally};

/// Reads until the tally is whole, and gives it back.
///
/// # Errors
/// A delivery that is lost, doubled or out of its order; a socket that ends before.
pub async fn subscribe<S, T, E>(
    mut socket: S,
    hear: impl Fn(&T) -> Heard,
    mut tally: Tally,
) -> Result<(Tally, S), Problem>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    E: std::fmt::Display,
{
    while !tally.is_whole() {
        let Some(next) = socket.next().await else {
            let words = format!("the server hung up on a subscriber after {}", tally.count());
            return Err(Problem::new(words));
        };
        let message = next.map_err(Problem::at("a subscriber's socket failed"))?;
        match hear(&message) {
            Heard::Delivered(numbers) => tally
                .take(numbers, Instant::now())
                .map_err(Problem::at("what a subscriber was sent"))?,
            Heard::Accepted { .. } | Heard::Other => {}
            Heard::Wrong(words) => return Err(Problem::new(words)),
        }
    }
    Ok((tally, socket))
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "deliveries are ranges")]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    /// Subscribes to scripted deliveries of messages 0 to 3.
    async fn subscribed(script: &[Heard]) -> Result<u64, String> {
        let script: Vec<Result<Heard, Infallible>> = script.iter().cloned().map(Ok).collect();
        let reading = subscribe(stream::iter(script), Heard::clone, Tally::in_order(0..4));
        match reading.await {
            Ok((tally, _)) => Ok(tally.count()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    #[tokio::test]
    async fn a_subscriber_ends_when_it_has_everything() {
        let script = [
            Heard::Delivered(0..3),
            Heard::Other,
            Heard::Delivered(3..4),
            Heard::Wrong("never read".to_owned()),
        ];
        assert_eq!(subscribed(&script).await, Ok(4));
    }

    #[tokio::test]
    async fn a_lost_a_doubled_and_a_reordered_block_end_the_run() {
        let fault = async |ranges: &[std::ops::Range<u64>]| {
            let script: Vec<_> = ranges.iter().cloned().map(Heard::Delivered).collect();
            subscribed(&script).await.unwrap_err()
        };
        let lost = fault(&[0..1, 2..4]).await;
        assert!(lost.contains("1 to 1 were lost"), "{lost}");
        let twice = fault(&[0..2, 1..4]).await;
        assert!(twice.contains("1 came twice"), "{twice}");
        let reordered = fault(&[1..2, 0..1, 2..4]).await;
        assert!(reordered.contains("0 to 0 were lost"), "{reordered}");
        let cut = fault(&[0..3]).await;
        assert!(cut.contains("hung up on a subscriber after 3"), "{cut}");
    }
}
