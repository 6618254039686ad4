//! Templates and patterns on a stage without a server: what they give, and what they say when they give nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Made, Stage, bytes, evaluate::Trouble};
use crate::{
    accounts::Actor,
    codec::{self, Join, Scheme, Tuple, accounts, base64url, randomness::System, signature},
    corpus::Corpus,
    peer::{Server, Target},
    scenario::{AccountKind, Pattern, Template, Vectors},
    story::Timeline,
};

fn account(name: &str) -> &'static codec::Account {
    accounts::named(name).expect("a test account")
}

fn genesis() -> Value {
    let authority = account("authority");
    let draft = codec::entry::Draft {
        community: [0; 32],
        kind: "genesis".into(),
        author: authority.id(),
        seq: 1,
        seen: (0, [0; 32]),
        sent_at: 1,
        body: json!({
            "name": "stage",
            "authority": base64url::encode(authority.public_key()),
            "server_key": base64url::encode(account("server").public_key()),
            "created_at": 1,
        }),
    };
    let entry = draft.signed(authority, &mut System).expect("a genesis");
    codec::block::make(0, &[0; 32], 1, entry)
}

fn stage() -> Stage {
    let genesis = genesis();
    let discovery = json!({"genesis": genesis, "limits": {"ciphertext_bytes": 1000, "wraps": 7}});
    let target = Target::parse("ws://127.0.0.1:7311").expect("a target");
    let server = Server::new(target, Duration::from_secs(1), discovery);
    assert_eq!(server.chain.observe(&genesis), []);
    let roles = BTreeMap::from([
        (
            "alice".to_owned(),
            (AccountKind::Member, Actor::Known(account("m01"))),
        ),
        (
            "bob".to_owned(),
            (AccountKind::Member, Actor::Known(account("m02"))),
        ),
    ]);
    let vectors = Vectors::read(&Corpus::embedded()).expect("the vectors");
    Stage::new(
        Arc::new(server),
        Arc::new(vectors),
        "a-case",
        roles,
        Timeline::begin(None),
    )
}

fn evaluate(stage: &Stage, template: Value) -> Result<Value, Trouble> {
    stage.evaluate(&Template::try_from(template).expect("a template"))
}

fn value(stage: &Stage, template: Value) -> Value {
    evaluate(stage, template).expect("a value")
}

#[test]
fn values_have_names() {
    let mut stage = stage();
    let community = codec::block::hash(&genesis_of(&stage)).expect("a hash");
    stage.captured.insert("c".into(), json!({"a": [{"b": 5}]}));
    stage.round = Some(3);
    for (path, due) in [
        ("server.origin", json!("http://127.0.0.1:7311")),
        ("server.community", bytes::value(&community)),
        ("server.authority", bytes::value(&account("authority").id())),
        ("server.limits.wraps", json!(7)),
        ("server.limits.skew_ms", json!(600_000)),
        ("server.largest_ciphertext", json!(912)),
        ("server.size", json!(1)),
        ("server.head", bytes::value(&community)),
        ("server.have.size", json!(1)),
        ("alice.id", bytes::value(&account("m01").id())),
        ("alice.next_seq", json!(1)),
        ("c.a.0.b", json!(5)),
        ("i", json!(3)),
    ] {
        assert_eq!(value(&stage, json!({"$": path})), due, "{path}");
    }
    assert!(matches!(
        evaluate(&stage, json!({"$": "carol.id"})),
        Err(Trouble::Vector(_))
    ));
    assert!(matches!(
        evaluate(&stage, json!({"$": "c.x"})),
        Err(Trouble::Server(_))
    ));
}

fn genesis_of(stage: &Stage) -> Value {
    stage.server.discovery["genesis"].clone()
}

#[test]
fn bytes_and_numbers_are_computed() {
    let stage = stage();
    let text = |template| {
        value(&stage, template)
            .as_str()
            .map(str::to_owned)
            .unwrap_or_default()
    };
    assert_eq!(text(json!({"$zeros": 3})), "AAAA");
    assert_eq!(
        text(json!({"$concat": [{"$hex": "00"}, {"$hex": "01 02"}]})),
        "AAEC"
    );
    assert_eq!(
        text(json!({"$sha256": {"$zeros": 0}})),
        bytes::value(&codec::sha256(b"")).as_str().expect("text")
    );
    assert_eq!(text(json!({"$random": 32})).len(), 43);
    assert_ne!(text(json!({"$random": 32})), text(json!({"$random": 32})));
    assert_eq!(
        text(json!({"$joined": ["a", 1, {"$text": {"of": "b", "times": 2}}]})),
        "a1bb"
    );
    assert_eq!(
        value(&stage, json!({"$add": [{"$": "server.limits.wraps"}, -9]})),
        json!(-2)
    );
    assert_eq!(
        value(
            &stage,
            json!({"$part": [{"$": "server.limits.wraps"}, -3, 4]})
        ),
        json!(-6)
    );
    assert_eq!(
        value(&stage, json!({"$list": {"of": 1, "times": 2}})),
        json!([1, 1])
    );
    assert_eq!(
        value(
            &stage,
            json!({"$with": {"a": {"b": 1}, "c": 2}, "set": {"a/b": 3, "d": 4}, "drop": ["c"]})
        ),
        json!({"a": {"b": 3}, "d": 4})
    );
}

