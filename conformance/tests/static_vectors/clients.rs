//! Invitations and backups.

use crate::outcome::{Outcome, bytes, same, same_bytes};
use dispatch_conformance::codec::backup::{Backup, aad, key_and_nonce, read_contents, seal};
use dispatch_conformance::codec::invitation::Invitation;
use serde_json::Value;

pub fn invitation(test: &Value, _: &Value) -> Outcome {
    let text = crate::text(test, "text");
    let invitation = Invitation::read(text)?;
    same(test, "origin", invitation.origin.clone())?;
    same_bytes(test, "community", &invitation.community)?;
    same(test, "text", invitation.write())
}

pub fn file(test: &Value, _: &Value) -> Outcome {
    let file = Backup::read(&bytes(test, "backup"))?;
    same_bytes(test, "salt", &file.salt)?;
    same(test, "iterations", file.iterations)?;
    same_bytes(test, "sealed", &file.sealed)
}

pub fn backup(test: &Value, _: &Value) -> Outcome {
    let file = Backup::read(&bytes(test, "backup"))?;
    let passphrase = crate::text(test, "passphrase");
    let contents = file.open(passphrase)?;
    let account = read_contents(&contents)?;
    let okm = key_and_nonce(passphrase, &file.salt, file.iterations);
    let aad = aad(&file.salt, file.iterations).encode();
    same_bytes(test, "okm", &okm)?;
    same_bytes(test, "aad", &aad)?;
    same_bytes(test, "contents", &contents)?;
    same_bytes(test, "account", &account)?;
    assert_eq!(seal(&okm, &aad, &contents), file.sealed, "{}", test["id"]);
    Ok(())
}

pub fn contents(test: &Value, _: &Value) -> Outcome {
    same_bytes(test, "account", &read_contents(&bytes(test, "contents"))?)
}
