//! How many bytes an entry needs in binary: what goal 7 holds a store against.
//!
//! An entry's values, each once and as raw bytes: author, `seq`, `seen`, `sent_at`, kind, the body's values, signature. A number
//! takes 8 bytes, a kind one. No names, no lengths, no base64url; nothing of the community's id, which is the same in all
//! entries, and nothing of what a block adds to its entry (index, `prev`, `time`): a store has to find room for these within
//! what goal 7 leaves it.

use dispatch_protocol::bytes::{Hash, Id, Salt, Wrap};
use dispatch_protocol::entry::{Body, Entry, Recipient};
use dispatch_protocol::key::Card;

const NUMBER: usize = 8;
const KIND: usize = 1;
const CARD: usize = size_of::<Card>();

/// The bytes of one entry.
pub fn bytes(entry: &Entry) -> u64 {
    let seen = NUMBER + Hash::LENGTH;
    let values = Id::LENGTH + NUMBER + seen + NUMBER + KIND + entry.signature.len();
    (values + of_body(&entry.body)) as u64
}

fn of_body(body: &Body) -> usize {
    match body {
        Body::Genesis(genesis) => {
            genesis.name.len() + genesis.authority.len() + genesis.server_key.len() + NUMBER
        }
        Body::Roster(roster) => {
            let keys = roster.add.iter().map(|key| key.len());
            keys.sum::<usize>() + roster.remove.len() * Id::LENGTH
        }
        Body::Card(_) => CARD,
        Body::Epoch(epoch) => Hash::LENGTH + of_wraps(&epoch.wraps),
        Body::Share(share) => Id::LENGTH + of_wraps(&share.wraps),
        Body::Message(message) => {
            let ciphertext = message.ciphertext.as_ref().map_or(0, |bytes| bytes.len());
            Id::LENGTH + Salt::LENGTH + Hash::LENGTH + ciphertext
        }
        Body::Redaction(redaction) => NUMBER + redaction.reason.len(),
    }
}

fn of_wraps(wraps: &[Recipient]) -> usize {
    wraps.len() * (Id::LENGTH + Wrap::LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{Community, Signing};

    #[test]
    fn an_entry_needs_each_of_its_values_once() {
        let (community, blocks) = Community::found(2, 1);
        let common = 32 + 8 + (8 + 32) + 8 + 1 + 256;
        let key = community.writers[0].public().der().len() as u64;
        let wants = [
            ("A benchmark's".len() as u64) + 2 * key + 8,
            2 * key,
            32,
            32,
            32,
            32 + 3 * (32 + 80),
        ];
        let needs: Vec<u64> = blocks.iter().map(|block| bytes(&block.entry)).collect();
        assert_eq!(needs, wants.map(|body| common + body));
        let message = community.messages(1, 40, Signing::Recycled).remove(0);
        let Body::Message(body) = &message.body else {
            panic!("not a message")
        };
        let ciphertext = body.ciphertext.as_ref().expect("a ciphertext").len() as u64;
        assert_eq!(bytes(&message), common + 32 + 16 + 32 + ciphertext);
    }
}
