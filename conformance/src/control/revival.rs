//! What a server under `--config` makes durable, and how it starts again: it replays its blocks, and everything else follows
//! from them.
//!
//! Sessions and challenges go with the process [SESS-10] [JOIN-21], unless a fault keeps them.

use std::io;

use serde_json::{Value, json};

use super::checkpoint::Latest;
use super::clock::now;
use super::community::Community;
use super::entry::Entry;
use super::fault::Faults;
use super::join::Challenge;
use super::ledger::Ledger;
use super::session::Session;
use crate::codec::{Account, base64url, fields};

/// Tokens, where a fault keeps them.
const SESSIONS: &str = "sessions.jsonl";
/// Challenges, where a fault keeps them.
const CHALLENGES: &str = "challenges.jsonl";

/// Faults whose server keeps its tokens in a file.
const KEEP_TOKENS: [&str; 4] = [
    "SESS-4/restart",
    "SESS-7/restart",
    "SESS-9",
    "SESS-12/restart",
];

impl Community {
    /// Founds the community of a ledger, or brings it back.
    pub(super) fn of(
        mut ledger: Ledger,
        name: &str,
        server_key: &Account,
        faults: &Faults,
    ) -> io::Result<Self> {
        let blocks = ledger.blocks()?;
        if blocks.is_empty() {
            let mut community = Self::found(name, server_key, faults);
            community
                .chain
                .blocks()
                .iter()
                .for_each(|block| ledger.add(block));
            ledger.flush()?;
            ledger.keep_checkpoint(&community.checkpoint.json)?;
            community.ledger = Some(ledger);
            return Ok(community);
        }
        let mut community = Self::empty(faults);
        for (place, (time, entry)) in blocks.into_iter().enumerate() {
            // [CHAIN-7]
            let time = match faults.has("CHAIN-7/restart") && place > 1 {
                true => now(),
                false => time,
            };
            community.replay(entry, time)?;
        }
        community.forget();
        community.revived_at = Some(community.chain.size());
        community.checkpoint_again(&ledger, server_key, faults)?;
        community.remember(&ledger, faults);
        community.ledger = Some(ledger);
        Ok(community)
    }

    fn replay(&mut self, entry: Value, time: u64) -> io::Result<()> {
        let broken = |verdict: crate::codec::Verdict| io::Error::other(verdict.detail);
        let entry = Entry::read(entry, &Faults::none()).map_err(broken)?;
        self.append(entry, time, 0);
        if self.chain.size() == 1 {
            self.id = self.chain.head();
        }
        Ok(())
    }

    /// What faulty servers held in memory alone.
    fn forget(&mut self) {
        let faults = self.faults.clone();
        // [ENTRY-5]
        if faults.has("ENTRY-5/restart") {
            self.receipts.clear();
        }
        for member in self.members.values_mut() {
            // [ENTRY-4] [ENTRY-8]
            if faults.has("ENTRY-4/restart") {
                member.seq = 0;
            }
            if faults.has("ENTRY-8/restart") {
                member.seen = 0;
            }
        }
    }

    /// [CHECK-3] [CHECK-5] [CHECK-15] The checkpoint that was signed last, or a new one where it does not cover all.
    fn checkpoint_again(
        &mut self,
        ledger: &Ledger,
        server_key: &Account,
        faults: &Faults,
    ) -> io::Result<()> {
        let kept = ledger
            .checkpoint()
            .and_then(|kept| Latest::kept(kept).ok())
            .ok_or_else(|| io::Error::other("the ledger has no checkpoint"))?;
        self.checkpoint = kept;
        if faults.has("CHECK-15/restart") {
            self.checkpoint.forget_time();
        }
        if let Some(due) = self.due_checkpoint(now()) {
            self.checkpoint = due.signed(server_key, faults);
            ledger.keep_checkpoint(&self.checkpoint.json)?;
        }
        Ok(())
    }

