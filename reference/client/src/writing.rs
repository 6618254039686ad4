//! From what a member wants to say to signed entries: which epoch it goes under, and when a new one is due.

use std::collections::BTreeSet;

use dispatch_protocol::bytes::{Bytes, Hash, Id, Salt};
use dispatch_protocol::chain::State;
use dispatch_protocol::entry::{
    Body, CardBody, Draft, Entry, Epoch, Message, Recipient, Redaction, Roster, Share,
};
use dispatch_protocol::epoch::{MessageContext, Plaintext, Secret, WrapContext};
use dispatch_protocol::key::KeyPair;

use crate::community::Community;
use crate::error::Error;
use crate::store::Outgoing;

/// A new epoch is due after so many messages, or so long. // [ENC-13]
const MESSAGES: u64 = 500;
const LIFE: u64 = 24 * 60 * 60 * 1000;

/// What a member wants done. It stays as it is however often it is signed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Errand {
    /// Publish a card whose private key is here.
    Card,
    /// Say something to these members, or to the roster.
    Say {
        #[serde(with = "words")]
        plaintext: Plaintext,
        to: Option<BTreeSet<Id>>,
    },
    /// Let a member read what all the others of the roster can.
    Share { with: Id },
    /// Take a message's words away.
    Redact { index: u64, reason: String },
    /// Change the roster.
    Roster { add: Vec<Bytes>, remove: Vec<Id> },
}

impl Errand {
    /// As it is stored.
    pub(crate) fn encode(&self) -> String {
        serde_json::to_string(self).expect("an errand is plain JSON")
    }

