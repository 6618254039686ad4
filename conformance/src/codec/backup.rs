//! Backups: what makes a member, sealed under a passphrase (spec/clients.md, "Backups").

use super::form::{Form, HASH, Member, Reader, check, may, must};
use super::invitation::Invitation;
use super::json::{Rules, read_object};
use super::{Hash, PublicKey, Tuple, Verdict, fields, frame, public_key};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::traits::PublicKeyParts;
use serde_json::Value;
use sha2::Sha256;
use std::ops::RangeInclusive;
use unicode_normalization::UnicodeNormalization;

/// The text under `format`.
pub const FORMAT: &str = "dispatch-d/1 backup";
/// How many iterations a backup may ask for.
pub const ITERATIONS: RangeInclusive<u64> = 600_000..=10_000_000;

const FILE: &[Member] = &[
    must("format", Form::Word(FORMAT)),
    must("salt", Form::BytesExactly(16)),
    must("iterations", Form::Uint(*ITERATIONS.start())),
    must("sealed", Form::Bytes),
];

const CONTENTS: &[Member] = &[
    must("private_key", Form::Bytes),
    must("cards", Form::List(0, &HASH)),
    must(
        "communities",
        Form::List(
            0,
            &Form::Object(&[
                must("invitation", Form::Text(0, usize::MAX)),
                may("checkpoint", Form::AnyObject),
            ]),
        ),
    ),
    may(
        "names",
        Form::List(
            0,
            &Form::Object(&[must("account", HASH), must("name", Form::Text(1, 255))]),
        ),
    ),
];

const TAG_LENGTH: usize = 16;
const MOST_LISTED: usize = 1024;
const MOST_NAMES: usize = 65_536;

/// A backup that keeps BACKUP-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// 16 bytes.
    pub salt: Vec<u8>,
    /// PBKDF2's.
    pub iterations: u64,
    /// The contents, and the tag.
    pub sealed: Vec<u8>,
}

impl Backup {
    /// Reads a file's bytes, or says `bad_backup`.
    pub fn read(bytes: &[u8]) -> Result<Self, Verdict> {
        Self::members(bytes).map_err(|v| Verdict::new("bad_backup", "BACKUP-1", v.to_string()))
    }

    fn members(bytes: &[u8]) -> Result<Self, Verdict> {
        let file = read_object(bytes, Rules::FRAME)?;
        check(&file, Form::Object(FILE), "the backup", Reader::Server)?;
        let backup = Self {
            salt: fields::bytes_exactly(&file, "salt", 16)?,
            iterations: fields::uint(&file, "iterations")?,
            sealed: fields::bytes(&file, "sealed")?,
        };
        if !ITERATIONS.contains(&backup.iterations) || backup.sealed.len() < TAG_LENGTH {
            return Err(Verdict::malformed("CONV-16", "out of bounds"));
        }
        Ok(backup)
    }

    /// The contents' bytes, or `bad_passphrase`.
    pub fn open(&self, passphrase: &str) -> Result<Vec<u8>, Verdict> {
        let okm = key_and_nonce(passphrase, &self.salt, self.iterations);
        let payload = Payload {
            msg: &self.sealed,
            aad: &aad(&self.salt, self.iterations).encode(),
        };
        let (cipher, nonce) = cipher(&okm);
        // [BACKUP-2]
        cipher
            .decrypt(&nonce, payload)
            .map_err(|_| Verdict::new("bad_passphrase", "BACKUP-2", "the backup does not open"))
    }
}

/// Key and nonce: 44 bytes. The passphrase is taken in Normalization Form C.
///
/// # Panics
///
/// Where a `u32` does not hold the iterations.
pub fn key_and_nonce(passphrase: &str, salt: &[u8], iterations: u64) -> [u8; 44] {
    let password: String = passphrase.nfc().collect();
    let iterations = u32::try_from(iterations).expect("within the bounds");
    pbkdf2::pbkdf2_hmac_array::<Sha256, 44>(password.as_bytes(), salt, iterations)
}

/// The aad tuple.
pub fn aad(salt: &[u8], iterations: u64) -> Tuple {
    Tuple::new("backup").bytes(salt).uint(iterations)
}