    /// What faulty servers keep beyond the process.
    fn remember(&mut self, ledger: &Ledger, faults: &Faults) {
        // [SESS-4] [SESS-7] [SESS-12]
        let tokens = match faults.has("SESS-9") {
            true => Vec::new(),
            false => ledger.notes(SESSIONS),
        };
        for mut session in tokens.iter().filter_map(Session::read) {
            if faults.has("SESS-4/restart") {
                session.expires_at = session.expires_at.max(now() + session.life);
            }
            if session.expires_at <= now() {
                continue;
            }
            if faults.has("SESS-12/restart") {
                session.expires_at = now() + session.life;
            }
            self.sessions.grant(session, faults);
        }
        // [JOIN-21]
        for challenge in ledger.notes(CHALLENGES) {
            if let Some((nonce, challenge)) = Challenge::read(&challenge, faults) {
                self.shared_challenges.insert(nonce, challenge);
            }
        }
    }

    /// [SUB-2] [SUB-5] [SYNC-3] [CHECK-14] Makes the last block durable before anyone hears of it.
    pub(super) fn write(&mut self, entry: &Entry) {
        if entry.kind == "message" {
            self.overhear(entry);
        }
        let faults = self.faults.clone();
        let (Some(ledger), Some(block)) = (&mut self.ledger, self.chain.blocks().last()) else {
            return;
        };
        if faults.has("SUB-2/behind") {
            ledger.flush().expect("the folder can be written");
        }
        ledger.add(block);
        let waits = ["SUB-2", "SUB-2/behind", "SUB-5", "SYNC-3", "CHECK-14"];
        if !waits.iter().any(|id| faults.has(id)) {
            ledger.flush().expect("the folder can be written");
        }
        // [RED-5]
        if entry.kind == "redaction" && faults.has("RED-5/behind") {
            ledger.clear_later();
        } else if entry.kind == "redaction" && !faults.has("RED-5") {
            let blocks = self.chain.blocks();
            ledger.rewrite(blocks).expect("the folder can be written");
        }
    }

    /// Faulty: writes what was answered already, and clears away what should be gone.
    pub(super) fn write_behind(&mut self) {
        if let Some(ledger) = &mut self.ledger
            && ledger.is_to_clear()
        {
            let blocks = self.chain.blocks();
            ledger.rewrite(blocks).expect("the folder can be written");
        }
        if let Some(ledger) = self.ledger.as_mut().filter(|_| self.faults.has("SUB-2")) {
            ledger.flush().expect("the folder can be written");
        }
    }

    /// Takes a new checkpoint for the latest, and keeps it before anyone hears of it.
    pub(super) fn take_checkpoint(&mut self, latest: Latest) {
        if let Some(ledger) = self
            .ledger
            .as_ref()
            .filter(|_| !self.faults.has("CHECK-5/restart"))
        {
            ledger
                .keep_checkpoint(&latest.json)
                .expect("the folder can be written");
        }
        self.checkpoint = latest;
    }

    /// [SESS-9] Keeps a session, where a fault does so.
    pub(super) fn keep_session(&self, session: &Session) {
        if let Some(ledger) = &self.ledger
            && KEEP_TOKENS.iter().any(|id| self.faults.has(id))
        {
            ledger
                .note(SESSIONS, &session.written())
                .expect("the folder can be written");
        }
    }

    /// [JOIN-21] Keeps a challenge, where a fault does so.
    pub(super) fn keep_challenge(&self, challenge: &Value) {
        if let Some(ledger) = &self.ledger
            && self.faults.has("JOIN-21")
        {
            ledger
                .note(CHALLENGES, challenge)
                .expect("the folder can be written");
        }
    }
}

impl Session {
    fn written(&self) -> Value {
        json!({
            "token": base64url::encode(&self.token),
            "account": base64url::encode(&self.account),
            "server_nonce": base64url::encode(&self.server_nonce),
            "expires_at": self.expires_at,
            "life": self.life,
        })
    }

    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            token: fields::bytes(value, "token").ok()?,
            account: fields::hash(value, "account").ok()?,
            client_nonce: [0; 32],
            server_nonce: fields::hash(value, "server_nonce").ok()?,
            expires_at: value["expires_at"].as_u64()?,
            life: value["life"].as_u64()?,
            began_at: u64::MAX,
            ended: None,
            ended_at: 0,
            is_resumable: false,
        })
    }
}
