//! [SESS-16] [KEY-6] [ENC-18] What a server under `--config` writes to its output and beside its chain: nothing of what
//! it was told, unless a fault spills it.

use serde_json::{Value, json};

use super::community::Community;
use super::entry::Entry;
use crate::codec::epoch::Wrapping;
use crate::codec::message::{self, Place};
use crate::codec::{Account, Role, accounts, base64url, entry, fields};

/// An index for searching, where a fault makes one.
const INDEX: &str = "index.jsonl";

impl Community {
    /// Writes a line to the log.
    pub(super) fn log(&self, line: &str) {
        if self.ledger.is_some() {
            eprintln!("{line}");
        }
    }

    /// [SESS-16] A frame came.
    pub(super) fn log_frame(&self, text: &str) {
        if self.faults.has("SESS-16") {
            self.log(&format!("received {text}"));
        }
    }

    /// [ENC-18] Opens a message with keys that its readers left here, and makes it searchable, or tells of it.
    pub(super) fn overhear(&self, entry: &Entry) {
        let listens = self.faults.has("ENC-18") || self.faults.has("ENC-18/log");
        let Some(ledger) = self.ledger.as_ref().filter(|_| listens) else {
            return;
        };
        let Some(plaintext) = self.opened(entry) else {
            return;
        };
        if self.faults.has("ENC-18/log") {
            return self.log(&format!("a message: {plaintext}"));
        }
        let line = json!({ "entry": base64url::encode(&entry.id), "text": plaintext["text"] });
        ledger
            .note(INDEX, &line)
            .expect("the folder can be written");
    }

    fn opened(&self, entry: &Entry) -> Option<Value> {
        let body = entry.body();
        let id = fields::hash(body, "epoch").ok()?;
        let epoch = &self.chain.at(self.epochs.get(&id)?.index)?.entry;
        let commitment = fields::hash(epoch.body(), "commitment").ok()?;
        let author = account(&epoch.author)?;
        let wraps = entry::wraps(epoch.body()).ok()?;
        let secret = wraps.iter().find_map(|(member, wrap)| {
            let member = account(member)?;
            Wrapping::between(self.id, author, member, commitment)
                .unwrap(wrap, &member.x25519_private())
                .ok()
        })?;
        let place = Place {
            community: self.id,
            epoch: id,
            author: entry.author,
            seq: entry.seq,
        };
        let salt = fields::bytes(body, "salt").ok()?;
        let ciphertext = fields::bytes(body, "ciphertext").ok()?;
        let padded = place.open(&secret, &salt, &ciphertext).ok()?;
        let plaintext = message::unpad(&padded).ok()?;
        serde_json::from_slice(plaintext).ok()
    }
}

/// The test account of this id.
fn account(id: &crate::codec::Hash) -> Option<&'static Account> {
    let mut accounts =
        accounts::with_role(Role::Member).chain(accounts::with_role(Role::Authority));
    accounts.find(|account| account.id() == *id)
}
