//! The rules of each kind of entry (spec/entries.md), judged by the chain before the entry's block.
//!
//! [`ChainModel::judge`] changes nothing; what an accepted entry changes is the [`Effect`] that it returns.

use super::card::check_x25519;
use super::{ChainModel, Epoch, Member, Message};
use crate::codec::{Hash, PublicKey, Verdict, entry, fields, sha256};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What an entry does to the chain's state.
#[derive(Debug)]
pub(super) enum Effect {
    Roster {
        add: Vec<PublicKey>,
        remove: Vec<Hash>,
    },
    Card {
        account: Hash,
        x25519: [u8; 32],
    },
    Epoch {
        id: Hash,
        commitment: Hash,
        recipients: Vec<Hash>,
    },
    Share {
        epoch: Hash,
        recipients: Vec<Hash>,
    },
    Message {
        author: Hash,
        gap: bool,
    },
    Redaction {
        index: u64,
    },
}

impl ChainModel {
    /// Holds the entry against the rules of its kind.
    pub(super) fn judge(&self, entry: &Value) -> Result<Effect, Verdict> {
        let body = fields::member(entry, "body")?;
        match fields::text(entry, "kind")? {
            "roster" => self.judge_roster(entry, body),
            "card" => judge_card(entry, body),
            "epoch" => self.judge_epoch(entry, body),
            "share" => self.judge_share(entry, body),
            "message" => self.judge_message(entry, body),
            "redaction" => self.judge_redaction(entry, body),
            kind => Err(Verdict::new(
                "unknown_kind",
                "ENTRY-1",
                format!("there is no kind {kind:?}"),
            )),
        }
    }

    pub(super) fn apply(&mut self, effect: Effect, index: u64) {
        match effect {
            Effect::Roster { add, remove } => {
                for id in &remove {
                    if let Some(member) = self.accounts.get_mut(id) {
                        member.on_roster = false;
                    }
                    // [MSG-3]
                    for epoch in self
                        .epochs
                        .values_mut()
                        .filter(|e| e.recipients.contains_key(id))
                    {
                        epoch.stale = true;
                    }
                }
                for key in add {
                    // [ROST-9] One that returns keeps its numbers.
                    let known = self
                        .accounts
                        .entry(key.id())
                        .or_insert_with(|| Member::new(key));
                    known.on_roster = true;
                }
            }
            Effect::Card { account, x25519 } => {
                if let Some(member) = self.accounts.get_mut(&account) {
                    member.cards.push((index, x25519));
                }
            }
            Effect::Epoch {
                id,
                commitment,
                recipients,
            } => {
                let recipients: HashMap<Hash, u64> =
                    recipients.into_iter().map(|r| (r, index)).collect();
                self.epochs.insert(
                    id,
                    Epoch {
                        commitment,
                        recipients,
                        stale: false,
                    },
                );
            }
            Effect::Share { epoch, recipients } => {
                if let Some(epoch) = self.epochs.get_mut(&epoch) {
                    epoch
                        .recipients
                        .extend(recipients.into_iter().map(|r| (r, index)));
                }
            }
            Effect::Message { author, gap } => {
                self.messages.insert(
                    index,
                    Message {
                        author,
                        redacted: false,
                        gap,
                    },
                );
            }
            Effect::Redaction { index } => {
                if let Some(message) = self.messages.get_mut(&index) {
                    message.redacted = true;
                }
            }
        }
    }

    fn judge_roster(&self, entry: &Value, body: &Value) -> Result<Effect, Verdict> {
        let authority = self.authority();
        // [ROST-1]
        if fields::hash(entry, "author")? != authority {
            return Err(Verdict::new(
                "not_authority",
                "ROST-1",
                "the authority alone changes the roster",
            ));
        }
        let bad = |requirement, detail: &str| Err(Verdict::new("bad_roster", requirement, detail));
        let mut remove = Vec::new();
        for id in fields::bytes_list(body, "remove")? {
            remove.push(
                Hash::try_from(id)
                    .map_err(|_| Verdict::malformed("CONV-14", "`remove` holds what is no id"))?,
            );
        }
        let mut add = Vec::new();
        for key in fields::bytes_list(body, "add")? {
            // [ROST-2]
            add.push(
                PublicKey::from_der(&key)
                    .map_err(|v| Verdict::new("bad_key", "ROST-2", v.detail))?,
            );
        }
        // [ROST-7]
        if add.is_empty() && remove.is_empty() {
            return bad("ROST-7", "two empty lists");
        }
        // [ROST-6]
        let mut named = HashSet::new();
        if !add
            .iter()
            .map(PublicKey::id)
            .chain(remove.iter().copied())
            .all(|id| named.insert(id))
        {
            return bad("ROST-6", "an account is named twice");
        }
        // [ROST-5]
        if remove.contains(&authority) {
            return bad("ROST-5", "the authority cannot be removed");
        }
        // [ROST-3]
        if add.iter().any(|key| self.is_on_roster(&key.id())) {
            return bad("ROST-3", "an added account is on the roster");
        }
        // [ROST-4]
        if !remove.iter().all(|id| self.is_on_roster(id)) {
            return bad("ROST-4", "a removed account is not on the roster");
        }
        Ok(Effect::Roster { add, remove })
    }

    fn judge_epoch(&self, entry: &Value, body: &Value) -> Result<Effect, Verdict> {
        let recipients = self.recipients(entry, body)?;
        // [EPOCH-4]
        if !recipients.contains(&fields::hash(entry, "author")?) {
            return Err(bad_recipient(
                "EPOCH-4",
                "the author is not one of the recipients",
            ));
        }
        Ok(Effect::Epoch {
            id: entry::id(entry)?,
            commitment: fields::hash(body, "commitment")?,
            recipients,
        })
    }

