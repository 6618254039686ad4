//! Accounts' keys: RSA public keys under strict DER, key pairs that sign, and the X25519 keys of cards.
//!
//! Not for sealing: what is wrapped to a card stands in [`epoch`](crate::epoch).

mod card;
mod pair;
mod public;
mod spki;

pub use card::{Card, CardKey};
pub use pair::{KeyPair, KeyPairError, ModulusBits};
pub use public::{PublicKey, SignatureError};
