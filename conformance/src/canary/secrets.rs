//! What is looked for: tokens that were granted, private keys that the server holds, plaintexts, redacted ciphertexts.

use rsa::traits::PrivateKeyParts;

use super::files::Place;
use crate::{
    codec::{Account, accounts, base64url},
    peer::Server,
};

/// How many entries are looked for to see whether a store can be read at all.
const KNOWN: u64 = 20;

/// What kind of secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session's token.
    Token,
    /// A part of a private key that the server holds.
    PrivateKey,
    /// What a message says.
    Plaintext,
    /// A ciphertext that a redaction took away.
    Redacted,
    /// No secret: what must be there if the store can be read.
    Known,
}

impl Kind {
    /// The requirement that it breaks in a place, if it does.
    pub(super) fn breaks(self, place: Place) -> Option<&'static str> {
        match (self, place) {
            (Self::Token | Self::PrivateKey | Self::Plaintext, Place::Detail) => Some("ERR-4"),
            (Self::Token, Place::Log | Place::Block) => Some("SESS-16"),
            (Self::Token, Place::Store) => Some("SESS-9"),
            (Self::PrivateKey, Place::Log | Place::Block) => Some("KEY-6"),
            // Its holder has to have it somewhere.
            (Self::PrivateKey, Place::Store) => None,
            (Self::Plaintext, _) => Some("ENC-18"),
            (Self::Redacted, Place::Store) => Some("RED-5"),
            (Self::Redacted | Self::Known, _) => None,
        }
    }
}

/// Bytes that must not be found.
#[derive(Debug, Clone)]
pub struct Secret {
    /// What kind they are.
    pub kind: Kind,
    /// What they are called in a report, which never shows them.
    pub name: String,
    /// They themselves.
    pub bytes: Vec<u8>,
}

/// All that a run planted, and the keys that the server was given.
pub(super) fn of(server: &Server) -> Vec<Secret> {
    let tokens = server.tokens().into_iter().filter_map(|token| {
        Some(Secret {
            kind: Kind::Token,
            name: "a session's token".into(),
            bytes: base64url::decode(&token).ok()?,
        })
    });
    let keys = ["server", "authority"]
        .into_iter()
        .filter_map(accounts::named)
        .flat_map(parts);
    let plaintexts = server.planted().into_iter().map(|text| Secret {
        kind: Kind::Plaintext,
        name: "a message's plaintext".into(),
        bytes: text.into_bytes(),
    });
    tokens.chain(keys).chain(plaintexts).collect()
}

/// The ciphertexts that were submitted and then redacted.
pub(super) fn redacted(server: &Server) -> Vec<Secret> {
    let ciphertexts = server.chain.redacted_ciphertexts().into_iter();
    ciphertexts
        .map(|(index, bytes)| Secret {
            kind: Kind::Redacted,
            name: format!("the redacted ciphertext of block {index}"),
            bytes,
        })
        .collect()
}

/// Signatures of the newest entries.
pub(super) fn signatures(server: &Server) -> Vec<Secret> {
    let size = server.chain.have().0;
    (size.saturating_sub(KNOWN)..size)
        .filter_map(|index| {
            let block = server.chain.block(index)?;
            let signature = base64url::decode(block["entry"]["signature"].as_str()?).ok()?;
            Some(Secret {
                kind: Kind::Known,
                name: format!("the signature of block {index}"),
                bytes: signature,
            })
        })
        .collect()
}

/// The numbers of a private key: whoever has one of them has the key, in whatever envelope it came.
fn parts(account: &Account) -> Vec<Secret> {
    let key = account.private_key();
    let primes = key.primes().iter().map(|prime| ("a prime", prime));
    std::iter::once(("the exponent", key.d()))
        .chain(primes)
        .map(|(what, number)| Secret {
            kind: Kind::PrivateKey,
            name: format!("{what} of the {}'s private key", account.name()),
            bytes: number.to_bytes_be(),
        })
        .collect()
}
