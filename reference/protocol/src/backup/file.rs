//! The file: its parameters, and the seal by PBKDF2 (RFC 8018) and ChaCha20-Poly1305 (RFC 8439).

use std::num::NonZeroU32;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::pbkdf2;
use icu_normalizer::ComposingNormalizerBorrowed;
use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::contents::Contents;
use crate::bytes::{Bytes, Salt};
use crate::json::{Fault, Field, Strictness, parse};
use crate::tuple::{Label, Tuple};
use crate::verdict::{Finding, Verdict};

/// The text that marks a backup.
const FORMAT: &str = "dispatch-d/1 backup";
const KEY: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;

/// How many iterations a backup may ask for. The fewest take about a quarter of a second.
pub const ITERATIONS: std::ops::RangeInclusive<u32> = 600_000..=10_000_000;

/// A sealed backup, as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "backup")]
pub struct Backup {
    #[schemars(schema_with = "crate::bounds::backup_format")]
    format: &'static str,
    /// Random, for this backup alone.
    salt: Salt,
    /// PBKDF2's.
    #[schemars(range(min = 600_000, max = 10_000_000))]
    iterations: u32,
    /// The contents and the tag of 16 bytes.
    #[schemars(schema_with = "crate::bounds::sealed")]
    sealed: Bytes,
}

impl Backup {
    /// Seals the contents. The salt must be fresh and random for each backup (BACKUP-6): key and nonce come from it and
    /// the passphrase alone.
    ///
    /// # Panics
    /// If the iterations lie outside of [`ITERATIONS`].
    pub fn seal(contents: &Contents, passphrase: &str, salt: Salt, iterations: u32) -> Self {
        assert!(ITERATIONS.contains(&iterations), "within the bounds");
        let mut backup = Self {
            format: FORMAT,
            salt,
            iterations,
            sealed: Bytes::default(),
        };
        let (key, nonce) = cipher(&backup.okm(passphrase));
        // grows by the tag: with room for it, no copy of the plaintext is left behind
        let contents = contents.encode();
        let mut bytes = Vec::with_capacity(contents.len() + TAG);
        bytes.extend_from_slice(&contents);
        key.seal_in_place_append_tag(nonce, Aad::from(backup.aad()), &mut bytes)
            .expect("contents are far shorter than what the cipher can take");
        backup.sealed = Bytes::from(bytes);
        backup
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// `bad_backup` (BACKUP-1).
    pub fn decode(bytes: &[u8]) -> Result<Self, Finding> {
        // [BACKUP-1]
        let bad = |what: String| {
            Finding::new(
                Verdict::BadBackup,
                "BACKUP-1",
                format!("the file is no backup of dispatch-d/1: {what}"),
            )
        };
        let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8".into()))?;
        read(text).map_err(|fault| bad(fault.detail))
    }

    /// The file's text.
    pub fn encode(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers are JSON");
        text.push('\n');
        text
    }

    /// Opens the backup: a quarter of a second for each 600,000 iterations.
    ///
    /// # Errors
    /// `bad_passphrase` (BACKUP-2); `bad_backup` (BACKUP-3) or `bad_key` (BACKUP-4) for what is inside.
    pub fn open(&self, passphrase: &str) -> Result<Contents, Finding> {
        Contents::decode(&self.open_bytes(passphrase)?)
    }

    /// Opens the backup and leaves the contents as they stand: a secret.
    ///
    /// # Errors
    /// `bad_passphrase` (BACKUP-2).
    pub fn open_bytes(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, Finding> {
        let (key, nonce) = cipher(&self.okm(passphrase));
        let mut bytes = Zeroizing::new(self.sealed.to_vec());
        // [BACKUP-2]
        let length = key
            .open_in_place(nonce, Aad::from(self.aad()), bytes.as_mut_slice())
            .map_err(|_| {
                Finding::new(
                    Verdict::BadPassphrase,
                    "BACKUP-2",
                    "the passphrase is another one, or the file was changed; type it again, or take another copy of the file",
                )
            })?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }

    /// What is under the tag besides the contents.
    pub fn aad(&self) -> Vec<u8> {
        Tuple::new(Label::Backup)
            .bytes(self.salt)
            .uint(self.iterations.into())
            .finish()
    }

    /// Key and nonce.
    pub fn okm(&self, passphrase: &str) -> Zeroizing<[u8; KEY + NONCE]> {
        // may copy the passphrase as it grows; what is left of it is as readable as the caller's
        let password = ComposingNormalizerBorrowed::new_nfc().normalize(passphrase);
        let mut okm = Zeroizing::new([0; KEY + NONCE]);
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            NonZeroU32::new(self.iterations).expect("at least the fewest"),
            self.salt.as_ref(),
            password.as_bytes(),
            okm.as_mut_slice(),
        );
        okm
    }

    /// The salt.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// PBKDF2's iterations, within [`ITERATIONS`].
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The contents under their seal, and the tag.
    pub fn sealed(&self) -> &Bytes {
        &self.sealed
    }
}

fn cipher(okm: &[u8; KEY + NONCE]) -> (LessSafeKey, Nonce) {
    let (key, nonce) = okm.split_at(KEY);
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("32 bytes are a key");
    let nonce = Nonce::try_assume_unique_for_key(nonce).expect("12 bytes are a nonce");
    (LessSafeKey::new(key), nonce)
}

fn read(text: &str) -> Result<Backup, Fault> {
    let json = parse(text, Strictness::Strict)?;
    let root = Field::root(&json);
    let file = root.object()?;
    file.only(&["format", "salt", "iterations", "sealed"])?;
    let format = file.required("format")?;
    if format.text()? != FORMAT {
        return Err(format.broken("CONV-16", format_args!("is not \"{FORMAT}\"")));
    }
    let counted = file.required("iterations")?;
    let iterations = u32::try_from(counted.uint()?)
        .ok()
        .filter(|n| ITERATIONS.contains(n))
        .ok_or_else(|| counted.broken("CONV-16", "must be from 600000 to 10000000"))?;
    let field = file.required("sealed")?;
    let sealed = field.bytes()?;
    if sealed.len() < TAG {
        return Err(field.broken("CONV-16", "is shorter than a tag of 16 bytes"));
    }
    Ok(Backup {
        format: FORMAT,
        salt: file.required("salt")?.decoded(Salt::decode)?,
        iterations,
        sealed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{CardKey, KeyPair, ModulusBits};

    #[test]
    fn what_is_sealed_opens_under_its_passphrase_alone() {
        let card = CardKey::generate();
        let contents = Contents {
            private_key: KeyPair::generate(ModulusBits::Bits2048).unwrap(),
            cards: vec![card.clone()],
            communities: Vec::new(),
            names: Vec::new(),
        };
        let salt = Salt::new([7; 16]);
        let backup = Backup::seal(&contents, "caf\u{e9}", salt, *ITERATIONS.start());
        let read = Backup::decode(backup.encode().as_bytes()).unwrap();
        assert_eq!(read, backup);
        let opened = read.open("cafe\u{301}").unwrap();
        assert_eq!(opened.private_key.public(), contents.private_key.public());
        assert_eq!(opened.cards[0].card(), card.card());
        let finding = read.open("cafe").unwrap_err();
        assert_eq!(finding.verdict, Verdict::BadPassphrase);
        let shown = format!("{contents:?}");
        assert!(!shown.contains("private"), "{shown}");
    }
}
