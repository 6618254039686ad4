//! The server's side: an entry is admitted, then appended.

use super::accounts::Ordinal;
use super::epochs::Wrapped;
use super::state::Tag;
use super::{Linked, State};
use crate::bytes::{Hash, Id};
use crate::entry::{Body, Entry, Recipient, VerifiedEntry};
use crate::key::PublicKey;
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};

/// What to do with an entry that no rule refuses.
#[derive(Debug)]
pub enum Admission {
    /// Append it.
    Append(Box<Admitted>),
    /// It stands in the chain already: give the first one's receipt again, and append nothing (ENTRY-5).
    Repeat {
        /// The index of its block.
        index: u64,
        /// The hash of its block.
        hash: Hash,
    },
}

/// An entry that the state of one size admitted: only [`State::admit`] builds one, and that state alone appends it.
#[derive(Debug)]
pub struct Admitted {
    entry: VerifiedEntry,
    size: u64,
}

impl State {
    /// Judges an entry as a server does at the moment `now`, in milliseconds since 1970, by the chain as it is. Of several
    /// rules that it breaks the first in this order answers. // [ENTRY-16], [ENTRY-12], [ERR-8]
    ///
    /// # Errors
    /// The refusal that the entry gets.
    pub fn admit(
        &self,
        entry: VerifiedEntry,
        now: u64,
        limits: &Limits,
    ) -> Result<Admission, Refusal> {
        self.belongs(entry.entry())?;
        // [ENTRY-5], [ENTRY-6] before seq, seen, sent_at and the rules of the kind
        if let Some((index, hash)) =
            self.place_of(&entry.entry().author, entry.entry().seq, &entry.id())
        {
            return Ok(Admission::Repeat { index, hash });
        }
        // [ENTRY-9]
        let skew = entry.entry().sent_at.abs_diff(now);
        if skew > limits.skew_ms {
            return Err(Refusal::new(
                Code::ClockSkew,
                "ENTRY-9",
                format!(
                    "sent_at is {skew} ms from the server's clock, which says {now}; at most {} ms are taken",
                    limits.skew_ms
                ),
            ));
        }
        self.judge(&entry)?;
        // [ENTRY-11] No rule refuses it.
        Ok(Admission::Append(Box::new(Admitted {
            entry,
            size: self.size(),
        })))
    }

    /// Checks what can be told of an entry before its signature is verified, so that a refusal costs nothing (LIM-6).
    ///
    /// # Errors
    /// `bad_genesis` or `wrong_community`.
    pub fn admit_early(&self, entry: &Entry) -> Result<(), Refusal> {
        self.belongs(entry)
    }

    /// Appends an admitted entry at the moment `now`.
    ///
    /// # Panics
    /// If another entry was appended since this one was admitted: a fault of the caller's program.
    pub fn append(&mut self, admitted: Admitted, now: u64) -> Linked {
        assert_eq!(
            admitted.size,
            self.size(),
            "an entry is appended to the state that admitted it"
        );
        // [CHAIN-3], [CHAIN-4]
        self.link(self.time.max(now), admitted.entry)
    }

    /// Where this very statement stands: the index and hash of its block.
    pub fn place_of(&self, author: &Id, seq: u64, id: &Id) -> Option<(u64, Hash)> {
        let account = self.accounts.find(author)?;
        let at = usize::try_from(seq.checked_sub(1)?).ok()?;
        let &(index, known) = account.entries.get(at)?;
        (known == *id).then(|| {
            (
                index,
                self.tree.block(index).expect("a known entry has a block"),
            )
        })
    }

    /// Puts a judged entry into the next block, and takes in what it changes.
    pub(super) fn link(&mut self, time: u64, entry: VerifiedEntry) -> Linked {
        let added = entry
            .formed()
            .expect("a judged entry keeps the rules of its kind")
            .to_vec();
        // [CHAIN-1], [CHAIN-2]
        let linked = Linked::new(self.size(), self.head(), time, entry);
        self.tree.append(linked.hash());
        self.time = time;
        self.apply(&linked, added);
        linked
    }

    fn apply(&mut self, linked: &Linked, added: Vec<PublicKey>) {
        let index = linked.block().index;
        let entry = &linked.block().entry;
        let author = self
            .accounts
            .ordinal(&entry.author)
            .expect("a judged entry's author is known");
        let account = self.accounts.at_mut(author);
        account.entries.push((index, linked.id()));
        account.seen = entry.seen.size;
        self.tags
            .push(Tag::new(author, matches!(entry.body, Body::Message(_))));
        match &entry.body {
            Body::Genesis(_) => unreachable!("genesis is judged out of every other block"),
            Body::Roster(roster) => {
                for key in added {
                    self.accounts.add(key, index);
                }
                for id in &roster.remove {
                    self.remove(id);
                }
            }
            Body::Card(card) => self
                .accounts
                .at_mut(author)
                .publish_card(index, card.x25519),
            Body::Epoch(epoch) => {
                let place = self.epochs.add(linked.id(), epoch.commitment);
                self.enrol(place, author, entry.seen.size, &epoch.wraps);
            }
            Body::Share(share) => {
                let place = self
                    .epochs
                    .place(&share.epoch)
                    .expect("a judged share has an epoch");
                self.enrol(place, author, entry.seen.size, &share.wraps);
            }
            Body::Message(message) => {
                if message.ciphertext.is_none() {
                    self.gaps.insert(index);
                }
            }
            Body::Redaction(redaction) => {
                self.tags[redaction.index as usize].redact();
                self.gaps.remove(&redaction.index);
            }
        }
    }

    /// Makes recipients of those for whom an epoch's or a share's author wrapped, for their cards in its `seen` prefix.
    fn enrol(&mut self, place: u32, by: Ordinal, seen: u64, wraps: &[Recipient]) {
        let epoch = self.epochs.at_mut(place);
        for Recipient { member, .. } in wraps {
            let recipient = self
                .accounts
                .ordinal(member)
                .expect("a judged recipient is known");
            let account = self.accounts.at_mut(recipient);
            let card = account
                .card_index(seen)
                .expect("a judged recipient has a card");
            let known = epoch.recipients.entry(recipient).or_default();
            if known.is_empty() && !epoch.stale {
                account.epochs.push(place);
            }
            known.push(Wrapped { by, card });
        }
    }

    fn remove(&mut self, id: &Id) {
        let ordinal = self
            .accounts
            .ordinal(id)
            .expect("a judged removal is of a member");
        let account = self.accounts.at_mut(ordinal);
        account.on_roster = false;
        // [MSG-3]
        for place in std::mem::take(&mut account.epochs) {
            self.epochs.at_mut(place).stale = true;
        }
    }
}
