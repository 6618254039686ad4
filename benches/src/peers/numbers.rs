//! Which message of a load is which. Servers that number nothing are told the number in the message itself.

use crate::load::Load;

/// No payload's number has more digits.
const DIGITS: usize = 12;

/// One sender among others: the load's messages are theirs in turn.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Which sender, from 0.
    pub sender: u64,
    /// How many there are.
    pub senders: u64,
}

impl Place {
    /// Every sender's place.
    pub fn all(load: &Load) -> impl Iterator<Item = Place> + use<> {
        let senders = load.senders as u64;
        (0..senders).map(move |sender| Place { sender, senders })
    }

    /// The number among all messages of this sender's message.
    pub fn number(self, reference: u64) -> u64 {
        reference * self.senders + self.sender
    }

    /// How many of so many messages are this sender's.
    pub fn share(self, messages: usize) -> u64 {
        (messages as u64 + self.senders - 1 - self.sender) / self.senders
    }
}

/// A text of so many bytes, and at least twelve, that begins with a number.
pub fn text_with(number: u64, bytes: usize) -> String {
    let rest = bytes.saturating_sub(DIGITS);
    let number = format!("{number:0DIGITS$}");
    number
        .chars()
        .chain(" la".chars().cycle().take(rest))
        .collect()
}

/// The number with which a text begins.
pub fn number_in(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text.get(..DIGITS)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Pace;

    #[test]
    fn each_number_is_one_message_of_one_sender() {
        for (senders, messages) in [(1, 5), (3, 8), (8, 16)] {
            let load = Load {
                senders,
                subscribers: 0,
                messages,
                pace: Pace::Window(1),
            };
            let numbers = |place: Place| (0..place.share(messages)).map(move |n| place.number(n));
            let mut all: Vec<u64> = Place::all(&load).flat_map(numbers).collect();
            all.sort_unstable();
            assert_eq!(all, (0..messages as u64).collect::<Vec<_>>(), "{senders}");
        }
    }

    #[test]
    fn a_text_has_the_bytes_that_were_asked_for_and_tells_its_number() {
        let text = text_with(4711, 1024);
        assert_eq!(text.len(), 1024);
        assert_eq!(number_in(text.as_bytes()), Some(4711));
        assert_eq!(number_in(b"000000"), None);
        assert_eq!(number_in(b"no number is in here"), None);
    }
}
