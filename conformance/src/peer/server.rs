//! What a run knows of the server under test, shared by all cases.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{Chain, Target};
use crate::{codec::Hash, spawn::Spawned, transcript::Recorder};

/// The server under test.
#[derive(Debug)]
pub struct Server {
    /// Where it is.
    pub target: Target,
    /// How long an answer may take.
    pub patience: Duration,
    /// Its discovery document, as it came.
    pub discovery: Value,
    /// The chain as all connections saw it.
    pub chain: Chain,
    recorder: OnceLock<Arc<Recorder>>,
    clock: AtomicU64,
    /// Its process, if the suite started it.
    pub process: Option<Arc<Spawned>>,
    said: Mutex<Said>,
}

/// What the server said to anyone and must not say again.
#[derive(Debug, Default)]
struct Said {
    sessions: HashMap<String, Session>,
    nonces: HashSet<Hash>,
    details: HashSet<String>,
    planted: HashSet<String>,
}

/// A session that a welcome granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The account's id.
    pub account: Hash,
    /// The origin of the join.
    pub origin: String,
    /// The server's nonce of the join.
    pub server_nonce: Hash,
    /// When it ends.
    pub expires_at: u64,
}

impl Server {
    /// A server with this discovery document.
    pub fn new(target: Target, patience: Duration, discovery: Value) -> Self {
        let genesis = Some(&discovery["genesis"]).filter(|genesis| genesis.is_object());
        let chain = Chain::of(genesis);
        Self {
            target,
            patience,
            discovery,
            chain,
            recorder: OnceLock::new(),
            clock: AtomicU64::new(0),
            process: None,
            said: Mutex::default(),
        }
    }

    /// The time, in milliseconds since 1970: the system's, or the one that was set.
    pub fn now(&self) -> u64 {
        match self.clock.load(Ordering::Relaxed) {
            0 => now(),
            set => set,
        }
    }

    /// Sets the time, to judge what was recorded then.
    pub fn set_clock(&self, time: u64) {
        self.clock.store(time, Ordering::Relaxed);
    }

    /// Who writes down everything, if anyone.
    pub fn recorder(&self) -> Option<&Arc<Recorder>> {
        self.recorder.get()
    }

    /// Has everything written down from now on.
    pub fn record_with(&self, recorder: Arc<Recorder>) {
        // The first one stays.
        let _ = self.recorder.set(recorder);
    }

    /// The same, as a process that can be killed and started again.
    pub fn run_by(mut self, process: Option<Arc<Spawned>>) -> Self {
        self.process = process;
        self
    }

    /// A limit that it advertises, or the specification's default.
    pub fn limit(&self, name: &str) -> u64 {
        self.discovery["limits"][name]
            .as_u64()
            .unwrap_or(match name {
                "frame_bytes" => 262_144,
                "ciphertext_bytes" => 65_536,
                "wraps" => 1024,
                "skew_ms" => 600_000,
                "session_ms" => 21_600_000,
                "challenge_ms" => 60_000,
                "checkpoint_ms" => 1000,
                _ => 0,
            })
    }

    /// Whether its discovery document lists a transport.
    pub fn offers(&self, transport: &str) -> bool {
        let listed = self.discovery["transports"].as_array();
        listed.is_some_and(|listed| listed.iter().any(|name| name == transport))
    }

    /// The greatest length of a ciphertext that MSG-5 and LIM-3 allow.
    pub fn largest_ciphertext(&self) -> u64 {
        self.limit("ciphertext_bytes").saturating_sub(16) / 128 * 128 + 16
    }

    /// By how much two clocks on the way may differ, in milliseconds: its own machine's clock is the suite's.
    pub fn clock_slack(&self) -> u64 {
        if self.target.is_loopback() { 50 } else { 5000 }
    }

    /// Whether a block or a checkpoint comes so soon after its `time` that its reader does not lag: in half of what a
    /// checkpoint may take.
    pub fn is_prompt(&self, item: &Value) -> bool {
        let time = item["time"].as_u64().unwrap_or_default();
        self.now().saturating_sub(time) <= self.limit("checkpoint_ms") / 2
    }

    /// Remembers a server nonce; `false` if it was said before. [JOIN-7]
    pub fn is_new_nonce(&self, nonce: Hash) -> bool {
        self.said().nonces.insert(nonce)
    }

    /// Remembers a session by its token's text.
    pub fn granted(&self, token: &str, session: Session) {
        self.said().sessions.insert(token.to_owned(), session);
    }

    /// The session of a token.
    pub fn session(&self, token: &str) -> Option<Session> {
        self.said().sessions.get(token).cloned()
    }

    /// Whether a text is a token that was granted.
    pub fn is_token(&self, text: &str) -> bool {
        self.said().sessions.contains_key(text)
    }

    /// All tokens that were granted, as their texts.
    pub fn tokens(&self) -> Vec<String> {
        self.said().sessions.keys().cloned().collect()
    }

    /// Remembers the `detail` of a refusal or a `bye`.
    pub fn explained(&self, detail: &str) {
        self.said().details.insert(detail.to_owned());
    }

    /// The details of all refusals and byes.
    pub fn details(&self) -> Vec<String> {
        self.said().details.iter().cloned().collect()
    }

    /// Remembers what a message says that is about to be encrypted.
    pub fn plants(&self, text: &str) {
        self.said().planted.insert(text.to_owned());
    }

    /// What all messages say.
    pub fn planted(&self) -> Vec<String> {
        self.said().planted.iter().cloned().collect()
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
