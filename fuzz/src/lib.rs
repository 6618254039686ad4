//! What the targets share: the suite's codec as a second opinion, and the test accounts.

/// The conformance suite's codec: written from the specification alone, on libraries that the reference does not use. Its
/// sources are taken in, since the suite as a whole would bring a hundred crates that nothing here asks for.
#[path = "../../conformance/src/codec/mod.rs"]
#[allow(dead_code, missing_docs)]
pub mod codec;

use dispatch_protocol::limits::Limits;

/// Limits so wide that what is refused breaks the form: the suite's codec knows of no others.
pub const WIDE: Limits = Limits {
    frame_bytes: u64::MAX,
    ciphertext_bytes: u64::MAX,
    wraps: u64::MAX,
    skew_ms: 86_400_000,
    session_ms: 2_592_000_000,
    challenge_ms: 60_000,
    checkpoint_ms: 60_000,
};

/// Whether brackets stand so deep in a text that parsers may end there, each at a depth of its own. The specification bounds
/// the depth of a client's frames (CONV-8), and of nothing else.
pub fn is_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    bytes.iter().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 100
    })
}
