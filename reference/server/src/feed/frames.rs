//! Blocks as `blocks` frames: as few as the bound allows, each encoded once for everybody.

use axum::extract::ws::Utf8Bytes;
use dispatch_protocol::chain::Block;

/// A frame is closed when the next block would take it beyond this. A reader's socket buffers one frame at a time, so
/// this bounds what a thousand slow readers cost, and a frame of twenty messages is already cheap to send.
pub(crate) const FRAME_BYTES: usize = 32 << 10;

const HEAD: &str = r#"{"type":"blocks","from":"#;
const LIST: &str = r#","blocks":["#;
const TAIL: &str = "]}";

/// A `blocks` frame, and where each of its blocks begins in its text.
pub(crate) struct Frame {
    /// The index of its first block.
    pub(crate) from: u64,
    starts: Vec<u32>,
    text: Utf8Bytes,
}

impl Frame {
    /// The index behind its last block.
    pub(crate) fn end(&self) -> u64 {
        self.from + self.starts.len() as u64
    }

    /// The whole frame, shared.
    pub(crate) fn text(&self) -> Utf8Bytes {
        self.text.clone()
    }

    /// Each of its blocks' text.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &str> {
        self.starts.iter().enumerate().map(|(number, start)| {
            let end = self
                .starts
                .get(number + 1)
                .map_or(self.text.len() - TAIL.len(), |next| *next as usize - 1);
            &self.text.as_str()[*start as usize..end]
        })
    }

    /// The frame's blocks from an index on, as a frame of its own.
    pub(super) fn tail(&self, from: u64) -> Frame {
        let skipped = (from - self.from) as usize;
        let mut frames = Frames::new(from);
        self.blocks()
            .skip(skipped)
            .for_each(|block| frames.push_text(block));
        // The blocks fitted into one frame before, so that they do now.
        frames.finish().into_iter().next().unwrap_or(Frame {
            from,
            starts: Vec::new(),
            text: Utf8Bytes::default(),
        })
    }
}

/// Packs blocks, one behind the other, into as few frames as the bound allows.
pub(crate) struct Frames {
    done: Vec<Frame>,
    next: u64,
    from: u64,
    starts: Vec<u32>,
    text: String,
    /// How long the block before was: the next one is guessed to be as long.
    last: usize,
}

impl Frames {
    /// Begins at an index.
    pub(crate) fn new(from: u64) -> Frames {
        Frames {
            last: 0,
            done: Vec::new(),
            next: from,
            from,
            starts: Vec::new(),
            text: String::new(),
        }
    }

    /// Appends blocks, which are those that follow.
    pub(crate) fn push_all<'b>(&mut self, blocks: impl ExactSizeIterator<Item = &'b Block>) {
        let mut left = blocks.len();
        for block in blocks {
            self.push(block, left);
            left -= 1;
        }
    }

    fn push(&mut self, block: &Block, left: usize) {
        if !self.fits(self.last) {
            self.close();
        }
        let is_first = self.starts.is_empty();
        self.begin();
        let start = self.text.len();
        block.write_text(&mut self.text);
        self.last = self.text.len() - start;
        if is_first {
            // Room for those that will be in it, so that nothing is copied as it grows.
            let room = FRAME_BYTES.saturating_sub(self.text.len());
            self.text
                .reserve(room.min((left - 1) * (self.last + 1) + TAIL.len()));
        } else if self.text.len() + TAIL.len() > FRAME_BYTES {
            let block = self.text.split_off(start);
            self.text.pop();
            self.starts.pop();
            self.close();
            self.begin();
            self.text.push_str(&block);
        }
        self.next += 1;
    }

    /// Appends a block's JSON.
    pub(crate) fn push_text(&mut self, block: &str) {
        if !self.fits(block.len()) {
            self.close();
        }
        self.begin();
        self.text.push_str(block);
        self.next += 1;
    }

    /// Whether a block of so many bytes may stand in the frame that is being filled. [SYNC-5] A block is never longer than
    /// the frame of a client in which it came, which is at most half of what a server's may be; so a frame holds at least one.
    fn fits(&self, block: usize) -> bool {
        self.starts.is_empty() || self.text.len() + block + 1 + TAIL.len() <= FRAME_BYTES
    }

    /// Writes what stands before a block.
    fn begin(&mut self) {
        if self.starts.is_empty() {
            self.text.push_str(HEAD);
            self.text.push_str(&self.from.to_string());
            self.text.push_str(LIST);
        } else {
            self.text.push(',');
        }
        self.starts.push(self.text.len() as u32);
    }

    /// Ends the frame that is being filled, so that the next block begins another.
    pub(crate) fn close(&mut self) {
        if self.starts.is_empty() {
            return;
        }
        let mut text = std::mem::take(&mut self.text);
        text.push_str(TAIL);
        self.done.push(Frame {
            from: self.from,
            starts: std::mem::take(&mut self.starts),
            text: text.into(),
        });
        self.from = self.next;
    }

    /// The frames, in order.
    pub(crate) fn finish(mut self) -> Vec<Frame> {
        self.close();
        self.done
    }
}

