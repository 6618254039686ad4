//! Signatures: RSASSA-PSS with SHA-256, MGF1-SHA-256 and 32 bytes of salt (spec/identity.md, "Signatures"), and for
//! vectors the wrong variants that an implementation must not take for it.
//!
//! The encoding is written from RFC 8017, section 9.1, because the variants mix hashes that no library mixes.

use super::{PublicKey, Verdict, randomness::Randomness, sha256};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey, hazmat};
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha512};

/// How a signature is made. Only [`Scheme::Pss`] is the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// SIG-1: SHA-256, MGF1-SHA-256, 32 bytes of salt.
    #[default]
    Pss,
    /// A salt of so many bytes.
    PssSalt(usize),
    /// MGF1 with SHA-1, as Java takes by default.
    PssMgf1Sha1,
    /// SHA-512 in both places, with 64 bytes of salt.
    PssSha512,
    /// A good signature plus the modulus, where the sum has no more bytes.
    PssPlusModulus,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Pkcs1v15,
}

impl Scheme {
    /// The scheme of this name in `vectors/live/README.md`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "pss" => Self::Pss,
            "pss-salt-0" => Self::PssSalt(0),
            "pss-salt-20" => Self::PssSalt(20),
            "pss-mgf1-sha1" => Self::PssMgf1Sha1,
            "pss-sha512" => Self::PssSha512,
            "pss-s-plus-n" => Self::PssPlusModulus,
            "pkcs1v15" => Self::Pkcs1v15,
            _ => return None,
        })
    }

    /// The hash of the message, the hash of MGF1, and the salt's length.
    fn parts(self) -> (HashFunction, HashFunction, usize) {
        match self {
            Self::Pss | Self::PssPlusModulus | Self::Pkcs1v15 => (sha256_vec, sha256_vec, 32),
            Self::PssSalt(n) => (sha256_vec, sha256_vec, n),
            Self::PssMgf1Sha1 => (sha256_vec, sha1_vec, 32),
            Self::PssSha512 => (sha512_vec, sha512_vec, 64),
        }
    }
}

/// Signs the message, with a salt from this source.
///
/// # Panics
///
/// Where the key is too small for the scheme, which no test key is.
pub fn sign(
    key: &RsaPrivateKey,
    message: &[u8],
    scheme: Scheme,
    randomness: &mut dyn Randomness,
) -> Vec<u8> {
    if scheme == Scheme::Pkcs1v15 {
        let padding = Pkcs1v15Sign::new::<rsa::sha2::Sha256>();
        return key
            .sign(padding, &sha256(message))
            .expect("a key of 2048 bits or more");
    }
    let (hash, mask, salt_length) = scheme.parts();
    loop {
        let salt = randomness.bytes(salt_length);
        let encoded = pss_encode(message, &salt, key.n().bits() - 1, hash, mask);
        let mut number = raised(key, &encoded);
        if scheme == Scheme::PssPlusModulus {
            number += key.n();
        }
        if number.bits() <= key.size() * 8 {
            return padded(&number, key.size());
        }
        // The sum has a byte too many: another salt gives another number.
    }
}

/// The encoding that [`Scheme::Pss`] signs, with this salt (RFC 8017, section 9.1.1).
pub fn encoding(key: &RsaPrivateKey, message: &[u8], salt: &[u8]) -> Vec<u8> {
    pss_encode(message, salt, key.n().bits() - 1, sha256_vec, sha256_vec)
}

/// The signature over an encoding that is already made, be it right or wrong.
///
/// # Panics
///
/// Where the encoding is not smaller than the modulus.
pub fn over_encoding(key: &RsaPrivateKey, encoded: &[u8]) -> Vec<u8> {
    padded(&raised(key, encoded), key.size())
}

/// The bytes with MGF1-SHA-256 of the seed added: masked, or unmasked again.
pub fn mgf1_sha256(bytes: &[u8], seed: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    mask_with(&mut out, seed, sha256_vec);
    out
}

/// Verifies a signature by this key over the message: nothing but SIG-1's.
///
/// Errors have the code `bad_signature`; in a join it is `bad_proof`, in a welcome `bad_welcome` and so on: the
/// caller gives the code of its place.
pub fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), Verdict> {
    // [SIG-2]
    if signature.len() != key.signature_length() {
        return Err(Verdict::new(
            "bad_signature",
            "SIG-2",
            format!(
                "{} bytes, the modulus has {}",
                signature.len(),
                key.signature_length()
            ),
        ));
    }
    let bad = |detail| Verdict::new("bad_signature", "SIG-1", detail);
    let number = BigUint::from_bytes_be(signature);
    // RFC 8017, section 5.2.2, step 1: without it s and s + n are one signature with two spellings.
    if &number >= key.rsa().n() {
        return Err(Verdict::new(
            "bad_signature",
            "SIG-3",
            "the number is not smaller than the modulus",
        ));
    }
    let opened = hazmat::rsa_encrypt(key.rsa(), &number).map_err(|_| bad("no RSA result"))?;
    let encoded = padded(&opened, key.signature_length());
    match pss_consistent(message, &encoded, key.rsa().n().bits() - 1) {
        true => Ok(()),
        false => Err(bad(
            "not PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes over these bytes",
        )),
    }
}

