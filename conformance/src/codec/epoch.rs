//! Epoch secrets, their commitments and wraps (spec/encryption.md, "Epoch secret" and "Wrap").

use super::{Account, Hash, Tuple, Verdict, entry, hpke};

/// `H(Tuple("commitment", secret))`.
pub fn commitment(secret: &Hash) -> Hash {
    Tuple::new("commitment").bytes(secret).hash()
}

/// What a wrap is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapping {
    /// The community's id.
    pub community: Hash,
    /// The id of the account whose entry carries the wrap.
    pub author: Hash,
    /// The recipient's id.
    pub recipient: Hash,
    /// The recipient's card.
    pub x25519: [u8; 32],
    /// The epoch's commitment.
    pub commitment: Hash,
}

impl Wrapping {
    /// The tuple that is HPKE's info.
    pub fn info(&self) -> Tuple {
        Tuple::new("wrap")
            .bytes(&self.community)
            .bytes(&self.author)
            .bytes(&self.recipient)
            .bytes(&self.x25519)
            .bytes(&self.commitment)
    }

    /// Wraps the secret, with this private key of the encapsulation.
    pub fn wrap(&self, secret: &Hash, ephemeral: &[u8; 32]) -> Result<Vec<u8>, Verdict> {
        let (encapsulated, ciphertext) =
            hpke::seal(&self.x25519, &self.info().encode(), b"", secret, ephemeral)?;
        Ok([&encapsulated[..], &ciphertext].concat())
    }

    /// Opens a wrap with the card's private key: `bad_wrap`, or `bad_commitment` where the secret is not the one
    /// committed to.
    pub fn unwrap(&self, wrap: &[u8], private: &[u8; 32]) -> Result<Hash, Verdict> {
        let bad = |detail| Verdict::new("bad_wrap", "ENC-3", detail);
        if wrap.len() != entry::WRAP_LENGTH {
            return Err(bad("not 80 bytes"));
        }
        let (encapsulated, ciphertext) = wrap.split_at(32);
        let encapsulated = encapsulated.try_into().expect("32 bytes");
        let secret = hpke::open(
            encapsulated,
            private,
            &self.info().encode(),
            b"",
            ciphertext,
        )?;
        let secret = Hash::try_from(secret).map_err(|_| bad("not a secret of 32 bytes"))?;
        // [ENC-2]
        if commitment(&secret) != self.commitment {
            return Err(Verdict::new(
                "bad_commitment",
                "ENC-2",
                "not the secret that was committed to",
            ));
        }
        Ok(secret)
    }

    /// The wrapping by this author for the card that the test account has by default.
    pub fn between(
        community: Hash,
        author: &Account,
        recipient: &Account,
        commitment: Hash,
    ) -> Self {
        Self {
            community,
            author: author.id(),
            recipient: recipient.id(),
            x25519: recipient.x25519_public(),
            commitment,
        }
    }
}