    /// Reads what was stored.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// A plaintext in the form in which it is encrypted.
mod words {
    use dispatch_protocol::epoch::Plaintext;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(words: &Plaintext, to: S) -> Result<S::Ok, S::Error> {
        data_encoding::BASE64URL_NOPAD
            .encode(&words.encode())
            .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Plaintext, D::Error> {
        let letters = String::deserialize(from)?;
        let bytes = data_encoding::BASE64URL_NOPAD.decode(letters.as_bytes());
        Plaintext::decode(&bytes.map_err(D::Error::custom)?).map_err(D::Error::custom)
    }
}

/// Whether entries that were signed over an older view of the chain still do what the errand asks, and no more: the epoch may be
/// written under and is exactly for the addressees, and whoever something is shared with is a member.
/// // [ENC-11] [ENC-16] [ENC-19]
pub(crate) fn still_fits(errand: &Errand, entries: &[Outgoing], community: &Community) -> bool {
    let state = community.state().expect("something is held");
    match errand {
        Errand::Say { to, .. } => {
            let Ok(due) = recipients(state, community.me(), to.as_ref()) else {
                return false;
            };
            let Some(Body::Message(message)) = entries.last().map(|out| &out.entry.body) else {
                return false;
            };
            let wrapped = || {
                entries.iter().flat_map(|out| {
                    let wraps = match &out.entry.body {
                        Body::Epoch(epoch) => epoch.wraps.as_slice(),
                        Body::Share(share) => share.wraps.as_slice(),
                        _ => &[],
                    };
                    wraps.iter().map(|wrap| (wrap.member, out.entry.seen.size))
                })
            };
            let is_for_last_card =
                |member: &Id, seen| state.card(member, seen) == state.card(member, state.size());
            if !wrapped()
                .all(|(member, seen)| due.contains(&member) && is_for_last_card(&member, seen))
            {
                return false;
            }
            let epoch = state.epoch(&message.epoch);
            let has = |member: &Id| epoch.is_some_and(|epoch| epoch.has_recipient(member));
            let there = due.iter().filter(|member| has(member)).count();
            epoch.is_none_or(|epoch| epoch.check_writable().is_ok() && epoch.recipients() == there)
                && due
                    .iter()
                    .all(|member| has(member) || wrapped().any(|(wrapped, _)| wrapped == *member))
        }
        Errand::Share { with } => state.on_roster(with),
        _ => true,
    }
}

/// Whom the user addresses: those named, or everyone on the roster who has a card; always the author.
fn recipients(state: &State, me: Id, to: Option<&BTreeSet<Id>>) -> Result<BTreeSet<Id>, Error> {
    let has_card = |id: &Id| state.card(id, state.size()).is_some();
    let mut recipients: BTreeSet<Id> = match to {
        None => state
            .roster()
            .map(|key| key.id())
            .filter(has_card)
            .collect(),
        Some(named) => {
            for id in named {
                if !state.on_roster(id) {
                    return Err(Error::Usage(format!("{id} is not on the roster")));
                }
                if !has_card(id) {
                    return Err(Error::Usage(format!(
                        "{id} has not joined yet, so that nothing can be encrypted for them"
                    )));
                }
            }
            named.clone()
        }
    };
    recipients.insert(me);
    Ok(recipients)
}

/// The entries that do the errand, signed over the chain as it is held, in their order. The last one is what the errand is
/// about.
///
/// # Errors
/// What the caller has to mend: a text that is too long, a member who is none.
pub(crate) fn entries(
    errand: &Errand,
    community: &mut Community,
    key: &KeyPair,
    now: u64,
) -> Result<Vec<Outgoing>, Error> {
    let card = match errand {
        Errand::Card => Some(community.new_card()?),
        _ => None,
    };
    let state = community.state().expect("nothing is written before a sync");
    let mut pen = Pen {
        community,
        state,
        key,
        now,
        seq: state.next_seq(&community.me()),
        written: Vec::new(),
        made: Vec::new(),
    };
    match errand {
        Errand::Card => {
            let x25519 = card.expect("made above");
            pen.write(Body::Card(CardBody { x25519 }));
        }
        Errand::Say { plaintext, to } => pen.say(plaintext, to.as_ref())?,
        Errand::Share { with } => pen.share_all(with)?,
        Errand::Redact { index, reason } => pen.write(Body::Redaction(Redaction {
            index: *index,
            reason: reason.clone(),
        })),
        Errand::Roster { add, remove } => pen.write(Body::Roster(Roster {
            add: add.clone(),
            remove: remove.clone(),
        })),
    }
    let Pen { written, made, .. } = pen;
    community.know(made)?;
    Ok(written)
}

/// Who was on the roster of the first `size` blocks.
fn roster_at(changes: &[(u64, Id, bool)], size: u64) -> BTreeSet<Id> {
    let mut roster = BTreeSet::new();
    for (_, member, is_added) in changes.iter().take_while(|(index, ..)| *index < size) {
        match is_added {
            true => roster.insert(*member),
            false => roster.remove(member),
        };
    }
    roster
}

/// Signs one entry after another over one view of the chain.
struct Pen<'c> {
    community: &'c Community,
    state: &'c State,
    key: &'c KeyPair,
    now: u64,
    seq: u64,
    written: Vec<Outgoing>,
    /// The epochs that are new here.
    made: Vec<(Id, Secret)>,
}

impl Pen<'_> {
    fn write(&mut self, body: Body) {
        let entry = Entry::sign(
            Draft {
                community: self.state.community(),
                author: self.community.me(),
                seq: self.seq,
                seen: self.state.prefix(), // [ENTRY-15]
                sent_at: self.now,
                body,
            },
            self.key,
        );
        self.seq += 1;
        self.written.push(Outgoing {
            id: entry.id(),
            entry,
        });
    }

    fn say(&mut self, plaintext: &Plaintext, to: Option<&BTreeSet<Id>>) -> Result<(), Error> {
        let recipients = recipients(self.state, self.community.me(), to)?;
        let (epoch, secret) = match self.usable_epoch(&recipients) {
            Some(found) => found,
            None => self.new_epoch(&recipients)?,
        };
        let mut salt = [0; 16];
        aws_lc_rs::rand::fill(&mut salt).expect("the system's random source works"); // [ENC-5]
        let salt = Salt::new(salt);
        let context = MessageContext {
            community: self.state.community(),
            epoch,
            author: self.community.me(),
            seq: self.seq,
        };
        let ciphertext = context.encrypt(&secret, &salt, &plaintext.encode());
        let most = self.community.limits.ciphertext_bytes;
        if ciphertext.len() as u64 > most {
            return Err(Error::Usage(format!(
                "the message has {} bytes when it is encrypted, and the server takes {most}; send it in parts",
                ciphertext.len()
            )));
        }
        self.write(Body::Message(Message {
            epoch,
            salt,
            ciphertext_hash: Hash::of(&ciphertext),
            ciphertext: Some(ciphertext),
        }));
        Ok(())
    }

