//! The limit that every server of signed messages has: one verification each.

use std::hint::black_box;

use dispatch_protocol::bytes::Bytes;
use dispatch_protocol::key::PublicKey;

use super::Problem;
use super::usage::own_thread;

/// A signed statement, and who signed it.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The author's key, parsed.
    pub key: PublicKey,
    /// What was signed.
    pub statement: Vec<u8>,
    /// The signature.
    pub signature: Bytes,
}

/// How many verifications are timed at least.
const LEAST: usize = 2000;

/// The processor time of one RSASSA-PSS verification with a parsed key, in microseconds: the mean over these statements,
/// verified by the calling thread again and again.
///
/// # Errors
/// A signature that does not verify: the load would not, either.
pub fn verification_us(signed: &[Signed]) -> Result<f64, Problem> {
    if signed.is_empty() {
        return Err(Problem::new("there is no signature to verify"));
    }
    let rounds = LEAST.div_ceil(signed.len());
    let before = own_thread();
    for signed in (0..rounds).flat_map(|_| signed) {
        signed
            .key
            .verify(black_box(&signed.statement), &signed.signature)
            .map_err(Problem::at("a message of the load"))?;
    }
    let spent = own_thread() - before;
    Ok(spent.as_nanos() as f64 / 1000.0 / (rounds * signed.len()) as f64)
}
