//! Clients' frames, which are taken strictly.

use dispatch_protocol::bytes::{Bytes, Nonce};
use dispatch_protocol::entry::Body;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{
    ClientFrame, Hello, Prove, Ref, Resume, ServerFrame, Submit, Version,
};
use serde_json::{Value, json};

use crate::world::{World, card, epoch, key, message_of, redaction, roster, share};

fn decode(text: &str) -> Result<ClientFrame, (&'static str, &'static str)> {
    ClientFrame::decode(text, &Limits::default())
        .map_err(|rejected| (rejected.refusal.code.as_str(), rejected.refusal.requirement))
}

fn hello() -> Value {
    serde_json::to_value(ClientFrame::Hello(Hello {
        version: Version,
        origin: "https://chat.example.org".to_owned(),
        public_key: key("m01").public().to_bytes(),
        client_nonce: Nonce::new([1; 32]),
        session_ms: Some(1000),
        have: Some(World::founded().state.prefix()),
    }))
    .unwrap()
}

fn submit(world: &World, author: &str, body: Body) -> Value {
    serde_json::to_value(ClientFrame::Submit(Submit {
        reference: Ref::parse("r").unwrap(),
        token: Bytes::from(vec![1; 256]),
        entry: world.entry(author, body),
    }))
    .unwrap()
}

/// The frame with the value at a pointer replaced, or a member added.
fn with(frame: &Value, pointer: &str, value: Value) -> String {
    let mut frame = frame.clone();
    let (outer, name) = pointer.rsplit_once('/').unwrap();
    frame.pointer_mut(outer).unwrap()[name] = value;
    frame.to_string()
}

fn drop_member(frame: &Value, pointer: &str) -> String {
    let mut frame = frame.clone();
    let (outer, name) = pointer.rsplit_once('/').unwrap();
    let removed = frame
        .pointer_mut(outer)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(name);
    assert!(removed.is_some(), "{pointer}");
    frame.to_string()
}

/// Every member of a frame, by pointer.
fn members(frame: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                found.push(format!("{path}/{name}"));
                walk(value, &format!("{path}/{name}"), found);
            }),
            Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| {
                walk(value, &format!("{path}/{index}"), found);
            }),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(frame, "", &mut found);
    found
}

/// One frame of each type, and a submit of each kind.
fn every_frame() -> Vec<Value> {
    let mut world = World::with_members(&["m01", "m02"]);
    let made = world.epoch(&["m01"]);
    let prove = Prove {
        server_nonce: Nonce::new([1; 32]),
        signature: Bytes::from(vec![1; 256]),
    };
    let resume = Resume {
        token: Bytes::from(vec![1; 256]),
        client_nonce: Nonce::new([1; 32]),
        have: Some(world.state.prefix()),
    };
    let bodies = [
        world.blocks[0].entry.body.clone(),
        roster(&["m03"], &["m02"]),
        card(),
        epoch(&["m01", "m02"]),
        share(made, &["m02"]),
        Body::Message(message_of(made, 144)),
        redaction(0),
    ];
    let mut frames = vec![
        hello(),
        serde_json::to_value(ClientFrame::Prove(prove)).unwrap(),
        serde_json::to_value(ClientFrame::Resume(resume)).unwrap(),
    ];
    frames.extend(bodies.into_iter().map(|body| submit(&world, "m01", body)));
    frames
}

#[test]
fn every_frame_is_read_as_it_was_written() {
    for frame in every_frame() {
        let decoded = decode(&frame.to_string()).unwrap();
        assert_eq!(serde_json::to_value(&decoded).unwrap(), frame);
    }
}

#[test]
fn each_member_is_required_unless_it_may_be_left_out() {
    let optional = ["/session_ms", "/have"];
    for frame in every_frame() {
        for member in members(&frame) {
            let decoded = decode(&drop_member(&frame, &member));
            if optional.contains(&member.as_str()) {
                assert!(decoded.is_ok(), "{member}");
            } else if member.ends_with("/ciphertext") {
                assert_eq!(decoded, Err(("malformed", "MSG-6")));
            } else {
                assert_eq!(decoded, Err(("malformed", "CONV-4")), "{member} of {frame}");
            }
        }
    }
}

#[test]
fn no_member_is_null_or_of_another_type() {
    for frame in every_frame() {
        for member in members(&frame) {
            for wrong in [json!(null), json!(true), json!([7]), json!({"a": 7})] {
                let same_type = frame.pointer(&member).unwrap().is_object() && wrong.is_object()
                    || frame.pointer(&member).unwrap().is_array() && wrong.is_array();
                let (code, requirement) = decode(&with(&frame, &member, wrong)).unwrap_err();
                assert_eq!(code, "malformed", "{member}");
                assert!(
                    requirement == "CONV-4" || same_type,
                    "{member}: {requirement}"
                );
            }
            let text = frame.pointer(&member).unwrap().is_string();
            let swapped = if text { json!(7) } else { json!("7") };
            assert_eq!(
                decode(&with(&frame, &member, swapped)),
                Err(("malformed", "CONV-4")),
                "{member}"
            );
        }
    }
}

