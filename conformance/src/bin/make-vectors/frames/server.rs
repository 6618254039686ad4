//! Frames of servers, which a client takes.

use crate::community::{Community, labelled};
use crate::file::{Test, valid};
use crate::keys::named;
use crate::ordered;
use dispatch_conformance::codec::base64url::encode;
use serde_json::json;

pub(super) fn from_servers() -> Vec<Test> {
    let ok = |id: &str, about: &str, requirement, ignored: bool, text: &str| {
        valid(id, about, &[requirement])
            .with("ignored", ignored)
            .bytes("frame", text.as_bytes())
    };
    let nonce = encode(&labelled("server nonce"));
    let known = |more: &str| {
        format!(
            r#"{{"type":"challenge","community":"{nonce}","server_nonce":"{nonce}","expires_at":1772355660000{more}}}"#
        )
    };
    let mut community = Community::example();
    let roster = community.roster(&[named("m01")], &[]);
    community.append(roster);
    let mut block = community.blocks[1].clone();
    block["witness"] = json!({ "by": -1.5 });
    block["entry"]["hint"] = json!([null]);
    block["entry"]["body"]["colour"] = "blue".into();
    block["entry"]["seen"]["by"] = json!({});
    let mut checkpoint = community.checkpoint();
    checkpoint["witnesses"] = json!([]);
    vec![
        ok(
            "json-client-known-frame",
            "a frame as it stands in the chapter",
            "CONV-9",
            false,
            &known(""),
        ),
        ok(
            "json-client-unknown-member",
            "a member that the client does not know",
            "CONV-9",
            false,
            &known(r#","motd":"hi""#),
        ),
        ok(
            "json-client-unknown-member-deep",
            "unknown members may hold what no member of this version does: fractions, negative numbers, null, depth",
            "CONV-9",
            false,
            &known(&format!(
                r#","x":[-1.5e3,null,{}1{}]"#,
                "[".repeat(30),
                "]".repeat(30)
            )),
        ),
        ok(
            "json-client-unknown-in-block",
            "unknown members in a block, its entry, its `seen` and its body",
            "CONV-9",
            false,
            &ordered::compact(&json!({ "type": "blocks", "from": 1, "blocks": [block] })),
        ),
        ok(
            "json-client-unknown-in-checkpoint",
            "an unknown member in a checkpoint",
            "CONV-9",
            false,
            &ordered::compact(&json!({ "type": "checkpoint", "checkpoint": checkpoint })),
        ),
        ok(
            "json-client-unknown-code",
            "a code of a later time is a refusal all the same",
            "CONV-9",
            false,
            r#"{"type":"refused","code":"too_sunny","detail":"","shade":true}"#,
        ),
        ok(
            "json-client-unknown-type",
            "a frame whose type the client does not know",
            "CONV-10",
            true,
            r#"{"type":"typing","who":"someone"}"#,
        ),
        ok(
            "json-client-unknown-type-anything",
            "the same with members that other frames have in another form",
            "CONV-10",
            true,
            r#"{"type":"weather","code":17,"blocks":"none","checkpoint":null}"#,
        ),
    ]
}
