//! What a member who follows the chain has still to be sent: the blocks from an index on, and the latest checkpoint behind
//! them. The newest blocks come from the feed, in frames that everybody shares; one that lags reads from the store, in
//! frames of its own. The index is all there is to remember, so nothing is skipped and nothing piles up, whatever carries
//! it. // [SYNC-1], [SYNC-2], [SYNC-4]

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::watch;

use crate::feed::{Feed, Found, Frame, Frames, Pushed};
use crate::house::House;
use crate::ledger::{Shelf, StoreError};
use crate::lobby::Membership;

/// How much is fetched between two looks at what else has happened.
const UNIT_BYTES: usize = 128 << 10;

/// A member's place in the chain.
pub(crate) struct Reader {
    membership: Arc<Membership>,
    next: u64,
    /// Whether there is more to read than the last look showed.
    behind: bool,
    growth: watch::Receiver<u64>,
    checkpoints: watch::Receiver<Arc<Pushed>>,
    /// A checkpoint over blocks that were not all sent yet.
    held_back: Option<Arc<Pushed>>,
}

/// What is to be sent next.
pub(crate) struct Due {
    /// Blocks, each frame following on the one before.
    pub(crate) frames: Vec<Arc<Frame>>,
    /// A checkpoint whose blocks were all sent, these included.
    pub(crate) checkpoint: Option<Arc<Pushed>>,
    /// Whether the account was removed: after this nothing more is sent. // [SESS-5]
    pub(crate) removed: bool,
}

/// The store could not be read.
pub(crate) struct Failed;

impl Reader {
    /// A reader from an index on, who holds a checkpoint of this size.
    pub(crate) fn new(
        feed: &Feed,
        from: u64,
        checkpoint: u64,
        membership: Arc<Membership>,
    ) -> Reader {
        let mut checkpoints = feed.checkpoints();
        let latest = checkpoints.borrow_and_update().clone();
        Reader {
            membership,
            next: from,
            behind: true,
            growth: feed.growth(),
            checkpoints,
            held_back: (latest.size > checkpoint).then_some(latest),
        }
    }

    /// Waits until there is something to send. Never, before there is a reader.
    pub(crate) async fn has_more(reader: Option<&mut Reader>) {
        let Some(reader) = reader else {
            return std::future::pending().await;
        };
        if reader.behind {
            return;
        }
        let none_held_back = reader.held_back.is_none();
        tokio::select! {
            grown = reader.growth.changed() => {
                reader.behind = true;
                if grown.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            // A newer one takes the place of one that is held back when that one was sent. // [CHECK-4]
            pushed = reader.checkpoints.changed(), if none_held_back => {
                if pushed.is_err() {
                    std::future::pending::<()>().await;
                }
                reader.held_back = Some(reader.checkpoints.borrow_and_update().clone());
            }
        }
    }

    /// Fetches what is next.
    pub(crate) async fn next(&mut self, house: &House) -> Result<Due, Failed> {
        self.growth.mark_unchanged();
        let fetched = fetch(house, self.next..u64::MAX, UNIT_BYTES).await?;
        let Fetched { mut frames, behind } = fetched;
        self.behind = behind;
        if let Some(frame) = frames.last() {
            self.next = frame.end();
        }
        // [SESS-6] Looked at after the blocks were fetched: whoever can fetch a block behind the removal sees it here.
        if let Some(index) = self.membership.ended_at() {
            keep_due(&mut frames, index);
            return Ok(Due {
                frames,
                checkpoint: None,
                removed: true,
            });
        }
        Ok(Due {
            frames,
            checkpoint: self.held_back.take_if(|pushed| pushed.size <= self.next),
            removed: false,
        })
    }
}

/// Blocks that were fetched.
pub(crate) struct Fetched {
    /// Each frame following on the one before; none where there is no block to give.
    pub(crate) frames: Vec<Arc<Frame>>,
    /// Whether there may be more to fetch at once.
    pub(crate) behind: bool,
}

/// Fetches blocks from an index on: no more frames than it takes to reach so many bytes. A frame of the feed may reach
/// beyond the range, in which alone the store is asked.
pub(crate) async fn fetch(
    house: &House,
    range: Range<u64>,
    bytes: usize,
) -> Result<Fetched, Failed> {
    let mut frames: Vec<Arc<Frame>> = Vec::new();
    let (mut next, mut read) = (range.start, 0);
    while read < bytes && next < range.end {
        match house.feed.find(next) {
            Found::Frame(frame) => {
                read += frame.text().len();
                next = frame.end();
                frames.push(frame);
            }
            Found::Nothing => {
                return Ok(Fetched {
                    frames,
                    behind: false,
                });
            }
            Found::Behind if frames.is_empty() => {
                frames = read_store(house, next..range.end).await?;
                break;
            }
            Found::Behind => break,
        }
    }
    Ok(Fetched {
        frames,
        behind: true,
    })
}

/// Reads from the store, up to where the feed begins.
async fn read_store(house: &House, range: Range<u64>) -> Result<Vec<Arc<Frame>>, Failed> {
    let (shelf, feed) = (house.shelf.clone(), house.feed.clone());
    let Ok(_turn) = house.readers.acquire().await else {
        return Err(Failed);
    };
    let reading = tokio::task::spawn_blocking(move || {
        let end = feed.start().max(range.start + 1).min(range.end);
        frames_of(&*shelf, range.start..end)
    });
    match reading.await {
        Ok(Ok(frames)) if frames.is_empty() => {
            tracing::error!("the store lacks a block that was published");
            Err(Failed)
        }
        Ok(Ok(frames)) => Ok(frames),
        Ok(Err(problem)) => {
            tracing::error!(%problem, "blocks could not be read for a client");
            Err(Failed)
        }
        Err(_) => Err(Failed),
    }
}

/// [SESS-6] Keeps the frames alone that end with the block that removed the account, or before it.
fn keep_due(frames: &mut Vec<Arc<Frame>>, removed_at: u64) {
    frames.retain(|frame| frame.end() <= removed_at + 1);
}

/// Blocks of the store as frames.
fn frames_of(
    shelf: &dyn Shelf,
    range: std::ops::Range<u64>,
) -> Result<Vec<Arc<Frame>>, StoreError> {
    let mut frames = Frames::new(range.start);
    frames.push_all(shelf.blocks(range, UNIT_BYTES)?.iter());
    Ok(frames.finish().into_iter().map(Arc::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of one block each, from 4 on.
    fn frames(count: u64) -> Vec<Arc<Frame>> {
        let mut frames = Frames::new(4);
        for index in 4..4 + count {
            frames.push_text(&format!("{{\"index\":{index}}}"));
            frames.close();
        }
        frames.finish().into_iter().map(Arc::new).collect()
    }

    #[test]
    fn what_stands_behind_the_removal_is_not_sent() {
        let last = |removed_at| {
            let mut frames = frames(4);
            keep_due(&mut frames, removed_at);
            let text = frames.last().map(|frame| frame.text().to_string());
            (frames.len(), text)
        };
        let ends_with = |index: u64| {
            let text = format!(
                "{{\"type\":\"blocks\",\"from\":{index},\"blocks\":[{{\"index\":{index}}}]}}"
            );
            Some(text)
        };
        assert_eq!(last(5), (2, ends_with(5)), "the removal itself may be sent");
        assert_eq!(last(7), (4, ends_with(7)));
        assert_eq!(last(3), (0, None));
    }
}
