//! What a server says, read as cheaply as a fast subscriber may: the generator shares its processors with the server.

use std::ops::Range;

use dispatch_protocol::wire::ServerFrame;

/// What one message of a server means to the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A message that was sent is durable.
    Accepted {
        /// Its place among the sender's messages, from 0.
        reference: u64,
        /// The number under which it is delivered.
        number: u64,
    },
    /// Messages are delivered.
    Delivered(Range<u64>),
    /// Something that the load does not count, such as a checkpoint.
    Other,
    /// The server refuses, ends, or says what cannot be.
    Wrong(String),
}

/// How a delivery of blocks begins as the reference writes it.
const BLOCKS: &str = r#"{"type":"blocks","from":"#;
const LIST: &str = r#","blocks":["#;
const BLOCK: &str = r#"{"index":"#;

/// Reads a dispatch-d/1 frame. Of blocks, only the indices are looked at, and no block may be shorter than `least` bytes:
/// a shorter one is passed over, and shows as a gap.
pub fn dispatch(text: &str, least: usize) -> Heard {
    if let Some(range) = indices(text, least) {
        return Heard::Delivered(range);
    }
    match ServerFrame::decode(text) {
        Ok(Some(ServerFrame::Accepted(accepted))) => {
            let reference = accepted.reference.map(|reference| reference.to_string());
            match reference.and_then(|reference| reference.parse().ok()) {
                Some(reference) => Heard::Accepted {
                    reference,
                    number: accepted.index,
                },
                None => Heard::Wrong("an answer to nothing that was sent".to_owned()),
            }
        }
        Ok(Some(ServerFrame::Blocks(blocks))) => {
            let mut end = blocks.from;
            for block in &blocks.blocks {
                if block.index != end {
                    return gap(end, block.index);
                }
                end += 1;
            }
            Heard::Delivered(blocks.from..end)
        }
        Ok(Some(ServerFrame::Refused(refused))) => Heard::Wrong(format!(
            "the server refuses with {}: {}",
            refused.code, refused.detail
        )),
        Ok(Some(ServerFrame::Bye(bye))) => {
            Heard::Wrong(format!("the server ends with {}: {}", bye.code, bye.detail))
        }
        Ok(_) => Heard::Other,
        Err(refusal) => Heard::Wrong(format!("the server's frame does not decode: {refusal}")),
    }
}

fn gap(expected: u64, found: u64) -> Heard {
    Heard::Wrong(format!(
        "block {found} stands in a frame where block {expected} belongs"
    ))
}

/// The indices of the blocks of a frame that looks as the reference writes it. Each one is read; what lies between the
/// beginnings of two blocks is not. None if anything looks otherwise: the frame is then decoded whole.
fn indices(text: &str, least: usize) -> Option<Range<u64>> {
    let (from, rest) = number(text.strip_prefix(BLOCKS)?)?;
    let mut rest = rest.strip_prefix(LIST)?;
    let mut end = from;
    loop {
        let (index, behind) = number(rest.strip_prefix(BLOCK)?)?;
        if index != end {
            return None;
        }
        end += 1;
        // A block's letters are ASCII but for what people wrote: a cut within a letter is no place to look.
        let far = behind.get(least.min(behind.len())..)?;
        let Some(next) = far.find(BLOCK) else {
            return behind.ends_with("}]}").then_some(from..end);
        };
        rest = &far[next..];
    }
}

/// A number at the beginning of a text, and what stands behind it.
fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as the reference writes it, of blocks with these indices.
    fn frame(from: u64, indices: &[u64]) -> String {
        let blocks: Vec<_> = indices
            .iter()
            .map(|index| format!(r#"{{"index":{index},"prev":"{}"}}"#, "A".repeat(43)))
            .collect();
        format!(
            r#"{{"type":"blocks","from":{from},"blocks":[{}]}}"#,
            blocks.join(",")
        )
    }

    #[test]
    fn blocks_are_counted_by_their_indices() {
        for least in [0, 40, 54, 1000] {
            let one = dispatch(&frame(7, &[7]), least);
            assert_eq!(one, Heard::Delivered(7..8), "{least}");
        }
        for least in [0, 40, 54] {
            let many = dispatch(&frame(98, &[98, 99, 100]), least);
            assert_eq!(many, Heard::Delivered(98..101), "{least}");
        }
    }

    #[test]
    fn a_block_that_is_missing_doubled_or_moved_within_a_frame_is_never_counted() {
        for wrong in [&[7, 9][..], &[7, 7], &[8, 7], &[8], &[7, 8, 8, 9]] {
            assert_eq!(indices(&frame(7, wrong), 10), None, "{wrong:?}");
            let heard = dispatch(&frame(7, wrong), 10);
            assert!(matches!(heard, Heard::Wrong(_)), "{wrong:?}: {heard:?}");
        }
    }

    #[test]
    fn a_block_that_is_shorter_than_any_message_is_not_counted() {
        // so that it shows as a gap at the next frame
        assert_eq!(indices(&frame(7, &[7, 8, 9]), 1000), Some(7..8));
        // or, where the next beginning that is found is not the next block's, the frame is decoded whole
        assert_eq!(indices(&frame(7, &[7, 8, 9]), 100), None);
    }

    #[test]
    fn answers_are_told_from_what_the_load_does_not_count() {
        let hash = "A".repeat(43);
        let accepted = |reference: &str| {
            let text =
                format!(r#"{{"type":"accepted","ref":"{reference}","index":9,"hash":"{hash}"}}"#);
            dispatch(&text, 0)
        };
        let heard = Heard::Accepted {
            reference: 4,
            number: 9,
        };
        assert_eq!(accepted("4"), heard);
        assert!(matches!(accepted("x"), Heard::Wrong(_)));
        let refused = r#"{"type":"refused","ref":"4","code":"bad_seq","detail":"no"}"#;
        assert!(matches!(dispatch(refused, 0), Heard::Wrong(words) if words.contains("bad_seq")));
        assert_eq!(dispatch(r#"{"type":"of a later time"}"#, 0), Heard::Other);
        assert!(matches!(dispatch("{", 0), Heard::Wrong(_)));
    }
}
