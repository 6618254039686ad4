//! Everything that was sent and received, whole, case by case: what a bundle keeps, and what a verdict can be judged by again.
//!
//! The story of a failure is another thing: shortened, for people ([`crate::story`]).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The transcript of one case, or of what the runner did around them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// The roles and the test accounts that played them; a fresh account has no name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, String>,
    /// What happened, in order.
    pub lines: Vec<Line>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its place among all lines of the run, from 0.
    pub n: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The connection's name; none for what is about none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A step begins: its place, such as `3`, or `4.2 (i = 7)` inside a `repeat`.
    Step(String),
    /// A socket is opened.
    Opens(BTreeMap<String, String>),
    /// The opening was answered with this status.
    Opened(u16),
    /// A text message went out.
    Sent(String),
    /// Another message went out: base64url of its bytes.
    SentBytes(String),
    /// A text message came.
    Received(String),
    /// A binary message came, of so many bytes.
    ReceivedBytes(usize),
    /// The step took what came in the line of this number as the answer that it waited for.
    Took(u64),
    /// An entry was made under a name.
    Made {
        /// The name.
        name: String,
        /// The entry.
        entry: Value,
    },
    /// The connection ended.
    Ended {
        /// The close code, 1005 where the close frame has none; none without a close frame.
        close: Option<u16>,
        /// What the system said where there was no close frame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
    },
    /// An HTTP request and its answer.
    Http {
        /// Such as `GET /.well-known/dispatch-d`.
        request: String,
        /// The answer's status.
        status: u16,
        /// Its headers.
        headers: BTreeMap<String, String>,
        /// Its body; what is no UTF-8 is replaced.
        body: String,
    },
}

/// Writes the transcripts of a run.
#[derive(Debug)]
pub struct Recorder {
    began: Instant,
    began_at: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    transcripts: BTreeMap<String, Transcript>,
}

impl Recorder {
    /// A recorder that begins now; `now` is the time in milliseconds since 1970.
    pub fn begin(now: u64) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            began_at: now,
            state: Mutex::default(),
        })
    }

    /// Adds a line to a case's transcript; gives its number.
    pub fn add(&self, case: &str, on: &str, what: What) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that times are in the order of the numbers.
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let n = state.next;
        state.next += 1;
        let transcript = state.transcripts.entry(case.to_owned()).or_default();
        transcript.lines.push(Line {
            n,
            at: self.began_at + elapsed,
            on: on.to_owned(),
            what,
        });
        n
    }

    /// Says who plays a role.
    pub fn casts(&self, case: &str, role: &str, account: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let transcript = state.transcripts.entry(case.to_owned()).or_default();
        transcript.roles.insert(role.to_owned(), account.to_owned());
    }

    /// Everything so far, by the case's id.
    pub fn transcripts(&self) -> BTreeMap<String, Transcript> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.transcripts.clone()
    }
}