#[test]
fn a_frame_keeps_the_order_of_its_members() {
    let stage = stage();
    let frame = value(&stage, json!({"type": "x", "b": 1, "a": {"z": 1, "y": 2}}));
    assert_eq!(frame.to_string(), r#"{"type":"x","b":1,"a":{"z":1,"y":2}}"#);
    let hello = value(
        &stage,
        json!({"$hello": {"as": "alice", "with": {"session_ms": 1000}}}),
    );
    let names: Vec<&String> = hello.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        [
            "type",
            "version",
            "origin",
            "public_key",
            "client_nonce",
            "session_ms"
        ]
    );
}

#[test]
fn a_prove_is_signed_by_its_role_over_what_is_asked_for() {
    let mut stage = stage();
    let hello = value(&stage, json!({"$hello": {"as": "alice"}}));
    let challenge = json!({"type": "challenge", "community": {"$": "server.community"},
        "server_nonce": {"$random": 32}, "expires_at": 77});
    let challenge = value(&stage, challenge);
    stage.captured.insert("h".into(), hello.clone());
    stage.captured.insert("c".into(), challenge.clone());
    let hash = |frame: &Value, name: &str| bytes::hash(&frame[name]).expect("a hash");
    let mut join = Join {
        origin: "http://127.0.0.1:7311".into(),
        community: hash(&challenge, "community"),
        account: account("m01").id(),
        client_nonce: hash(&hello, "client_nonce"),
        server_nonce: hash(&challenge, "server_nonce"),
        expires_at: 77,
    };
    let signature = |signed: Value| {
        let prove = value(
            &stage,
            json!({"$prove": {"as": "alice", "hello": "h", "challenge": "c", "signed": signed}}),
        );
        assert_eq!(prove["server_nonce"], challenge["server_nonce"]);
        bytes::of(&prove["signature"]).expect("bytes")
    };
    assert_eq!(
        join.verify(account("m01").key(), &signature(json!({}))),
        Ok(())
    );
    assert_eq!(
        join.verify(account("m02").key(), &signature(json!({"by": "bob"}))),
        Ok(())
    );
    let elsewhere = signature(json!({"origin": "http://other", "expires_at": 78}));
    assert!(join.verify(account("m01").key(), &elsewhere).is_err());
    join.origin = "http://other".into();
    join.expires_at = 78;
    assert_eq!(join.verify(account("m01").key(), &elsewhere), Ok(()));
}

