//! Cards, wraps and messages.

use crate::outcome::{Outcome, bytes, hash, same, same_bytes, uint};
use dispatch_conformance::codec::Tuple;
use dispatch_conformance::codec::chain::check_x25519;
use dispatch_conformance::codec::epoch::{Wrapping, commitment as committed};
use dispatch_conformance::codec::message::{Place, pad, read_plaintext, unpad};
use serde_json::Value;

pub fn card(test: &Value, _: &Value) -> Outcome {
    Ok(check_x25519(&hash(test, "x25519"))?)
}

pub fn commitment(test: &Value, _: &Value) -> Outcome {
    same_bytes(test, "commitment", &committed(&hash(test, "secret")))
}

pub fn sealed(test: &Value, _: &Value) -> Outcome {
    let wrapping = wrapping(test);
    let wrap = wrapping.wrap(&hash(test, "secret"), &hash(test, "ephemeral"))?;
    same_bytes(test, "info", &wrapping.info().encode())?;
    same_bytes(test, "wrap", &wrap)
}

pub fn opened(test: &Value, _: &Value) -> Outcome {
    let secret = wrapping(test).unwrap(&bytes(test, "wrap"), &hash(test, "x25519_private"))?;
    same_bytes(test, "secret", &secret)
}

/// The first wrap that opens counts; where none does, why the last one did not.
pub fn several(test: &Value, _: &Value) -> Outcome {
    let mut last = None;
    for wrap in crate::list(test, "wraps") {
        let wrapping = Wrapping {
            community: hash(test, "community"),
            author: hash(wrap, "author"),
            recipient: hash(test, "recipient"),
            x25519: hash(wrap, "x25519"),
            commitment: hash(test, "commitment"),
        };
        match wrapping.unwrap(&bytes(wrap, "wrap"), &hash(wrap, "x25519_private")) {
            Ok(secret) => return same_bytes(test, "secret", &secret),
            Err(verdict) => last = Some(verdict),
        }
    }
    Err(last.expect("at least one wrap").into())
}

pub fn message_key(test: &Value, _: &Value) -> Outcome {
    let place = Place {
        seq: 0,
        ..place_of(test)
    };
    let info = Tuple::new("message-key")
        .bytes(&place.community)
        .bytes(&place.epoch)
        .bytes(&place.author);
    same_bytes(test, "info", &info.encode())?;
    same_bytes(
        test,
        "okm",
        &place.key_and_nonce(&hash(test, "secret"), &bytes(test, "salt")),
    )
}

pub fn message(test: &Value, _: &Value) -> Outcome {
    let place = Place {
        seq: uint(test, "seq"),
        ..place_of(test)
    };
    let (secret, salt) = (hash(test, "secret"), bytes(test, "salt"));
    let padded = place.open(&secret, &salt, &bytes(test, "ciphertext"))?;
    let plaintext = unpad(&padded)?;
    same_bytes(test, "aad", &place.aad().encode())?;
    same_bytes(test, "padded", &padded)?;
    same_bytes(test, "plaintext", plaintext)?;
    same_bytes(
        test,
        "ciphertext",
        &place.seal(&secret, &salt, &pad(plaintext)),
    )
}

pub fn padding(test: &Value, _: &Value) -> Outcome {
    let padded = bytes(test, "padded");
    let plaintext = unpad(&padded)?;
    same_bytes(test, "plaintext", plaintext)?;
    same_bytes(test, "padded", &pad(plaintext))
}

pub fn plaintext(test: &Value, _: &Value) -> Outcome {
    let object = read_plaintext(&bytes(test, "plaintext"))?;
    same(test, "text", object["text"].clone())
}

fn wrapping(test: &Value) -> Wrapping {
    Wrapping {
        community: hash(test, "community"),
        author: hash(test, "author"),
        recipient: hash(test, "recipient"),
        x25519: hash(test, "x25519"),
        commitment: hash(test, "commitment"),
    }
}

fn place_of(test: &Value) -> Place {
    Place {
        community: hash(test, "community"),
        epoch: hash(test, "epoch"),
        author: hash(test, "author"),
        seq: 0,
    }
}
