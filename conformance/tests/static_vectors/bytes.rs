//! Encodings, keys, signatures, JSON and trees.

use crate::outcome::{Failure, Outcome, bytes, hash, key, same, same_bytes, uint};
use dispatch_conformance::codec::evidence::path;
use dispatch_conformance::codec::{
    Hash, PublicKey, Tuple, base64url, frame, merkle, signature as pss,
};
use serde_json::Value;

pub fn tuple(test: &Value, _: &Value) -> Outcome {
    let mut tuple = Tuple::new(crate::text(test, "label"));
    for field in crate::list(test, "fields") {
        let (kind, _) = field
            .as_object()
            .and_then(|o| o.iter().next())
            .expect("one member");
        tuple = match kind.as_str() {
            "bytes" => tuple.bytes(&bytes(field, "bytes")),
            "text" => tuple.text(crate::text(field, "text")),
            "uint" => tuple.uint(uint(field, "uint")),
            "list" => {
                let items = crate::list(field, "list").iter();
                let items: Vec<Vec<u8>> = items
                    .map(|i| base64url::decode(i.as_str().expect("a text")).expect("bytes"))
                    .collect();
                tuple.list(&items)
            }
            other => panic!("a field of the kind {other}"),
        };
    }
    same_bytes(test, "encoded", &tuple.encode())?;
    same_bytes(test, "hash", &tuple.hash())
}

pub fn base64(test: &Value, _: &Value) -> Outcome {
    let text = crate::text(test, "text");
    let decoded = match test["length"].as_u64() {
        Some(length) => {
            base64url::decode_exactly(text, usize::try_from(length).expect("a length"))?
        }
        None => base64url::decode(text)?,
    };
    same(test, "bytes", data_encoding::HEXLOWER.encode(&decoded))
}

pub fn public_key(test: &Value, _: &Value) -> Outcome {
    let key = PublicKey::from_der(&bytes(test, "der"))?;
    same_bytes(test, "account", &key.id())?;
    same(test, "bits", key.signature_length() * 8)
}

pub fn signature(test: &Value, _: &Value) -> Outcome {
    let key = key(test, "public_key");
    Ok(pss::verify(
        &key,
        &bytes(test, "message"),
        &bytes(test, "signature"),
    )?)
}

pub fn client_frame(test: &Value, _: &Value) -> Outcome {
    frame::read_client(&bytes(test, "frame"))?;
    Ok(())
}

pub fn server_frame(test: &Value, _: &Value) -> Outcome {
    let frame = frame::read_server(&bytes(test, "frame"))?;
    same(test, "ignored", frame.is_none())
}

pub fn root(test: &Value, group: &Value) -> Outcome {
    let size = usize::try_from(uint(test, "size")).expect("a size");
    same_bytes(test, "root", &merkle::root(&block_hashes(group)[..size]))
}

pub fn inclusion(test: &Value, _: &Value) -> Outcome {
    let (index, size) = (uint(test, "index"), uint(test, "size"));
    let path = proof(test)?;
    Ok(merkle::verify_inclusion(
        index,
        size,
        &hash(test, "block_hash"),
        &path,
        &hash(test, "root"),
    )?)
}

pub fn consistency(test: &Value, _: &Value) -> Outcome {
    let (from, to) = (uint(test, "from"), uint(test, "to"));
    let path = proof(test)?;
    Ok(merkle::verify_consistency(
        from,
        to,
        &hash(test, "from_root"),
        &hash(test, "to_root"),
        &path,
    )?)
}

fn proof(test: &Value) -> Result<Vec<Hash>, Failure> {
    Ok(path(test)?)
}

fn block_hashes(group: &Value) -> Vec<Hash> {
    let hashes = crate::list(group, "block_hashes").iter();
    hashes
        .map(|h| base64url::decode_hash(h.as_str().expect("a text")).expect("a hash"))
        .collect()
}
