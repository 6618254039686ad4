//! HPKE (RFC 9180) in base mode and single-shot form, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
//! ChaCha20Poly1305. Written from the RFC, sections 4 to 6.

use super::Verdict;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// Seals to the recipient's public key: the encapsulated key and the ciphertext.
///
/// `ephemeral` is the private key of the encapsulation; it is fresh and random wherever the result matters.
/// `bad_wrap` where the recipient's key gives an all-zero result.
pub fn seal(
    recipient: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    ephemeral: &[u8; 32],
) -> Result<([u8; 32], Vec<u8>), Verdict> {
    let encapsulated = public_of(ephemeral);
    let dh = diffie_hellman(ephemeral, recipient)?;
    Ok((
        encapsulated,
        seal_over(&dh, &encapsulated, recipient, info, aad, plaintext),
    ))
}

/// The ciphertext over a Diffie-Hellman result, be it a right one or, in a vector, a wrong one.
pub fn seal_over(
    dh: &[u8; 32],
    encapsulated: &[u8; 32],
    recipient: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Vec<u8> {
    let (cipher, nonce) = key_schedule(&shared_secret(dh, encapsulated, recipient), info);
    cipher
        .encrypt(
            &nonce,
            Payload {
                msg: plaintext,
                aad,
            },
        )
        .expect("a short text can be encrypted")
}

/// Opens what was sealed to the public key of this private key, or `bad_wrap`.
pub fn open(
    encapsulated: &[u8; 32],
    private: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, Verdict> {
    let dh = diffie_hellman(private, encapsulated)?;
    let (cipher, nonce) =
        key_schedule(&shared_secret(&dh, encapsulated, &public_of(private)), info);
    // [ENC-3]
    cipher
        .decrypt(
            &nonce,
            Payload {
                msg: ciphertext,
                aad,
            },
        )
        .map_err(|_| Verdict::new("bad_wrap", "ENC-3", "the wrap does not open"))
}

/// The public key of a private one (RFC 7748).
pub fn public_of(private: &[u8; 32]) -> [u8; 32] {
    x25519(*private, X25519_BASEPOINT_BYTES)
}

fn diffie_hellman(private: &[u8; 32], public: &[u8; 32]) -> Result<[u8; 32], Verdict> {
    let dh = x25519(*private, *public);
    // [ENC-4] The function itself returns zeros silently.
    match dh == [0; 32] {
        true => Err(Verdict::new(
            "bad_wrap",
            "ENC-4",
            "the X25519 result is all zeros",
        )),
        false => Ok(dh),
    }
}

/// `ExtractAndExpand` of section 4.1.
fn shared_secret(dh: &[u8; 32], encapsulated: &[u8; 32], recipient: &[u8; 32]) -> [u8; 32] {
    let prk = labeled_extract(KEM, b"", b"eae_prk", dh);
    let mut secret = [0; 32];
    labeled_expand(
        &prk,
        KEM,
        b"shared_secret",
        &[&encapsulated[..], recipient].concat(),
        &mut secret,
    );
    secret
}

/// `KeySchedule` of section 5.1 in base mode: the cipher and the base nonce, which is that of the first message.
fn key_schedule(shared: &[u8; 32], info: &[u8]) -> (ChaCha20Poly1305, Nonce) {
    let (psk_id_hash, _) = extract(HPKE, b"", b"psk_id_hash", b"");
    let (info_hash, _) = extract(HPKE, b"", b"info_hash", info);
    let context = [&[MODE_BASE], &psk_id_hash[..], &info_hash[..]].concat();
    let secret = labeled_extract(HPKE, shared, b"secret", b"");
    let mut key = Key::default();
    labeled_expand(&secret, HPKE, b"key", &context, &mut key);
    let mut nonce = Nonce::default();
    labeled_expand(&secret, HPKE, b"base_nonce", &context, &mut nonce);
    (ChaCha20Poly1305::new(&key), nonce)
}

/// `"KEM" || I2OSP(kem_id, 2)`.
const KEM: &[u8] = b"KEM\x00\x20";
/// `"HPKE" || I2OSP(kem_id, 2) || I2OSP(kdf_id, 2) || I2OSP(aead_id, 2)`.
const HPKE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x03";
const MODE_BASE: u8 = 0;

fn extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> ([u8; 32], Hkdf<Sha256>) {
    let (prk, hkdf) =
        Hkdf::<Sha256>::extract(Some(salt), &[b"HPKE-v1", suite, label, ikm].concat());
    (prk.into(), hkdf)
}

fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Hkdf<Sha256> {
    extract(suite, salt, label, ikm).1
}

fn labeled_expand(prk: &Hkdf<Sha256>, suite: &[u8], label: &[u8], info: &[u8], out: &mut [u8]) {
    let length = u16::try_from(out.len()).expect("a few bytes").to_be_bytes();
    let info = [&length[..], b"HPKE-v1", suite, label, info].concat();
    prk.expand(&info, out).expect("a few bytes");
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        HEXLOWER
            .decode(text.as_bytes())
            .unwrap()
            .try_into()
            .unwrap()
    }

    #[test]
    fn the_rfc_s_own_values_come_out() {
        // RFC 9180, appendix A.2.1, sequence number 0.
        let ephemeral =
            hex::<32>("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600");
        let recipient =
            hex::<32>("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
        let private = hex::<32>("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
        let plaintext = b"Beauty is truth, truth beauty";
        let info = b"Ode on a Grecian Urn";
        let (encapsulated, ciphertext) =
            seal(&recipient, info, b"Count-0", plaintext, &ephemeral).unwrap();
        assert_eq!(
            encapsulated,
            hex::<32>("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
        );
        let expected = hex::<45>(concat!(
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db",
            "21993c62ce81883d2dd1b51a28"
        ));
        assert_eq!(ciphertext, expected);
        assert_eq!(
            open(&encapsulated, &private, info, b"Count-0", &ciphertext).unwrap(),
            plaintext
        );
        let shared = hex::<32>("0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7");
        let dh = diffie_hellman(&private, &encapsulated).unwrap();
        assert_eq!(shared_secret(&dh, &encapsulated, &recipient), shared);
    }

    #[test]
    fn an_all_zero_result_is_refused_both_ways() {
        let zero = [0; 32];
        assert_eq!(
            seal(&zero, b"", b"", b"", &[7; 32])
                .unwrap_err()
                .requirement,
            "ENC-4"
        );
        assert_eq!(
            open(&zero, &[7; 32], b"", b"", &[0; 16])
                .unwrap_err()
                .requirement,
            "ENC-4"
        );
    }
}