    /// The newest epoch for exactly these that is not stale, wrapped for their last cards alone, not too old and not used up.
    /// // [ENC-11] [ENC-13] [ENC-16] [ENC-19]
    fn usable_epoch(&self, recipients: &BTreeSet<Id>) -> Option<(Id, Secret)> {
        let usage = self.community.usage();
        let fits = |id: &Id| {
            self.state.epoch(id).is_some_and(|epoch| {
                epoch.check_writable().is_ok()
                    && epoch.recipients() == recipients.len()
                    && recipients.iter().all(|member| epoch.has_recipient(member))
            })
        };
        let fresh = usage.iter().filter(|(_, used)| {
            used.messages < MESSAGES && self.now.saturating_sub(used.made_at) < LIFE
        });
        let (id, _) = fresh
            .filter(|(id, _)| self.community.secret(id).is_some() && fits(id))
            .max_by_key(|(_, used)| used.index)?;
        Some((*id, self.community.secret(id)?.clone()))
    }

    /// Makes an epoch; where one entry does not hold all wraps, shares carry the rest.
    fn new_epoch(&mut self, recipients: &BTreeSet<Id>) -> Result<(Id, Secret), Error> {
        let secret = Secret::generate(); // [ENC-1]
        let me = self.community.me();
        // [EPOCH-4] the author is in the first entry
        let order: Vec<Id> = std::iter::once(me)
            .chain(recipients.iter().copied().filter(|id| *id != me))
            .collect();
        let wraps = self.wraps(&order, &secret)?;
        let most = usize::try_from(self.community.limits.wraps).unwrap_or(usize::MAX);
        let mut parts = wraps.chunks(most);
        self.write(Body::Epoch(Epoch {
            commitment: secret.commitment(),
            wraps: parts.next().expect("at least the author").to_vec(),
        }));
        let epoch = self.written.last().expect("just written").id;
        self.made.push((epoch, secret.clone()));
        for part in parts {
            self.write(Body::Share(Share {
                epoch,
                wraps: part.to_vec(),
            }));
        }
        Ok((epoch, secret))
    }

    /// Shares with a member every epoch that was made for all members of its time, the newest first. What was for some of them
    /// alone is shared with nobody, whoever has left since.
    fn share_all(&mut self, with: &Id) -> Result<(), Error> {
        if !self.state.on_roster(with) || self.state.card(with, self.state.size()).is_none() {
            return Err(Error::Usage(format!(
                "{with} is not on the roster, or has not joined yet"
            )));
        }
        let rosters = self.community.rosters()?;
        let mut epochs: Vec<(u64, u64, Id)> = self
            .community
            .usage()
            .iter()
            .map(|(id, used)| (used.index, used.seen, *id))
            .collect();
        epochs.sort_unstable_by(|a, b| b.cmp(a));
        for (_, seen, id) in epochs {
            let epoch = self.state.epoch(&id).expect("it was counted");
            let open = roster_at(&rosters, seen)
                .iter()
                .filter(|member| self.state.card(member, seen).is_some())
                .all(|member| epoch.has_recipient(member));
            if open
                && !epoch.has_recipient(with)
                && let Some(secret) = self.community.secret(&id)
            {
                let wraps = self.wraps(&[*with], secret)?;
                self.write(Body::Share(Share { epoch: id, wraps }));
            }
        }
        if self.written.is_empty() {
            return Err(Error::Usage(format!(
                "{with} can read all that this account could share"
            )));
        }
        Ok(())
    }

    fn wraps(&self, recipients: &[Id], secret: &Secret) -> Result<Vec<Recipient>, Error> {
        let commitment = secret.commitment();
        recipients
            .iter()
            .map(|member| {
                let context = WrapContext {
                    community: self.state.community(),
                    author: self.community.me(),
                    recipient: *member,
                    // [ENC-14] the last one in the `seen` prefix
                    card: self
                        .state
                        .card(member, self.state.size())
                        .expect("recipients have cards"),
                    commitment,
                };
                let wrap = context.seal(secret).map_err(Error::Input)?;
                Ok(Recipient {
                    member: *member,
                    wrap,
                })
            })
            .collect()
    }
}
