//! Signatures over encodings that are wrong in one byte, each of which a verifier has to look at.

use super::{bad, message, modulus, signer};
use crate::community::salt_for;
use crate::file::Test;
use dispatch_conformance::codec::randomness::{Randomness, Seeded};
use dispatch_conformance::codec::signature;

/// Signatures over encodings that are wrong in one byte.
pub(super) fn encodings() -> Vec<Test> {
    let salt = salt_for(&message()).hash();
    let good = signature::encoding(signer().private_key(), &message(), &salt);
    let with = |id: &str, about: &str, change: fn(&mut Encoding)| {
        let mut encoding = Encoding::open(&good);
        change(&mut encoding);
        let signature = signature::over_encoding(signer().private_key(), &encoding.close());
        bad(id, about, "SIG-1", &signature).flag("lax-padding")
    };
    vec![
        bad(
            "signature-leftmost-bit",
            "the leftmost bit of the encoding, which is none of its bits, is one",
            "SIG-1",
            &leftmost_bit(),
        )
        .flag("lax-padding"),
        with(
            "signature-trailer",
            "the encoding ends in 0xcc instead of 0xbc",
            |e| e.trailer = 0xcc,
        ),
        with(
            "signature-padding-byte",
            "a byte before the 0x01 is not zero",
            |e| e.db[100] = 1,
        ),
        with(
            "signature-padding-end",
            "the byte before the salt is 0x02",
            |e| {
                let at = e.db.len() - 33;
                e.db[at] = 2;
            },
        ),
    ]
}

/// A signature over an encoding that would be good but for its leftmost bit. Some are too large to be signed.
fn leftmost_bit() -> Vec<u8> {
    let encoded = (0..).map(|i| {
        let salt = Seeded::new(&format!("leftmost bit {i}")).hash();
        let mut encoded = signature::encoding(signer().private_key(), &message(), &salt);
        encoded[0] |= 0x80;
        encoded
    });
    let fits = |encoded: &Vec<u8>| *encoded < modulus(signer());
    signature::over_encoding(
        signer().private_key(),
        &encoded.into_iter().find(fits).expect("half of them"),
    )
}

/// The data block of an EMSA-PSS encoding, unmasked, so that single bytes of it can be set.
struct Encoding {
    db: Vec<u8>,
    hash: Vec<u8>,
    trailer: u8,
}

impl Encoding {
    fn open(encoded: &[u8]) -> Self {
        let (db, tail) = encoded.split_at(encoded.len() - 33);
        let hash = tail[..32].to_vec();
        Self {
            db: signature::mgf1_sha256(db, &hash),
            hash,
            trailer: tail[32],
        }
    }

    fn close(&self) -> Vec<u8> {
        let mut db = signature::mgf1_sha256(&self.db, &self.hash);
        db[0] &= 0x7f;
        [&db, &self.hash[..], &[self.trailer]].concat()
    }
}
