//! What the chain says of accounts: the roster with its keys, each author's numbers, the cards.

use std::collections::HashMap;

use serde_json::Value;

use super::Held;
use crate::codec::{Hash, PublicKey, base64url, fields};

/// All accounts that the chain names.
#[derive(Debug, Default)]
pub struct Authors {
    accounts: HashMap<Hash, Account>,
}

#[derive(Debug, Default, Clone)]
struct Account {
    key: Option<PublicKey>,
    member: bool,
    card: Option<[u8; 32]>,
    /// By the blocks that came.
    appended: Written,
    /// By the blocks that came and the entries that were accepted.
    accepted: Written,
}

#[derive(Debug, Default, Clone, Copy)]
struct Written {
    seq: u64,
    seen: u64,
}

impl Authors {
    /// The authority, which is on the roster from genesis on.
    pub fn found(&mut self, authority: PublicKey) {
        let account = self.accounts.entry(authority.id()).or_default();
        account.member = true;
        account.key = Some(authority);
    }

    /// Makes an account known; `false` if it was.
    pub fn claim(&mut self, account: &Hash) -> bool {
        let is_new = !self.accounts.contains_key(account);
        self.accounts.entry(*account).or_default();
        is_new
    }

    /// The last `seq` that the server took.
    pub fn last_seq(&self, account: &Hash) -> u64 {
        self.of(account).accepted.seq
    }

    /// The greatest `seen.size` that the server took.
    pub fn last_seen(&self, account: &Hash) -> u64 {
        self.of(account).accepted.seen
    }

    /// The last `seq` among the blocks.
    pub fn appended(&self, account: &Hash) -> u64 {
        self.of(account).appended.seq
    }

    /// The greatest `seen.size` among the blocks.
    pub fn appended_seen(&self, account: &Hash) -> u64 {
        self.of(account).appended.seen
    }

    /// Whether the account is on the roster.
    pub fn is_member(&self, account: &Hash) -> bool {
        self.of(account).member
    }

    /// The account's last card.
    pub fn card(&self, account: &Hash) -> Option<[u8; 32]> {
        self.of(account).card
    }

    /// The account's key, if it ever was on the roster.
    pub fn key(&self, account: &Hash) -> Option<PublicKey> {
        self.of(account).key
    }

    /// Takes note of an entry that the server took.
    pub fn wrote(&mut self, entry: &Value) {
        if let Some((account, written)) = self.numbers(entry) {
            let last = &mut account.accepted;
            *last = Written {
                seq: last.seq.max(written.seq),
                seen: last.seen.max(written.seen),
            };
        }
    }

    /// Takes note of a block's entry: its author's numbers, a card, a change of the roster.
    pub fn change(&mut self, held: &Held) {
        let entry = &held.block["entry"];
        if let Some((account, written)) = self.numbers(entry) {
            account.appended = written;
        }
        let body = &entry["body"];
        match held.kind.as_str() {
            "card" => {
                self.accounts.entry(held.author).or_default().card =
                    fields::hash(body, "x25519").ok()
            }
            "roster" => {
                for bytes in fields::bytes_list(body, "add").unwrap_or_default() {
                    if let Ok(key) = PublicKey::from_der(&bytes) {
                        self.found(key);
                    }
                }
                for id in body["remove"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                {
                    if let Ok(id) = base64url::decode_hash(id) {
                        self.accounts.entry(id).or_default().member = false;
                    }
                }
            }
            _ => {}
        }
    }

    fn numbers(&mut self, entry: &Value) -> Option<(&mut Account, Written)> {
        let author = fields::hash(entry, "author").ok()?;
        let (seen, _) = fields::place(entry, "seen").ok()?;
        let seq = fields::uint(entry, "seq").ok()?;
        Some((
            self.accounts.entry(author).or_default(),
            Written { seq, seen },
        ))
    }

    fn of(&self, account: &Hash) -> Account {
        self.accounts.get(account).cloned().unwrap_or_default()
    }
}