#[test]
fn a_member_that_is_not_defined_is_refused_at_every_depth() {
    for frame in every_frame() {
        let mut objects = vec![String::new()];
        objects.extend(
            members(&frame)
                .into_iter()
                .filter(|member| frame.pointer(member).unwrap().is_object()),
        );
        for object in objects {
            let decoded = decode(&with(&frame, &format!("{object}/more"), json!(1)));
            assert_eq!(decoded, Err(("malformed", "CONV-3")), "{object} of {frame}");
        }
    }
}

#[test]
fn bytes_are_canonical_and_of_their_length() {
    for frame in every_frame() {
        for member in members(&frame) {
            let Some(text) = frame.pointer(&member).unwrap().as_str() else {
                continue;
            };
            let name = member.rsplit('/').next().unwrap();
            if ["type", "version", "origin", "ref", "kind", "name", "reason"].contains(&name) {
                continue;
            }
            for wrong in [
                format!("{text}="),
                format!("{text}\n"),
                text.replacen(char::is_alphanumeric, "+", 1),
            ] {
                assert_eq!(
                    decode(&with(&frame, &member, json!(wrong))),
                    Err(("malformed", "CONV-13")),
                    "{member}"
                );
            }
            let free = [
                "public_key",
                "authority",
                "server_key",
                "signature",
                "token",
                "ciphertext",
            ];
            let longer = decode(&with(&frame, &member, json!(format!("AAAA{text}"))));
            if free.contains(&name) {
                assert!(longer.is_ok(), "{member}");
            } else {
                assert_eq!(longer, Err(("malformed", "CONV-14")), "{member}");
            }
        }
    }
}

#[test]
fn numbers_are_plain_integers_wherever_they_stand() {
    let numbers = |frame: &Value| -> Vec<String> {
        members(frame)
            .into_iter()
            .filter(|member| frame.pointer(member).unwrap().is_number())
            .collect()
    };
    let mut seen = 0;
    for frame in every_frame() {
        for member in numbers(&frame) {
            seen += 1;
            for wrong in ["1.0", "1e3", "-0", "-1", "01", "9007199254740992"] {
                let text = with(&frame, &member, json!("#")).replace("\"#\"", wrong);
                assert_eq!(
                    decode(&text),
                    Err(("malformed", "CONV-12")),
                    "{member} {wrong}"
                );
            }
            let greatest = with(&frame, &member, json!(9_007_199_254_740_991u64));
            assert!(decode(&greatest).is_ok(), "{member}");
        }
    }
    assert!(seen > 20);
}

#[test]
fn texts_and_integers_stay_within_their_bounds() {
    let frame = hello();
    let good = |text: String| assert!(decode(&text).is_ok(), "{text}");
    let bad = |text: String| assert_eq!(decode(&text), Err(("malformed", "CONV-16")), "{text}");
    good(with(&frame, "/origin", json!("x".repeat(255))));
    bad(with(&frame, "/origin", json!("x".repeat(256))));
    bad(with(&frame, "/origin", json!("")));
    bad(with(&frame, "/origin", json!("https://é")));
    good(with(&frame, "/session_ms", json!(1000)));
    bad(with(&frame, "/session_ms", json!(999)));
    let world = World::with_members(&["m01"]);
    let frame = submit(&world, "m01", redaction(0));
    good(with(&frame, "/entry/body/reason", json!("é".repeat(256))));
    good(with(&frame, "/entry/body/reason", json!("")));
    bad(with(
        &frame,
        "/entry/body/reason",
        json!("é".repeat(256) + "x"),
    ));
    good(with(&frame, "/ref", json!("x".repeat(64))));
    bad(with(&frame, "/ref", json!("x".repeat(65))));
    bad(with(&frame, "/ref", json!("")));
    bad(with(&frame, "/ref", json!("a b")));
    // these have codes of their own
    good(with(&frame, "/entry/seq", json!(0)));
    good(with(&frame, "/entry/seen/size", json!(0)));
    let frame = submit(&world, "m01", world.blocks[0].entry.body.clone());
    good(with(&frame, "/entry/body/name", json!("é".repeat(64))));
    bad(with(
        &frame,
        "/entry/body/name",
        json!("é".repeat(64) + "x"),
    ));
    bad(with(&frame, "/entry/body/name", json!("")));
}

