//! The limits that the server enforces, and those that it advertises.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fault::Faults;

/// A client's frame, in bytes.
pub(super) const FRAME_BYTES: usize = 262_144;
/// A message's ciphertext, in bytes.
pub(super) const CIPHERTEXT_BYTES: usize = 65_536;
/// Wraps of one entry.
pub(super) const WRAPS: usize = 1024;
/// How far `sent_at` may be off.
pub(super) const SKEW_MS: u64 = 600_000;
/// A session's life.
pub(super) const SESSION_MS: u64 = 21_600_000;
/// A challenge's life: short, so that a suite can wait for its end.
pub(super) const CHALLENGE_MS: u64 = 3000;
/// How late a checkpoint may be.
pub(super) const CHECKPOINT_MS: u64 = 1000;
/// The longest frame that a server may send. [SYNC-5]
pub(super) const SERVER_FRAME_BYTES: usize = 1_048_576;

/// The limits that can be configured: lives in milliseconds, a length in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Configured {
    /// A message's ciphertext.
    pub(super) ciphertext_bytes: usize,
    /// A session's life.
    pub(super) session_ms: u64,
    /// A challenge's life.
    pub(super) challenge_ms: u64,
    /// How late a checkpoint may be.
    pub(super) checkpoint_ms: u64,
}

impl Default for Configured {
    fn default() -> Self {
        Self {
            ciphertext_bytes: CIPHERTEXT_BYTES,
            session_ms: SESSION_MS,
            challenge_ms: CHALLENGE_MS,
            checkpoint_ms: CHECKPOINT_MS,
        }
    }
}

impl Configured {
    /// Those of a configuration. The other limits are as they are.
    pub(super) fn of(limits: &BTreeMap<String, u64>) -> Result<Self, String> {
        let fixed = [
            ("frame_bytes", FRAME_BYTES as u64),
            ("wraps", WRAPS as u64),
            ("skew_ms", SKEW_MS),
        ];
        for (name, own) in fixed {
            if limits.get(name).is_some_and(|limit| *limit != own) {
                return Err(format!("the control server's {name} is {own}"));
            }
        }
        let usual = Self::default();
        let limit = |name: &str, usual| limits.get(name).copied().unwrap_or(usual);
        Ok(Self {
            ciphertext_bytes: limit("ciphertext_bytes", usual.ciphertext_bytes as u64) as usize,
            session_ms: limit("session_ms", usual.session_ms),
            challenge_ms: limit("challenge_ms", usual.challenge_ms),
            checkpoint_ms: limit("checkpoint_ms", usual.checkpoint_ms),
        })
    }
}

/// [DISC-3] [LIM-5] [LIM-10] The document's `limits`.
pub(super) fn advertised(faults: &Faults, configured: Configured) -> Value {
    let mut limits = json!({
        "frame_bytes": FRAME_BYTES,
        "ciphertext_bytes": configured.ciphertext_bytes,
        "wraps": WRAPS,
        "skew_ms": SKEW_MS,
        "session_ms": configured.session_ms,
        "challenge_ms": configured.challenge_ms,
        "checkpoint_ms": configured.checkpoint_ms,
    });
    if faults.has("DISC-3/limits") {
        limits["challenge_ms"] = 60_000.into();
    }
    if faults.has("DISC-3/frame") {
        limits["frame_bytes"] = 393_216.into();
    }
    if faults.has("LIM-5") {
        limits["frame_bytes"] = 1_048_576.into();
    }
    if faults.has("LIM-5/zero") {
        limits["skew_ms"] = 0.into();
    }
    if faults.has("LIM-10") {
        limits["frame_bytes"] = 131_072.into();
    }
    limits
}
