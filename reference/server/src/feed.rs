//! What was published: the newest blocks as frames that were encoded once for everybody, and the word that there is
//! more. A reader names the index that it wants next, and so can neither skip nor repeat a block; one that is further
//! behind than the feed reaches reads on from the store. Not for who may read: that is the connection's to ask.

mod frames;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::watch;

pub(crate) use frames::{Frame, Frames};

/// A checkpoint as it is pushed.
pub(crate) struct Pushed {
    /// The number of blocks that it covers.
    pub(crate) size: u64,
    /// The `checkpoint` frame.
    pub(crate) text: Utf8Bytes,
}

/// What a reader finds at the index that it wants.
pub(crate) enum Found {
    /// The blocks from there on.
    Frame(Arc<Frame>),
    /// It has read everything.
    Nothing,
    /// The feed does not reach back so far: read from the store.
    Behind,
}

/// The newest blocks and the newest checkpoint.
pub(crate) struct Feed {
    most_bytes: usize,
    kept: RwLock<Kept>,
    size: watch::Sender<u64>,
    checkpoint: watch::Sender<Arc<Pushed>>,
}

#[derive(Default)]
struct Kept {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    size: u64,
}

impl Feed {
    /// A feed that holds no block yet, of a chain of this size. So many bytes of frames are kept for readers that are a
    /// little behind.
    pub(crate) fn new(size: u64, checkpoint: Pushed, most_bytes: usize) -> Feed {
        Feed {
            most_bytes,
            kept: RwLock::new(Kept {
                size,
                ..Kept::default()
            }),
            size: watch::Sender::new(size),
            checkpoint: watch::Sender::new(Arc::new(checkpoint)),
        }
    }

    /// Publishes blocks that are durable, in the chain's order. The messages that they redact go from the feed. // [RED-4]
    pub(crate) fn publish(&self, frames: Vec<Frame>, redacted: &[u64]) {
        let Some(size) = frames.last().map(Frame::end) else {
            return;
        };
        {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(last) = redacted.iter().max() {
                // Readers that still want these frames find the redacted block in the store.
                while kept.frames.front().is_some_and(|frame| frame.from <= *last) {
                    kept.drop_front();
                }
            }
            for frame in frames {
                kept.bytes += frame.text().len();
                kept.frames.push_back(Arc::new(frame));
            }
            while kept.bytes > self.most_bytes && kept.frames.len() > 1 {
                kept.drop_front();
            }
            kept.size = size;
        }
        self.size.send_replace(size);
    }

    /// Pushes a checkpoint, in the place of one that a reader has not come to yet; nothing if it covers no more than the last
    /// one. // [CHECK-4]
    pub(crate) fn push_checkpoint(&self, checkpoint: Pushed) {
        self.checkpoint.send_if_modified(|last| {
            let is_news = checkpoint.size > last.size;
            if is_news {
                *last = Arc::new(checkpoint);
            }
            is_news
        });
    }

    /// The blocks from an index on, as far as one frame holds them.
    pub(crate) fn find(&self, index: u64) -> Found {
        let frame = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if index >= kept.size {
                return Found::Nothing;
            }
            let place = kept.frames.partition_point(|frame| frame.end() <= index);
            match kept.frames.get(place) {
                Some(frame) if frame.from <= index => frame.clone(),
                _ => return Found::Behind,
            }
        };
        if frame.from == index {
            Found::Frame(frame)
        } else {
            Found::Frame(Arc::new(frame.tail(index)))
        }
    }

    /// Where the first frame that is kept begins: a reader of the store may stop there.
    pub(crate) fn start(&self) -> u64 {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.frames.front().map_or(kept.size, |frame| frame.from)
    }

    /// The number of blocks that were published.
    pub(crate) fn size(&self) -> u64 {
        *self.size.borrow()
    }

    /// Tells when the chain has grown.
    pub(crate) fn growth(&self) -> watch::Receiver<u64> {
        self.size.subscribe()
    }

    /// Tells when there is a new checkpoint.
    pub(crate) fn checkpoints(&self) -> watch::Receiver<Arc<Pushed>> {
        self.checkpoint.subscribe()
    }
}

impl Kept {
    fn drop_front(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.bytes -= frame.text().len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 8 << 20;

    fn pushed() -> Pushed {
        Pushed {
            size: 0,
            text: Utf8Bytes::default(),
        }
    }

    fn frames(from: u64, blocks: &[&str]) -> Vec<Frame> {
        let mut frames = Frames::new(from);
        blocks.iter().for_each(|block| frames.push_text(block));
        frames.finish()
    }

    fn text(found: Found) -> String {
        match found {
            Found::Frame(frame) => frame.text().to_string(),
            Found::Nothing => "nothing".to_owned(),
            Found::Behind => "behind".to_owned(),
        }
    }

    #[test]
    fn a_reader_gets_the_blocks_from_its_index_on() {
        let feed = Feed::new(5, pushed(), MOST);
        feed.publish(frames(5, &["{5}", "{6}", "{7}"]), &[]);
        assert_eq!(
            text(feed.find(5)),
            r#"{"type":"blocks","from":5,"blocks":[{5},{6},{7}]}"#
        );
        assert_eq!(
            text(feed.find(6)),
            r#"{"type":"blocks","from":6,"blocks":[{6},{7}]}"#
        );
        assert_eq!(
            text(feed.find(7)),
            r#"{"type":"blocks","from":7,"blocks":[{7}]}"#
        );
        assert_eq!(text(feed.find(8)), "nothing");
        assert_eq!(text(feed.find(4)), "behind");
    }

    #[test]
    fn a_redacted_message_is_no_longer_found() {
        let feed = Feed::new(0, pushed(), MOST);
        for index in 0..4 {
            feed.publish(frames(index, &["{}"]), &[]);
        }
        feed.publish(frames(4, &["{r}"]), &[1]);
        assert_eq!(text(feed.find(1)), "behind");
        assert_eq!(
            text(feed.find(2)),
            r#"{"type":"blocks","from":2,"blocks":[{}]}"#
        );
        assert_eq!(feed.start(), 2);
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let feed = Feed::new(0, pushed(), MOST);
        let block = "x".repeat(1 << 20);
        for index in 0..20 {
            feed.publish(frames(index, &[&block]), &[]);
        }
        assert!(feed.kept.read().unwrap().bytes <= MOST);
        assert_eq!(text(feed.find(0)), "behind");
        assert!(matches!(feed.find(19), Found::Frame(_)));
    }
}
