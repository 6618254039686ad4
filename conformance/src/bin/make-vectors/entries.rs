//! `entries.json`: entries of all kinds: their tuples, ids and signatures, and their forms.

use crate::community::{Community, labelled, roster_body, sign, signed};
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use dispatch_conformance::codec::randomness::Seeded;
use dispatch_conformance::codec::{Account, Scheme, base64url, base64url::encode, entry, sha256};
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
            .tests(kinds())
            .tests(corners()),
        )
        .group(
            Group::new(
                "changed-entries",
                "`author_key`, `entry`: an entry of which one value was changed after it was signed, or whose signature is \
                 not its author's. The values have their right forms.",
            )
            .tests(changed())
            .tests(wrongly_signed()),
        )
        .group(
            Group::new("submitted-entries", "`entry`: hold it against its form, as a server does with the entry of a `submit`.")
                .tests(forms()),
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

fn kinds() -> Vec<Test> {
    let mut at = community();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let genesis = at.blocks[0]["entry"].clone();
    let roster = at.roster(&[named("m13"), named("m14")], &[carol]);
    let card = at.card(bob);
    let (epoch, id) = at.epoch(alice, &[alice, bob], "entries");
    at.append(epoch.clone());
    let share = at.share(bob, &id, &[carol]);
    let message = at.message(alice, &id, "Hello, Bob.");
    let message_block = at.append(message.clone());
    let redaction = at.redaction(
        alice,
        message_block["index"].as_u64().expect("an index"),
        "a slip of the pen",
    );
    let mut gap = message.clone();
    gap["body"]
        .as_object_mut()
        .expect("a body")
        .remove("ciphertext");
    let authority = named("authority");
    vec![
        of("entry-genesis", "genesis", authority, &genesis),
        of(
            "entry-roster",
            "roster: adds two, removes one",
            authority,
            &roster,
        ),
        of("entry-card", "card", bob, &card),
        of("entry-epoch", "epoch: two wraps", alice, &epoch),
        of("entry-share", "share: one wrap", bob, &share),
        of("entry-message", "message", alice, &message),
        of(
            "entry-message-redacted",
            "the same message without its ciphertext has the same id and signature",
            alice,
            &gap,
        ),
        of("entry-redaction", "redaction", alice, &redaction),
    ]
}

fn corners() -> Vec<Test> {
    let at = community();
    let (alice, authority) = (named("m01"), named("authority"));
    let message = redactable(&at, alice);
    let mut again = message.clone();
    let tuple = entry::tuple(&again).expect("well formed").encode();
    again["signature"] =
        encode(&alice.sign(&tuple, Scheme::Pss, &mut Seeded::new("signed again"))).into();
    let keys = [named("m04"), named("m05")];
    let swapped = [named("m05"), named("m04")];
    let by_large = |name: &str| {
        let mut at = at.clone();
        let roster = at.roster(&[named(name)], &[]);
        at.append(roster);
        at.card(named(name))
    };
    let great = {
        let mut entry = at
            .draft(
                alice,
                "redaction",
                json!({ "index": 9_007_199_254_740_991_u64, "reason": "" }),
            )
            .unsigned();
        entry["seq"] = 9_007_199_254_740_991_u64.into();
        entry["sent_at"] = 9_007_199_254_740_991_u64.into();
        entry["seen"]["size"] = 9_007_199_254_740_991_u64.into();
        signed(entry, alice)
    };
    vec![
        of("entry-signed-once", "a statement", alice, &message).flag("id-covers-signature"),
        of(
            "entry-signed-again",
            "the same statement under another signature: the same id",
            alice,
            &again,
        )
        .flag("id-covers-signature"),
        of(
            "entry-roster-order",
            "adds two keys",
            authority,
            &at.entry(authority, "roster", roster_body(&keys, &[])),
        )
        .flag("order-matters-not"),
        of(
            "entry-roster-order-swapped",
            "adds the same keys in the other order: another id",
            authority,
            &at.entry(authority, "roster", roster_body(&swapped, &[])),
        )
        .flag("order-matters-not"),
        of(
            "entry-roster-removes-only",
            "an empty `add`",
            authority,
            &at.roster(&[], &[named("m02")]),
        ),
        of(
            "entry-by-3072",
            "signed by a key of 3072 bits",
            named("m13"),
            &by_large("m13"),
        ),
        of(
            "entry-by-4096",
            "signed by a key of 4096 bits",
            named("m14"),
            &by_large("m14"),
        ),
        of(
            "entry-greatest-numbers",
            "2^53 - 1 wherever there is a number",
            alice,
            &great,
        ),
        of(
            "entry-reason-empty",
            "an empty reason",
            alice,
            &at.entry(alice, "redaction", json!({ "index": 0, "reason": "" })),
        ),
    ]
}

fn changed() -> Vec<Test> {
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

fn wrongly_signed() -> Vec<Test> {
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

fn forms() -> Vec<Test> {
    let mut at = community();
    let (alice, bob) = (named("m01"), named("m02"));
    let (epoch, id) = at.epoch(alice, &[alice, bob], "forms");
    at.append(epoch.clone());
    let message = at.message(alice, &id, "Hello.");
    let redaction = redactable(&at, alice);
    let bad = |id: &str, about: &str, requirement, entry: Value| {
        invalid(id, about, &[requirement], "malformed")
            .flag("form")
            .with("entry", entry)
    };
    let set = |entry: &Value, path: &str, value: Value| {
        let mut entry = entry.clone();
        let (parent, name) = path.rsplit_once('/').expect("a path");
        entry.pointer_mut(parent).expect("the parent is there")[name] = value;
        entry
    };
    let drop = |entry: &Value, path: &str| {
        let mut entry = entry.clone();
        let (parent, name) = path.rsplit_once('/').expect("a path");
        entry
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("the parent is there")
            .remove(name);
        entry
    };
    vec![
        valid("entry-form-message", "the form of a message", &["CONV-4"])
            .with("entry", message.clone()),
        valid("entry-form-epoch", "the form of an epoch", &["CONV-4"]).with("entry", epoch.clone()),
        valid(
            "entry-form-short-signature",
            "a signature of any length has the right form",
            &["CONV-4", "SIG-2"],
        )
        .with("entry", set(&message, "/signature", "AAAA".into())),
        bad(
            "entry-form-no-ciphertext",
            "a submitted message without `ciphertext`",
            "MSG-6",
            drop(&message, "/body/ciphertext"),
        ),
        bad(
            "entry-form-no-signature",
            "no signature",
            "CONV-4",
            drop(&message, "/signature"),
        ),
        bad(
            "entry-form-no-seen",
            "no `seen`",
            "CONV-4",
            drop(&message, "/seen"),
        ),
        bad(
            "entry-form-no-body",
            "no body",
            "CONV-4",
            drop(&message, "/body"),
        ),
        bad(
            "entry-form-unknown-member",
            "an unknown member",
            "CONV-3",
            set(&message, "/edited", true.into()),
        ),
        bad(
            "entry-form-unknown-in-body",
            "an unknown member of the body",
            "CONV-3",
            set(&message, "/body/text", "Hello.".into()),
        ),
        bad(
            "entry-form-body-of-another-kind",
            "a message under the kind `card`",
            "CONV-3",
            set(&message, "/kind", "card".into()),
        ),
        bad(
            "entry-form-salt-12",
            "a salt of 12 bytes",
            "CONV-14",
            set(&message, "/body/salt", encode(&[1; 12]).into()),
        ),
        bad(
            "entry-form-id-short",
            "an epoch's id of 31 bytes",
            "CONV-14",
            set(&message, "/body/epoch", encode(&[1; 31]).into()),
        ),
        bad(
            "entry-form-wrap-79",
            "a wrap of 79 bytes",
            "CONV-14",
            set(&epoch, "/body/wraps/0/wrap", encode(&[1; 79]).into()),
        ),
        bad(
            "entry-form-wraps-object",
            "`wraps` as an object",
            "CONV-4",
            set(&epoch, "/body/wraps", json!({})),
        ),
        bad("entry-form-padded", "an id with padding", "CONV-13", {
            let text = format!("{}=", message["author"].as_str().expect("a text"));
            set(&message, "/author", text.into())
        }),
        bad(
            "entry-form-seq-text",
            "`seq` as a text",
            "CONV-4",
            set(&message, "/seq", "3".into()),
        ),
        bad(
            "entry-form-index-negative",
            "a negative index",
            "CONV-12",
            set(&redaction, "/body/index", json!(-1)),
        ),
        bad(
            "entry-form-reason-513",
            "a reason of 513 bytes",
            "CONV-16",
            set(&redaction, "/body/reason", "x".repeat(513).into()),
        ),
        invalid(
            "entry-form-unknown-kind",
            "a kind that is not one of the seven",
            &["ENTRY-1"],
            "unknown_kind",
        )
        .flag("form")
        .with("entry", set(&message, "/kind", "reaction".into())),
        invalid(
            "entry-form-kind-other-case",
            "`Message`",
            &["ENTRY-1"],
            "unknown_kind",
        )
        .flag("form")
        .with("entry", set(&message, "/kind", "Message".into())),
    ]
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

fn spoilt(id: &str, about: &str, author: &Account, entry: &Value) -> Test {
    invalid(id, about, &["ENTRY-3"], "bad_signature")
        .bytes("author_key", author.public_key())
        .with("entry", entry.clone())
}
