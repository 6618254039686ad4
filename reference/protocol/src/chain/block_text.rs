//! A block's JSON, as fast as a server needs it: serde looks at every letter of a text for what has to be escaped, and
//! base64url has none. A message is written here; all other blocks, of which there are few, by serde.

use std::fmt::Write as _;

use super::block::Block;
use crate::base64url;
use crate::entry::{Body, Message};

/// What a message's block takes besides its signature and ciphertext.
const AROUND: usize = 640;

impl Block {
    /// The block's JSON on one line, the same as by [`serde::Serialize`].
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }

    /// Appends the block's JSON to a text: [`Block::to_text`].
    pub fn write_text(&self, text: &mut String) {
        match &self.entry.body {
            Body::Message(message) => self.write_message(message, text),
            _ => text.push_str(&serde_json::to_string(self).expect("a block is plain JSON")),
        }
    }

    fn write_message(&self, message: &Message, text: &mut String) {
        let entry = &self.entry;
        let ciphertext = message.ciphertext.as_deref();
        let bytes = entry.signature.len() + ciphertext.map_or(0, <[u8]>::len);
        text.reserve(AROUND + bytes * 4 / 3);
        let mut text = Text(text);
        text.number("{\"index\":", self.index);
        text.bytes(",\"prev\":\"", self.prev.as_bytes());
        text.number("\",\"time\":", self.time);
        text.bytes(",\"entry\":{\"community\":\"", entry.community.as_bytes());
        text.bytes(
            "\",\"kind\":\"message\",\"author\":\"",
            entry.author.as_bytes(),
        );
        text.number("\",\"seq\":", entry.seq);
        text.number(",\"seen\":{\"size\":", entry.seen.size);
        text.bytes(",\"hash\":\"", entry.seen.hash.as_bytes());
        text.number("\"},\"sent_at\":", entry.sent_at);
        text.bytes(",\"body\":{\"epoch\":\"", message.epoch.as_bytes());
        text.bytes("\",\"salt\":\"", message.salt.as_bytes());
        text.bytes(
            "\",\"ciphertext_hash\":\"",
            message.ciphertext_hash.as_bytes(),
        );
        if let Some(ciphertext) = ciphertext {
            text.bytes("\",\"ciphertext\":\"", ciphertext);
        }
        text.bytes("\"},\"signature\":\"", &entry.signature);
        text.0.push_str("\"}}");
    }
}

/// A text that grows.
struct Text<'a>(&'a mut String);

impl Text<'_> {
    fn number(&mut self, before: &str, number: u64) {
        self.0.push_str(before);
        // A `String` takes whatever is written.
        let _ = write!(self.0, "{number}");
    }

    fn bytes(&mut self, before: &str, bytes: &[u8]) {
        self.0.push_str(before);
        base64url::encode_append(bytes, self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{Bytes, Hash, Id, Salt};
    use crate::entry::{CardBody, Entry, Prefix, Redaction};
    use crate::key::Card;

    #[test]
    fn a_blocks_text_is_the_one_that_serde_writes() {
        let message = |ciphertext: Option<usize>| {
            Body::Message(Message {
                epoch: Id::new([1; 32]),
                salt: Salt::new([2; 16]),
                ciphertext_hash: Hash::new([3; 32]),
                ciphertext: ciphertext.map(|length| Bytes::from(vec![0xfb; length])),
            })
        };
        let card = Card::new([9; 32]);
        let redaction = Redaction {
            index: 1,
            reason: "a \"word\"\n".to_owned(),
        };
        for body in [
            message(Some(144)),
            message(Some(145)),
            message(Some(146)),
            message(Some(0)),
            message(None),
            Body::Card(CardBody { x25519: card }),
            Body::Redaction(redaction),
        ] {
            for (number, signature) in [(0, 0), (7, 256), ((1 << 53) - 1, 512)] {
                let prefix = Prefix {
                    size: number,
                    hash: Hash::new([4; 32]),
                };
                let block = Block {
                    index: number,
                    prev: Hash::new([5; 32]),
                    time: number,
                    entry: Entry {
                        community: Id::new([6; 32]),
                        author: Id::new([7; 32]),
                        seq: number,
                        seen: prefix,
                        sent_at: number,
                        body: body.clone(),
                        signature: Bytes::from(vec![0xbf; signature]),
                    },
                };
                assert_eq!(block.to_text(), serde_json::to_string(&block).unwrap());
            }
        }
    }
}
