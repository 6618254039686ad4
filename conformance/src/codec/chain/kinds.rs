//! The rules of each kind of entry (spec/entries.md), judged by the chain before the entry's block.
//!
//! [`ChainModel::judge`] changes nothing; what an accepted entry changes is the [`Effect`] that it returns.

use super::card::check_x25519;
use super::{ChainModel, Epoch, Member, Message};
use crate::codec::{Hash, PublicKey, Verdict, entry, fields, sha256};
use serde_json::Value;
use std::collections::HashSet;

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
        wraps: Vec<Wrapped>,
    },
    Share {
        epoch: Hash,
        wraps: Vec<Wrapped>,
    },
    Message {
        author: Hash,
        gap: bool,
    },
    Redaction {
        index: u64,
    },
}

/// Who wrapped an epoch for whom, and the block of the card that the wrap was made for.
type Wrapped = (Hash, Hash, u64);

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
                        .filter(|e| e.recipients.contains(id))
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
                wraps,
            } => {
                self.epochs.insert(
                    id,
                    Epoch {
                        commitment,
                        recipients: wraps.iter().map(|(_, to, _)| *to).collect(),
                        wraps: wraps.into_iter().collect(),
                        stale: false,
                    },
                );
            }
            Effect::Share { epoch, wraps } => {
                if let Some(epoch) = self.epochs.get_mut(&epoch) {
                    epoch.recipients.extend(wraps.iter().map(|(_, to, _)| *to));
                    epoch.wraps.extend(wraps);
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
        let wraps = self.wraps(entry, body)?;
        // [EPOCH-4]
        if !wraps.iter().any(|(author, to, _)| author == to) {
            return Err(bad_recipient(
                "EPOCH-4",
                "the author is not one of the recipients",
            ));
        }
        Ok(Effect::Epoch {
            id: entry::id(entry)?,
            commitment: fields::hash(body, "commitment")?,
            wraps,
        })
    }

    fn judge_share(&self, entry: &Value, body: &Value) -> Result<Effect, Verdict> {
        let id = fields::hash(body, "epoch")?;
        // [SHARE-1]
        let epoch = self.known_epoch(&id, "SHARE-1")?;
        // [SHARE-2]
        must_be_recipient(epoch, entry, "SHARE-2")?;
        let wraps = self.wraps(entry, body)?;
        // [SHARE-3]
        if wraps.iter().any(|wrap| epoch.wraps.contains(wrap)) {
            return Err(bad_recipient(
                "SHARE-3",
                "the author has wrapped the epoch for a recipient's card before",
            ));
        }
        Ok(Effect::Share { epoch: id, wraps })
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

    /// The entry's wraps, checked by the rules that epochs and shares have in common.
    fn wraps(&self, entry: &Value, body: &Value) -> Result<Vec<Wrapped>, Verdict> {
        let author = fields::hash(entry, "author")?;
        let (seen, _) = fields::place(entry, "seen")?;
        let mut wraps: Vec<Wrapped> = Vec::new();
        for (recipient, _) in entry::wraps(body)? {
            // [EPOCH-3]
            if wraps.iter().any(|(_, to, _)| *to == recipient) {
                return Err(bad_recipient("EPOCH-3", "a recipient is named twice"));
            }
            // [EPOCH-1]
            let Some(member) = self.accounts.get(&recipient).filter(|m| m.on_roster) else {
                return Err(bad_recipient("EPOCH-1", "a recipient is not on the roster"));
            };
            // [EPOCH-2]
            let Some((card, _)) = member.card_in(seen) else {
                return Err(bad_recipient(
                    "EPOCH-2",
                    "a recipient has no card in the prefix that was seen",
                ));
            };
            wraps.push((author, recipient, card));
        }
        // [EPOCH-5]
        if wraps.is_empty() {
            return Err(bad_recipient("EPOCH-5", "there is no wrap"));
        }
        Ok(wraps)
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
    match epoch.recipients.contains(&fields::hash(entry, "author")?) {
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