#[test]
fn what_cannot_be_understood_is_told_before_what_is_malformed() {
    let unknown_version = Err(("unknown_version", "JOIN-4"));
    assert_eq!(
        decode(&with(&hello(), "/version", json!("dispatch-d/2"))),
        unknown_version
    );
    assert_eq!(
        decode(r#"{"type":"hello","version":"","more":[null]}"#),
        unknown_version
    );
    assert_eq!(
        decode(r#"{"type":"hello","version":2}"#),
        Err(("malformed", "CONV-4"))
    );
    assert_eq!(decode(r#"{"type":"hello"}"#), Err(("malformed", "CONV-4")));
    // the syntax of JSON comes first
    assert_eq!(
        decode(r#"{"type":"hello","version":"x","a":-1}"#),
        Err(("malformed", "CONV-12"))
    );
    assert_eq!(
        decode(r#"{"type":"hello","version":"x","a":1,"a":1}"#),
        Err(("malformed", "CONV-2"))
    );

    let unknown_frame = Err(("unknown_frame", "ERR-6"));
    assert_eq!(decode(r#"{"type":"hallo","more":[null]}"#), unknown_frame);
    assert_eq!(decode(r#"{"type":"welcome"}"#), unknown_frame);
    assert_eq!(decode(r#"{"type":"Hello"}"#), unknown_frame);
    assert_eq!(decode(r#"{"type":7}"#), Err(("malformed", "CONV-4")));
    assert_eq!(decode("{}"), Err(("malformed", "CONV-4")));
    assert_eq!(decode("[]"), Err(("malformed", "CONV-4")));

    let world = World::with_members(&["m01"]);
    let frame = submit(&world, "m01", card());
    for body in [json!(null), json!({"question": 1}), json!([1])] {
        let mut poll = frame.clone();
        poll["entry"]["kind"] = json!("poll");
        poll["entry"]["body"] = body;
        assert_eq!(decode(&poll.to_string()), Err(("unknown_kind", "ENTRY-1")));
    }
    assert_eq!(
        decode(&with(&frame, "/entry/kind", json!("Card"))),
        Err(("unknown_kind", "ENTRY-1"))
    );
    assert_eq!(
        decode(&with(&frame, "/entry/kind", json!(7))),
        Err(("malformed", "CONV-4"))
    );
}

#[test]
fn a_refused_submit_has_its_ref_where_it_could_be_read() {
    let world = World::with_members(&["m01"]);
    let frame = submit(&world, "m01", card());
    let reference = |text: &str| {
        ClientFrame::decode(text, &Limits::default())
            .unwrap_err()
            .reference
    };
    assert_eq!(
        reference(&with(&frame, "/entry/kind", json!("poll"))),
        Ref::parse("r")
    );
    assert_eq!(
        reference(&with(&frame, "/entry/body/x25519", json!("AA"))),
        Ref::parse("r")
    );
    assert_eq!(reference(&with(&frame, "/ref", json!(""))), None);
    assert_eq!(reference(&drop_member(&frame, "/ref")), None);
}

#[test]
fn limits_are_told_apart_from_malformed_frames() {
    let limits = Limits {
        ciphertext_bytes: 272,
        wraps: 2,
        ..Limits::default()
    };
    let decode = |frame: Value| {
        ClientFrame::decode(&frame.to_string(), &limits)
            .map(|_| ())
            .map_err(|rejected| {
                assert_eq!(rejected.reference, Ref::parse("r"));
                assert!(!rejected.bye);
                (rejected.refusal.code.as_str(), rejected.refusal.requirement)
            })
    };
    let mut world = World::with_members(&["m01", "m02", "m03"]);
    let made = world.epoch(&["m01"]);
    let message = |length| submit(&world, "m01", Body::Message(message_of(made, length)));
    assert_eq!(decode(message(272)), Ok(()));
    assert_eq!(decode(message(273)), Err(("too_large", "LIM-3")));
    assert_eq!(decode(message(400)), Err(("too_large", "LIM-3")));
    assert_eq!(
        decode(submit(&world, "m01", epoch(&["m01", "m02"]))),
        Ok(())
    );
    let three = ["m01", "m02", "m03"];
    assert_eq!(
        decode(submit(&world, "m01", epoch(&three))),
        Err(("too_large", "LIM-4"))
    );
    assert_eq!(
        decode(submit(&world, "m01", share(made, &three))),
        Err(("too_large", "LIM-4"))
    );
}

#[test]
fn a_frame_may_be_as_long_as_advertised_and_no_longer() {
    let limits = Limits::default();
    let mut text = hello().to_string();
    text.push_str(&" ".repeat(limits.frame_bytes as usize - text.len()));
    assert!(ClientFrame::decode(&text, &limits).is_ok());
    text.push(' ');
    let rejected = ClientFrame::decode(&text, &limits).unwrap_err();
    assert!(rejected.bye);
    assert!(
        matches!(ServerFrame::from(rejected), ServerFrame::Bye(bye) if bye.code == Code::TooLarge)
    );
}
