//! `json.json`: frames as bytes, and what parsers make of them.

mod client;
mod server;
mod values;

use crate::community::{Community, labelled, sign};
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use crate::ordered;
use dispatch_conformance::codec::Scheme;
use dispatch_conformance::codec::base64url::encode;
use serde_json::{Value, json};

pub fn file() -> File {
    let file = File::new(
        "json",
        "Frames as bytes. A server reads those of `client-frames`, a client those of `server-frames`.",
    );
    let file = FLAGS.iter().fold(file, |file, (name, about, default_in)| {
        file.flag(name, about, default_in)
    });
    file.group(
        Group::new(
            "client-frames",
            "`frame`: the bytes that a client sent. Read them as far as the frame alone goes: JSON, members, their forms. \
             Signatures, states and the chain are not looked at. A `code` of `malformed` over bytes that are not UTF-8 is \
             close code 1007 on a WebSocket.",
        )
        .tests(client::good())
        .tests(client::grammar())
        .tests(client::members())
        .tests(values::numbers())
        .tests(values::encoding())
        .tests(values::depth())
        .tests(values::bounds())
        .tests(values::precedence()),
    )
    .group(
        Group::new(
            "server-frames",
            "`frame`: the bytes that a server sent. A client must take each; `ignored` says that it does nothing with the \
             frame because it does not know its type.",
        )
        .tests(server::from_servers()),
    )
    .flag_rest(
        "other-type",
        "takes a member that is missing, null or of another JSON type",
        &[
            "json-without-", "json-type-number", "json-null-", "json-number-as-text", "json-text-as-number",
            "json-version-number", "json-bytes-as-list", "json-boolean-as-number", "json-list-as-object",
            "json-entry-null", "json-seen-without-hash",
        ],
    )
    .flag_rest(
        "not-one-object",
        "takes another value than one object, or a part of one",
        &["json-empty", "json-white-space", "json-array", "json-null", "json-text", "json-cut"],
    )
    .flag_rest("other-encoding", "guesses the encoding from the first bytes", &["json-utf-16"])
    .flag_rest(
        "out-of-bounds",
        "does not hold a text or a number against the bounds of its member",
        &["json-ref-", "json-session-ms-", "json-origin-", "json-reason-"],
    )
    .flag_rest(
        "order-of-rules",
        "looks at type, version or kind before the JSON, or at the other members before these",
        &["json-unknown-", "json-server-frame", "json-type-other-case", "json-other-version", "json-version-prefix"],
    )
}

const FLAGS: [(&str, &str, &[&str]); 12] = [
    (
        "duplicate-member",
        "keeps the first or the last of two members with one name",
        &[
            "JavaScript's JSON.parse",
            "Python json",
            "Go encoding/json",
            "serde_json::Value",
        ],
    ),
    (
        "lone-surrogate",
        "takes half of a surrogate pair, or puts U+FFFD in its place",
        &["JavaScript's JSON.parse", "Python json", "Go encoding/json"],
    ),
    (
        "invalid-utf8",
        "puts U+FFFD in the place of bytes that are not UTF-8",
        &[
            "Node's Buffer",
            "TextDecoder unless fatal",
            "Go encoding/json",
            "Python json on bytes (surrogates)",
        ],
    ),
    (
        "byte-order-mark",
        "skips a byte-order mark",
        &["TextDecoder", "Python json on bytes"],
    ),
    (
        "integer-grammar",
        "takes 1.0, 1e3 or -0 for an integer",
        &["JavaScript's Number.isInteger", "ajv"],
    ),
    (
        "large-integer",
        "rounds integers above 2^53, or takes them",
        &[
            "JavaScript's JSON.parse",
            "Python json",
            "serde's u64 (up to 2^64)",
        ],
    ),
    (
        "json-extension",
        "takes NaN, comments, trailing commas, single quotes or other extensions",
        &["Python json (NaN, Infinity)"],
    ),
    (
        "control-character",
        "takes unescaped control characters in texts",
        &[],
    ),
    (
        "trailing-text",
        "stops reading behind the first value",
        &["Go's json.Decoder", "Python's JSONDecoder.raw_decode"],
    ),
    (
        "deep-nesting",
        "has no bound for nesting, or another one",
        &[
            "JavaScript's JSON.parse",
            "Python json",
            "serde_json (from 128 on, but not in members that a struct ignores)",
        ],
    ),
    (
        "unknown-member",
        "ignores members that it does not know",
        &["serde", "Go encoding/json"],
    ),
    (
        "other-case",
        "matches names without regard to case",
        &["Go encoding/json"],
    ),
];

fn hello() -> Value {
    json!({
        "type": "hello",
        "version": "dispatch-d/1",
        "origin": "https://chat.example.org",
        "public_key": encode(named("m01").public_key()),
        "client_nonce": encode(&labelled("client nonce")),
    })
}

/// The shortest frame: most tests spoil this one.
fn prove() -> Value {
    json!({
        "type": "prove",
        "server_nonce": encode(&labelled("server nonce")),
        "signature": encode(&sign(named("m01"), b"a signature that nobody looks at here", Scheme::Pss)),
    })
}

fn resume() -> Value {
    json!({ "type": "resume", "token": prove()["signature"], "client_nonce": encode(&labelled("client nonce")) })
}

fn submit() -> Value {
    let mut community = Community::example();
    let alice = named("m01");
    let roster = community.roster(&[alice], &[]);
    community.append(roster);
    let card = community.card(alice);
    community.append(card);
    let (epoch, id) = community.epoch(alice, &[alice], "json");
    community.append(epoch);
    let entry = community.message(alice, &id, "Hello.");
    json!({ "type": "submit", "ref": "a-1", "token": prove()["signature"], "entry": entry })
}

/// A `hello` in which this member has this JSON text.
fn hello_with(name: &str, json: &str) -> String {
    let mut frame = hello();
    frame[name] = "MARK".into();
    ordered::compact(&frame).replace("\"MARK\"", json)
}

/// A `submit` of an entry with this kind and this JSON text as its body.
fn entry_submit(kind: &str, body: &str) -> String {
    let mut frame = submit();
    frame["entry"]["kind"] = kind.into();
    frame["entry"]["body"] = "MARK".into();
    ordered::compact(&frame).replace("\"MARK\"", body)
}

fn epoch_submit(body: &str) -> String {
    entry_submit("epoch", body)
}

fn good_text(id: &str, about: &str, text: &str) -> Test {
    valid(id, about, &["CONV-1"]).bytes("frame", text.as_bytes())
}

fn malformed(id: &str, about: &str, requirement: &'static str, text: &str) -> Test {
    invalid(id, about, &[requirement], "malformed").bytes("frame", text.as_bytes())
}
