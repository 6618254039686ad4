//! What an open connection is due next: blocks in their order, then the checkpoint that covers them, or a bye.
//!
//! A connection holds no queue: it knows the index that comes next, and reads on from the chain. So a slow reader
//! misses nothing.

use serde_json::json;

use super::chain::Block;
use super::community::Community;
use super::limits::SERVER_FRAME_BYTES;

/// Where an open connection stands.
#[derive(Debug)]
pub(super) struct Open {
    /// The connection's number.
    pub(super) connection: u64,
    /// The place of its session.
    pub(super) session: usize,
    /// The index of the block that comes next.
    pub(super) next: u64,
    /// The chain's size at the welcome.
    pub(super) joined_at: u64,
    /// The number of the last checkpoint that was sent.
    pub(super) checkpoint: u64,
    /// Whether the last frame took long to send.
    pub(super) is_slow: bool,
    /// Blocks that a fault leaves out.
    pub(super) gap: std::ops::Range<u64>,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Due {
    /// Nothing now.
    Nothing,
    /// A frame's text.
    Frame(String),
    /// The end, with this code.
    Bye(&'static str),
    /// The end without a word.
    Drop,
}

impl Community {
    /// What the connection is due; it stands further then.
    pub(super) fn due(&mut self, open: &mut Open, now: u64) -> Due {
        if self.is_stopping {
            return Due::Bye("shutting_down"); // [WS-9]
        }
        let faults = self.faults.clone();
        if let Some(code) = self.sessions.end_of(open.session, now, &faults) {
            let is_removed = code == "removed" && now < self.sessions.at(open.session).expires_at;
            let ended_at = self.sessions.at(open.session).ended_at;
            let pushes_on = is_removed && faults.has("SESS-6") && open.next <= ended_at;
            if is_removed && faults.has("SESS-5/silent")
                || !is_removed && faults.has("SESS-3/silent")
            {
                return Due::Drop;
            }
            if is_removed && (faults.has("SESS-5/next") || faults.has("ERR-2/bye")) {
                return Due::Nothing;
            }
            if !pushes_on {
                return Due::Bye(code); // [SESS-3] [SESS-5] [SESS-6]
            }
        }
        self.skip(open);
        let size = match faults.has("CHECK-4/early") {
            true => self.chain.size().min(self.covered_for(open)),
            false if open.next < open.gap.start => open.gap.start,
            false => self.chain.size(),
        };
        // [CHECK-4]
        let covers = self.checkpoint.size <= open.next || faults.has("CHECK-4/early");
        if covers && open.checkpoint < self.checkpoint.number && !faults.has("CHECK-4") {
            open.checkpoint = self.checkpoint.number;
            let frame = json!({ "type": "checkpoint", "checkpoint": self.checkpoint.json });
            return Due::Frame(frame.to_string());
        }
        if open.next < size {
            return self.blocks(open, size);
        }
        Due::Nothing
    }

    /// The blocks from the next one on, as many as a frame holds. [SYNC-1] [SYNC-2]
    pub(super) fn blocks(&self, open: &mut Open, size: u64) -> Due {
        let from = open.next;
        let range = usize::try_from(from).expect("a size of ours")
            ..usize::try_from(size).expect("a size of ours");
        // [SYNC-5]
        let limit = if self.faults.has("SYNC-5") {
            usize::MAX
        } else {
            SERVER_FRAME_BYTES
        };
        let first = self.chain.blocks()[range.start].index;
        let mut texts = Vec::new();
        let mut length = format!(r#"{{"type":"blocks","from":{first},"blocks":[]}}"#).len();
        for block in &self.chain.blocks()[range] {
            let text = self.text(block, open);
            length += text.len() + 1;
            if length > limit {
                break;
            }
            texts.push(text);
            open.next += 1;
        }
        if self.faults.has("SYNC-2") && from < open.joined_at {
            texts.reverse();
        }
        if self.faults.has("SYNC-2/twice") && open.next == open.joined_at {
            open.next -= 1;
            open.joined_at = 0;
        }
        Due::Frame(format!(
            r#"{{"type":"blocks","from":{first},"blocks":[{}]}}"#,
            texts.join(",")
        ))
    }

    fn text<'a>(&self, block: &'a Block, open: &Open) -> &'a str {
        let is_old = self.faults.has("CHAIN-7/seconds") && block.index < open.joined_at;
        match self.faults.has("CHAIN-7/fork") && open.connection % 2 == 1 {
            true => &block.other_text,
            false if is_old => &block.old_text,
            false => &block.text,
        }
    }

    /// Faults that leave blocks out.
    fn skip(&self, open: &mut Open) {
        let size = self.chain.size();
        if open.gap.contains(&open.next) {
            open.next = open.gap.end;
        }
        if self.faults.has("SYNC-4")
            && open.is_slow
            && size > open.next + 1
            && open.next >= open.joined_at
        {
            open.next = size - 1;
        }
        let account = self.sessions.at(open.session).account;
        while let Some(block) = self
            .chain
            .at(open.next)
            .filter(|_| open.next >= open.joined_at)
        {
            let is_own = block.entry.author == account;
            if !(self.faults.has("SYNC-1/own") && is_own
                || self.faults.has("SYNC-1/others") && !is_own)
            {
                break;
            }
            open.next += 1;
        }
    }

    /// How far blocks go out that wait for their checkpoint.
    fn covered_for(&self, open: &Open) -> u64 {
        match open.checkpoint == self.checkpoint.number {
            true => self.checkpoint.size.max(open.joined_at),
            false => open.next,
        }
    }
}
