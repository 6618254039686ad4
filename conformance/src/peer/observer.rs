//! Verifies what comes on one connection, whatever the case that it belongs to.
//!
//! It sees every frame in both directions, in order, and gives each fault the id of the requirement that it breaks.
//! What a case waits for is not its question.

pub mod codes;
mod join;
mod pending;
mod pushes;

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use super::{Fault, Server};
use crate::codec::{Hash, fields, frame, sha256};
use pending::{Pending, SentHello};

/// [SYNC-5]
const FRAME_LIMIT: usize = 1_048_576;

/// What is known of one connection.
#[derive(Debug)]
pub struct Observer {
    server: Arc<Server>,
    pending: Pending,
    hello: Option<SentHello>,
    server_nonce: Option<Hash>,
    latest_checkpoint: u64,
    joined: Option<Joined>,
    /// Whether a `welcome` came that no server may send: what follows on it is not judged, since it belongs to no session.
    is_astray: bool,
    /// Whether frames are carried by requests, which end without a close code.
    is_by_requests: bool,
    bye: Option<Value>,
    answered: HashMap<String, u32>,
    receipts: Vec<(u64, Hash, Value)>,
    faults: Vec<Fault>,
    texts: Vec<String>,
}

/// What a welcome opened.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The account's id.
    pub account: Hash,
    /// The frame.
    pub welcome: Value,
    /// The client's nonce that the welcome answers.
    pub client_nonce: Hash,
    /// The server's nonce of the join.
    pub server_nonce: Hash,
    /// The index of the block that is due next.
    pub next: u64,
    /// The size that the welcome states.
    pub size: u64,
    /// The blocks that came.
    pub arrived: Vec<Arrived>,
    /// The greatest size among the checkpoints that came.
    pub covered: u64,
    /// The last checkpoint that came.
    pub last_checkpoint: Option<Value>,
    /// From this index on, each block came as it was made.
    prompt_from: u64,
    removed_at: Option<u64>,
    open_ciphertexts: Vec<u64>,
    early_checkpoints: Vec<Value>,
    head_judged: bool,
}

/// A block that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Its index.
    pub index: u64,
    /// The id of its entry, if that has one.
    pub id: Option<Hash>,
    /// The text of its entry's signature.
    pub signature: String,
}

impl Arrived {
    /// Whether it holds the statement of this id, by whatever signature.
    pub fn states(&self, id: &Hash) -> bool {
        self.id.as_ref() == Some(id)
    }

    /// Whether it holds just this entry: the same statement, where it has an id, by the same signature.
    pub fn holds(&self, id: Option<&Hash>, signature: &str) -> bool {
        self.signature == signature && id.is_none_or(|id| self.states(id))
    }
}

impl Observer {
    /// Watches a new connection.
    pub fn new(server: Arc<Server>) -> Self {
        Self {
            server,
            pending: Pending::default(),
            hello: None,
            server_nonce: None,
            latest_checkpoint: 0,
            joined: None,
            is_astray: false,
            is_by_requests: false,
            bye: None,
            answered: HashMap::new(),
            receipts: Vec::new(),
            faults: Vec::new(),
            texts: Vec::new(),
        }
    }

    /// The state after a welcome.
    pub fn joined(&self) -> Option<&Joined> {
        self.joined.as_ref()
    }

    /// The session's token, as a welcome gave it.
    pub fn token(&self) -> Option<String> {
        let joined = self.joined.as_ref()?;
        Some(joined.welcome["token"].as_str()?.to_owned())
    }

    /// The last `hello` that was challenged, or sent.
    pub fn client_nonce(&self) -> Option<Hash> {
        self.joined
            .as_ref()
            .map(|joined| joined.client_nonce)
            .or(self.hello.as_ref().map(|hello| hello.client_nonce))
    }

    /// The server's nonce of the last challenge.
    pub fn server_nonce(&self) -> Option<Hash> {
        self.joined
            .as_ref()
            .map(|joined| joined.server_nonce)
            .or(self.server_nonce)
    }

