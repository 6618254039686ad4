//! `blocks.json`: blocks and their hashes.

use crate::community::Community;
use crate::file::{File, Group, Test, valid};
use crate::keys::named;
use dispatch_conformance::codec::randomness::Seeded;
use dispatch_conformance::codec::{Scheme, base64url::encode, block, entry};
use serde_json::{Value, json};

pub fn file() -> File {
    File::new(
        "blocks",
        "Blocks. Compute `block_tuple`, and its hash `block_hash`.",
    )
    .flag(
        "signature-not-pinned",
        "leaves the signature out of the block's hash",
        &[],
    )
    .flag(
        "ciphertext-hashed",
        "hashes the entry's JSON or its ciphertext, so that a redaction changes the hash",
        &[],
    )
    .flag(
        "unknown-members",
        "hashes members that the tuple does not name",
        &[],
    )
    .group(
        Group::new(
            "block-hashes",
            "`block`, as a client reads it; `entry_id`: its entry's id; `block_tuple`, `block_hash`.",
        )
        .tests(tests()),
    )
}

fn tests() -> Vec<Test> {
    let mut at = Community::example();
    let alice = named("m01");
    let genesis = at.blocks[0].clone();
    let roster = at.roster(&[alice], &[]);
    let roster = at.append(roster);
    let card = at.card(alice);
    let card = at.append(card);
    let (epoch, id) = at.epoch(alice, &[alice], "blocks");
    let epoch = at.append(epoch);
    let message = at.message(alice, &id, "Soon gone.");
    let message = at.append(message);
    let mut redacted = message.clone();
    redacted["entry"]["body"]
        .as_object_mut()
        .expect("a body")
        .remove("ciphertext");
    let mut resigned = message.clone();
    let tuple = entry::tuple(&resigned["entry"])
        .expect("well formed")
        .encode();
    resigned["entry"]["signature"] =
        encode(&alice.sign(&tuple, Scheme::Pss, &mut Seeded::new("resigned"))).into();
    let mut annotated = message.clone();
    annotated["received_from"] = json!("somewhere");
    annotated["entry"]["edited"] = json!(false);
    let mut later = message.clone();
    later["time"] = (message["time"].as_u64().expect("a time") + 1).into();
    let redaction = at.redaction(alice, 4, "said too much");
    let redaction = at.append(redaction);
    vec![
        of(
            "block-genesis",
            "block 0: its hash is the community's id",
            &genesis,
        ),
        of("block-roster", "a roster entry", &roster),
        of("block-card", "a card", &card),
        of("block-epoch", "an epoch", &epoch),
        of("block-message", "a message", &message).flag("ciphertext-hashed"),
        of(
            "block-message-redacted",
            "the same block without its ciphertext: the same hash",
            &redacted,
        )
        .flag("ciphertext-hashed"),
        of(
            "block-other-signature",
            "the same entry under another signature: another hash",
            &resigned,
        )
        .flag("signature-not-pinned"),
        of(
            "block-unknown-members",
            "members that nobody knows are under no hash, and a client ignores them (CONV-9); a server never sends them in an entry (CONV-11), nor takes them (CONV-3)",
            &annotated,
        )
        .flag("unknown-members"),
        of(
            "block-other-time",
            "a millisecond later: another hash",
            &later,
        ),
        of("block-redaction", "a redaction", &redaction),
    ]
}

fn of(id: &str, about: &str, block: &Value) -> Test {
    let tuple = block::tuple(block).expect("well formed");
    valid(id, about, &["TUPLE-1"])
        .with("block", block.clone())
        .bytes(
            "entry_id",
            &entry::id(&block["entry"]).expect("well formed"),
        )
        .bytes("block_tuple", &tuple.encode())
        .bytes("block_hash", &tuple.hash())
}
