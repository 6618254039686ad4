//! The rules of epochs and shares: who may be a recipient, and who may make one.

use super::{Community, Entry, Hash, Verdict, entry, is_set};

impl Community {
    pub(super) fn judge_epoch(&self, entry: &Entry) -> Result<(), Verdict> {
        let recipients = recipients_of(entry)?;
        self.judge_recipients(
            entry,
            &recipients,
            "EPOCH-1",
            "EPOCH-2",
            "EPOCH-3",
            "EPOCH-5",
        )?;
        let is_first =
            recipients.first() == Some(&entry.author) || !self.faults.has("EPOCH-4/first");
        // Of an epoch without wraps the rule on them speaks.
        let is_recipient = recipients.contains(&entry.author) || recipients.is_empty();
        self.rule(
            "EPOCH-4",
            is_recipient && is_first,
            "bad_recipient",
            "the author is not a recipient",
        )
    }

    pub(super) fn judge_share(&self, entry: &Entry) -> Result<(), Verdict> {
        let recipients = recipients_of(entry)?;
        let Some(epoch) = self.epoch_for(entry, "SHARE-1")? else {
            return Ok(());
        };
        // [SHARE-2]
        let is_recipient = match epoch.recipients.get(&entry.author) {
            Some(false) => !self.faults.has("SHARE-2/shared"),
            first => first.is_some(),
        };
        self.rule(
            "SHARE-2",
            is_recipient,
            "not_recipient",
            "the author cannot read this epoch",
        )?;
        self.judge_recipients(
            entry,
            &recipients,
            "EPOCH-1/share",
            "EPOCH-2/share",
            "EPOCH-3/share",
            "EPOCH-5/share",
        )?;
        // [SHARE-3]
        let is_wrapped = |recipient: &Hash| {
            let card = self.card_of(recipient, entry.seen.0);
            epoch.wraps.iter().any(|(author, other, old)| {
                let same_author = *author == entry.author || self.faults.has("SHARE-3/anyone");
                let same_card = *old == card || self.faults.has("SHARE-3/card");
                same_author && other == recipient && same_card
            })
        };
        let is_new = !recipients.iter().any(is_wrapped);
        self.rule(
            "SHARE-3",
            is_new,
            "bad_recipient",
            "the author has wrapped it for this card before",
        )
    }

    /// [EPOCH-1] [EPOCH-2] [EPOCH-3] [EPOCH-5] The ids say which switches an epoch or a share asks.
    fn judge_recipients(
        &self,
        entry: &Entry,
        recipients: &[Hash],
        on_roster: &'static str,
        with_card: &'static str,
        once: &'static str,
        some: &'static str,
    ) -> Result<(), Verdict> {
        let bad = "bad_recipient";
        self.rule(some, !recipients.is_empty(), bad, "no wrap")?;
        self.rule(once, is_set(recipients), bad, "a recipient is named twice")?;
        // [ENTRY-11]
        let refuses_authority = self.faults.has("ENTRY-11/authority");
        let is_member = |id: &Hash| {
            if refuses_authority && *id == self.authority {
                return false;
            }
            self.is_member(id) || self.faults.has("EPOCH-1/former") && self.members.contains_key(id)
        };
        self.rule(
            on_roster,
            recipients.iter().all(is_member),
            bad,
            "a recipient is not on the roster",
        )?;
        let prefix = match self.faults.has("EPOCH-2/seen") {
            true => self.chain.size(),
            false => entry.seen.0,
        };
        // Of strangers the rule on the roster speaks.
        let has_card = |id: &Hash| self.card_of(id, prefix).is_some() || !self.is_member(id);
        self.rule(
            with_card,
            recipients.iter().all(has_card),
            bad,
            "a recipient has no card in the seen prefix",
        )
    }
}

fn recipients_of(entry: &Entry) -> Result<Vec<Hash>, Verdict> {
    Ok(entry::wraps(entry.body())?
        .into_iter()
        .map(|(id, _)| id)
        .collect())
}
