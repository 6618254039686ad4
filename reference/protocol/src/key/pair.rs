//! Key pairs: made where they are used, kept in memory that is wiped, stored as PKCS#8 (RFC 5208) in PEM (RFC 7468).

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::public::PublicKey;
use crate::bytes::Bytes;
use crate::refusal::Refusal;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The size of a modulus, as a key is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModulusBits {
    /// 2048 bits: the cheapest to verify.
    #[default]
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

/// An RSA key pair that signs. Its private half is never printed, and is wiped by the library when it is dropped.
pub struct KeyPair {
    private: RsaKeyPair,
    public: PublicKey,
}

/// Why a key pair could not be made, read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyPairError {
    /// The system's random source or the library failed.
    #[error("making a key failed; is the system's random source there?")]
    Generate,
    /// Not one PEM block of an unencrypted PKCS#8 private key.
    #[error("not a PEM of an unencrypted PKCS#8 private key: {0}")]
    Pem(&'static str),
    /// The PKCS#8 bytes are not those of an RSA key that holds together.
    #[error("not the PKCS#8 of an RSA private key")]
    Pkcs8,
    /// The key's public half breaks a rule of this protocol.
    #[error("the key cannot be an account's: {0}")]
    Key(#[from] Refusal),
}

impl KeyPair {
    /// Makes a key pair from the system's random source. Takes from a tenth of a second to seconds.
    ///
    /// # Errors
    /// [`KeyPairError::Generate`] if the library fails.
    pub fn generate(bits: ModulusBits) -> Result<Self, KeyPairError> {
        let size = match bits {
            ModulusBits::Bits2048 => KeySize::Rsa2048,
            ModulusBits::Bits3072 => KeySize::Rsa3072,
            ModulusBits::Bits4096 => KeySize::Rsa4096,
        };
        Self::new(RsaKeyPair::generate(size).map_err(|_| KeyPairError::Generate)?)
    }

    /// Reads the PEM of an unencrypted PKCS#8 private key (`-----BEGIN PRIVATE KEY-----`).
    ///
    /// # Errors
    /// [`KeyPairError`] for any other text, and for a key that breaks one of KEY-2 to KEY-4.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyPairError> {
        let body = pem
            .trim()
            .strip_prefix(BEGIN)
            .ok_or(KeyPairError::Pem(
                "it does not begin with BEGIN PRIVATE KEY",
            ))?
            .strip_suffix(END)
            .ok_or(KeyPairError::Pem("it does not end with END PRIVATE KEY"))?;
        let mut letters = Zeroizing::new(String::with_capacity(body.len()));
        letters.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
        let der = Zeroizing::new(
            STANDARD
                .decode(letters.as_bytes())
                .map_err(|_| KeyPairError::Pem("its middle is not base64"))?,
        );
        Self::from_pkcs8_der(&der)
    }

    /// Reads an unencrypted PKCS#8 private key in DER.
    ///
    /// # Errors
    /// [`KeyPairError`] for other bytes, and for a key that breaks one of KEY-2 to KEY-4.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyPairError> {
        Self::new(RsaKeyPair::from_pkcs8(der).map_err(|_| KeyPairError::Pkcs8)?)
    }

    /// Writes the key as the PEM of an unencrypted PKCS#8 private key: a secret, to be kept where only its holder reads.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        let letters = Zeroizing::new(STANDARD.encode(self.to_pkcs8_der()));
        let mut pem = Zeroizing::new(String::with_capacity(letters.len() * 66 / 64 + 64));
        pem.push_str(BEGIN);
        for line in letters.as_bytes().chunks(64) {
            pem.push('\n');
            pem.extend(line.iter().map(|&letter| char::from(letter)));
        }
        pem.push('\n');
        pem.push_str(END);
        pem.push('\n');
        pem
    }

    /// Writes the key as unencrypted PKCS#8 in DER: a secret.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let der: Pkcs8V1Der<'_> = self.private.as_der().expect("a whole key has an encoding");
        Zeroizing::new(der.as_ref().to_vec())
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a tuple's bytes: RSASSA-PSS, SHA-256, MGF1 with SHA-256, 32 random bytes of salt. About 0.8 ms at 2048 bits.
    ///
    /// # Panics
    /// If the system's random source fails, without which no signature may be made.
    pub fn sign(&self, message: &[u8]) -> Bytes {
        // [SIG-1] the library's salt is as long as the digest
        let mut signature = vec![0; self.private.public_modulus_len()];
        self.private
            .sign(
                &RSA_PSS_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("signing fails without a random source alone");
        Bytes::from(signature)
    }

    fn new(private: RsaKeyPair) -> Result<Self, KeyPairError> {
        let der: PublicKeyX509Der<'_> = private
            .public_key()
            .as_der()
            .map_err(|_| KeyPairError::Pkcs8)?;
        let public = PublicKey::parse(der.as_ref())?;
        Ok(Self { private, public })
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // [KEY-6] the private half is nobody's to read
        write!(f, "KeyPair({})", self.public.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SignatureError;
    use aws_lc_rs::signature::{
        ParsedPublicKey, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA512, RsaParameters,
        RsaPssSaltLength, RsaSignatureEncoding,
    };

    fn pair() -> KeyPair {
        KeyPair::generate(ModulusBits::Bits2048).unwrap()
    }

    #[test]
    fn a_signature_verifies_over_its_bytes_and_no_others() {
        let pair = pair();
        let signature = pair.sign(b"this");
        assert_eq!(signature.len(), 256);
        assert_eq!(pair.public().verify(b"this", &signature), Ok(()));
        assert_eq!(
            pair.public().verify(b"that", &signature),
            Err(SignatureError)
        );
        assert_eq!(
            self::pair().public().verify(b"this", &signature),
            Err(SignatureError)
        );
    }

    #[test]
    fn a_signature_of_another_length_is_refused() {
        let pair = pair();
        let signature = pair.sign(b"this").into_vec();
        let longer = [&[0], &signature[..]].concat();
        assert_eq!(pair.public().verify(b"this", &longer), Err(SignatureError));
        assert_eq!(
            pair.public().verify(b"this", &signature[1..]),
            Err(SignatureError)
        );
        assert_eq!(pair.public().verify(b"this", &[]), Err(SignatureError));
    }

    #[test]
    fn a_signature_plus_the_modulus_is_refused() {
        let pair = pair();
        let modulus = pair.public().modulus();
        // s + n fits into the length for about one signature in two: the modulus is less than twice its least value
        let (signature, sum) = std::iter::repeat_with(|| pair.sign(b"this"))
            .find_map(|signature| {
                let mut sum = vec![0; 256];
                let mut carry = 0;
                for at in (0..256).rev() {
                    let digit = u16::from(signature[at]) + u16::from(modulus[at]) + carry;
                    sum[at] = digit as u8;
                    carry = digit >> 8;
                }
                (carry == 0).then_some((signature, sum))
            })
            .unwrap();
        assert_eq!(pair.public().verify(b"this", &signature), Ok(()));
        assert_eq!(pair.public().verify(b"this", &sum), Err(SignatureError));
        assert_eq!(pair.public().verify(b"this", modulus), Err(SignatureError));
    }

    #[test]
    fn only_a_salt_of_32_bytes_verifies() {
        const SALT_32: RsaParameters =
            RSA_PSS_2048_8192_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(32));
        const NO_SALT: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(0));
        const SALT_20: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(20));
        const LONGEST: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(222));

        let pair = pair();
        let ours = ParsedPublicKey::new(&SALT_32, pair.public().der()).unwrap();
        assert!(ours.verify_sig(b"this", &pair.sign(b"this")).is_ok());

        let others: [&'static RsaSignatureEncoding; 5] = [
            &NO_SALT,
            &SALT_20,
            &LONGEST,
            &RSA_PSS_SHA512,
            &RSA_PKCS1_SHA256,
        ];
        for scheme in others {
            let mut signature = vec![0; 256];
            pair.private
                .sign(scheme, &SystemRandom::new(), b"this", &mut signature)
                .unwrap();
            assert_eq!(
                pair.public().verify(b"this", &signature),
                Err(SignatureError),
                "{scheme:?}"
            );
        }
    }

    #[test]
    fn a_key_comes_back_from_its_pem() {
        for bits in [ModulusBits::Bits2048, ModulusBits::Bits3072] {
            let pair = KeyPair::generate(bits).unwrap();
            let again = KeyPair::from_pkcs8_pem(&pair.to_pkcs8_pem()).unwrap();
            assert_eq!(again.public(), pair.public());
            assert_eq!(pair.public().verify(b"x", &again.sign(b"x")), Ok(()));
        }
    }

    #[test]
    fn what_is_no_private_key_is_refused_with_a_reason() {
        let pem = pair().to_pkcs8_pem();
        for broken in [
            String::new(),
            pem.replace("PRIVATE", "PUBLIC"),
            pem.replace("-----END", "----END"),
            pem.replacen("MII", "!!!", 1),
        ] {
            assert!(matches!(
                KeyPair::from_pkcs8_pem(&broken),
                Err(KeyPairError::Pem(_))
            ));
        }
        assert_eq!(
            KeyPair::from_pkcs8_der(&[0x30, 0]).unwrap_err(),
            KeyPairError::Pkcs8
        );
    }

    #[test]
    fn printing_a_pair_shows_its_id_alone() {
        let pair = pair();
        assert_eq!(
            format!("{pair:?}"),
            format!("KeyPair({})", pair.public().id())
        );
    }
}
