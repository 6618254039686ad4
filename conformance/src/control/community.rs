//! All that the server knows: the chain, the roster, the epochs, the sessions, the latest checkpoint.
//!
//! One lock stands around it. Whether an entry may be appended is decided in [`super::rules`]; here is what an
//! appended one changes.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::{Value, json};

use super::chain::Chain;
use super::checkpoint::{self, Latest};
use super::clock::now;
use super::entry::Entry;
use super::fault::Faults;
use super::key::Key;
use super::ledger::Ledger;
use super::session::Sessions;
use crate::codec::entry::Draft;
use crate::codec::randomness::System;
use crate::codec::{Account, Hash, Role, Verdict, accounts, base64url, entry, fields};

/// An account that once was on the roster.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Its key.
    pub(super) key: Key,
    /// Whether it is on the roster.
    pub(super) is_on_roster: bool,
    /// The index of the block that added it last.
    pub(super) since: u64,
    /// Whether it ever was removed.
    pub(super) was_removed: bool,
    /// Its last entry's number.
    pub(super) seq: u64,
    /// The size in its last entry's `seen`.
    pub(super) seen: u64,
    /// Its last entry's `sent_at`.
    pub(super) sent_at: u64,
    /// The indices of its cards.
    pub(super) cards: Vec<u64>,
}

/// An epoch in the chain.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    /// Its block's index.
    pub(super) index: u64,
    /// Its recipients, and whether the epoch's own entry named them.
    pub(super) recipients: BTreeMap<Hash, bool>,
    /// Author, recipient and index of the card of each wrap.
    pub(super) wraps: HashSet<(Hash, Hash, Option<u64>)>,
    /// Whether a recipient was removed.
    pub(super) is_stale: bool,
}

/// A receipt for an appended entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receipt {
    /// The block's index.
    pub(super) index: u64,
    /// The block's hash.
    pub(super) hash: Hash,
    /// The connection that brought the entry.
    pub(super) connection: u64,
}

/// The server's state.
#[derive(Debug)]
pub(super) struct Community {
    /// The blocks.
    pub(super) chain: Chain,
    /// The community's id.
    pub(super) id: Hash,
    /// The authority's id.
    pub(super) authority: Hash,
    /// Everyone who is or was on the roster.
    pub(super) members: HashMap<Hash, Member>,
    /// By entry id.
    pub(super) receipts: HashMap<Hash, Receipt>,
    /// By entry id.
    pub(super) epochs: HashMap<Hash, Epoch>,
    /// The sessions.
    pub(super) sessions: Sessions,
    /// The latest checkpoint.
    pub(super) checkpoint: Latest,
    /// Whether the server stops.
    pub(super) is_stopping: bool,
    /// Challenges by their nonce, for a server that does not bind them to connections.
    pub(super) shared_challenges: HashMap<Hash, super::join::Challenge>,
    /// The nonces of the challenges that were made last, for a server that has room for few.
    pub(super) few_challenges: VecDeque<Hash>,
    /// Each account's first welcome's signature, for a server that repeats it.
    pub(super) first_welcomes: HashMap<Hash, Vec<u8>>,
    /// What survives the process, if anything does.
    pub(super) ledger: Option<Ledger>,
    /// The chain's size when it was brought back from the ledger.
    pub(super) revived_at: Option<u64>,
    /// What is broken.
    pub(super) faults: Faults,
}

impl Community {
    /// Founds a community: genesis by the test authority, and a roster entry that adds the test members.
    pub(super) fn found(name: &str, server_key: &Account, faults: &Faults) -> Self {
        let authority = accounts::named("authority").expect("a test account");
        let mut community = Self::empty(faults);
        community.found_by(
            authority,
            "genesis",
            json!({
                "name": name,
                "authority": base64url::encode(authority.public_key()),
                "server_key": base64url::encode(server_key.public_key()),
                "created_at": now(),
            }),
        );
        community.id = community.chain.head();
        let members = accounts::with_role(Role::Member);
        let keys: Vec<String> = members
            .map(|member| base64url::encode(member.public_key()))
            .collect();
        community.found_by(authority, "roster", json!({ "add": keys, "remove": [] }));
        // [CHECK-3] What the server starts with is covered before anyone connects.
        let due = community
            .due_checkpoint(now())
            .expect("nothing is covered yet");
        community.checkpoint = due.signed(server_key, faults);
        community
    }

