//! The test accounts of `vectors/keys/`: fixed RSA and X25519 keys that everyone knows.
//!
//! They are compiled in, so that the suite is one file. Each is parsed when it is first asked for.

use super::randomness::{Randomness, Seeded};
use super::{Hash, PublicKey, Scheme, base64url, public_key, sha256, signature};
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use std::sync::OnceLock;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The owner's account, which signs genesis and rosters.
    Authority,
    /// A community's server key.
    Server,
    /// Stands on the allowlist that an implementer sets.
    Member,
    /// Stands on no allowlist.
    Outsider,
}

impl Role {
    /// The role's name in `accounts.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Server => "server",
            Self::Member => "member",
            Self::Outsider => "outsider",
        }
    }
}

/// A test account.
#[derive(Debug)]
pub struct Account {
    name: String,
    private: RsaPrivateKey,
    public: PublicKey,
    x25519: [u8; 32],
}

impl Account {
    /// The account of this name with this key.
    ///
    /// # Panics
    ///
    /// Where the key breaks KEY-1 to KEY-4.
    pub fn new(name: &str, private: RsaPrivateKey) -> Self {
        let der = public_key::to_der(&private.n().to_bytes_be(), &private.e().to_bytes_be());
        let public = PublicKey::from_der(&der).expect("test keys keep the rules");
        let label = format!("dispatch-d/1 test card {name}");
        Self {
            name: name.to_owned(),
            private,
            public,
            x25519: sha256(label.as_bytes()),
        }
    }

    /// An account with a key of 2048 bits made from this source.
    ///
    /// # Panics
    ///
    /// Never: the size is one that RSA has.
    pub fn make(name: &str, randomness: &mut dyn Randomness) -> Self {
        let seed = base64url::encode(&randomness.hash());
        let private = RsaPrivateKey::new(&mut Seeded::new(&seed), 2048).expect("2048 bits");
        Self::new(name, private)
    }

    /// Its name, such as `m01`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn role(&self) -> Role {
        role_of(&self.name)
    }

    /// The account's id.
    pub fn id(&self) -> Hash {
        self.public.id()
    }

    /// The parsed public key.
    pub fn key(&self) -> &PublicKey {
        &self.public
    }

    /// The public key's bytes on the wire.
    pub fn public_key(&self) -> &[u8] {
        self.public.der()
    }

    /// The private key, which is public.
    pub fn private_key(&self) -> &RsaPrivateKey {
        &self.private
    }

    /// The modulus' length in bits.
    pub fn bits(&self) -> usize {
        self.private.n().bits()
    }

    /// The card's private key.
    pub fn x25519_private(&self) -> [u8; 32] {
        self.x25519
    }

    /// The card.
    pub fn x25519_public(&self) -> [u8; 32] {
        x25519_dalek::x25519(self.x25519, x25519_dalek::X25519_BASEPOINT_BYTES)
    }

    /// Signs the message by this scheme.
    pub fn sign(&self, message: &[u8], scheme: Scheme, randomness: &mut dyn Randomness) -> Vec<u8> {
        signature::sign(&self.private, message, scheme, randomness)
    }
}

macro_rules! key_files {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/keys/", $name, ".test-key.pem")),
        )),*]
    };
}

/// All names and key files, in the order of `accounts.json`.
pub const KEY_FILES: &[(&str, &str)] = &key_files!(
    "authority",
    "server",
    "m01",
    "m02",
    "m03",
    "m04",
    "m05",
    "m06",
    "m07",
    "m08",
    "m09",
    "m10",
    "m11",
    "m12",
    "m13",
    "m14",
    "o01",
    "o02",
    "o03",
    "o04",
    "other-authority",
    "other-server",
);

/// The account of this name.
pub fn named(name: &str) -> Option<&'static Account> {
    static PARSED: [OnceLock<Account>; KEY_FILES.len()] =
        [const { OnceLock::new() }; KEY_FILES.len()];
    let place = KEY_FILES.iter().position(|(n, _)| *n == name)?;
    let (name, pem) = KEY_FILES[place];
    Some(PARSED[place].get_or_init(|| {
        let private = RsaPrivateKey::from_pkcs8_pem(pem).expect("the committed key file is PKCS#8");
        Account::new(name, private)
    }))
}

/// All accounts of this role, in order. `other-authority` and `other-server` have the roles of their namesakes.
pub fn with_role(role: Role) -> impl Iterator<Item = &'static Account> {
    KEY_FILES
        .iter()
        .filter(move |(name, _)| role_of(name) == role)
        .map(|(name, _)| named(name).expect("it is in the list"))
}

/// What an account of this name is for.
pub fn role_of(name: &str) -> Role {
    match name {
        "authority" | "other-authority" => Role::Authority,
        "server" | "other-server" => Role::Server,
        _ if name.starts_with('m') => Role::Member,
        _ => Role::Outsider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_has_its_own_id_and_the_size_that_its_name_says() {
        let mut ids = std::collections::HashSet::new();
        for (name, _) in KEY_FILES {
            let account = named(name).unwrap();
            assert!(ids.insert(account.id()), "{name}");
            let bits = match *name {
                "m13" => 3072,
                "m14" => 4096,
                _ => 2048,
            };
            assert_eq!(account.bits(), bits, "{name}");
        }
        assert_eq!(with_role(Role::Member).count(), 14);
        assert_eq!(with_role(Role::Outsider).count(), 4);
    }
}
