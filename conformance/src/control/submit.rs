//! How an entry that is submitted comes to the chain.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::clock::now;
use super::community::Receipt;
use super::connection::Connection;
use super::entry::Entry;
use super::limits::{CIPHERTEXT_BYTES, WRAPS};
use super::signature;
use crate::codec::{Verdict, base64url, fields};

/// How long a faulty server takes from the append to the answer.
const DAWDLING: Duration = Duration::from_millis(100);

impl Connection {
    /// Answers a submit: the frames to send, usually one `accepted`.
    pub(super) async fn submit(&mut self, frame: &Value) -> Result<Vec<Value>, Verdict> {
        let reference = fields::text(frame, "ref")?.to_owned();
        let server = self.server.clone();
        let faults = &server.faults;
        self.check_token(&fields::bytes(frame, "token")?)?;
        let entry = Entry::read(frame["entry"].clone(), faults)?;
        self.judge_alone(&entry)?;
        let mut stored = entry;
        if faults.has("SESS-8/pushed") {
            stored.value["token"] = frame["token"].clone();
        }
        let id = stored.id;
        let result = server.community().submit(stored, self.number, now());
        let (receipt, is_new) = result?;
        if is_new && faults.has("SUB-5") {
            self.write_late(receipt.index).await;
        }
        server.announce();
        if is_new && (faults.has("SYNC-3") || faults.has("CHECK-14")) {
            self.write_late(receipt.index).await;
        }
        if faults.has("SUB-1") && !is_new {
            return Ok(Vec::new());
        }
        if faults.has("CHAIN-5/next") {
            sleep(DAWDLING).await;
        }
        // [CHAIN-5] [SUB-3]
        let Receipt { index, hash, .. } = receipt;
        let hash = if faults.has("CHAIN-5/id") {
            id
        } else if faults.has("CHAIN-5/next") {
            server.community().chain.head()
        } else {
            hash
        };
        let mut hash = base64url::encode(&hash);
        if faults.has("CONV-11/padded") {
            hash.push('=');
        }
        let index = if faults.has("CHAIN-5") {
            index + 1
        } else {
            index
        };
        let mut accepted =
            json!({ "type": "accepted", "ref": reference, "index": index, "hash": hash });
        if faults.has("SUB-3") {
            accepted
                .as_object_mut()
                .expect("an object")
                .shift_remove("ref");
        }
        if faults.has("SUB-3/first") {
            accepted["ref"] = self.first_ref.get_or_insert(reference).as_str().into();
        }
        Ok(vec![
            accepted;
            if faults.has("SUB-1/twice") { 2 } else { 1 }
        ])
    }

    /// [SUB-5] [SYNC-3] [CHECK-14] Faulty: writes a block when others were refused by it, have it, or a checkpoint covers it, already.
    async fn write_late(&self, index: u64) {
        while self.server.faults.has("CHECK-14") && self.server.community().checkpoint.size <= index
        {
            sleep(DAWDLING).await;
        }
        sleep(DAWDLING).await;
        if let Some(ledger) = &mut self.server.community().ledger {
            ledger.flush().expect("the folder can be written");
        }
    }

    /// [SESS-1]
    fn check_token(&self, token: &[u8]) -> Result<(), Verdict> {
        let faults = &self.server.faults;
        let mut community = self.server.community();
        let is_own = self
            .open
            .as_ref()
            .is_some_and(|open| community.sessions.at(open.session).token == token);
        let any = faults.has("SESS-1/any") || self.open.is_none();
        let is_live = any && community.sessions.live(token, now(), faults).is_some();
        match is_own || is_live || faults.has("SESS-1") {
            true => Ok(()),
            false => Err(Verdict::new(
                "bad_token",
                "SESS-1",
                "not the token of this connection's session",
            )),
        }
    }

