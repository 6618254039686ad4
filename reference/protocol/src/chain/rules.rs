//! What the next entry of a chain may be. A server refuses by these rules, a client judges by them.

use super::State;
use super::accounts::Account;
use super::epochs::EpochRecord;
use crate::bytes::Id;
use crate::entry::{
    Body, Entry, Epoch, Message, Recipient, Redaction, Roster, Share, VerifiedEntry,
};
use crate::key::PublicKey;
use crate::refusal::{Code, Refusal};

impl State {
    /// [ENTRY-2] and, before it, [GEN-2]: what can be told before the signature is verified.
    pub(super) fn belongs(&self, entry: &Entry) -> Result<(), Refusal> {
        if let Body::Genesis(_) = entry.body {
            return refuse(Code::BadGenesis, "GEN-2", "genesis stands in block 0 alone");
        }
        if entry.community != self.community {
            return refuse(
                Code::WrongCommunity,
                "ENTRY-2",
                "the entry is for another community",
            );
        }
        Ok(())
    }

    /// Every rule that the chain can show, the signature being verified.
    pub(super) fn judge(&self, verified: &VerifiedEntry) -> Result<(), Refusal> {
        let entry = verified.entry();
        self.belongs(entry)?;
        // [ENTRY-10]
        let Some((_, author)) = self.accounts.member(&entry.author) else {
            return refuse(
                Code::NotAllowed,
                "ENTRY-10",
                "the author is not on the roster",
            );
        };
        // [ENTRY-4]
        if entry.seq != author.next_seq() {
            return refuse(
                Code::BadSeq,
                "ENTRY-4",
                format!(
                    "seq is {}; the author's next is {}",
                    entry.seq,
                    author.next_seq()
                ),
            );
        }
        self.judge_seen(entry, author)?;
        let added = verified.formed()?;
        match &entry.body {
            // [GEN-2] refused above
            Body::Genesis(_) | Body::Card(_) => Ok(()),
            Body::Roster(roster) => self.judge_roster(entry, roster, added),
            Body::Epoch(epoch) => self.judge_epoch(entry, epoch),
            Body::Share(share) => self.judge_share(entry, share),
            Body::Message(message) => self.judge_message(entry, message),
            Body::Redaction(redaction) => self.judge_redaction(entry, redaction),
        }
    }

    fn judge_seen(&self, entry: &Entry, author: &Account) -> Result<(), Refusal> {
        // [ENTRY-7]
        if entry.seen.size == 0 || !self.holds(&entry.seen) {
            return refuse(
                Code::BadSeen,
                "ENTRY-7",
                "seen is not the size and head of a prefix of this chain",
            );
        }
        // [ENTRY-8]
        if entry.seen.size < author.seen {
            return refuse(
                Code::BadSeen,
                "ENTRY-8",
                format!(
                    "seen.size is {}; the author has seen {}",
                    entry.seen.size, author.seen
                ),
            );
        }
        Ok(())
    }

    fn judge_roster(
        &self,
        entry: &Entry,
        roster: &Roster,
        added: &[PublicKey],
    ) -> Result<(), Refusal> {
        // [ROST-1]
        if entry.author != self.authority {
            return refuse(
                Code::NotAuthority,
                "ROST-1",
                "only the authority changes the roster",
            );
        }
        // [ROST-3]
        if let Some(key) = added.iter().find(|key| self.on_roster(&key.id())) {
            return refuse(
                Code::BadRoster,
                "ROST-3",
                format!("{} is on the roster already", key.id()),
            );
        }
        // [ROST-4]
        if let Some(id) = roster.remove.iter().find(|id| !self.on_roster(id)) {
            return refuse(
                Code::BadRoster,
                "ROST-4",
                format!("{id} is not on the roster"),
            );
        }
        // [ROST-5]
        if roster.remove.contains(&self.authority) {
            return refuse(
                Code::BadRoster,
                "ROST-5",
                "the authority stays on the roster",
            );
        }
        Ok(())
    }