type HashFunction = fn(&[u8]) -> Vec<u8>;

/// RFC 8017, section 5.2.1.
fn raised(key: &RsaPrivateKey, encoded: &[u8]) -> BigUint {
    let number = BigUint::from_bytes_be(encoded);
    hazmat::rsa_decrypt_and_check::<super::randomness::Seeded>(key, None, &number)
        .expect("the encoding is smaller than the modulus")
}

fn sha256_vec(bytes: &[u8]) -> Vec<u8> {
    sha256(bytes).to_vec()
}

fn sha1_vec(bytes: &[u8]) -> Vec<u8> {
    Sha1::digest(bytes).to_vec()
}

fn sha512_vec(bytes: &[u8]) -> Vec<u8> {
    Sha512::digest(bytes).to_vec()
}

/// RFC 8017, section 9.1.1.
fn pss_encode(
    message: &[u8],
    salt: &[u8],
    bits: usize,
    hash: HashFunction,
    mask: HashFunction,
) -> Vec<u8> {
    let length = bits.div_ceil(8);
    let h = hash(&[&[0; 8], &hash(message)[..], salt].concat());
    let mut db = vec![0; length - h.len() - 1];
    let one = db.len() - salt.len() - 1;
    db[one] = 1;
    db[one + 1..].copy_from_slice(salt);
    mask_with(&mut db, &h, mask);
    db[0] &= 0xff >> (8 * length - bits);
    [&db, &h[..], &[0xbc]].concat()
}

/// RFC 8017, section 9.1.2, with SHA-256 and a salt of 32 bytes. `encoded` may have a zero byte more in front.
fn pss_consistent(message: &[u8], encoded: &[u8], bits: usize) -> bool {
    let length = bits.div_ceil(8);
    let Some((front, encoded)) = encoded.split_at_checked(encoded.len() - length) else {
        return false;
    };
    let unused = 8 * length - bits;
    let (db, tail) = encoded.split_at(length - 33);
    if front.iter().any(|b| *b != 0)
        || tail[32] != 0xbc
        || u32::from(db[0]).leading_zeros() < 24 + unused as u32
    {
        return false;
    }
    let h = &tail[..32];
    let mut db = db.to_vec();
    mask_with(&mut db, h, sha256_vec);
    db[0] &= 0xff >> unused;
    let (padding, salt) = db.split_at(db.len() - 32);
    let (zeros, one) = padding.split_at(padding.len() - 1);
    zeros.iter().all(|b| *b == 0)
        && one == [1]
        && h == sha256(&[&[0; 8], &sha256(message)[..], salt].concat())
}

/// Adds MGF1 (RFC 8017, appendix B.2.1) of the seed to the bytes.
fn mask_with(bytes: &mut [u8], seed: &[u8], hash: HashFunction) {
    let mask = (0u32..).flat_map(|counter| hash(&[seed, &counter.to_be_bytes()].concat()));
    for (byte, m) in bytes.iter_mut().zip(mask) {
        *byte ^= m;
    }
}

fn padded(number: &BigUint, length: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let mut out = vec![0; length - bytes.len()];
    out.extend(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{accounts, randomness::System};
    use rsa::signature::Verifier;

    #[test]
    fn the_library_verifies_what_we_sign_and_we_verify_only_the_one_scheme() {
        let account = accounts::named("m01").unwrap();
        let library = rsa::pss::VerifyingKey::<rsa::sha2::Sha256>::new(account.key().rsa().clone());
        let schemes = [
            "pss",
            "pss-salt-20",
            "pss-salt-0",
            "pss-mgf1-sha1",
            "pss-sha512",
            "pss-s-plus-n",
            "pkcs1v15",
        ];
        for name in schemes {
            let signature = account.sign(b"message", Scheme::named(name).unwrap(), &mut System);
            assert_eq!(
                verify(account.key(), b"message", &signature).is_ok(),
                name == "pss",
                "{name}"
            );
            let theirs = rsa::pss::Signature::try_from(&signature[..]).unwrap();
            assert_eq!(
                library.verify(b"message", &theirs).is_ok(),
                name == "pss",
                "{name}"
            );
        }
    }

    #[test]
    fn a_changed_message_or_signature_does_not_verify() {
        let account = accounts::named("m02").unwrap();
        let mut signature = account.sign(b"message", Scheme::Pss, &mut System);
        assert!(verify(account.key(), b"message", &signature).is_ok());
        assert!(verify(account.key(), b"massage", &signature).is_err());
        signature[9] ^= 1;
        assert!(verify(account.key(), b"message", &signature).is_err());
    }
}
