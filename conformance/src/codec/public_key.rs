//! Public keys: SubjectPublicKeyInfo in DER, read as strictly as spec/identity.md asks.

use super::{Hash, Verdict, der, sha256};
use rsa::{BigUint, RsaPublicKey};

/// The AlgorithmIdentifier of rsaEncryption: its OBJECT IDENTIFIER and NULL.
pub const RSA_ENCRYPTION: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// A public key that keeps KEY-1 to KEY-4, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
    id: Hash,
    key: RsaPublicKey,
}

impl PublicKey {
    /// Reads a key from its bytes on the wire; `bad_key` where they break one of KEY-1 to KEY-4.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Verdict> {
        let (modulus, exponent) = integers(bytes)
            .map_err(|e| bad_key("KEY-1", format!("not a public key in DER: {e}")))?;
        // [KEY-2]
        let bits = modulus.len() * 8 - modulus[0].leading_zeros() as usize;
        if !(2048..=4096).contains(&bits) || !bits.is_multiple_of(8) {
            return Err(bad_key("KEY-2", format!("a modulus of {bits} bits")));
        }
        // [KEY-3]
        if exponent != [1, 0, 1] {
            return Err(bad_key("KEY-3", "the public exponent is not 65537"));
        }
        // [KEY-4]
        if modulus[modulus.len() - 1] % 2 == 0 {
            return Err(bad_key("KEY-4", "the modulus is even"));
        }
        let key = RsaPublicKey::new_unchecked(
            BigUint::from_bytes_be(modulus),
            BigUint::from_bytes_be(exponent),
        );
        Ok(Self {
            der: bytes.to_vec(),
            id: sha256(bytes), // [KEY-5]
            key,
        })
    }

    /// The bytes on the wire.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The account's id.
    pub fn id(&self) -> Hash {
        self.id
    }

    /// The modulus' length in bytes, which is a signature's.
    pub fn signature_length(&self) -> usize {
        use rsa::traits::PublicKeyParts;
        self.key.size()
    }

    /// The number, for the arithmetic of a signature.
    pub(super) fn rsa(&self) -> &RsaPublicKey {
        &self.key
    }
}

/// The bytes on the wire of the key with this modulus and exponent (big endian). Checks nothing.
pub fn to_der(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let pkcs1 = der::element(
        0x30,
        &[
            der::unsigned_integer(modulus),
            der::unsigned_integer(exponent),
        ]
        .concat(),
    );
    let bits = der::element(0x03, &[&[0], &pkcs1[..]].concat());
    der::element(0x30, &[&RSA_ENCRYPTION[..], &bits].concat())
}

/// Modulus and exponent, where the bytes have exactly the form of [KEY-1].
fn integers(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let (info, rest) = der::take(0x30, bytes)?;
    nothing(rest)?;
    let Some(bits) = info.strip_prefix(&RSA_ENCRYPTION) else {
        return Err("the algorithm is not rsaEncryption with NULL".into());
    };
    let (bits, rest) = der::take(0x03, bits)?;
    nothing(rest)?;
    let Some(pkcs1) = bits.strip_prefix(&[0]) else {
        return Err("the bit string has unused bits".into());
    };
    let (numbers, rest) = der::take(0x30, pkcs1)?;
    nothing(rest)?;
    let (modulus, rest) = der::take_unsigned_integer(numbers)?;
    let (exponent, rest) = der::take_unsigned_integer(rest)?;
    nothing(rest)?;
    if modulus.is_empty() {
        return Err("the modulus is zero".into());
    }
    Ok((modulus, exponent))
}

fn nothing(rest: &[u8]) -> Result<(), String> {
    match rest.len() {
        0 => Ok(()),
        n => Err(format!("{n} bytes are left over")),
    }
}

fn bad_key(requirement: &'static str, detail: impl Into<String>) -> Verdict {
    Verdict::new("bad_key", requirement, detail)
}