    /// The texts of all frames that came.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Faults since the last call.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// Takes note of a message that is about to be sent.
    pub fn sends(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        if frame["type"] == "submit" {
            self.server.chain.submitted(&frame["entry"]);
        }
        if matches!(frame["type"].as_str(), Some("prove" | "resume")) {
            self.latest_checkpoint = self.server.chain.latest_checkpoint();
        }
        self.pending
            .sends(frame, self.joined.is_some(), self.server.now());
    }

    /// Takes note of a text message that came; gives its frame, as well as it can be read.
    pub fn receives(&mut self, text: &str) -> Value {
        if text.len() > FRAME_LIMIT {
            self.fault("SYNC-5", format!("a frame of {} bytes", text.len()));
        }
        self.texts.push(text.to_owned());
        let frame = match frame::read_server(text.as_bytes()) {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                self.fault("CONV-11", "a frame of a type that no server's frame has");
                return serde_json::from_str(text).unwrap_or_default();
            }
            Err(verdict) => {
                self.fault(
                    "CONV-11",
                    format!("no frame of this protocol: {}", verdict.detail),
                );
                return serde_json::from_str(text).unwrap_or_default();
            }
        };
        if self.bye.is_some() {
            self.fault("WS-10", "a frame came after the `bye`");
        }
        if let Some(detail) = frame["detail"].as_str() {
            self.server.explained(detail);
        }
        self.spilt_token(&frame);
        match frame["type"].as_str().unwrap_or_default() {
            "challenge" => self.challenge(&frame),
            "welcome" => self.welcome(&frame),
            "blocks" => self.blocks(&frame),
            "checkpoint" => self.checkpoint(&frame["checkpoint"]),
            "accepted" => self.accepted(&frame),
            "refused" => self.refused(&frame),
            _ => self.says_bye(&frame),
        }
        frame
    }

    /// Takes note of a message that is no text. [WS-1]
    pub fn receives_binary(&mut self, length: usize) {
        self.fault("WS-1", format!("a binary message of {length} bytes"));
    }

    /// Takes note of the connection's end, with its close code if it had one.
    pub fn ends(&mut self, close: Option<u16>) {
        let Some(code) = self.bye.as_ref().and_then(|bye| bye["code"].as_str()) else {
            return;
        };
        if self.is_by_requests {
            return;
        }
        let due = codes::close_code(code);
        if due.is_some() && due != close {
            let came = close.map_or_else(
                || "without a close code".to_owned(),
                |code| format!("with close code {code}"),
            );
            self.fault(
                "WS-10",
                format!("after `bye` {code} the connection ended {came}"),
            );
        }
    }

    /// Takes note that the block of an accepted entry did not come in time. [SYNC-1]
    pub fn misses(&mut self, index: u64) {
        self.fault(
            "SYNC-1",
            format!("block {index}, of an entry that was accepted here, did not come"),
        );
    }

    /// Holds the receipts against the blocks that came meanwhile; gives the greatest index whose block did not.
    pub fn check_receipts(&mut self) -> Option<u64> {
        let chain = Arc::clone(&self.server);
        let mut faults = Vec::new();
        self.receipts.retain(|(index, hash, entry)| {
            match chain.chain.receipt(*index, hash, entry) {
                Some(found) => {
                    faults.extend(found);
                    false
                }
                None => true,
            }
        });
        self.faults.extend(faults);
        self.receipts.iter().map(|(index, _, _)| *index).max()
    }

    /// The same, of a connection that is carried by requests.
    pub fn by_requests(server: Arc<Server>) -> Self {
        Self {
            is_by_requests: true,
            ..Self::new(server)
        }
    }

    /// Takes a fault that was found beside the frames.
    pub(super) fn finds(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn fault(&mut self, requirement: &str, detail: impl Into<String>) {
        self.faults.push(Fault::new(requirement, detail));
    }

    fn accepted(&mut self, frame: &Value) {
        let Some(entry) = self.answers(frame) else {
            return;
        };
        let (Ok(index), Ok(hash)) = (fields::uint(frame, "index"), fields::hash(frame, "hash"))
        else {
            return;
        };
        match self.server.chain.accepted(&entry, index, hash) {
            Some(fault) => self.faults.push(fault),
            None => self.receipts.push((index, hash, entry)),
        }
        self.check_receipts();
    }

    fn refused(&mut self, frame: &Value) {
        self.check_code(frame, codes::REFUSED);
        let code = frame["code"].as_str().unwrap_or_default();
        if frame.get("ref").is_some() {
            self.answers(frame);
        } else if self.joined.is_none() {
            let reference = self
                .pending
                .answer()
                .and_then(|sent| sent["ref"].as_str().map(str::to_owned));
            if let Some(reference) =
                reference.filter(|_| !matches!(code, "malformed" | "too_large"))
            {
                self.fault(
                    "SUB-3",
                    format!("the refusal of the `submit` {reference} with {code} lacks its `ref`"),
                );
            }
        } else if !self.pending.answer_other() && !matches!(code, "malformed" | "too_large") {
            self.fault(
                "SUB-3",
                format!("a refusal with {code} lacks the `ref` of its `submit`"),
            );
        }
    }

    /// Finds the `submit` that a frame answers, and gives its entry.
    fn answers(&mut self, frame: &Value) -> Option<Value> {
        let kind = frame["type"].as_str().unwrap_or_default().to_owned();
        let Some(reference) = frame["ref"].as_str().map(str::to_owned) else {
            self.fault("SUB-3", format!("an answer `{kind}` without `ref`"));
            return None;
        };
        if self.joined.is_none() {
            self.pending.answer();
        }
        let Some((times, entry)) = self.pending.submitted(&reference) else {
            self.fault(
                "SUB-3",
                format!("`{kind}` has the ref {reference:?}, which no `submit` had"),
            );
            return None;
        };
        let answered = self.answered.entry(reference.clone()).or_default();
        *answered += 1;
        if *answered > times {
            self.fault(
                "SUB-1",
                format!("the `submit` {reference:?} was answered once more, by `{kind}`"),
            );
        }
        Some(entry)
    }

    fn says_bye(&mut self, frame: &Value) {
        self.check_code(frame, codes::BYE);
        self.bye = Some(frame.clone());
    }

    fn check_code(&mut self, frame: &Value, codes: &[&str]) {
        let code = frame["code"].as_str().unwrap_or_default();
        if !codes.contains(&code) {
            let kind = frame["type"].as_str().unwrap_or_default();
            self.fault(
                "ERR-2",
                format!("`{kind}` with {code:?}, which is no code that it can have"),
            );
        }
    }

    /// Looks for a token in a frame that is no welcome to its holder. [SESS-8]
    fn spilt_token(&mut self, frame: &Value) {
        if frame["type"] == "welcome" {
            return;
        }
        let own = self
            .joined
            .as_ref()
            .and_then(|joined| joined.welcome["token"].as_str());
        if own.is_some_and(|token| {
            frame["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(token))
        }) {
            self.fault("SESS-8", "a `detail` holds the session's token");
        }
        if any_text(frame, &|text| {
            text.len() > 300 && self.server.is_token(text)
        }) {
            self.fault(
                "SESS-8",
                "a frame that is no `welcome` holds a session's token",
            );
        }
    }
}

/// Whether any text in a value is such a one.
fn any_text(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, is)),
        Value::Object(members) => members.values().any(|member| any_text(member, is)),
        _ => false,
    }
}

/// The account of a frame's `public_key`, whatever key it is.
fn account_of(frame: &Value) -> Option<Hash> {
    fields::bytes(frame, "public_key")
        .ok()
        .map(|bytes| sha256(&bytes))
}
