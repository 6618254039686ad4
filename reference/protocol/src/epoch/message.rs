//! A message's key, its padding, and its encryption by ChaCha20-Poly1305 (RFC 8439).

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt as Extract};
use zeroize::Zeroizing;

use super::secret::Secret;
use crate::bytes::{Bytes, Id, Salt};
use crate::refusal::Code;
use crate::tuple::{Label, Tuple};
use crate::verdict::{Finding, Verdict};

/// Padded plaintexts are multiples of this, in bytes.
const BLOCK: usize = 128;
/// Where the padding begins.
const MARK: u8 = 0x80;
const KEY: usize = 32;
const NONCE: usize = 12;

/// What a message's ciphertext is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageContext {
    /// The community's id.
    pub community: Id,
    /// The epoch's id: that of its entry.
    pub epoch: Id,
    /// The message's author.
    pub author: Id,
    /// The message's `seq`.
    pub seq: u64,
}

impl MessageContext {
    /// Pads and encrypts a plaintext's bytes (ENC-15). The salt must be fresh and random for each message (ENC-5): key and
    /// nonce come from it alone.
    ///
    /// The ciphertext is 16 bytes longer than the padded plaintext.
    pub fn encrypt(&self, secret: &Secret, salt: &Salt, plaintext: &[u8]) -> Bytes {
        let (key, nonce) = self.key(secret, salt);
        let mut bytes = pad(plaintext);
        key.seal_in_place_append_tag(nonce, Aad::from(self.aad()), &mut bytes)
            .expect("a message is far shorter than what the cipher can take");
        Bytes::from(bytes)
    }