#[cfg(test)]
mod tests {
    use dispatch_protocol::bytes::{Bytes, Hash, Id, Salt};
    use dispatch_protocol::entry::{Body, Entry, Message, Prefix};

    use super::*;

    fn frames(from: u64, blocks: &[&str]) -> Vec<Frame> {
        let mut frames = Frames::new(from);
        blocks.iter().for_each(|block| frames.push_text(block));
        frames.finish()
    }

    fn block(index: u64, ciphertext: usize) -> Block {
        let entry = Entry {
            community: Id::ZERO,
            author: Id::ZERO,
            seq: 1,
            seen: Prefix {
                size: 1,
                hash: Hash::ZERO,
            },
            sent_at: 1,
            body: Body::Message(Message {
                epoch: Id::ZERO,
                salt: Salt::new([0; 16]),
                ciphertext_hash: Hash::ZERO,
                ciphertext: Some(Bytes::from(vec![7; ciphertext])),
            }),
            signature: Bytes::from(vec![7; 256]),
        };
        Block {
            index,
            prev: Hash::ZERO,
            time: 1,
            entry,
        }
    }

    #[test]
    fn blocks_that_are_written_in_place_stand_in_the_frames_in_which_their_texts_would() {
        for sizes in [
            &[144][..],
            &[144; 100],
            &[1056; 100],
            &[144, 9000, 144, 9000, 144, 9000, 144, 9000, 144],
            &[9000, 144, 144, 9000, 9000, 144, 9000],
            &[40_000, 144, 40_000, 40_000, 144],
            &[21_500, 144, 300, 144],
        ] {
            let blocks: Vec<Block> = (3..)
                .zip(sizes)
                .map(|(index, &size)| block(index, size))
                .collect();
            let mut written = Frames::new(3);
            written.push_all(blocks.iter());
            let texts: Vec<String> = blocks.iter().map(Block::to_text).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let spans = |frames: &[Frame]| -> Vec<_> {
                let span = |frame: &Frame| (frame.from, frame.end(), frame.text());
                frames.iter().map(span).collect()
            };
            let written = written.finish();
            let all: Vec<&str> = written.iter().flat_map(Frame::blocks).collect();
            assert_eq!(all, texts);
            // Where all are alike it is guessed right; otherwise a frame may be closed a block early.
            if sizes.iter().all(|size| size == &sizes[0]) {
                assert_eq!(spans(&written), spans(&frames(3, &texts)));
            }
            for frame in &written {
                let alone = frame.end() - frame.from == 1;
                assert!(alone || frame.text().len() <= FRAME_BYTES, "{sizes:?}");
            }
            assert_eq!(written.first().map(|frame| frame.from), Some(3));
            let follow = written.windows(2).all(|two| two[0].end() == two[1].from);
            assert!(follow && written.last().map(Frame::end) == Some(3 + sizes.len() as u64));
        }
    }

    #[test]
    fn frames_are_cut_at_their_bound_and_hold_at_least_one_block() {
        let big = "x".repeat(FRAME_BYTES * 2);
        let cut = frames(0, &["a", "b", &big, "c"]);
        let spans: Vec<_> = cut.iter().map(|frame| (frame.from, frame.end())).collect();
        assert_eq!(spans, [(0, 2), (2, 3), (3, 4)]);
    }
}
