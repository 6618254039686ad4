//! Public keys as the server takes them, and the many ways to take too many.

use std::sync::Arc;

use super::fault::Faults;
use crate::codec::{Hash, PublicKey, Verdict, der, public_key::RSA_ENCRYPTION, sha256};

/// A key that was taken.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// The account's id.
    pub(super) id: Hash,
    /// What verifies; missing for a key that only a fault took.
    pub(super) parsed: Option<Arc<PublicKey>>,
}

impl Key {
    /// Reads a key; `bad_key` where it breaks one of KEY-1 to KEY-4.
    pub(super) fn read(bytes: &[u8], faults: &Faults) -> Result<Self, Verdict> {
        let verdict = match PublicKey::from_der(bytes) {
            Ok(_) if faults.has("KEY-2/usual") && !has_usual_size(bytes) => {
                return Err(Verdict::new("bad_key", "KEY-2", "an unusual size"));
            }
            Ok(key) => return Ok(Self::new(bytes, Some(key), faults)),
            Err(verdict) => verdict,
        };
        let mended = mend(bytes, faults).and_then(|der| PublicKey::from_der(&der).ok());
        if mended.is_some() {
            return Ok(Self::new(bytes, mended, faults));
        }
        match is_let_through(bytes, &verdict, faults) {
            true => Ok(Self::new(bytes, None, faults)),
            false => Err(verdict),
        }
    }

    /// Takes whatever bytes they are.
    pub(super) fn unchecked(bytes: &[u8], faults: &Faults) -> Self {
        Self::new(bytes, PublicKey::from_der(bytes).ok(), faults)
    }

    fn new(bytes: &[u8], parsed: Option<PublicKey>, faults: &Faults) -> Self {
        // [KEY-5]
        let named = match pkcs1_of(bytes) {
            Some(pkcs1) if faults.has("KEY-5") => pkcs1,
            _ => bytes,
        };
        Self {
            id: sha256(named),
            parsed: parsed.map(Arc::new),
        }
    }
}

/// [KEY-2] to [KEY-4] Whether a fault takes this key, though no signature by it will be verified.
fn is_let_through(bytes: &[u8], verdict: &Verdict, faults: &Faults) -> bool {
    match verdict.requirement {
        "KEY-2" => {
            let bits = bits_of(bytes);
            faults.has("KEY-2/small") && bits < 2048
                || faults.has("KEY-2/large") && bits > 4096
                || faults.has("KEY-2/odd-size")
                    && (2048..4096).contains(&bits)
                    && !bits.is_multiple_of(8)
        }
        "KEY-3" => faults.has("KEY-3"),
        "KEY-4" => faults.has("KEY-4"),
        _ => false,
    }
}

/// [KEY-1] The canonical bytes of a key that is not canonical, where a fault reads it all the same.
fn mend(bytes: &[u8], faults: &Faults) -> Option<Vec<u8>> {
    if faults.has("KEY-1/pkcs1") {
        der::take(0x30, bytes)
            .ok()
            .filter(|(numbers, _)| numbers.starts_with(&[2]))?;
        return Some(wrapped(bytes));
    }
    if faults.has("KEY-1/missing-null") || faults.has("KEY-1/pss-algorithm") {
        let (info, _) = der::take(0x30, bytes).ok()?;
        let (algorithm, bits) = der::take(0x30, info).ok()?;
        let (identifier, parameters) = der::take(0x06, algorithm).ok()?;
        let is_rsa = identifier == &RSA_ENCRYPTION[4..13];
        let is_pss = identifier == PSS;
        let taken = faults.has("KEY-1/missing-null") && is_rsa && parameters.is_empty()
            || faults.has("KEY-1/pss-algorithm") && is_pss;
        return taken.then(|| der::element(0x30, &[&RSA_ENCRYPTION[..], bits].concat()));
    }
    if faults.has("KEY-1/left-over") {
        let (_, rest) = der::take(0x30, bytes).ok()?;
        return Some(bytes[..bytes.len() - rest.len()].to_vec());
    }
    if faults.has("KEY-1/ber") || faults.has("KEY-1/negative") {
        let (info, rest) = take_ber(0x30, bytes)?;
        let (_, bits) = take_ber(0x30, info)?;
        let (bits, _) = take_ber(0x03, bits)?;
        let (numbers, _) = take_ber(0x30, bits.get(1..)?)?;
        let (modulus, numbers) = take_ber(0x02, numbers)?;
        let (exponent, _) = take_ber(0x02, numbers)?;
        let negative = modulus.first().is_some_and(|byte| byte & 0x80 != 0);
        let taken = rest.is_empty() && (!negative || faults.has("KEY-1/negative"));
        return taken.then(|| crate::codec::public_key::to_der(modulus, exponent));
    }
    None
}

/// id-RSASSA-PSS: 1.2.840.113549.1.1.10.
const PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

fn wrapped(pkcs1: &[u8]) -> Vec<u8> {
    let bits = der::element(0x03, &[&[0], pkcs1].concat());
    der::element(0x30, &[&RSA_ENCRYPTION[..], &bits].concat())
}

fn pkcs1_of(bytes: &[u8]) -> Option<&[u8]> {
    let (info, _) = der::take(0x30, bytes).ok()?;
    let (bits, _) = der::take(0x03, info.get(RSA_ENCRYPTION.len()..)?).ok()?;
    bits.get(1..)
}

fn modulus_of(bytes: &[u8]) -> Option<&[u8]> {
    let (numbers, _) = der::take(0x30, pkcs1_of(bytes)?).ok()?;
    let (modulus, _) = der::take_unsigned_integer(numbers).ok()?;
    (!modulus.is_empty()).then_some(modulus)
}

fn bits_of(bytes: &[u8]) -> usize {
    modulus_of(bytes).map_or(0, |n| n.len() * 8 - n[0].leading_zeros() as usize)
}

fn has_usual_size(bytes: &[u8]) -> bool {
    matches!(bits_of(bytes), 2048 | 3072 | 4096)
}

/// Takes an element whose length may have needless zeros.
fn take_ber(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [found, first, rest @ ..] = bytes else {
        return None;
    };
    let digits = match first {
        0..0x80 => 0,
        n => usize::from(n & 0x7f),
    };
    let (long, rest) = rest.split_at_checked(digits)?;
    let length = match digits {
        0 => usize::from(*first),
        _ => long
            .iter()
            .fold(0, |n: usize, byte| n << 8 | usize::from(*byte)),
    };
    (*found == tag && digits <= 8).then(|| rest.split_at_checked(length))?
}