/// The contents under this key and nonce.
///
/// # Panics
///
/// Never: what a client keeps can be encrypted.
pub fn seal(okm: &[u8; 44], aad: &[u8], contents: &[u8]) -> Vec<u8> {
    let (cipher, nonce) = cipher(okm);
    let payload = Payload { msg: contents, aad };
    cipher.encrypt(&nonce, payload).expect("short enough")
}

fn cipher(okm: &[u8; 44]) -> (ChaCha20Poly1305, Nonce) {
    let key = Key::try_from(&okm[..32]).expect("32 bytes");
    (
        ChaCha20Poly1305::new(&key),
        Nonce::try_from(&okm[32..]).expect("12 bytes"),
    )
}

/// The account whose key the contents hold; `bad_backup` or `bad_key` where they break a rule.
pub fn read_contents(bytes: &[u8]) -> Result<Hash, Verdict> {
    // [BACKUP-3]
    let key = contents(bytes).map_err(|v| Verdict::new("bad_backup", "BACKUP-3", v.to_string()))?;
    // [BACKUP-4]
    let bad_key = |detail: String| Verdict::new("bad_key", "BACKUP-4", detail);
    let bytes = key;
    let key = RsaPrivateKey::from_pkcs8_der(&bytes).map_err(|e| bad_key(e.to_string()))?;
    // The library passes over the exponents and the coefficient, computes its own, and takes what follows.
    let again = key.to_pkcs8_der().map_err(|e| bad_key(e.to_string()))?;
    if again.as_bytes() != bytes {
        return Err(bad_key("its numbers do not belong together".to_owned()));
    }
    let der = public_key::to_der(&key.n().to_bytes_be(), &key.e().to_bytes_be());
    Ok(PublicKey::from_der(&der)
        .map_err(|v| bad_key(v.to_string()))?
        .id())
}

/// The private key's bytes. Members that are not known here are passed over. // [BACKUP-5]
fn contents(bytes: &[u8]) -> Result<Vec<u8>, Verdict> {
    let contents = read_object(bytes, Rules::PLAINTEXT)?;
    check(
        &contents,
        Form::Object(CONTENTS),
        "the contents",
        Reader::Client,
    )?;
    at_most(MOST_LISTED, &contents, "cards")?;
    for community in at_most(MOST_LISTED, &contents, "communities")? {
        let invitation = Invitation::read(fields::text(community, "invitation")?)?;
        if let Some(checkpoint) = community.get("checkpoint") {
            frame::check_checkpoint(checkpoint)?;
            if fields::hash(checkpoint, "community")? != invitation.community
                || fields::uint(checkpoint, "size")? == 0
            {
                return Err(Verdict::malformed(
                    "CONV-16",
                    "a checkpoint is not one of its community",
                ));
            }
        }
    }
    if contents.get("names").is_some() {
        at_most(MOST_NAMES, &contents, "names")?;
    }
    fields::bytes(&contents, "private_key")
}

fn at_most<'a>(most: usize, value: &'a Value, name: &str) -> Result<&'a [Value], Verdict> {
    let list = fields::list(value, name)?;
    match list.len() <= most {
        true => Ok(list),
        false => Err(Verdict::malformed(
            "CONV-16",
            format!("`{name}` has more than {most} items"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{accounts, base64url};

    #[test]
    fn a_private_key_with_any_byte_changed_is_none() {
        let der = accounts::named("m01")
            .expect("a test account")
            .private_key()
            .to_pkcs8_der();
        let der = der.expect("a key").as_bytes().to_vec();
        let read = |der: &[u8]| {
            let private_key = base64url::encode(der);
            let contents =
                format!(r#"{{"private_key":"{private_key}","cards":[],"communities":[]}}"#);
            read_contents(contents.as_bytes())
        };
        read(&der).expect("as it is");
        for place in 0..der.len() {
            let mut changed = der.clone();
            changed[place] ^= 1;
            let refused = read(&changed).map_err(|verdict| verdict.code);
            assert_eq!(refused, Err("bad_key"), "byte {place}");
        }
    }
}
