//! What a member's connection has still to be sent: the blocks from an index on, and the latest checkpoint behind them.
//! The newest blocks come from the feed, in frames that everybody shares; one that lags reads from the store, in frames of
//! its own. The index is all there is to remember, so nothing is skipped and nothing piles up. // [SYNC-1], [SYNC-2], [SYNC-4]

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use dispatch_protocol::key::PublicKey;
use dispatch_protocol::session::{Open, Sessions};
use tokio::sync::watch;

use super::Connection;
use super::farewell::End;
use crate::feed::{Feed, Found, Frame, Frames, Pushed};
use crate::ledger::{Shelf, StoreError};
use crate::lobby::Membership;

/// How much is written between two looks at what else has happened.
const UNIT_BYTES: usize = 128 << 10;

/// A member's place in the chain.
pub(super) struct Reader {
    /// The key by which the account's entries are verified.
    pub(super) key: PublicKey,
    membership: Arc<Membership>,
    next: u64,
    /// Whether there is more to read than the last look showed.
    behind: bool,
    growth: watch::Receiver<u64>,
    checkpoints: watch::Receiver<Arc<Pushed>>,
    /// A checkpoint over blocks that were not all sent yet.
    held_back: Option<Arc<Pushed>>,
}

impl Reader {
    /// A reader from the first block that the client does not hold.
    pub(super) fn new(
        feed: &Feed,
        open: &Open,
        checkpoint: u64,
        key: PublicKey,
        membership: Arc<Membership>,
    ) -> Reader {
        let mut checkpoints = feed.checkpoints();
        let latest = checkpoints.borrow_and_update().clone();
        Reader {
            key,
            membership,
            next: open.from(),
            behind: true,
            growth: feed.growth(),
            checkpoints,
            held_back: (latest.size > checkpoint).then_some(latest),
        }
    }

    /// Waits until there is something to send. Never, before there is a reader.
    pub(super) async fn has_more(reader: Option<&mut Reader>) {
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

    /// The checkpoint that is due: all its blocks were sent.
    fn due_checkpoint(&mut self) -> Option<Utf8Bytes> {
        let due = self.held_back.take_if(|pushed| pushed.size <= self.next)?;
        Some(due.text.clone())
    }
}

impl Connection {
    /// Writes what is next for the client, and ends the connection if its account was removed.
    pub(super) async fn deliver(&mut self) -> Result<(), End> {
        let Some(reader) = &mut self.reader else {
            return Ok(());
        };
        reader.growth.mark_unchanged();
        let mut frames = Vec::new();
        let mut bytes = 0;
        let mut behind = true;
        while bytes < UNIT_BYTES {
            match self.house.feed.find(reader.next) {
                Found::Frame(frame) => {
                    bytes += frame.text().len();
                    reader.next = frame.end();
                    frames.push(frame);
                }
                Found::Nothing => {
                    behind = false;
                    break;
                }
                Found::Behind if frames.is_empty() => {
                    frames = self.read_store().await?;
                    break;
                }
                Found::Behind => break,
            }
        }
        let Some(reader) = &mut self.reader else {
            return Ok(());
        };
        reader.behind = behind;
        if let Some(frame) = frames.last() {
            reader.next = frame.end();
        }
        // [SESS-6] Looked at after the blocks were fetched: whoever can fetch a block behind the removal sees it here.
        let removed = reader.membership.ended_at();
        let mut texts = still_due(&frames, removed);
        if removed.is_some() {
            self.write(texts).await?;
            return Err(End::Bye(Sessions::removed())); // [SESS-5]
        }
        texts.extend(reader.due_checkpoint());
        self.write(texts).await
    }

    /// Reads on from the store, up to where the feed begins.
    async fn read_store(&mut self) -> Result<Vec<Arc<Frame>>, End> {
        let Some(reader) = &self.reader else {
            return Ok(Vec::new());
        };
        let (shelf, feed, next) = (
            self.house.shelf.clone(),
            self.house.feed.clone(),
            reader.next,
        );
        let Ok(_turn) = self.house.readers.clone().acquire_owned().await else {
            return Err(End::Stop);
        };
        let reading = tokio::task::spawn_blocking(move || {
            frames_of(&*shelf, next..feed.start().max(next + 1))
        });
        match reading.await {
            Ok(Ok(frames)) => Ok(frames),
            Ok(Err(problem)) => {
                tracing::error!(%problem, "blocks could not be read for a client");
                Err(End::Failed)
            }
            Err(_) => Err(End::Failed),
        }
    }
}

/// [SESS-6] The texts of these frames, but of those alone that end with the block that removed the account, or before it.
fn still_due(frames: &[Arc<Frame>], removed_at: Option<u64>) -> Vec<Utf8Bytes> {
    frames
        .iter()
        .filter(|frame| removed_at.is_none_or(|index| frame.end() <= index + 1))
        .map(|frame| frame.text())
        .collect()
}

/// Blocks of the store as frames.
fn frames_of(
    shelf: &dyn Shelf,
    range: std::ops::Range<u64>,
) -> Result<Vec<Arc<Frame>>, StoreError> {
    let mut frames = Frames::new(range.start);
    for block in shelf.blocks(range, UNIT_BYTES)? {
        match serde_json::to_string(&block) {
            Ok(text) => frames.push_text(&text),
            Err(problem) => {
                unreachable!("a block of numbers and texts is always written: {problem}")
            }
        }
    }
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
        let frames = frames(4);
        let last = |removed_at| {
            let texts = still_due(&frames, removed_at);
            (
                texts.len(),
                texts.last().map(|text| text.as_str().to_owned()),
            )
        };
        let ends_with = |index: u64| {
            let text = format!(
                "{{\"type\":\"blocks\",\"from\":{index},\"blocks\":[{{\"index\":{index}}}]}}"
            );
            Some(text)
        };
        assert_eq!(last(None), (4, ends_with(7)));
        assert_eq!(
            last(Some(5)),
            (2, ends_with(5)),
            "the removal itself may be sent"
        );
        assert_eq!(last(Some(7)), (4, ends_with(7)));
        assert_eq!(last(Some(3)), (0, None));
    }
}
