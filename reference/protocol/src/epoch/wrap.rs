//! Wraps: an epoch's secret, sealed for one recipient's card by HPKE (RFC 9180) in base mode.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{Kem, X25519HkdfSha256};
use hpke::{
    Deserializable, HpkeError, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal,
};
use zeroize::Zeroizing;

use super::secret::Secret;
use crate::bytes::{Hash, Id, Wrap};
use crate::key::{Card, CardKey};
use crate::tuple::{Label, Tuple};
use crate::verdict::{Finding, Verdict};

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Bytes of the encapsulated key, which a wrap begins with.
const ENCAPPED: usize = 32;

/// What a wrap is bound to. A wrap that is moved to another entry, member or community does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapContext {
    /// The community's id.
    pub community: Id,
    /// The id of the account whose entry carries the wrap: the epoch's author, or the sharer.
    pub author: Id,
    /// The recipient's id.
    pub recipient: Id,
    /// The recipient's last card in the entry's `seen` prefix (ENC-14).
    pub card: Card,
    /// The epoch's commitment.
    pub commitment: Hash,
}

impl WrapContext {
    /// Seals the secret for the recipient.
    ///
    /// # Errors
    /// `bad_wrap`, with ENC-4, where the card gives an X25519 result of zeros.
    pub fn seal(&self, secret: &Secret) -> Result<Wrap, Finding> {
        let card = PublicKey::from_bytes(self.card.as_bytes()).map_err(|error| refused(&error))?;
        let (encapped, ciphertext) = single_shot_seal::<
            ChaCha20Poly1305,
            HkdfSha256,
            X25519HkdfSha256,
        >(
            &OpModeS::Base, &card, &self.info(), secret.as_bytes(), b""
        )
        .map_err(|error| refused(&error))?;
        let mut wrap = [0; Wrap::LENGTH];
        let (head, tail) = wrap.split_at_mut(ENCAPPED);
        encapped.write_exact(head);
        tail.copy_from_slice(&ciphertext);
        Ok(Wrap::new(wrap))
    }

    /// Opens a wrap with the private half of [`card`](Self::card), and holds the secret against the commitment.
    ///
    /// # Errors
    /// `bad_wrap`, with ENC-3 or ENC-4; `bad_commitment`, with ENC-2.
    pub fn open(&self, key: &CardKey, wrap: &Wrap) -> Result<Secret, Finding> {
        let (encapped, ciphertext) = wrap.as_bytes().split_at(ENCAPPED);
        let encapped = EncappedKey::from_bytes(encapped).map_err(|error| refused(&error))?;
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            key.private(),
            &encapped,
            &self.info(),
            ciphertext,
            b"",
        )
        .map(Zeroizing::new)
        .map_err(|error| refused(&error))?;
        let bytes = opened
            .as_slice()
            .try_into()
            .expect("48 bytes of ciphertext hold 32 of secret");
        let secret = Secret::from_bytes(bytes);
        secret.check(&self.commitment)?;
        Ok(secret)
    }

    /// HPKE's info.
    pub fn info(&self) -> Vec<u8> {
        Tuple::new(Label::Wrap)
            .bytes(self.community)
            .bytes(self.author)
            .bytes(self.recipient)
            .bytes(self.card)
            .bytes(self.commitment)
            .finish()
    }
}

/// Opens the first that opens of the wraps that one recipient has of an epoch, each with its context and the private half
/// of its card (ENC-17).
///
/// # Errors
/// What the last one gave if none opens; `bad_wrap` if there is none.
pub fn open_any<'w>(
    wraps: impl IntoIterator<Item = (WrapContext, &'w CardKey, &'w Wrap)>,
) -> Result<Secret, Finding> {
    // [ENC-17] a wrap that does not open may be somebody's malice: it must not hide the others
    let nothing = Finding::new(
        Verdict::BadWrap,
        "ENC-17",
        "there is no wrap of this epoch for the recipient; ask a recipient for a share",
    );
    let mut last = Err(nothing);
    for (context, key, wrap) in wraps {
        last = context.open(key, wrap);
        if last.is_ok() {
            break;
        }
    }
    last
}

