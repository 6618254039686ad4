//! An epoch's secret and the commitment to it.

use std::fmt;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::bytes::Hash;
use crate::tuple::{Label, Tuple};
use crate::verdict::{Finding, Verdict};

/// An epoch's secret: 32 bytes. Wiped when it is dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Makes a secret from the system's random source (ENC-1).
    ///
    /// # Panics
    /// If the system's random source fails.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(bytes.as_mut_slice()).expect("the system's random source works");
        Self(bytes)
    }

    /// A secret that is known already, such as a stored one.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The 32 bytes: to be kept where only their holder reads.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the epoch's body says of the secret: `H(Tuple("commitment", secret))`.
    pub fn commitment(&self) -> Hash {
        Tuple::new(Label::Commitment)
            .bytes(self.0.as_slice())
            .digest()
    }

    /// Checks that this is the secret which an epoch committed to.
    ///
    /// # Errors
    /// `bad_commitment`, with ENC-2.
    pub fn check(&self, commitment: &Hash) -> Result<(), Finding> {
        // [ENC-2] both are public, so the time that the comparison takes tells nothing
        if self.commitment() == *commitment {
            Ok(())
        } else {
            Err(Finding::new(
                Verdict::BadCommitment,
                "ENC-2",
                "the wrap holds another secret than the one that the epoch committed to; do not read or write under it",
            ))
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_keeps_its_own_commitment_and_no_other() {
        let secret = Secret::generate();
        assert!(secret.check(&secret.commitment()).is_ok());
        let other = Secret::generate();
        let finding = other.check(&secret.commitment()).unwrap_err();
        assert_eq!(
            (finding.verdict, finding.requirement),
            (Verdict::BadCommitment, "ENC-2")
        );
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::from_bytes(&[0x41; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
