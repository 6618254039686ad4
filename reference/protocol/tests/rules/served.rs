//! What a server sends: bounded in what it says, read leniently.

use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::{
    Blocks, Bye, ClientFrame, Discovery, Problem, Refused, ServerFrame, Transport, blocks_text,
};
use serde_json::{Value, json};

use crate::world::World;

#[test]
fn a_client_ignores_what_it_does_not_know() {
    let world = World::with_members(&["m01"]);
    let frame = ServerFrame::Blocks(Blocks {
        from: 0,
        blocks: world.blocks.clone(),
    });
    let mut value: Value = serde_json::from_str(&frame.to_text()).unwrap();
    for object in [
        "",
        "/blocks/0",
        "/blocks/0/entry",
        "/blocks/0/entry/body",
        "/blocks/0/entry/seen",
    ] {
        value.pointer_mut(object).unwrap()["more"] = json!([null, -1.5, {"a": true}]);
    }
    assert_eq!(ServerFrame::decode(&value.to_string()), Ok(Some(frame)));
    assert_eq!(
        ServerFrame::decode(r#"{"type":"presence","of":-1}"#),
        Ok(None)
    );
    assert!(ServerFrame::decode(r#"{"type":"bye","code":"removed"}"#).is_err());
    assert!(
        ServerFrame::decode(r#"{"type":"bye","code":"removed","detail":"","detail":""}"#).is_err()
    );
}

#[test]
fn blocks_that_were_written_before_make_the_same_frame() {
    let world = World::with_members(&["m01"]);
    let texts: Vec<_> = world.blocks[1..]
        .iter()
        .map(|block| serde_json::to_string(block).unwrap())
        .collect();
    let text = blocks_text(1, texts.iter().map(String::as_str));
    let frame = ServerFrame::Blocks(Blocks {
        from: 1,
        blocks: world.blocks[1..].to_vec(),
    });
    assert_eq!(text, frame.to_text());
    assert_eq!(
        blocks_text(7, []),
        r#"{"type":"blocks","from":7,"blocks":[]}"#
    );
}

#[test]
fn a_detail_has_at_most_1024_bytes() {
    let refusal = || Refusal::malformed("CONV-3", "é".repeat(600) + "x");
    let Refused { detail, .. } = Refused::new(None, refusal());
    assert_eq!(detail, "é".repeat(512));
    assert_eq!(Bye::new(refusal()).detail, detail);
    assert_eq!(Problem::from(refusal()).detail, detail);
    // a name that stands twice is somebody's words, too
    let name = "x".repeat(100_000);
    let rejected =
        ClientFrame::decode(&format!(r#"{{"{name}":1,"{name}":1}}"#), &Limits::default())
            .unwrap_err();
    assert!(rejected.refusal.detail.len() < 200);
}

#[test]
fn the_discovery_document_names_the_community_by_its_genesis() {
    let world = World::founded();
    let discovery = Discovery::new(
        world.blocks[0].clone(),
        Limits::default(),
        vec![Transport::Ws, Transport::Sse],
    );
    assert_eq!(discovery.community, world.state.community());
    let mut value = serde_json::to_value(&discovery).unwrap();
    assert_eq!(value["versions"], json!(["dispatch-d/1"]));
    assert_eq!(value["transports"], json!(["ws", "sse"]));
    value["limits"]["more"] = json!(-1);
    value["transports"]
        .as_array_mut()
        .unwrap()
        .push(json!("carrier-pigeon"));
    assert_eq!(Discovery::decode(&value.to_string()), Ok(discovery));
}

#[test]
fn a_problem_document_is_named_for_its_code() {
    let refusal = Refusal::new(Code::RateLimited, "LIM-7", "wait").retry_after(5);
    assert_eq!(
        serde_json::to_value(Problem::from(refusal)).unwrap(),
        json!({
            "type": "urn:dispatch-d:refusal:rate_limited",
            "code": "rate_limited", "detail": "wait", "retry_after": 5,
        })
    );
}