#[test]
fn a_signature_is_made_by_the_scheme_that_is_named() {
    let stage = stage();
    let signed = |scheme: &str| {
        let template = json!({"$sign": {"by": "alice", "label": "x", "scheme": scheme,
            "fields": [{"text": "é"}, {"uint": 5}, {"bytes": {"$zeros": 2}}, {"list": [{"$zeros": 1}]}]}});
        bytes::of(&value(&stage, template)).expect("bytes")
    };
    let tuple = Tuple::new("x")
        .text("é")
        .uint(5)
        .bytes(&[0, 0])
        .list(&[[0]])
        .encode();
    let verify = |signature: &[u8]| signature::verify(account("m01").key(), &tuple, signature);
    assert_eq!(verify(&signed("pss")), Ok(()));
    for wrong in [
        "pss-salt-20",
        "pss-salt-0",
        "pss-mgf1-sha1",
        "pss-sha512",
        "pkcs1v15",
    ] {
        assert!(verify(&signed(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn bodies_are_really_encrypted() {
    let mut stage = stage();
    let body = value(
        &stage,
        json!({"$epoch_body": {"by": "alice", "to": ["alice", "bob"]}}),
    );
    let epoch = super::entry::Draft::of("alice", "epoch", body.clone());
    let epoch = stage.build(epoch).expect("an entry");
    let id = codec::entry::id(&epoch).expect("an id");
    stage.made.insert("e".into(), Made::new(epoch));

    let commitment = bytes::hash(&body["commitment"]).expect("a hash");
    let community = stage.community().expect("a community");
    let wrapping =
        codec::epoch::Wrapping::between(community, account("m01"), account("m02"), commitment);
    let wrap = bytes::of(&body["wraps"][1]["wrap"]).expect("bytes");
    let secret = wrapping
        .unwrap(&wrap, &account("m02").x25519_private())
        .expect("it opens for bob");

    let message = value(
        &stage,
        json!({"$message_body": {"by": "bob", "epoch": "e", "text": "hi", "seq": 4}}),
    );
    let place = codec::message::Place {
        community,
        epoch: id,
        author: account("m02").id(),
        seq: 4,
    };
    let part = |name: &str| bytes::of(&message[name]).expect("bytes");
    let padded = place
        .open(&secret, &part("salt"), &part("ciphertext"))
        .expect("it opens");
    let plaintext = codec::message::unpad(&padded).expect("padding");
    assert_eq!(
        codec::message::read_plaintext(plaintext).expect("a plaintext")["text"],
        "hi"
    );
    assert_eq!(part("ciphertext_hash"), codec::sha256(&part("ciphertext")));
}

#[test]
fn entries_are_numbered_signed_and_changed_before_they_are_signed() {
    let stage = stage();
    let build = |draft| stage.build(draft).expect("an entry");
    let draft =
        || super::entry::Draft::of("alice", "card", json!({"x25519": bytes::value(&[9; 32])}));
    let entry = build(draft());
    assert_eq!(
        codec::entry::verify_signature(&entry, account("m01").key()),
        Ok(())
    );
    assert_eq!(
        (&entry["seq"], &entry["seen"]["size"]),
        (&json!(1), &json!(1))
    );
    let later = build(draft());
    assert!(later["sent_at"].as_u64() > entry["sent_at"].as_u64());

    let mut changed = draft();
    changed.with.insert("seen/size".into(), json!(9));
    let changed = build(changed);
    assert_eq!(changed["seen"]["size"], 9);
    assert_eq!(
        codec::entry::verify_signature(&changed, account("m01").key()),
        Ok(())
    );

    let by_bob = build(super::entry::Draft {
        signer: "bob",
        ..draft()
    });
    assert_eq!(
        codec::entry::verify_signature(&by_bob, account("m02").key()),
        Ok(())
    );
    let other = build(super::entry::Draft {
        scheme: Scheme::Pkcs1v15,
        ..draft()
    });
    assert!(codec::entry::verify_signature(&other, account("m01").key()).is_err());
}

#[test]
fn an_entry_of_no_form_is_signed_over_what_can_be_read_of_it() {
    let stage = stage();
    for (kind, body) in [
        ("poem", json!({})),
        ("card", json!({"x25519": "short"})),
        ("card", json!(5)),
    ] {
        let entry = stage
            .build(super::entry::Draft::of("alice", kind, body))
            .expect("an entry");
        assert!(
            entry["signature"]
                .as_str()
                .is_some_and(|text| text.len() == 342)
        );
    }
}

fn differences(stage: &Stage, pattern: Value, value: &Value) -> Vec<String> {
    let pattern = Pattern::try_from(pattern).expect("a pattern");
    stage
        .differences(&pattern, Some(value))
        .expect("templates with values")
}

#[test]
fn patterns_match_what_they_should_and_nothing_else() {
    let stage = stage();
    let id = bytes::value(&account("m01").id());
    for (pattern, good, bad) in [
        (json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"a": 2})),
        (json!({"a": 1}), json!({"a": 1}), json!([1])),
        (json!([1, 2]), json!([1, 2]), json!([1, 2, 3])),
        (json!({"$any": "bytes"}), json!("AAAA"), json!("AAA=")),
        (json!({"$any": "bytes32"}), id.clone(), json!("AAAA")),
        (json!({"$any": "uint"}), json!(0), json!(-1)),
        (
            json!({"$any": "uint"}),
            json!(9_007_199_254_740_991_u64),
            json!(9_007_199_254_740_992_u64),
        ),
        (
            json!({"$any": "time"}),
            json!(1_795_378_307_997_u64),
            json!(1_795_378_307),
        ),
        (json!({"$any": "text"}), json!(""), json!(1)),
        (json!({"$any": "object"}), json!({}), json!([])),
        (json!({"$any": "list"}), json!([]), json!({})),
        (json!({"$any": "boolean"}), json!(false), json!(0)),
        (
            json!({"a": {"$absent": true}}),
            json!({"b": 1}),
            json!({"a": null}),
        ),
        (json!({"$one_of": [1, "x"]}), json!("x"), json!("y")),
        (
            json!({"$has": {"a": 1}}),
            json!([{"a": 2}, {"a": 1}]),
            json!([{"a": 2}]),
        ),
        (
            json!({"a": {"$is": {"$": "alice.id"}}}),
            json!({"a": id}),
            json!({"a": "AAAA"}),
        ),
    ] {
        assert_eq!(
            differences(&stage, pattern.clone(), &good),
            Vec::<String>::new(),
            "{pattern} {good}"
        );
        assert!(
            !differences(&stage, pattern.clone(), &bad).is_empty(),
            "{pattern} {bad}"
        );
    }
}

#[test]
fn a_difference_names_its_place() {
    let stage = stage();
    let found = differences(
        &stage,
        json!({"a": [{"b": 1}], "c": 2}),
        &json!({"a": [{"b": 3}]}),
    );
    assert_eq!(found, ["`a/0/b` is 3, not 1", "`c` is missing"]);
}
