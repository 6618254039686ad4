//! Public keys: parsed once, kept ready to verify with.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PSS_2048_8192_SHA256};

use super::spki;
use crate::bytes::{Bytes, Hash, Id};
use crate::refusal::{Code, Refusal};

/// An account's (or a server's) RSA public key, parsed once. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Parsed>);

struct Parsed {
    // The key's own copy of its DER stands inside, too: `ParsedPublicKey::as_ref`.
    verifier: ParsedPublicKey,
    id: Id,
    /// Most significant byte first, without leading zeros.
    modulus: Box<[u8]>,
}

/// The signature is not this key's over these bytes. The place where it stands says which code that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo, strictly.
    ///
    /// # Errors
    /// `bad_key`, with the one of KEY-1 to KEY-4 that it breaks.
    pub fn parse(der: &[u8]) -> Result<Self, Refusal> {
        let key = spki::parse(der)?;
        let verifier = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der).map_err(|_| {
            Refusal::new(
                Code::BadKey,
                "KEY-1",
                "the key is not usable for RSASSA-PSS",
            )
        })?;
        Ok(Self(Arc::new(Parsed {
            verifier,
            // [KEY-5]
            id: Id::from(Hash::of(der)),
            modulus: key.modulus.into(),
        })))
    }

    /// The account's id: the SHA-256 of [`der`](Self::der).
    pub fn id(&self) -> Id {
        self.0.id
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn der(&self) -> &[u8] {
        self.0.verifier.as_ref()
    }

    /// The DER SubjectPublicKeyInfo as it stands in frames and entries.
    pub fn to_bytes(&self) -> Bytes {
        Bytes::from(self.der())
    }

    /// The modulus' length in bytes, which is that of each signature.
    pub fn modulus_bytes(&self) -> usize {
        self.0.modulus.len()
    }

    /// The modulus, most significant byte first, without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.0.modulus
    }

    /// Verifies a signature over a tuple's bytes: RSASSA-PSS, SHA-256, MGF1 with SHA-256, 32 bytes of salt.
    ///
    /// # Errors
    /// [`SignatureError`] for anything else.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        // [SIG-2], [SIG-3] of one length, numbers compare as their bytes do
        if signature.len() != self.modulus_bytes() || *signature >= *self.0.modulus {
            return Err(SignatureError);
        }
        // [SIG-1] the algorithm takes no salt but one of the digest's length
        self.0
            .verifier
            .verify_sig(message, signature)
            .map_err(|_| SignatureError)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}
