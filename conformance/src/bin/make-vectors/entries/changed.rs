//! Entries of which one value was changed, or whose signature is not their author's.

use super::{community, redactable};
use crate::community::{labelled, sign};
use crate::file::{Test, invalid};
use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::{Account, Scheme, entry, sha256};
use serde_json::{Value, json};

pub(super) fn changed() -> Vec<Test> {
    let mut at = community();
    let (alice, bob) = (named("m01"), named("m02"));
    let authority = named("authority");
    let genesis = at.blocks[0]["entry"].clone();
    let roster = at.roster(&[named("m04")], &[bob]);
    let (epoch, id) = at.epoch(alice, &[alice, bob], "changed");
    at.append(epoch.clone());
    let share = at.share(bob, &id, &[named("m03")]);
    let message = at.message(alice, &id, "Hello.");
    at.append(message.clone());
    let redaction = at.redaction(alice, 6, "why");
    let card = at.card(alice);
    let hash = || Value::from(encode(&labelled("another")));
    let change =
        |id: &str, about: &str, author: &Account, entry: &Value, path: &str, value: Value| {
            let mut entry = entry.clone();
            *entry.pointer_mut(path).expect("the member is there") = value;
            spoilt(id, about, author, &entry).flag("not-signed")
        };
    let next = |entry: &Value, path: &str| {
        Value::from(
            entry
                .pointer(path)
                .and_then(Value::as_u64)
                .expect("a number")
                + 1,
        )
    };
    let mut wraps_swapped = epoch.clone();
    wraps_swapped["body"]["wraps"]
        .as_array_mut()
        .expect("wraps")
        .reverse();
    let mut moved = roster.clone();
    moved["body"] = json!({ "add": [], "remove": moved["body"]["remove"] });
    vec![
        change(
            "entry-changed-community",
            "`community`",
            alice,
            &card,
            "/community",
            hash(),
        ),
        change(
            "entry-changed-seq",
            "`seq` is one more",
            alice,
            &card,
            "/seq",
            next(&card, "/seq"),
        ),
        change(
            "entry-changed-seen-size",
            "`seen.size` is one more",
            alice,
            &card,
            "/seen/size",
            next(&card, "/seen/size"),
        ),
        change(
            "entry-changed-seen-hash",
            "`seen.hash`",
            alice,
            &card,
            "/seen/hash",
            hash(),
        ),
        change(
            "entry-changed-sent-at",
            "`sent_at` is a millisecond later",
            alice,
            &card,
            "/sent_at",
            next(&card, "/sent_at"),
        ),
        change(
            "entry-changed-author",
            "`author`: another account's id over this account's signature",
            alice,
            &card,
            "/author",
            encode(&bob.id()).into(),
        ),
        change(
            "entry-changed-card",
            "`x25519`",
            alice,
            &card,
            "/body/x25519",
            encode(&bob.x25519_public()).into(),
        ),
        change(
            "entry-changed-name",
            "the community's name",
            authority,
            &genesis,
            "/body/name",
            "Test communitY".into(),
        ),
        change(
            "entry-changed-server-key",
            "the server key",
            authority,
            &genesis,
            "/body/server_key",
            encode(named("other-server").public_key()).into(),
        ),
        change(
            "entry-changed-created-at",
            "`created_at`",
            authority,
            &genesis,
            "/body/created_at",
            next(&genesis, "/body/created_at"),
        ),
        change(
            "entry-changed-add",
            "the key that a roster entry adds",
            authority,
            &roster,
            "/body/add/0",
            encode(named("m05").public_key()).into(),
        ),
        change(
            "entry-changed-remove",
            "the id that a roster entry removes",
            authority,
            &roster,
            "/body/remove/0",
            encode(&named("m03").id()).into(),
        ),
        spoilt(
            "entry-dropped-add",
            "a roster entry without its addition",
            authority,
            &moved,
        )
        .flag("not-signed"),
        change(
            "entry-changed-commitment",
            "an epoch's commitment",
            alice,
            &epoch,
            "/body/commitment",
            hash(),
        ),
        change(
            "entry-changed-wrap",
            "a wrap",
            alice,
            &epoch,
            "/body/wraps/1/wrap",
            encode(&[9; 80]).into(),
        ),
        change(
            "entry-changed-recipient",
            "a recipient",
            alice,
            &epoch,
            "/body/wraps/1/member",
            encode(&named("m03").id()).into(),
        ),
        spoilt(
            "entry-swapped-wraps",
            "the wraps in another order",
            alice,
            &wraps_swapped,
        )
        .flag("order-matters-not"),
        change(
            "entry-changed-share-epoch",
            "a share's epoch",
            bob,
            &share,
            "/body/epoch",
            hash(),
        ),
        change(
            "entry-changed-message-epoch",
            "a message's epoch",
            alice,
            &message,
            "/body/epoch",
            hash(),
        ),
        change(
            "entry-changed-salt",
            "a message's salt",
            alice,
            &message,
            "/body/salt",
            encode(&[1; 16]).into(),
        ),
        {
            let ciphertext = vec![3; 144];
            let mut entry = message.clone();
            entry["body"]["ciphertext_hash"] = encode(&sha256(&ciphertext)).into();
            entry["body"]["ciphertext"] = encode(&ciphertext).into();
            spoilt(
                "entry-changed-ciphertext",
                "the ciphertext, and its hash with it",
                alice,
                &entry,
            )
            .flag("not-signed")
        },
        change(
            "entry-changed-index",
            "a redaction's index",
            alice,
            &redaction,
            "/body/index",
            next(&redaction, "/body/index"),
        ),
        change(
            "entry-changed-reason",
            "a redaction's reason",
            alice,
            &redaction,
            "/body/reason",
            "Why".into(),
        ),
    ]
}

