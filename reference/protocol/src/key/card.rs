//! Cards: the X25519 public key (RFC 7748) of a member, and its private half.

use std::fmt;

use hpke::kem::{Kem, X25519HkdfSha256};
use hpke::{Deserializable, Serializable};
use zeroize::Zeroizing;

use crate::bytes::fixed_bytes;
use crate::refusal::{Code, Refusal};

fixed_bytes!(
    /// An X25519 public key. It may be no usable one until it was [checked](Card::check).
    Card,
    32,
    "An X25519 public key (RFC 7748): 32 bytes as canonical unpadded base64url, 43 letters."
);

/// 2^255 - 19, least significant byte first.
const PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// The canonical points of small order, as the specification lists them.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    {
        let mut minus_one = PRIME;
        minus_one[0] = 0xec;
        minus_one
    },
];

impl Card {
    /// Checks that the key is canonical and of no small order.
    ///
    /// # Errors
    /// `bad_card`, with CARD-1 or CARD-2.
    pub fn check(&self) -> Result<(), Refusal> {
        // [CARD-1] compared from the most significant byte on
        if !self.as_bytes().iter().rev().lt(PRIME.iter().rev()) {
            return Err(Refusal::new(
                Code::BadCard,
                "CARD-1",
                "the card is not less than 2^255 - 19",
            ));
        }
        // [CARD-2]
        if SMALL_ORDER.contains(self.as_bytes()) {
            return Err(Refusal::new(
                Code::BadCard,
                "CARD-2",
                "the card is a point of small order; make a new key",
            ));
        }
        Ok(())
    }
}

/// The private half of a card. Wiped when it is dropped, never printed.
#[derive(Clone)]
pub struct CardKey {
    private: <X25519HkdfSha256 as Kem>::PrivateKey,
    card: Card,
}

impl CardKey {
    /// Makes a key from the system's random source.
    ///
    /// # Panics
    /// If the system's random source fails.
    pub fn generate() -> Self {
        let (private, public) = X25519HkdfSha256::gen_keypair();
        Self::with(private, &public)
    }

    /// From the 32 bytes of a private key (RFC 7748, section 5; clamped by this).
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(bytes)
            .expect("32 bytes are a private key of X25519");
        let public = X25519HkdfSha256::sk_to_pk(&private);
        Self::with(private, &public)
    }

    /// The private key's 32 bytes, clamped: a secret, to be kept where only its holder reads.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.private.write_exact(bytes.as_mut_slice());
        bytes
    }

    /// The public half.
    pub fn card(&self) -> Card {
        self.card
    }

    /// The private half, for HPKE.
    pub(crate) fn private(&self) -> &<X25519HkdfSha256 as Kem>::PrivateKey {
        &self.private
    }

    fn with(
        private: <X25519HkdfSha256 as Kem>::PrivateKey,
        public: &<X25519HkdfSha256 as Kem>::PublicKey,
    ) -> Self {
        let mut card = [0; 32];
        public.write_exact(&mut card);
        Self {
            private,
            card: Card::new(card),
        }
    }
}

impl fmt::Debug for CardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardKey({})", self.card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: [u8; 32]) -> Option<&'static str> {
        let refusal = Card::new(bytes).check().err()?;
        assert_eq!(refusal.code, Code::BadCard);
        Some(refusal.requirement)
    }

    #[test]
    fn the_listed_points_are_refused_and_their_neighbours_are_not() {
        for point in SMALL_ORDER {
            assert_eq!(refused(point), Some("CARD-2"));
        }
        for mut neighbour in SMALL_ORDER {
            neighbour[0] ^= 2;
            // 2^255 - 18 is no canonical value; its twin below is
            let expected = (neighbour[0] == 0xee).then_some("CARD-1");
            assert_eq!(refused(neighbour), expected);
        }
    }

    #[test]
    fn values_from_the_prime_on_are_refused_and_the_last_good_one_is_not() {
        let mut value = PRIME;
        assert_eq!(refused(value), Some("CARD-1"));
        value[0] = 0xeb;
        assert_eq!(refused(value), None);
        assert_eq!(refused([0xff; 32]), Some("CARD-1"));
        // the high bit is part of the number, though X25519 would ignore it
        let mut nine = [0; 32];
        nine[0] = 9;
        assert_eq!(refused(nine), None);
        nine[31] = 0x80;
        assert_eq!(refused(nine), Some("CARD-1"));
    }

    #[test]
    fn a_key_gives_the_card_of_rfc_7748() {
        // RFC 7748, section 6.1: Alice's key pair
        let bytes = |hex: &[u8; 64]| {
            <[u8; 32]>::try_from(data_encoding::HEXLOWER.decode(hex).unwrap()).unwrap()
        };
        let private = bytes(b"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let public = bytes(b"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        assert_eq!(CardKey::from_bytes(&private).card(), Card::new(public));
    }

    #[test]
    fn a_made_key_comes_back_from_its_bytes_and_its_card_is_good() {
        let key = CardKey::generate();
        assert_eq!(CardKey::from_bytes(&key.to_bytes()).card(), key.card());
        assert_eq!(key.card().check(), Ok(()));
    }
}