    /// A community without a block, of the test authority.
    pub(super) fn empty(faults: &Faults) -> Self {
        let authority = accounts::named("authority").expect("a test account");
        let key = Key::unchecked(authority.public_key(), faults);
        let mut community = Self {
            chain: Chain::new(faults.clone()),
            id: [0; 32],
            authority: key.id,
            members: HashMap::new(),
            receipts: HashMap::new(),
            epochs: HashMap::new(),
            sessions: Sessions::default(),
            checkpoint: Latest::default(),
            is_stopping: false,
            shared_challenges: HashMap::new(),
            few_challenges: VecDeque::new(),
            first_welcomes: HashMap::new(),
            ledger: None,
            revived_at: None,
            faults: faults.clone(),
        };
        community.members.insert(key.id, Member::new(key));
        community
    }

    /// Appends one of the authority's first entries.
    fn found_by(&mut self, authority: &Account, kind: &str, body: Value) {
        let head = self.chain.head();
        let draft = Draft {
            community: self.id,
            kind: kind.to_owned(),
            author: authority.id(),
            seq: self.chain.size() + 1,
            seen: (self.chain.size(), head),
            sent_at: now(),
            body,
        };
        let value = draft
            .signed(authority, &mut System)
            .expect("a well-formed body");
        let entry = Entry::read(value, &Faults::none()).expect("a well-formed entry");
        let (author, seq) = (self.authority, entry.seq);
        self.append(entry, now(), 0);
        if let Some(member) = self.members.get_mut(&author) {
            member.seq = seq;
        }
    }

    /// Whether the account is on the roster.
    pub(super) fn is_member(&self, id: &Hash) -> bool {
        self.members
            .get(id)
            .is_some_and(|member| member.is_on_roster)
    }

    /// Judges a verified entry, and appends it: the receipt and whether it is new, or why not.
    pub(super) fn submit(
        &mut self,
        entry: Entry,
        connection: u64,
        now: u64,
    ) -> Result<(Receipt, bool), Verdict> {
        if let Some(receipt) = self.earlier(&entry, connection)? {
            return Ok((receipt, false));
        }
        if let Err(verdict) = self.judge(&entry, now) {
            if self.faults.has("CHAIN-1") {
                self.chain.waste_index();
            }
            return Err(verdict);
        }
        Ok((self.append(entry, now, connection), true))
    }

    /// [ENTRY-5] [ENTRY-6] The receipt of an entry that is in the chain already.
    fn earlier(&mut self, entry: &Entry, connection: u64) -> Result<Option<Receipt>, Verdict> {
        let Some(receipt) = self.receipts.get(&entry.id).copied() else {
            return Ok(None);
        };
        let first = self.chain.at(receipt.index);
        let same_bytes = first.is_some_and(|block| block.entry.signature == entry.signature);
        if self.faults.has("ENTRY-5")
            || self.faults.has("ENTRY-5/signature") && !same_bytes
            || self.faults.has("ENTRY-5/connection") && receipt.connection != connection
        {
            return Err(Verdict::new("bad_seq", "ENTRY-5", "this number is taken"));
        }
        if self.faults.has("ENTRY-5/again") {
            return Ok(Some(self.append(entry.clone(), now(), connection)));
        }
        if self.faults.has("ENTRY-6") {
            self.judge_kind(entry)?;
        }
        if self.faults.has("ENTRY-6/seen") {
            self.judge_seen(entry)?;
        }
        if self.faults.has("CHAIN-7") && !same_bytes {
            self.chain
                .replace_signature(receipt.index, entry.signature.clone());
        }
        if self.faults.has("ENTRY-5/head") {
            let (index, hash) = (self.chain.size() - 1, self.chain.head());
            return Ok(Some(Receipt {
                index,
                hash,
                ..receipt
            }));
        }
        Ok(Some(receipt))
    }

