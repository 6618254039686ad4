//! Signatures as the server verifies them, and the many ways to accept too many.

use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey, hazmat, pkcs8::DecodePublicKey};
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha512};

use super::fault::Faults;
use super::key::Key;
use crate::codec::{Verdict, sha256, signature};

/// Whether these bytes are a signature by this key over the message; the caller gives the code of its place.
pub(super) fn verify(
    key: &Key,
    message: &[u8],
    bytes: &[u8],
    faults: &Faults,
) -> Result<(), Verdict> {
    let Some(parsed) = &key.parsed else {
        return Err(Verdict::new(
            "bad_signature",
            "SIG-1",
            "a key that verifies nothing",
        ));
    };
    // [SIG-1] [SIG-2] [SIG-3]
    if faults.has("SIG-2/256") && bytes.len() != 256 {
        return Err(Verdict::new("bad_signature", "SIG-2", "not of 256 bytes"));
    }
    let strict = signature::verify(parsed, message, bytes);
    if strict.is_ok() || faults.is_empty() {
        return strict;
    }
    let lenient = RsaPublicKey::from_public_key_der(parsed.der()).is_ok_and(|rsa| {
        is_taken(&rsa, message, bytes, faults, |s| {
            signature::verify(parsed, message, s).is_ok()
        })
    });
    if lenient { Ok(()) } else { strict }
}

fn is_taken(
    key: &RsaPublicKey,
    message: &[u8],
    bytes: &[u8],
    faults: &Faults,
    strict: impl Fn(&[u8]) -> bool,
) -> bool {
    let number = BigUint::from_bytes_be(bytes);
    if faults.has("SIG-2") {
        return strict(&padded(&number, key.size()));
    }
    if faults.has("SIG-2/cut") && bytes.len() + 1 == key.size() {
        return (0..=255).any(|last| strict(&[bytes, &[last]].concat()));
    }
    if faults.has("SIG-3") && bytes.len() == key.size() {
        return strict(&padded(&(number % key.n()), key.size()));
    }
    if faults.has("SIG-1/pkcs1v15") {
        let padding = Pkcs1v15Sign::new::<rsa::sha2::Sha256>();
        return key.verify(padding, &sha256(message), bytes).is_ok();
    }
    if bytes.len() != key.size() {
        return false;
    }
    let Ok(opened) = hazmat::rsa_encrypt(key, &number) else {
        return false;
    };
    let opened = padded(&opened, key.size());
    faults.has("SIG-1/salt") && is_pss(message, &opened, sha256_vec, sha256_vec, None)
        || faults.has("SIG-1/mgf1-sha1") && is_pss(message, &opened, sha256_vec, sha1_vec, Some(32))
        || faults.has("SIG-1/sha512") && is_pss(message, &opened, sha512_vec, sha512_vec, None)
}

type HashFunction = fn(&[u8]) -> Vec<u8>;

fn sha1_vec(bytes: &[u8]) -> Vec<u8> {
    Sha1::digest(bytes).to_vec()
}

fn sha256_vec(bytes: &[u8]) -> Vec<u8> {
    sha256(bytes).to_vec()
}

fn sha512_vec(bytes: &[u8]) -> Vec<u8> {
    Sha512::digest(bytes).to_vec()
}

/// RFC 8017, section 9.1.2, with these hashes and a salt of this length or any, for moduli of whole bytes.
fn is_pss(
    message: &[u8],
    encoded: &[u8],
    hash: HashFunction,
    mask: HashFunction,
    salt: Option<usize>,
) -> bool {
    let digest = hash(message);
    let Some((db, [h @ .., 0xbc])) = encoded.split_at_checked(encoded.len() - digest.len() - 1)
    else {
        return false;
    };
    let stream = (0u32..).flat_map(|counter| mask(&[h, &counter.to_be_bytes()].concat()));
    let mut db: Vec<u8> = db
        .iter()
        .zip(stream)
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    db[0] &= 0x7f;
    let Some(one) = db
        .iter()
        .position(|byte| *byte != 0)
        .filter(|at| db[*at] == 1)
    else {
        return false;
    };
    let found = &db[one + 1..];
    salt.is_none_or(|length| found.len() == length)
        && h == hash(&[&[0; 8], &digest[..], found].concat())
}

fn padded(number: &BigUint, length: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let mut out = vec![0; length.saturating_sub(bytes.len())];
    out.extend(bytes);
    out
}
