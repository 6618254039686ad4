//! Rust's parsers and cryptography, called as one calls them by default, asked about the vectors: their answers are the
//! committed `defaults` of each test. `conformance/crosscheck/defaults` asks Node's and Python's.
//!
//! With `WRITE_ANSWERS=1` the answers go to `conformance/crosscheck/defaults/rust.json`, from which make-vectors takes them.

use aws_lc_rs::{agreement, signature as aws};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use rsa::{Pss, RsaPublicKey, pss};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Digest;
use std::path::{Path, PathBuf};

/// A frame as one would write it: what is not named is ignored, as serde does by default.
#[derive(Deserialize, Serialize)]
struct Frame {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<String>,
}

/// What a parser reads of a test's text, or null; whether a library takes the test's bytes.
type Reader = fn(&Value) -> Value;

const READERS: [(&str, &str, Reader); 10] = [
    ("parsers", "serde_json::Value", |test| {
        let value = serde_json::from_slice::<Value>(&bytes(test, "frame")).ok();
        value.map(|value| value.to_string()).into()
    }),
    ("parsers", "serde_json, struct", |test| {
        let frame = serde_json::from_slice::<Frame>(&bytes(test, "frame")).ok();
        frame
            .map(|frame| serde_json::to_string(&frame).expect("a frame"))
            .into()
    }),
    ("base64", "data-encoding", |test| {
        let text = test["text"].as_str().expect("a text");
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        bytes
            .map(|bytes| data_encoding::HEXLOWER.encode(&bytes))
            .into()
    }),
    ("keys", "RustCrypto rsa", |test| {
        let key = RsaPublicKey::from_public_key_der(&bytes(test, "der"));
        key.is_ok().into()
    }),
    ("keys", "aws-lc-rs", |test| {
        let key = aws::ParsedPublicKey::new(&aws::RSA_PSS_2048_8192_SHA256, bytes(test, "der"));
        key.is_ok().into()
    }),
    ("signatures", "RustCrypto rsa, Pss", |test| {
        let hash = sha2::Sha256::digest(bytes(test, "message"));
        let scheme = Pss::new::<rsa::sha2::Sha256>();
        let verified = rsa_key(test).verify(scheme, &hash, &bytes(test, "signature"));
        verified.is_ok().into()
    }),
    ("signatures", "RustCrypto rsa, VerifyingKey", |test| {
        let key = pss::VerifyingKey::<rsa::sha2::Sha256>::new(rsa_key(test));
        let signature = pss::Signature::try_from(&*bytes(test, "signature"));
        let verified = signature.and_then(|s| key.verify(&bytes(test, "message"), &s));
        verified.is_ok().into()
    }),
    ("signatures", "aws-lc-rs", |test| {
        let key =
            aws::UnparsedPublicKey::new(&aws::RSA_PSS_2048_8192_SHA256, bytes(test, "public_key"));
        let verified = key.verify(&bytes(test, "message"), &bytes(test, "signature"));
        verified.is_ok().into()
    }),
    ("cards", "x25519-dalek", |test| {
        let card: [u8; 32] = bytes(test, "x25519").try_into().expect("32 bytes");
        let card = x25519_dalek::PublicKey::from(card);
        let private = x25519_dalek::StaticSecret::from([7; 32]);
        (private.diffie_hellman(&card).as_bytes().len() == 32).into()
    }),
    ("cards", "aws-lc-rs", |test| {
        let private = agreement::PrivateKey::from_private_key(&agreement::X25519, &[7; 32])
            .expect("32 bytes");
        let card = agreement::UnparsedPublicKey::new(&agreement::X25519, bytes(test, "x25519"));
        let agreed = agreement::agree(&private, card, (), |_| Ok(()));
        agreed.is_ok().into()
    }),
];

#[test]
fn the_answers_of_rusts_parsers_and_libraries_are_those_in_the_vectors() {
    let write = std::env::var_os("WRITE_ANSWERS").is_some();
    let mut measured: Map<String, Value> = Map::new();
    let mut wrong = Vec::new();
    for (name, reader, read) in READERS {
        let of_reader = measured
            .entry(reader)
            .or_insert_with(|| Value::Object(Map::new()));
        let mut asked = 0;
        for test in tests(name) {
            asked += 1;
            let id = test["id"].as_str().expect("an id");
            let ours = read(&test);
            let committed = test["defaults"].get(reader);
            if !write && committed != Some(&ours) {
                let committed = committed.map_or("nothing".into(), Value::to_string);
                wrong.push(format!("{id}: {reader} gives {ours}, not {committed}"));
            }
            of_reader[id] = ours;
        }
        assert!(asked > 15, "{name}.json has {asked} tests");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if write {
        let text = serde_json::to_string_pretty(&measured).expect("answers");
        let path = root().join("conformance/crosscheck/defaults/rust.json");
        std::fs::write(path, text + "\n").expect("the file can be written");
    }
}

fn tests(name: &str) -> Vec<Value> {
    let path = root().join(format!("vectors/static/{name}.json"));
    let file = std::fs::read_to_string(path).expect("a file of vectors");
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let groups = file["groups"].as_array().expect("groups").iter();
    groups
        .flat_map(|group| group["tests"].as_array().expect("tests").clone())
        .collect()
}

fn rsa_key(test: &Value) -> RsaPublicKey {
    RsaPublicKey::from_public_key_der(&bytes(test, "public_key")).expect("a good key")
}

fn bytes(test: &Value, name: &str) -> Vec<u8> {
    let text = test[name].as_str().expect("bytes");
    data_encoding::BASE64URL_NOPAD
        .decode(text.as_bytes())
        .expect("bytes")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
