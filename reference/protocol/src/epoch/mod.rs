//! Epochs: a secret that its recipients share, the wraps that carry it to them, and the messages under it.
//!
//! ```text
//! Secret --commitment--> the epoch's body
//!    |---- WrapContext::seal, open ----> Wrap, one for each recipient's card
//!    `---- MessageContext::encrypt, decrypt ----> ciphertext of a padded Plaintext
//! ```
//!
//! Not for the rules by which a server takes epochs, shares and messages: those stand in [`chain`](crate::chain).

mod message;
mod plaintext;
mod secret;
mod wrap;

pub use message::{MessageContext, pad, unpad};
pub use plaintext::Plaintext;
pub use secret::Secret;
pub use wrap::{WrapContext, open_any};
