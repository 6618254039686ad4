//! Message keys, padding and plaintexts (spec/encryption.md, "Message key" and "Plaintext").

use super::json::{Rules, read_object};
use super::{Hash, Tuple, Verdict, base64url};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use serde_json::Value;
use sha2::Sha256;

/// Ciphertexts are longer than a multiple of this by [`TAG_LENGTH`].
pub const PADDING_BLOCK: usize = 128;
/// The length of the authentication tag.
pub const TAG_LENGTH: usize = 16;

/// Where a message stands: what its key and its aad are made of, besides the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The community's id.
    pub community: Hash,
    /// The epoch's id.
    pub epoch: Hash,
    /// The author's id.
    pub author: Hash,
    /// The author's number.
    pub seq: u64,
}

impl Place {
    /// Key and nonce: 44 bytes.
    pub fn key_and_nonce(&self, secret: &Hash, salt: &[u8]) -> [u8; 44] {
        let info = self.under("message-key").encode();
        let mut okm = [0; 44];
        Hkdf::<Sha256>::new(Some(salt), secret)
            .expand(&info, &mut okm)
            .expect("44 bytes");
        okm
    }

    /// The aad tuple.
    pub fn aad(&self) -> Tuple {
        self.under("message-aad").uint(self.seq)
    }

    /// Encrypts a padded plaintext.
    pub fn seal(&self, secret: &Hash, salt: &[u8], padded: &[u8]) -> Vec<u8> {
        let (cipher, nonce) = self.cipher(secret, salt);
        let payload = Payload {
            msg: padded,
            aad: &self.aad().encode(),
        };
        cipher
            .encrypt(&nonce, payload)
            .expect("a short text can be encrypted")
    }

    /// Decrypts to the padded plaintext, or `bad_ciphertext`.
    pub fn open(&self, secret: &Hash, salt: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, Verdict> {
        let (cipher, nonce) = self.cipher(secret, salt);
        let payload = Payload {
            msg: ciphertext,
            aad: &self.aad().encode(),
        };
        // [ENC-6]
        cipher
            .decrypt(&nonce, payload)
            .map_err(|_| Verdict::new("bad_ciphertext", "ENC-6", "the ciphertext does not open"))
    }

    fn cipher(&self, secret: &Hash, salt: &[u8]) -> (ChaCha20Poly1305, Nonce) {
        let okm = self.key_and_nonce(secret, salt);
        let key = Key::try_from(&okm[..32]).expect("32 bytes");
        (
            ChaCha20Poly1305::new(&key),
            Nonce::try_from(&okm[32..]).expect("12 bytes"),
        )
    }

    fn under(&self, label: &str) -> Tuple {
        Tuple::new(label)
            .bytes(&self.community)
            .bytes(&self.epoch)
            .bytes(&self.author)
    }
}

/// The plaintext with its padding.
pub fn pad(plaintext: &[u8]) -> Vec<u8> {
    let mut padded = plaintext.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(PADDING_BLOCK), 0);
    padded
}

/// The plaintext without its padding, or `bad_padding`.
pub fn unpad(padded: &[u8]) -> Result<&[u8], Verdict> {
    // [ENC-7]
    let bad = |detail| Verdict::new("bad_padding", "ENC-7", detail);
    if padded.is_empty() || !padded.len().is_multiple_of(PADDING_BLOCK) {
        return Err(bad("the length is not a positive multiple of 128"));
    }
    let last = padded
        .iter()
        .rposition(|b| *b != 0)
        .ok_or_else(|| bad("nothing but zeros"))?;
    if padded[last] != 0x80 {
        return Err(bad("the zeros do not follow 0x80"));
    }
    if padded.len() - last > PADDING_BLOCK {
        return Err(bad("more than 127 zeros"));
    }
    Ok(&padded[..last])
}

/// The object that the plaintext is, or `bad_plaintext`.
pub fn read_plaintext(plaintext: &[u8]) -> Result<Value, Verdict> {
    // [ENC-8]
    let bad = |detail: String| Verdict::new("bad_plaintext", "ENC-8", detail);
    let object = read_object(plaintext, Rules::PLAINTEXT).map_err(|v| bad(v.to_string()))?;
    if !object["text"].is_string() {
        return Err(bad("`text` is not a text".into()));
    }
    if let Some(id) = object.get("reply_to") {
        let id = id
            .as_str()
            .ok_or_else(|| bad("`reply_to` is not a text".into()))?;
        base64url::decode_hash(id).map_err(|v| bad(v.to_string()))?;
    }
    if let Some(channel) = object.get("channel") {
        let length = channel.as_str().map(str::len);
        if !length.is_some_and(|n| (1..=64).contains(&n)) {
            return Err(bad("`channel` is not a text of 1 to 64 bytes".into()));
        }
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_off_as_it_went_on() {
        for n in 0..300 {
            let plaintext = vec![0; n];
            let padded = pad(&plaintext);
            assert_eq!(padded.len() % 128, 0);
            assert_eq!(unpad(&padded).unwrap(), plaintext);
        }
        assert!(unpad(&[0; 128]).is_err());
        assert!(unpad(&[]).is_err());
        assert!(unpad(&[&[0x80][..], &[0; 255]].concat()).is_err());
    }
}
