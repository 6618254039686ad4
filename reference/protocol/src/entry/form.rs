//! The rules of each kind that an entry keeps or breaks by itself, whatever chain it is for.
//!
//! They are checked beside the signature, away from the one writer of a chain, and told after it has looked for a repeat.

use std::collections::HashSet;

use super::body::{Body, Message, Recipient, Roster};
use crate::bytes::{Hash, Id};
use crate::key::PublicKey;
use crate::refusal::{Code, Refusal};

/// What the check found that is worth keeping.
#[derive(Debug, Clone, Default)]
pub(super) struct Formed {
    /// The keys that a roster entry adds, parsed.
    pub(super) added: Vec<PublicKey>,
}

/// The padding's unit, in bytes.
const UNIT: usize = 128;
/// The length of the tag behind a ciphertext, in bytes.
const TAG: usize = 16;

pub(super) fn check(body: &Body) -> Result<Formed, Refusal> {
    match body {
        Body::Roster(roster) => {
            return Ok(Formed {
                added: self::roster(roster)?,
            });
        }
        Body::Card(card) => card.x25519.check()?,
        Body::Epoch(epoch) => recipients(&epoch.wraps)?,
        Body::Share(share) => recipients(&share.wraps)?,
        Body::Message(message) => self::message(message)?,
        // Block 0 is judged as a whole where a chain begins, and a genesis stands nowhere else.
        Body::Genesis(_) | Body::Redaction(_) => {}
    }
    Ok(Formed::default())
}

fn roster(roster: &Roster) -> Result<Vec<PublicKey>, Refusal> {
    let bad_roster =
        |requirement, detail: String| Refusal::new(Code::BadRoster, requirement, detail);
    // [ROST-7]
    if roster.add.is_empty() && roster.remove.is_empty() {
        return Err(bad_roster("ROST-7", "both lists are empty".to_owned()));
    }
    // [ROST-2]
    let added = roster
        .add
        .iter()
        .map(|key| PublicKey::parse(key))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|refusal| {
            Refusal::new(
                refusal.code,
                "ROST-2",
                format!("an added key: {}", refusal.detail),
            )
        })?;
    // [ROST-6]
    let mut named = HashSet::new();
    for id in added
        .iter()
        .map(PublicKey::id)
        .chain(roster.remove.iter().copied())
    {
        if !named.insert(id) {
            return Err(bad_roster(
                "ROST-6",
                format!("the account {id} is named twice"),
            ));
        }
    }
    Ok(added)
}

fn recipients(wraps: &[Recipient]) -> Result<(), Refusal> {
    let bad_recipient =
        |requirement, detail: String| Refusal::new(Code::BadRecipient, requirement, detail);
    // [EPOCH-5]
    if wraps.is_empty() {
        return Err(bad_recipient("EPOCH-5", "there is no wrap".to_owned()));
    }
    // [EPOCH-3]
    let mut named: HashSet<Id> = HashSet::with_capacity(wraps.len());
    match wraps
        .iter()
        .find(|recipient| !named.insert(recipient.member))
    {
        Some(twice) => Err(bad_recipient(
            "EPOCH-3",
            format!("the recipient {} is named twice", twice.member),
        )),
        None => Ok(()),
    }
}

fn message(message: &Message) -> Result<(), Refusal> {
    let bad_ciphertext =
        |requirement, detail: &str| Err(Refusal::new(Code::BadCiphertext, requirement, detail));
    // A redacted message has none: nothing is left to check but what its block's place shows.
    let Some(ciphertext) = &message.ciphertext else {
        return Ok(());
    };
    // [MSG-5]
    match ciphertext.len().checked_sub(TAG) {
        Some(padded) if padded >= UNIT && padded % UNIT == 0 => {}
        _ => {
            return bad_ciphertext(
                "MSG-5",
                "the ciphertext must be 16 bytes longer than a positive multiple of 128",
            );
        }
    }
    // [MSG-4]
    if Hash::of(ciphertext) != message.ciphertext_hash {
        return bad_ciphertext(
            "MSG-4",
            "ciphertext_hash is not the SHA-256 of the ciphertext",
        );
    }
    Ok(())
}
