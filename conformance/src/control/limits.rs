//! The limits that the server enforces, and those that it advertises.

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

/// [DISC-3] [LIM-5] [LIM-10] The document's `limits`.
pub(super) fn advertised(faults: &Faults) -> Value {
    let mut limits = json!({
        "frame_bytes": FRAME_BYTES,
        "ciphertext_bytes": CIPHERTEXT_BYTES,
        "wraps": WRAPS,
        "skew_ms": SKEW_MS,
        "session_ms": SESSION_MS,
        "challenge_ms": CHALLENGE_MS,
        "checkpoint_ms": CHECKPOINT_MS,
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
