//! Real bodies of epochs, shares and messages, with real encryption.

use serde_json::{Value, json};

use super::{Stage, bytes, evaluate::Trouble};
use crate::codec::{
    Hash, epoch as sealing, fields, message as sealed,
    randomness::{Randomness, System},
    sha256,
};

/// What a message says where a case does not care.
pub const WORDS: &str = "Is anybody there?";

/// A roster entry's body.
pub fn roster(add: &[&[u8]], remove: &[Hash]) -> Value {
    let add: Vec<Value> = add.iter().map(|key| bytes::value(key)).collect();
    let remove: Vec<Value> = remove.iter().map(|id| bytes::value(id)).collect();
    json!({"add": add, "remove": remove})
}

/// A new epoch's body; its secret is kept.
pub fn epoch(stage: &Stage, by: &str, to: &[String]) -> Result<Value, Trouble> {
    let secret = System.hash();
    let commitment = sealing::commitment(&secret);
    stage.keep_secret(commitment, secret);
    let wraps = wraps(stage, by, to, &secret)?;
    Ok(json!({"commitment": bytes::value(&commitment), "wraps": wraps}))
}

/// A share's body, for an epoch that was made here.
pub fn share(stage: &Stage, by: &str, epoch: &str, to: &[String]) -> Result<Value, Trouble> {
    let (id, secret) = secret_of(stage, epoch)?;
    Ok(json!({"epoch": bytes::value(&id), "wraps": wraps(stage, by, to, &secret)?}))
}

/// A message's body, under an epoch that was made here.
pub fn message(
    stage: &Stage,
    by: &str,
    epoch: &str,
    text: &str,
    seq: Option<u64>,
) -> Result<Value, Trouble> {
    let (id, secret) = secret_of(stage, epoch)?;
    let author = stage.role(by)?.id();
    let place = sealed::Place {
        community: stage.community()?,
        epoch: id,
        author,
        seq: seq.unwrap_or_else(|| stage.server.chain.next_seq(&author)),
    };
    stage.server.plants(text);
    let salt = System.bytes(16);
    let plaintext = json!({"text": text}).to_string();
    let ciphertext = place.seal(&secret, &salt, &sealed::pad(plaintext.as_bytes()));
    Ok(json!({
        "epoch": bytes::value(&id),
        "salt": bytes::value(&salt),
        "ciphertext_hash": bytes::value(&sha256(&ciphertext)),
        "ciphertext": bytes::value(&ciphertext),
    }))
}

fn wraps(stage: &Stage, by: &str, to: &[String], secret: &Hash) -> Result<Value, Trouble> {
    let author = stage.role(by)?;
    let commitment = sealing::commitment(secret);
    let mut wraps = Vec::new();
    for role in to {
        let recipient = stage.role(role)?;
        let wrapping =
            sealing::Wrapping::between(stage.community()?, author, recipient, commitment);
        let wrap = wrapping
            .wrap(secret, &System.hash())
            .map_err(|verdict| Trouble::Vector(format!("no wrap for `{role}`: {verdict}")))?;
        wraps.push(json!({"member": bytes::value(&recipient.id()), "wrap": bytes::value(&wrap)}));
    }
    Ok(wraps.into())
}

/// Id and secret of an epoch by its name.
fn secret_of(stage: &Stage, name: &str) -> Result<(Hash, Hash), Trouble> {
    let made = stage.entry_made(name)?;
    let commitment =
        fields::hash(&made.entry["body"], "commitment").map_err(|verdict| verdict.detail)?;
    let secret = stage
        .secret(&commitment)
        .ok_or_else(|| format!("the secret of the epoch `{name}` is not known"))?;
    Ok((made.id()?, secret))
}
