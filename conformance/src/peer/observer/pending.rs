//! What was sent on a connection and waits for an answer.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::account_of;
use crate::codec::{Hash, fields};

/// Frames that were sent.
///
/// Before a welcome a server answers one frame after the other, so that the answer's place says which it answers.
/// After it, a `submit` is known by its `ref`.
#[derive(Debug, Default)]
pub struct Pending {
    in_order: VecDeque<(Value, u64)>,
    others: u32,
    submits: HashMap<String, (u32, Value)>,
}

/// A `hello` that was sent.
#[derive(Debug, Clone)]
pub struct SentHello {
    /// The account's id.
    pub account: Hash,
    /// The origin that it states.
    pub origin: String,
    /// The client's nonce.
    pub client_nonce: Hash,
    /// The longest life of the session that it asks for.
    pub session_ms: Option<u64>,
    /// How many blocks the client says to hold.
    pub have: u64,
    /// When it was sent.
    pub at: u64,
}

impl SentHello {
    /// What a frame says, if it is a `hello`.
    pub fn of(frame: &Value, at: u64) -> Option<Self> {
        (frame["type"] == "hello").then_some(())?;
        Some(Self {
            account: account_of(frame)?,
            origin: frame["origin"].as_str()?.to_owned(),
            client_nonce: fields::hash(frame, "client_nonce").ok()?,
            session_ms: frame["session_ms"].as_u64(),
            have: frame["have"]["size"].as_u64().unwrap_or_default(),
            at,
        })
    }
}

impl Pending {
    /// Takes note of a frame, `null` if it could not be read.
    pub fn sends(&mut self, frame: Value, joined: bool, now: u64) {
        if frame["type"] == "submit"
            && let Some(reference) = frame["ref"].as_str()
        {
            let submit = self
                .submits
                .entry(reference.to_owned())
                .or_insert((0, Value::Null));
            *submit = (submit.0 + 1, frame["entry"].clone());
        } else if joined {
            self.others += 1;
        }
        if !joined {
            self.in_order.push_back((frame, now));
        }
    }

    /// The frame that an answer before a welcome answers, with the time at which it was sent.
    pub fn answer_at(&mut self) -> Option<(Value, u64)> {
        self.in_order.pop_front()
    }

    /// The frame that an answer before a welcome answers.
    pub fn answer(&mut self) -> Option<Value> {
        self.answer_at().map(|(frame, _)| frame)
    }

    /// A welcome came: what else was sent before it is answered like what is sent after it.
    pub fn opened(&mut self) {
        let left = self
            .in_order
            .drain(..)
            .filter(|(frame, _)| frame["type"] != "submit")
            .count();
        self.others += u32::try_from(left).unwrap_or(u32::MAX);
    }

    /// After a welcome: whether a frame other than a `submit` waits for an answer, which has come now.
    pub fn answer_other(&mut self) -> bool {
        let waits = self.others > 0;
        self.others = self.others.saturating_sub(1);
        waits
    }

    /// How often a `ref` was used, and the last entry under it.
    pub fn submitted(&self, reference: &str) -> Option<(u32, Value)> {
        self.submits.get(reference).cloned()
    }
}
