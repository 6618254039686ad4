//! `entries.json`: entries of all kinds: their tuples, ids and signatures, and their forms.

mod changed;
mod forms;
mod whole;

use crate::community::Community;
use crate::file::{File, Group, Test, valid};
use crate::keys::named;
use dispatch_conformance::codec::{Account, base64url, entry};
use serde_json::{Value, json};

pub fn file() -> File {
    File::new("entries", "Entries: their tuples, ids and signatures, and the forms of those that are submitted.")
        .flag("id-covers-signature", "computes the id over the signature, too", &[])
        .flag("not-signed", "leaves a member out of the entry tuple", &[])
        .flag("order-matters-not", "sorts a list before it hashes it, or hashes a set", &[])
        .flag("other-scheme", "takes another signature scheme", &[])
        .flag("form", "does not hold an entry against its form", &[])
        .group(
            Group::new(
                "entries",
                "`author_key`: the author's public key; `entry`. Compute `body_tuple` and its hash `body_digest`, \
                 `entry_tuple` and its hash `entry_id`, and verify the signature.",
            )
            .tests(whole::kinds())
            .tests(whole::corners()),
        )
        .group(
            Group::new(
                "changed-entries",
                "`author_key`, `entry`: an entry of which one value was changed after it was signed, or whose signature is \
                 not its author's. The values have their right forms.",
            )
            .tests(changed::changed())
            .tests(changed::wrongly_signed()),
        )
        .group(
            Group::new("submitted-entries", "`entry`: hold it against its form, as a server does with the entry of a `submit`.")
                .tests(forms::forms()),
        )
}

/// The chain that the entries belong to: m01 to m03 are members with cards.
fn community() -> Community {
    let mut community = Community::example();
    let members = [named("m01"), named("m02"), named("m03")];
    let roster = community.roster(&members, &[]);
    community.append(roster);
    for member in members {
        let card = community.card(member);
        community.append(card);
    }
    community
}

/// An entry that can be made at any place.
fn redactable(at: &Community, author: &Account) -> Value {
    at.entry(
        author,
        "redaction",
        json!({ "index": 2, "reason": "as it stands" }),
    )
}

fn of(id: &str, about: &str, author: &Account, entry: &Value) -> Test {
    let kind = entry["kind"].as_str().expect("a kind");
    let body = entry::body_tuple(kind, &entry["body"]).expect("well formed");
    let tuple = entry::tuple(entry).expect("well formed");
    entry::verify_signature(entry, author.key()).expect("it is signed");
    assert!(base64url::decode(entry["signature"].as_str().expect("a text")).is_ok());
    valid(id, about, &["TUPLE-1", "ENTRY-3"])
        .bytes("author_key", author.public_key())
        .with("entry", entry.clone())
        .bytes("body_tuple", &body.encode())
        .bytes("body_digest", &body.hash())
        .bytes("entry_tuple", &tuple.encode())
        .bytes("entry_id", &tuple.hash())
}
