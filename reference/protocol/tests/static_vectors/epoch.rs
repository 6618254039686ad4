//! Secrets, wraps, messages, plaintexts.

use dispatch_protocol::bytes::{Bytes, Salt, Wrap};
use dispatch_protocol::epoch::{
    MessageContext, Plaintext, Secret, WrapContext, open_any, pad, unpad,
};
use dispatch_protocol::key::{Card, CardKey};
use serde_json::Value;

use crate::vector::{Outcome, Vector, found};

fn secret(test: &Vector) -> Secret {
    Secret::from_bytes(test.hash("secret").as_bytes())
}

pub fn commitments(test: &Vector, _: &Vector) -> Outcome {
    assert_eq!(secret(test).commitment(), test.hash("commitment"));
    Ok(())
}

fn wrap_context(test: &Vector) -> WrapContext {
    WrapContext {
        community: test.id("community"),
        author: test.id("author"),
        recipient: test.id("recipient"),
        card: Card::decode(test.text("x25519")).unwrap(),
        commitment: test.hash("commitment"),
    }
}

/// The private key of a test account's card.
pub fn private(card: &Card) -> CardKey {
    let accounts: Value =
        serde_json::from_str(include_str!("../../../../vectors/keys/accounts.json")).unwrap();
    let account = accounts
        .as_array()
        .unwrap()
        .iter()
        .find(|account| account["x25519_public"] == card.to_string())
        .expect("a card of the test accounts");
    let bytes = Bytes::decode(account["x25519_private"].as_str().unwrap()).unwrap();
    CardKey::from_bytes(bytes.as_slice().try_into().unwrap())
}

/// The library takes no ephemeral key, so these are opened; what is sealed anew opens as well.
pub fn sealed(test: &Vector, _: &Vector) -> Outcome {
    let (context, secret) = (wrap_context(test), secret(test));
    test.same("info", &context.info());
    let key = private(&context.card);
    let wrap = Wrap::decode(test.text("wrap")).unwrap();
    // a wrap begins with the ephemeral public key
    let ephemeral = CardKey::from_bytes(test.hash("ephemeral").as_bytes());
    assert_eq!(wrap.as_bytes()[..32], *ephemeral.card().as_bytes());
    for wrap in [wrap, context.seal(&secret).map_err(found)?] {
        let opened = context.open(&key, &wrap).map_err(found)?;
        assert_eq!(opened.as_bytes(), secret.as_bytes());
    }
    Ok(())
}

pub fn not_sealed(test: &Vector, _: &Vector) -> Outcome {
    wrap_context(test)
        .seal(&secret(test))
        .map(|_| ())
        .map_err(found)
}

pub fn opened(test: &Vector, _: &Vector) -> Outcome {
    let key = CardKey::from_bytes(test.hash("x25519_private").as_bytes());
    let wrap = Wrap::decode(test.text("wrap")).unwrap();
    let secret = wrap_context(test).open(&key, &wrap).map_err(found)?;
    test.same("secret", secret.as_bytes());
    Ok(())
}

pub fn several_wraps(test: &Vector, _: &Vector) -> Outcome {
    let wraps: Vec<_> = test
        .value("wraps")
        .as_array()
        .unwrap()
        .iter()
        .map(|wrap| {
            let wrap = Vector(wrap);
            let context = WrapContext {
                community: test.id("community"),
                author: wrap.id("author"),
                recipient: test.id("recipient"),
                card: Card::decode(wrap.text("x25519")).unwrap(),
                commitment: test.hash("commitment"),
            };
            let key = CardKey::from_bytes(wrap.hash("x25519_private").as_bytes());
            (context, key, Wrap::decode(wrap.text("wrap")).unwrap())
        })
        .collect();
    let secret = open_any(
        wraps
            .iter()
            .map(|(context, key, wrap)| (*context, key, wrap)),
    )
    .map_err(found)?;
    test.same("secret", secret.as_bytes());
    Ok(())
}

fn message_context(test: &Vector) -> MessageContext {
    MessageContext {
        community: test.id("community"),
        epoch: test.id("epoch"),
        author: test.id("author"),
        seq: test.find("seq").map_or(1, |seq| seq.as_u64().unwrap()),
    }
}

fn salt(test: &Vector) -> Salt {
    Salt::decode(test.text("salt")).unwrap()
}

pub fn message_keys(test: &Vector, _: &Vector) -> Outcome {
    let context = message_context(test);
    test.same("info", &context.key_info());
    test.same("okm", context.okm(&secret(test), &salt(test)).as_slice());
    Ok(())
}

pub fn messages(test: &Vector, _: &Vector) -> Outcome {
    let (context, secret, salt) = (message_context(test), secret(test), salt(test));
    let ciphertext = test.bytes("ciphertext");
    let plaintext = context
        .decrypt(&secret, &salt, &ciphertext)
        .map_err(found)?;
    test.same("aad", &context.aad());
    test.same("padded", &pad(&plaintext));
    test.same("plaintext", &plaintext);
    assert_eq!(context.encrypt(&secret, &salt, &plaintext), ciphertext);
    Ok(())
}

pub fn padding(test: &Vector, _: &Vector) -> Outcome {
    let padded = test.bytes("padded");
    let plaintext = unpad(&padded).map_err(found)?;
    test.same("plaintext", plaintext);
    assert_eq!(pad(plaintext), padded.as_slice());
    Ok(())
}

pub fn plaintexts(test: &Vector, _: &Vector) -> Outcome {
    let plaintext = Plaintext::decode(&test.bytes("plaintext")).map_err(found)?;
    assert_eq!(plaintext.text, test.text("text"));
    Ok(())
}