pub(super) fn wrongly_signed() -> Vec<Test> {
    let at = community();
    let alice = named("m01");
    let draft = redactable(&at, alice);
    let tuple = entry::tuple(&draft).expect("well formed").encode();
    let with = |id: &str, about: &str, signature: &[u8]| {
        let mut entry = draft.clone();
        entry["signature"] = encode(signature).into();
        spoilt(id, about, alice, &entry).flag("other-scheme")
    };
    let id = entry::id(&draft).expect("well formed");
    let body = entry::body_tuple("redaction", &draft["body"])
        .expect("well formed")
        .encode();
    vec![
        with(
            "entry-signed-by-another",
            "signed by another member",
            &sign(named("m02"), &tuple, Scheme::Pss),
        ),
        with(
            "entry-signed-by-server",
            "signed by the server key",
            &sign(named("server"), &tuple, Scheme::Pss),
        ),
        with(
            "entry-signed-pkcs1v15",
            "signed by RSASSA-PKCS1-v1_5",
            &sign(alice, &tuple, Scheme::Pkcs1v15),
        ),
        with(
            "entry-signed-salt-20",
            "signed with a salt of 20 bytes",
            &sign(alice, &tuple, Scheme::PssSalt(20)),
        ),
        with(
            "entry-signed-id",
            "signed over the id instead of the tuple",
            &sign(alice, &id, Scheme::Pss),
        ),
        with(
            "entry-signed-body",
            "signed over the body tuple",
            &sign(alice, &body, Scheme::Pss),
        ),
        with(
            "entry-signature-cut",
            "the signature's last byte is missing",
            &sign(alice, &tuple, Scheme::Pss)[..255],
        ),
        with("entry-signature-empty", "a signature of no bytes", &[]),
    ]
}

fn spoilt(id: &str, about: &str, author: &Account, entry: &Value) -> Test {
    invalid(id, about, &["ENTRY-3"], "bad_signature")
        .bytes("author_key", author.public_key())
        .with("entry", entry.clone())
}