    fn judge_epoch(&self, entry: &Entry, epoch: &Epoch) -> Result<(), Refusal> {
        // [EPOCH-4]
        if !epoch
            .wraps
            .iter()
            .any(|recipient| recipient.member == entry.author)
        {
            return refuse(
                Code::BadRecipient,
                "EPOCH-4",
                "the author is not one of the recipients",
            );
        }
        self.judge_recipients(entry, &epoch.wraps)
    }

    fn judge_share(&self, entry: &Entry, share: &Share) -> Result<(), Refusal> {
        // [SHARE-1], [SHARE-2]
        let epoch = self.readable(entry, &share.epoch, "SHARE-1", "SHARE-2")?;
        self.judge_recipients(entry, &share.wraps)?;
        // [SHARE-3]
        let author = self.accounts.ordinal(&entry.author);
        let again = share.wraps.iter().find(|Recipient { member, .. }| {
            let Some((ordinal, account)) = self.accounts.member(member) else {
                return false;
            };
            let card = account.card_index(entry.seen.size);
            epoch.recipients.get(&ordinal).is_some_and(|wraps| {
                wraps
                    .iter()
                    .any(|wrap| Some(wrap.by) == author && Some(wrap.card) == card)
            })
        });
        match again {
            Some(Recipient { member, .. }) => refuse(
                Code::BadRecipient,
                "SHARE-3",
                format!("the author has wrapped the epoch for {member}'s card before"),
            ),
            None => Ok(()),
        }
    }

    fn judge_recipients(&self, entry: &Entry, wraps: &[Recipient]) -> Result<(), Refusal> {
        for Recipient { member, .. } in wraps {
            // [EPOCH-1]
            let Some((_, account)) = self.accounts.member(member) else {
                return refuse(
                    Code::BadRecipient,
                    "EPOCH-1",
                    format!("the recipient {member} is not on the roster"),
                );
            };
            // [EPOCH-2]
            if account.card(entry.seen.size).is_none() {
                return refuse(
                    Code::BadRecipient,
                    "EPOCH-2",
                    format!("the recipient {member} has no card in what the entry has seen"),
                );
            }
        }
        Ok(())
    }

    fn judge_message(&self, entry: &Entry, message: &Message) -> Result<(), Refusal> {
        // [MSG-1], [MSG-2]
        let epoch = self.readable(entry, &message.epoch, "MSG-1", "MSG-2")?;
        // [MSG-3]
        if epoch.stale {
            return refuse(
                Code::StaleEpoch,
                "MSG-3",
                "a recipient of the epoch was removed; make a new epoch",
            );
        }
        Ok(())
    }

    fn judge_redaction(&self, entry: &Entry, redaction: &Redaction) -> Result<(), Refusal> {
        // [RED-1]
        let Some(tag) = self.tag(redaction.index).filter(|tag| tag.is_message()) else {
            return refuse(
                Code::BadRedaction,
                "RED-1",
                format!("block {} is no message of this chain", redaction.index),
            );
        };
        // [RED-3]
        if entry.author != self.authority
            && self.accounts.ordinal(&entry.author) != Some(tag.author())
        {
            return refuse(
                Code::NotAuthority,
                "RED-3",
                "only the authority or the message's author redacts it",
            );
        }
        // [RED-2]
        if tag.is_redacted() {
            return refuse(
                Code::BadRedaction,
                "RED-2",
                format!("block {} is redacted already", redaction.index),
            );
        }
        Ok(())
    }

    /// An epoch that the entry's author can read.
    fn readable(
        &self,
        entry: &Entry,
        epoch: &Id,
        known: &'static str,
        recipient: &'static str,
    ) -> Result<&EpochRecord, Refusal> {
        let Some(record) = self.epochs.find(epoch) else {
            return refuse(
                Code::UnknownEpoch,
                known,
                format!("there is no epoch {epoch}"),
            );
        };
        let author = self.accounts.ordinal(&entry.author);
        if !author.is_some_and(|author| record.recipients.contains_key(&author)) {
            return refuse(
                Code::NotRecipient,
                recipient,
                "the author is not a recipient of the epoch",
            );
        }
        Ok(record)
    }
}

fn refuse<T>(
    code: Code,
    requirement: &'static str,
    detail: impl Into<String>,
) -> Result<T, Refusal> {
    Err(Refusal::new(code, requirement, detail))
}
