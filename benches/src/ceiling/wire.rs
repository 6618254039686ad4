//! What the ceiling program speaks: binary WebSocket messages, numbers with the most significant byte first.
//!
//! - to it, a message: its `ref` (8 bytes), its author's place in the list of keys (2), the signature (256), what was signed
//! - from it, an answer: `0`, the `ref` (8), the number under which it is delivered (8)
//! - from it, a refusal: `1`, the `ref` (8)
//! - from it, a group: `2`, its first number (8), how many (4), the messages without their `ref`, the chain's head (32)

use bytes::Bytes;

use crate::load::hearing::Heard;

/// How long a message is: what 1 KiB of plaintext needs with its ids, its signature and its framing in binary.
pub const MESSAGE: usize = 1536;

/// How long a signature is.
pub const SIGNATURE: usize = 256;

/// Where a message's author begins.
const AUTHOR: usize = 8;

/// Where a message's signature begins.
const SIGNED: usize = AUTHOR + 2;

/// How many bytes of a message are signed.
pub const STATEMENT: usize = MESSAGE - SIGNED - SIGNATURE;

/// How long a chain's head is.
const HEAD: usize = 32;

/// How long a group is before its messages.
const GROUP: usize = 13;

/// A message on its way.
#[derive(Debug, Clone)]
pub struct Submitted(Bytes);

impl Submitted {
    /// Writes one.
    pub fn write(reference: u64, author: u16, signature: &[u8], statement: &[u8]) -> Bytes {
        let mut bytes = Vec::with_capacity(MESSAGE);
        bytes.extend(reference.to_be_bytes());
        bytes.extend(author.to_be_bytes());
        bytes.extend(signature);
        bytes.extend(statement);
        bytes.into()
    }

    /// Reads one; None if it is of another length.
    pub fn read(bytes: Bytes) -> Option<Submitted> {
        (bytes.len() == MESSAGE).then_some(Submitted(bytes))
    }

    /// The sender's own number for it.
    pub fn reference(&self) -> u64 {
        number(&self.0[..AUTHOR])
    }

    /// The author's place in the list of keys.
    pub fn author(&self) -> usize {
        number(&self.0[AUTHOR..SIGNED]) as usize
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.0[SIGNED..SIGNED + SIGNATURE]
    }

    /// What was signed.
    pub fn statement(&self) -> &[u8] {
        &self.0[SIGNED + SIGNATURE..]
    }

    /// What is kept and delivered.
    pub fn kept(&self) -> &[u8] {
        &self.0[AUTHOR..]
    }
}

/// An answer.
pub fn accepted(reference: u64, number: u64) -> Bytes {
    let mut bytes = vec![0];
    bytes.extend(reference.to_be_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.into()
}

/// A refusal.
pub fn refused(reference: u64) -> Bytes {
    let mut bytes = vec![1];
    bytes.extend(reference.to_be_bytes());
    bytes.into()
}

/// The beginning of a group, with room for it all.
pub fn group(from: u64, count: u32) -> Vec<u8> {
    let length = GROUP + count as usize * (MESSAGE - AUTHOR) + HEAD;
    let mut bytes = Vec::with_capacity(length);
    bytes.push(2);
    bytes.extend(from.to_be_bytes());
    bytes.extend(count.to_be_bytes());
    bytes
}

/// What the program says, as the load hears it. A group must have the bytes of as many messages as it tells.
pub fn hear(bytes: &[u8]) -> Heard {
    match bytes {
        [0, rest @ ..] if rest.len() == 16 => Heard::Accepted {
            reference: number(&rest[..8]),
            number: number(&rest[8..]),
        },
        [1, rest @ ..] if rest.len() == 8 => Heard::Wrong(format!(
            "the ceiling refuses message {}: its signature does not verify",
            number(rest)
        )),
        [2, rest @ ..] if rest.len() >= GROUP - 1 => {
            let (from, count) = (number(&rest[..8]), number(&rest[8..12]));
            match bytes.len() as u64 {
                length
                    if length == GROUP as u64 + count * (MESSAGE - AUTHOR) as u64 + HEAD as u64 =>
                {
                    Heard::Delivered(from..from + count)
                }
                length => Heard::Wrong(format!("a group of {count} has {length} bytes")),
            }
        }
        _ => Heard::Wrong("the ceiling says what it never does".to_owned()),
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written_and_no_other_length_is() {
        let bytes = Submitted::write(70_000, 300, &[7; SIGNATURE], &[9; STATEMENT]);
        assert_eq!(bytes.len(), MESSAGE);
        assert!(Submitted::read(bytes.slice(1..)).is_none());
        let read = Submitted::read(bytes).unwrap();
        assert_eq!((read.reference(), read.author()), (70_000, 300));
        assert_eq!(read.signature(), [7; SIGNATURE]);
        assert_eq!(read.statement(), [9; STATEMENT]);
    }

    #[test]
    fn a_group_that_lacks_a_message_is_not_counted() {
        let mut bytes = group(260, 2);
        bytes.resize(bytes.capacity(), 0);
        assert_eq!(hear(&bytes), Heard::Delivered(260..262));
        assert!(matches!(hear(&bytes[1 + MESSAGE..]), Heard::Wrong(_)));
        bytes.truncate(bytes.len() - MESSAGE + AUTHOR);
        assert!(matches!(hear(&bytes), Heard::Wrong(words) if words.contains("group of 2")));
    }
}