    /// The rules that need no look at the chain, in the order of [ENTRY-6]; [ENTRY-1] is judged with the form.
    fn judge_alone(&self, entry: &Entry) -> Result<(), Verdict> {
        let faults = &self.server.faults;
        let account = {
            let community = self.server.community();
            let session = self.open.as_ref().map(|open| open.session);
            session.map(|place| community.sessions.at(place).account)
        };
        // [SESS-2]
        let is_early = account.is_none(); // [SESS-14] Only its fault comes here.
        if account != Some(entry.author)
            && !is_early
            && !faults.has("SESS-2")
            && !faults.has("SESS-2/session")
        {
            return Err(Verdict::new(
                "wrong_author",
                "SESS-2",
                "the author is not this session's account",
            ));
        }
        self.judge_genesis(entry)?;
        // [ENTRY-2]
        let community = fields::hash(&entry.value, "community")?;
        if community != self.server.community_id
            && !faults.has("ENTRY-2")
            && entry.kind != "genesis"
        {
            return Err(Verdict::new(
                "wrong_community",
                "ENTRY-2",
                "the entry is for another community",
            ));
        }
        self.judge_size(entry)?;
        // [ENTRY-3]
        if faults.has("ENTRY-3") {
            return Ok(());
        }
        if faults.has("ENTRY-3/anyone") {
            return self.verify_by_anyone(&entry.tuple, &entry.signature);
        }
        let signer = match account {
            Some(account) if faults.has("SESS-2/session") => account,
            _ => entry.author,
        };
        let key = self
            .server
            .community()
            .members
            .get(&signer)
            .map(|member| member.key.clone());
        let Some(key) = key else {
            return Err(Verdict::new(
                "not_allowed",
                "ENTRY-10",
                "the author is not on the roster",
            ));
        };
        let verified = signature::verify(&key, &entry.tuple, &entry.signature, faults);
        verified.map_err(|verdict| Verdict::new("bad_signature", "ENTRY-3", verdict.detail))
    }

    /// [GEN-2]
    fn judge_genesis(&self, entry: &Entry) -> Result<(), Verdict> {
        let faults = &self.server.faults;
        if entry.kind != "genesis" || faults.has("GEN-2") {
            return Ok(());
        }
        let is_own = self.server.community().receipts.contains_key(&entry.id);
        if faults.has("GEN-2/repeat") && is_own {
            return Ok(());
        }
        let code = if faults.has("GEN-2/code") {
            "unknown_kind"
        } else {
            "bad_genesis"
        };
        Err(Verdict::new(code, "GEN-2", "a community is founded once"))
    }

    /// [LIM-3] [LIM-4]
    fn judge_size(&self, entry: &Entry) -> Result<(), Verdict> {
        let faults = &self.server.faults;
        let body = entry.body();
        let text = body
            .get("ciphertext")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let length = match faults.has("LIM-3/letters") {
            true => text.len(),
            false => base64url::decode(text)?.len(),
        };
        let limit = match faults.has("LIM-3/configured") {
            true => CIPHERTEXT_BYTES,
            false => self.server.configured.ciphertext_bytes,
        };
        let is_too_long = length > limit || faults.has("LIM-3/exact") && length == limit;
        if is_too_long && !faults.has("LIM-3") {
            let code = if faults.has("LIM-3/code") {
                "bad_ciphertext"
            } else {
                "too_large"
            };
            return Err(Verdict::new(
                code,
                "LIM-3",
                format!("a ciphertext of {length} bytes"),
            ));
        }
        let wraps = body
            .get("wraps")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let is_let_through =
            faults.has("LIM-4") || faults.has("LIM-4/share") && entry.kind == "share";
        let is_too_many = wraps > WRAPS || faults.has("LIM-4/exact") && wraps == WRAPS;
        if is_too_many && !is_let_through {
            return Err(Verdict::new("too_large", "LIM-4", format!("{wraps} wraps")));
        }
        Ok(())
    }

    /// Faulty: verifies by whichever member's key fits.
    pub(super) fn verify_by_anyone(&self, message: &[u8], bytes: &[u8]) -> Result<(), Verdict> {
        let members: Vec<_> = self
            .server
            .community()
            .members
            .values()
            .map(|member| member.key.clone())
            .collect();
        let fits = |key| signature::verify(key, message, bytes, &self.server.faults).is_ok();
        match members.iter().any(fits) {
            true => Ok(()),
            false => Err(Verdict::new(
                "bad_signature",
                "ENTRY-3",
                "nobody's signature",
            )),
        }
    }
}
