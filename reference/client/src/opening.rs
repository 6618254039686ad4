//! What of a chain a member can read: wraps that open, and messages under their secrets.

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{Block, Linked};
use dispatch_protocol::entry::{Body, Recipient};
use dispatch_protocol::epoch::{MessageContext, Plaintext, Secret, WrapContext};

use crate::community::Community;
use crate::event::{Content, Message};

impl Community {
    /// The wraps in these blocks that open for this member, each tried by itself. // [ENC-17]
    pub(crate) fn open_wraps(&self, linked: &[Linked]) -> Vec<(Id, Secret)> {
        let (me, state) = (self.me(), self.state().expect("blocks were taken"));
        let mut opened: Vec<(Id, Secret)> = Vec::new();
        for linked in linked {
            let entry = &linked.block().entry;
            let (epoch, wraps) = match &entry.body {
                Body::Epoch(epoch) => (linked.id(), &epoch.wraps),
                Body::Share(share) => (share.epoch, &share.wraps),
                _ => continue,
            };
            if self.secret(&epoch).is_some() || opened.iter().any(|(known, _)| *known == epoch) {
                continue;
            }
            let mine = |wrap: &&Recipient| wrap.member == me;
            let secret = wraps.iter().find(mine).and_then(|recipient| {
                let card = state.card(&me, entry.seen.size)?;
                let context = WrapContext {
                    community: state.community(),
                    author: entry.author,
                    recipient: me,
                    card,
                    commitment: state.epoch(&epoch)?.commitment(),
                };
                context.open(self.card_key(&card)?, &recipient.wrap).ok()
            });
            opened.extend(secret.map(|secret| (epoch, secret)));
        }
        opened
    }

    /// A message's block, read as far as this member can.
    pub(crate) fn message(&self, block: &Block) -> Option<Message> {
        let Body::Message(message) = &block.entry.body else {
            return None;
        };
        let entry = &block.entry;
        let content = match (&message.ciphertext, self.secret(&message.epoch)) {
            (None, _) => Content::Redacted,
            (_, None) => Content::Sealed,
            (Some(ciphertext), Some(secret)) => {
                let context = MessageContext {
                    community: entry.community,
                    epoch: message.epoch,
                    author: entry.author,
                    seq: entry.seq,
                };
                let read = context
                    .decrypt(secret, &message.salt, ciphertext)
                    .and_then(|bytes| Plaintext::decode(&bytes));
                match read {
                    Ok(plaintext) => Content::Said(plaintext),
                    Err(finding) => Content::Broken(finding),
                }
            }
        };
        Some(Message {
            index: block.index,
            id: entry.id(),
            time: block.time,
            author: entry.author,
            epoch: message.epoch,
            content,
        })
    }
}