    /// Decrypts a ciphertext and takes the padding off.
    ///
    /// # Errors
    /// `bad_ciphertext`, with ENC-6; `bad_padding`, with ENC-7.
    pub fn decrypt(
        &self,
        secret: &Secret,
        salt: &Salt,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Finding> {
        let (key, nonce) = self.key(secret, salt);
        let mut bytes = Zeroizing::new(ciphertext.to_vec());
        let padded = key
            .open_in_place(nonce, Aad::from(self.aad()), bytes.as_mut_slice())
            .map_err(|_| {
                // [ENC-6]
                Finding::new(
                    Verdict::Code(Code::BadCiphertext),
                    "ENC-6",
                    "the ciphertext does not open under this epoch, author and seq; its author's client is at fault",
                )
            })?
            .len();
        let plain = unpad(&bytes[..padded])?.len();
        bytes.truncate(plain);
        Ok(bytes)
    }

    /// HKDF's info, of which the key is made.
    pub fn key_info(&self) -> Vec<u8> {
        Tuple::new(Label::MessageKey)
            .bytes(self.community)
            .bytes(self.epoch)
            .bytes(self.author)
            .finish()
    }

    /// The additional authenticated data.
    pub fn aad(&self) -> Vec<u8> {
        Tuple::new(Label::MessageAad)
            .bytes(self.community)
            .bytes(self.epoch)
            .bytes(self.author)
            .uint(self.seq)
            .finish()
    }

    /// HKDF's output: 32 bytes of key, 12 of nonce. As secret as the epoch.
    pub fn okm(&self, secret: &Secret, salt: &Salt) -> Zeroizing<[u8; KEY + NONCE]> {
        let mut okm = Zeroizing::new([0; KEY + NONCE]);
        Extract::new(HKDF_SHA256, salt.as_bytes())
            .extract(secret.as_bytes())
            .expand(&[&self.key_info()], OutputLength)
            .and_then(|output| output.fill(okm.as_mut_slice()))
            .expect("HKDF-SHA256 gives up to 8160 bytes");
        okm
    }

    fn key(&self, secret: &Secret, salt: &Salt) -> (LessSafeKey, Nonce) {
        let okm = self.okm(secret, salt);
        let (key, nonce) = okm.split_at(KEY);
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("a key of 32 bytes");
        let nonce = Nonce::try_assume_unique_for_key(nonce).expect("a nonce of 12 bytes");
        (LessSafeKey::new(key), nonce)
    }
}

/// The length that HKDF is asked for.
struct OutputLength;

impl KeyType for OutputLength {
    fn len(&self) -> usize {
        KEY + NONCE
    }
}

/// The bytes, one 0x80, and the fewest zeros that bring the length to a multiple of 128. There is room for the tag behind
/// them, so that adding it leaves no copy in freed memory.
pub fn pad(plaintext: &[u8]) -> Vec<u8> {
    let length = (plaintext.len() + 1).next_multiple_of(BLOCK);
    let mut bytes = Vec::with_capacity(length + CHACHA20_POLY1305.tag_len());
    bytes.extend_from_slice(plaintext);
    bytes.push(MARK);
    bytes.resize(length, 0);
    bytes
}

/// The bytes before the padding.
///
/// # Errors
/// `bad_padding`, with ENC-7.
pub fn unpad(bytes: &[u8]) -> Result<&[u8], Finding> {
    // [ENC-7]
    let bad = |what| Err(Finding::new(Verdict::BadPadding, "ENC-7", what));
    if bytes.is_empty() || !bytes.len().is_multiple_of(BLOCK) {
        return bad("the opened bytes are no positive multiple of 128");
    }
    match bytes.iter().rposition(|byte| *byte != 0) {
        Some(mark) if bytes[mark] == MARK && bytes.len() - mark <= BLOCK => Ok(&bytes[..mark]),
        _ => bad("the opened bytes do not end in 0x80 and at most 127 zero bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn context() -> MessageContext {
        MessageContext {
            community: Id::new([1; 32]),
            epoch: Id::new([2; 32]),
            author: Id::new([3; 32]),
            seq: 4,
        }
    }

    #[test]
    fn every_length_comes_back_from_a_multiple_of_128() {
        let (secret, salt) = (Secret::generate(), Salt::new([5; 16]));
        for length in [0, 1, 126, 127, 128, 129, 255, 256, 1000] {
            let plaintext = vec![0; length];
            let ciphertext = context().encrypt(&secret, &salt, &plaintext);
            assert_eq!((ciphertext.as_slice().len() - 16) % 128, 0, "{length}");
            assert!(ciphertext.as_slice().len() - 16 <= length + 128, "{length}");
            let opened = context()
                .decrypt(&secret, &salt, ciphertext.as_slice())
                .unwrap();
            assert_eq!(*opened, plaintext);
        }
    }

    #[test]
    fn a_ciphertext_opens_nowhere_else() {
        let (secret, salt) = (Secret::generate(), Salt::new([5; 16]));
        let ciphertext = context().encrypt(&secret, &salt, b"{}");
        let other = Id::new([9; 32]);
        for wrong in [
            MessageContext {
                community: other,
                ..context()
            },
            MessageContext {
                epoch: other,
                ..context()
            },
            MessageContext {
                author: other,
                ..context()
            },
            MessageContext {
                seq: 5,
                ..context()
            },
        ] {
            let finding = wrong
                .decrypt(&secret, &salt, ciphertext.as_slice())
                .unwrap_err();
            assert_eq!(
                (finding.verdict.as_str(), finding.requirement),
                ("bad_ciphertext", "ENC-6")
            );
        }
        assert!(
            context()
                .decrypt(&Secret::generate(), &salt, ciphertext.as_slice())
                .is_err()
        );
        assert!(
            context()
                .decrypt(&secret, &Salt::new([6; 16]), ciphertext.as_slice())
                .is_err()
        );
        assert!(
            context()
                .decrypt(&secret, &salt, &ciphertext.as_slice()[..15])
                .is_err()
        );
    }

    #[test]
    fn padding_that_is_not_as_it_must_be_is_refused() {
        let mut good = vec![b'a'; 127];
        good.push(MARK);
        assert_eq!(unpad(&good).unwrap(), [b'a'; 127]);
        let mut whole_block = vec![b'a'; 128];
        whole_block.push(MARK);
        whole_block.resize(256, 0);
        assert_eq!(unpad(&whole_block).unwrap(), [b'a'; 128]);

        let mut no_mark = vec![b'a'; 128];
        no_mark[127] = 1;
        let mut too_many_zeros = vec![b'a'; 127];
        too_many_zeros.push(MARK);
        too_many_zeros.resize(256, 0);
        for bad in [
            vec![],
            vec![MARK; 127],
            vec![0; 128],
            no_mark,
            too_many_zeros,
        ] {
            assert_eq!(
                unpad(&bad).unwrap_err().verdict,
                Verdict::BadPadding,
                "{}",
                bad.len()
            );
        }
    }

    proptest! {
        #[test]
        fn what_unpads_is_what_pads_to_it(
            padded in prop::collection::vec(prop_oneof![Just(0u8), Just(MARK), Just(1)], 128),
        ) {
            if let Ok(plain) = unpad(&padded) {
                prop_assert_eq!(pad(plain), padded);
            }
        }
    }
}