    fn judge_share(&self, entry: &Value, body: &Value) -> Result<Effect, Verdict> {
        let id = fields::hash(body, "epoch")?;
        // [SHARE-1]
        let epoch = self.known_epoch(&id, "SHARE-1")?;
        // [SHARE-2]
        must_be_recipient(epoch, entry, "SHARE-2")?;
        let recipients = self.recipients(entry, body)?;
        let (seen, _) = fields::place(entry, "seen")?;
        for recipient in &recipients {
            // [SHARE-3]
            let Some(last_wrap) = epoch.recipients.get(recipient) else {
                continue;
            };
            let card = self.accounts.get(recipient).and_then(|m| m.card_in(seen));
            if card.is_none_or(|(index, _)| index <= *last_wrap) {
                return Err(bad_recipient(
                    "SHARE-3",
                    "a recipient already has a wrap for this card",
                ));
            }
        }
        Ok(Effect::Share {
            epoch: id,
            recipients,
        })
    }

    fn judge_message(&self, entry: &Value, body: &Value) -> Result<Effect, Verdict> {
        // [MSG-1]
        let epoch = self.known_epoch(&fields::hash(body, "epoch")?, "MSG-1")?;
        // [MSG-2]
        must_be_recipient(epoch, entry, "MSG-2")?;
        // [MSG-3]
        if epoch.stale {
            return Err(Verdict::new(
                "stale_epoch",
                "MSG-3",
                "a recipient was removed",
            ));
        }
        let author = fields::hash(entry, "author")?;
        if body.get("ciphertext").is_none() {
            return Ok(Effect::Message { author, gap: true });
        }
        let ciphertext = fields::bytes(body, "ciphertext")?;
        // [MSG-4]
        if sha256(&ciphertext) != fields::hash(body, "ciphertext_hash")? {
            return Err(Verdict::new(
                "bad_ciphertext",
                "MSG-4",
                "the hash is not the ciphertext's",
            ));
        }
        // [MSG-5]
        if ciphertext.len() < 144 || ciphertext.len() % 128 != 16 {
            let detail = format!("a ciphertext of {} bytes", ciphertext.len());
            return Err(Verdict::new("bad_ciphertext", "MSG-5", detail));
        }
        Ok(Effect::Message { author, gap: false })
    }

    fn judge_redaction(&self, entry: &Value, body: &Value) -> Result<Effect, Verdict> {
        let index = fields::uint(body, "index")?;
        let bad =
            |requirement, detail: &str| Err(Verdict::new("bad_redaction", requirement, detail));
        // [RED-1]
        let Some(message) = self.messages.get(&index) else {
            return bad("RED-1", "there is no message in that block");
        };
        // [RED-2]
        if message.redacted {
            return bad("RED-2", "the message is redacted already");
        }
        // [RED-3]
        let author = fields::hash(entry, "author")?;
        if author != self.authority() && author != message.author {
            let detail = "neither the authority nor the message's author";
            return Err(Verdict::new("not_authority", "RED-3", detail));
        }
        Ok(Effect::Redaction { index })
    }

    /// The recipients that the entry's wraps name, checked by the rules that epochs and shares have in common.
    fn recipients(&self, entry: &Value, body: &Value) -> Result<Vec<Hash>, Verdict> {
        let (seen, _) = fields::place(entry, "seen")?;
        let recipients: Vec<Hash> = entry::wraps(body)?
            .into_iter()
            .map(|(member, _)| member)
            .collect();
        // [EPOCH-5]
        if recipients.is_empty() {
            return Err(bad_recipient("EPOCH-5", "there is no wrap"));
        }
        // [EPOCH-3]
        if recipients.iter().collect::<HashSet<_>>().len() != recipients.len() {
            return Err(bad_recipient("EPOCH-3", "a recipient is named twice"));
        }
        for recipient in &recipients {
            // [EPOCH-1]
            let Some(member) = self.accounts.get(recipient).filter(|m| m.on_roster) else {
                return Err(bad_recipient("EPOCH-1", "a recipient is not on the roster"));
            };
            // [EPOCH-2]
            if member.card_in(seen).is_none() {
                return Err(bad_recipient(
                    "EPOCH-2",
                    "a recipient has no card in the prefix that was seen",
                ));
            }
        }
        Ok(recipients)
    }

    fn known_epoch(&self, id: &Hash, requirement: &'static str) -> Result<&Epoch, Verdict> {
        let unknown = || Verdict::new("unknown_epoch", requirement, "there is no such epoch");
        self.epochs.get(id).ok_or_else(unknown)
    }

    fn authority(&self) -> Hash {
        self.genesis.as_ref().expect("there is a block 0").authority
    }

    fn is_on_roster(&self, id: &Hash) -> bool {
        self.accounts.get(id).is_some_and(|m| m.on_roster)
    }
}

fn judge_card(entry: &Value, body: &Value) -> Result<Effect, Verdict> {
    let x25519 = fields::hash(body, "x25519")?;
    check_x25519(&x25519)?;
    Ok(Effect::Card {
        account: fields::hash(entry, "author")?,
        x25519,
    })
}

fn must_be_recipient(
    epoch: &Epoch,
    entry: &Value,
    requirement: &'static str,
) -> Result<(), Verdict> {
    match epoch
        .recipients
        .contains_key(&fields::hash(entry, "author")?)
    {
        true => Ok(()),
        false => Err(Verdict::new(
            "not_recipient",
            requirement,
            "the author is not a recipient of the epoch",
        )),
    }
}

fn bad_recipient(requirement: &'static str, detail: &str) -> Verdict {
    Verdict::new("bad_recipient", requirement, detail)
}