fn refused(error: &HpkeError) -> Finding {
    match error {
        // [ENC-4] the only way in which an exchange of two keys of 32 bytes fails
        HpkeError::EncapError | HpkeError::DecapError => Finding::new(
            Verdict::BadWrap,
            "ENC-4",
            "the X25519 result is all zeros; ask the other side for a new key",
        ),
        // [ENC-3]
        _ => Finding::new(
            Verdict::BadWrap,
            "ENC-3",
            "the wrap does not open with this card under this author, recipient and epoch; publish a new card and ask for a share",
        ),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
    use hpke::single_shot_seal_with_rng;

    use super::*;

    fn context(card: Card, secret: &Secret) -> WrapContext {
        WrapContext {
            community: Id::new([1; 32]),
            author: Id::new([2; 32]),
            recipient: Id::new([3; 32]),
            card,
            commitment: secret.commitment(),
        }
    }

    #[test]
    fn a_wrap_opens_for_its_recipient() {
        let (key, secret) = (CardKey::generate(), Secret::generate());
        let context = context(key.card(), &secret);
        let wrap = context.seal(&secret).unwrap();
        assert_eq!(
            context.open(&key, &wrap).unwrap().as_bytes(),
            secret.as_bytes()
        );
    }

    #[test]
    fn a_wrap_opens_under_no_other_context_or_key() {
        let (key, secret) = (CardKey::generate(), Secret::generate());
        let right = context(key.card(), &secret);
        let wrap = right.seal(&secret).unwrap();
        let other = Id::new([9; 32]);
        for wrong in [
            WrapContext {
                community: other,
                ..right
            },
            WrapContext {
                author: other,
                ..right
            },
            WrapContext {
                recipient: other,
                ..right
            },
            WrapContext {
                card: CardKey::generate().card(),
                ..right
            },
            WrapContext {
                commitment: Hash::new([9; 32]),
                ..right
            },
        ] {
            let finding = wrong.open(&key, &wrap).unwrap_err();
            assert_eq!(
                (finding.verdict, finding.requirement),
                (Verdict::BadWrap, "ENC-3"),
                "{wrong:?}"
            );
        }
        assert_eq!(
            right.open(&CardKey::generate(), &wrap).unwrap_err().verdict,
            Verdict::BadWrap
        );
    }

    #[test]
    fn a_wrap_of_another_secret_than_the_committed_one_is_refused() {
        let (key, secret) = (CardKey::generate(), Secret::generate());
        let context = context(key.card(), &secret);
        let wrap = context.seal(&Secret::generate()).unwrap();
        assert_eq!(
            context.open(&key, &wrap).unwrap_err().verdict,
            Verdict::BadCommitment
        );
    }

    #[test]
    fn a_result_of_zeros_is_refused_on_both_sides() {
        let (key, secret) = (CardKey::generate(), Secret::generate());
        let to_nobody = context(Card::new([0; 32]), &secret);
        assert_eq!(to_nobody.seal(&secret).unwrap_err().requirement, "ENC-4");
        let from_nobody = Wrap::new([0; 80]);
        let finding = context(key.card(), &secret)
            .open(&key, &from_nobody)
            .unwrap_err();
        assert_eq!(finding.requirement, "ENC-4");
    }

    /// RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base mode, sequence number 0.
    #[test]
    fn the_library_opens_what_rfc_9180_prints() {
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        let (recipient, public) = X25519HkdfSha256::derive_keypair(&hex(
            "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
        ));
        assert_eq!(
            public.to_bytes().as_slice(),
            hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a")
        );
        let (_, ephemeral) = X25519HkdfSha256::derive_keypair(&hex(
            "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
        ));
        let enc = hex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
        assert_eq!(ephemeral.to_bytes().as_slice(), enc);
        let open = |aad: &[u8]| {
            single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeR::Base,
                &recipient,
                &EncappedKey::from_bytes(&enc).unwrap(),
                &hex("4f6465206f6e2061204772656369616e2055726e"),
                &hex(
                    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
                ),
                aad,
            )
        };
        assert_eq!(
            open(b"Count-0").unwrap(),
            hex("4265617574792069732074727574682c20747275746820626561757479")
        );
        assert!(open(b"Count-1").is_err());
    }

    /// Gives the appendix's `ikmE`, once.
    struct Seed(Option<Vec<u8>>);

    impl TryRng for Seed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("the seed is asked for as a whole")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("the seed is asked for as a whole")
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            bytes.copy_from_slice(&self.0.take().expect("the seed is asked for once"));
            Ok(())
        }
    }

    impl TryCryptoRng for Seed {}

    /// The same appendix: the library's key generation is DeriveKeyPair of 32 random bytes.
    #[test]
    fn the_library_seals_what_rfc_9180_prints() {
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        let recipient = hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
        let seed = hex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b");
        let (encapped, ciphertext) =
            single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &PublicKey::from_bytes(&recipient).unwrap(),
                b"Ode on a Grecian Urn",
                b"Beauty is truth, truth beauty",
                b"Count-0",
                &mut Seed(Some(seed)),
            )
            .unwrap();
        assert_eq!(
            HEXLOWER.encode(&encapped.to_bytes()),
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
        );
        assert_eq!(
            HEXLOWER.encode(&ciphertext),
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
        );
    }
}
