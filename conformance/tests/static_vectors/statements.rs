//! Entries, blocks, checkpoints, joins and evidence.

use crate::outcome::{Outcome, bytes, hash, key, same_bytes, uint};
use dispatch_conformance::codec::json::{Rules, read_object};
use dispatch_conformance::codec::{
    Checkpoint, Join, Verdict, block as blocks, entry as entries, evidence as forks, frame,
};
use serde_json::Value;

pub fn text(test: &Value, _: &Value) -> Outcome {
    let body = &test["entry"]["body"];
    let name = if body["reason"].is_string() {
        "reason"
    } else {
        "name"
    };
    same_bytes(test, "text_utf8", crate::text(body, name).as_bytes())?;
    same_bytes(test, "entry_id", &entries::id(&test["entry"])?)
}

pub fn written_otherwise(test: &Value, _: &Value) -> Outcome {
    let entry = read_object(&bytes(test, "json"), Rules::FRAME)?;
    same_bytes(test, "entry_id", &entries::id(&entry)?)
}

pub fn entry(test: &Value, _: &Value) -> Outcome {
    let entry = &test["entry"];
    let body = entries::body_tuple(crate::text(entry, "kind"), &entry["body"])?;
    same_bytes(test, "body_tuple", &body.encode())?;
    same_bytes(test, "body_digest", &body.hash())?;
    same_bytes(test, "entry_tuple", &entries::tuple(entry)?.encode())?;
    same_bytes(test, "entry_id", &entries::id(entry)?)?;
    let author = key(test, "author_key");
    same_bytes(entry, "author", &author.id())?;
    Ok(entries::verify_signature(entry, &author)?)
}

/// The author's key is given, so that the signature alone is in question.
pub fn changed_entry(test: &Value, _: &Value) -> Outcome {
    let entry = &test["entry"];
    let author = key(test, "author_key");
    if same_bytes(entry, "author", &author.id()).is_err() {
        return Err(Verdict::new("bad_signature", "ENTRY-3", "the key is not the author's").into());
    }
    Ok(entries::verify_signature(entry, &author)?)
}

pub fn submitted_entry(test: &Value, _: &Value) -> Outcome {
    Ok(frame::check_submitted(&test["entry"])?)
}

pub fn block(test: &Value, _: &Value) -> Outcome {
    let block = &test["block"];
    same_bytes(test, "entry_id", &entries::id(&block["entry"])?)?;
    same_bytes(test, "block_tuple", &blocks::tuple(block)?.encode())?;
    same_bytes(test, "block_hash", &blocks::hash(block)?)
}

pub fn checkpoint(test: &Value, group: &Value) -> Outcome {
    let stated = Checkpoint::verified(&test["checkpoint"], &key(group, "server_key"))?;
    if stated.community != hash(group, "community") || stated.size == 0 {
        return Err(Verdict::new("bad_checkpoint", "CHECK-6", "not one of this community").into());
    }
    same_bytes(test, "checkpoint_tuple", &stated.tuple().encode())
}

pub fn proof(test: &Value, _: &Value) -> Outcome {
    let account = key(test, "public_key");
    let join = Join {
        account: account.id(),
        expires_at: uint(test, "expires_at"),
        ..held(test)
    };
    join.verify(&account, &bytes(test, "signature"))?;
    same_bytes(test, "join_tuple", &join.tuple().encode())
}

pub fn welcome(test: &Value, _: &Value) -> Outcome {
    let (welcome, token) = (&test["welcome"], bytes(test, "token"));
    let join = Join {
        account: hash(test, "account"),
        ..held(test)
    };
    join.verify_welcome(welcome, &token, &key(test, "server_key"))?;
    let session = Join {
        expires_at: uint(welcome, "expires_at"),
        ..join
    };
    let tuple = session.welcome_tuple(uint(welcome, "size"), &hash(welcome, "head"), &token);
    same_bytes(test, "welcome_tuple", &tuple.encode())
}

pub fn evidence(test: &Value, _: &Value) -> Outcome {
    let community = forks::verify(&test["evidence"])?;
    same_bytes(test, "community", &community)
}

/// What both sides of a join hold alike.
fn held(test: &Value) -> Join {
    Join {
        origin: crate::text(test, "origin").to_owned(),
        community: hash(test, "community"),
        account: [0; 32],
        client_nonce: hash(test, "client_nonce"),
        server_nonce: hash(test, "server_nonce"),
        expires_at: 0,
    }
}
