//! Keys in every form that somebody hands over: DER on the wire, PEM and OpenSSH lines in an allowlist, a private key's file.

#![no_main]

use data_encoding::BASE64;
use dispatch_fuzz::codec;
use dispatch_protocol::key::PublicKey;
use dispatch_server::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    agree(bytes);
    match fuzzing::allowlist(bytes) {
        Ok(keys) => {
            let mut text = String::new();
            for (der, name) in &keys {
                agree(der).expect("an allowlist gives accounts alone");
                assert!(name.as_ref().is_none_or(|name| !name.contains('\n')));
                let letters = BASE64.encode(der);
                text +=
                    &format!("-----BEGIN PUBLIC KEY-----\n{letters}\n-----END PUBLIC KEY-----\n");
            }
            let again = fuzzing::allowlist(text.as_bytes()).expect("what was read is written");
            assert!(
                again
                    .iter()
                    .map(|(der, _)| der)
                    .eq(keys.iter().map(|(der, _)| der)),
                "the list is another one once it is written anew"
            );
        }
        Err(line) => one_line(&line),
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        match fuzzing::private_key(text) {
            Ok(der) => agree(&der).expect("a private key's public half is an account's"),
            Err(line) => one_line(&line),
        }
    }
});

/// Both decoders say the same of these bytes.
fn agree(der: &[u8]) -> Option<()> {
    match (PublicKey::parse(der), codec::PublicKey::from_der(der)) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.id().as_bytes(), &second.id());
            assert_eq!((first.der(), second.der()), (der, der), "[KEY-1] one form");
            assert_eq!(first.modulus_bytes(), second.signature_length());
            Some(())
        }
        (Err(_), Err(_)) => None,
        (first, second) => panic!("they disagree: {:?}, {second:?}", first.map(|key| key.id())),
    }
}

fn one_line(told: &str) {
    assert!(!told.trim_end().contains('\n'), "one line and not: {told}");
}