    /// Appends a judged entry, and does what it says.
    pub(super) fn append(&mut self, entry: Entry, now: u64, connection: u64) -> Receipt {
        let stored = super::storing::stored(entry.clone(), now, &self.faults);
        let (index, hash) = self.chain.append(stored, now, self.checkpoint.size);
        let receipt = Receipt {
            index,
            hash,
            connection,
        };
        self.receipts.insert(entry.id, receipt);
        if let Some(author) = self.members.get_mut(&entry.author) {
            (author.seq, author.seen, author.sent_at) = (entry.seq, entry.seen.0, entry.sent_at);
        }
        self.apply(&entry, index);
        self.write(&entry);
        receipt
    }

    fn apply(&mut self, entry: &Entry, index: u64) {
        let body = entry.body();
        match entry.kind.as_str() {
            "roster" => self.change_roster(body),
            "card" => {
                if let Some(author) = self.members.get_mut(&entry.author) {
                    author.cards.push(index);
                }
            }
            "epoch" => {
                let epoch = Epoch {
                    index,
                    ..Epoch::default()
                };
                self.epochs.insert(entry.id, epoch);
                self.add_recipients(entry.id, entry, true);
            }
            "share" => {
                if let Ok(epoch) = fields::hash(body, "epoch") {
                    self.add_recipients(epoch, entry, false);
                }
            }
            "redaction" => self
                .chain
                .redact(body["index"].as_u64().unwrap_or(u64::MAX)),
            _ => {}
        }
    }

    fn add_recipients(&mut self, epoch: Hash, entry: &Entry, first: bool) {
        for (recipient, _) in entry::wraps(entry.body()).unwrap_or_default() {
            let card = self.card_of(&recipient, entry.seen.0);
            if let Some(epoch) = self.epochs.get_mut(&epoch) {
                epoch.wraps.insert((entry.author, recipient, card));
                epoch.recipients.entry(recipient).or_insert(first);
            }
        }
    }

    fn change_roster(&mut self, body: &Value) {
        let size = self.chain.size();
        for bytes in fields::bytes_list(body, "add").unwrap_or_default() {
            let key = Key::unchecked(&bytes, &self.faults);
            let id = key.id;
            let member = self.members.entry(id).or_insert_with(|| Member::new(key));
            member.is_on_roster = true;
            member.since = size - 1;
            // [ROST-9]
            if self.faults.has("ROST-9/seq") {
                member.seq = 0;
            }
            if self.faults.has("ROST-9/seen") {
                member.seen = 0;
            }
            if self.faults.has("SESS-7") {
                self.sessions.wake(&id);
            }
        }
        for bytes in fields::bytes_list(body, "remove").unwrap_or_default() {
            let Ok(id) = Hash::try_from(bytes) else {
                continue;
            };
            if let Some(member) = self.members.get_mut(&id) {
                member.is_on_roster = false;
                member.was_removed = true;
            }
            // [SESS-5]
            self.sessions.end_all(&id, size, &self.faults);
            // [MSG-3]
            for epoch in self.epochs.values_mut() {
                let is_recipient = match epoch.recipients.get(&id) {
                    Some(false) => !self.faults.has("MSG-3/shared"),
                    first => first.is_some(),
                };
                epoch.is_stale |= is_recipient || self.faults.has("MSG-3/anyone");
            }
        }
    }

    /// The index of the account's last card in the prefix of this size.
    pub(super) fn card_of(&self, id: &Hash, size: u64) -> Option<u64> {
        let cards = &self.members.get(id)?.cards;
        cards.iter().copied().rfind(|index| *index < size)
    }

    /// What a checkpoint would say now, if there is something to cover.
    pub(super) fn due_checkpoint(&self, now: u64) -> Option<checkpoint::Draft> {
        // [CHECK-5]
        if self.faults.has("CHECK-5/restart") && self.revived_at == Some(self.chain.size()) {
            return None;
        }
        checkpoint::Draft::of(&self.chain, &self.id, &self.checkpoint, now, &self.faults)
    }
}

impl Member {
    fn new(key: Key) -> Self {
        Self {
            key,
            is_on_roster: true,
            since: 0,
            was_removed: false,
            seq: 0,
            seen: 0,
            sent_at: 0,
            cards: Vec::new(),
        }
    }
}
