//! The frames on a socket and the server-sent events as AsyncAPI 3.0, as the server's side sees them: it receives what a
//! client sends.

use serde_json::{Map, Value, json};

use super::conversation::{Conversation, value};
use super::{components, info};
use crate::json::GREATEST_INTEGER;
use crate::wire::ClientFrame;

const MORE: &str = "Every community has a server of its own: the channels stand under its origin. On the socket each frame is one text message \
    (WS-1); in the stream each event's data is one frame, and its name and `id` stand here as headers. A frame that is not accepted is answered \
    with `refused`, also where it is none of these (ERR-1). The requests of the HTTP binding stand in openapi.json.";

/// A frame: its name, what it is for, and its examples.
struct Message<'e> {
    name: &'static str,
    summary: &'static str,
    examples: Vec<&'e Value>,
}

/// A frame of a client, and the frames that answer it.
struct Exchange {
    frame: &'static str,
    summary: &'static str,
    description: &'static str,
    answers: &'static [&'static str],
}

const EXCHANGES: [Exchange; 4] = [
    Exchange {
        frame: "hello",
        summary: "A client asks for a challenge",
        description: "In the state AwaitHello (SESS-14).",
        answers: &["challenge", "refused"],
    },
    Exchange {
        frame: "prove",
        summary: "A client answers a challenge",
        description: "In the state AwaitProof (JOIN-9). A welcome opens the session.",
        answers: &["welcome", "refused"],
    },
    Exchange {
        frame: "resume",
        summary: "A client opens another connection under a live session",
        description: "In the state AwaitHello (SESS-12 to SESS-14).",
        answers: &["welcome", "refused"],
    },
    Exchange {
        frame: "submit",
        summary: "A member hands in an entry",
        description: "In the state Open. Exactly one answer, with the `ref` of the `submit` (SUB-1, SUB-3); answers come in any order.",
        answers: &["accepted", "refused"],
    },
];

/// What is pushed.
const PUSHED: [&str; 3] = ["blocks", "checkpoint", "bye"];

pub(super) fn document(examples: &Conversation) -> Value {
    let submits: Vec<Value> = examples
        .submits
        .iter()
        .map(|submit| value(&ClientFrame::Submit(submit.clone())))
        .collect();
    let frames = frames(examples, &submits);
    let mut messages: Map<String, Value> = frames
        .iter()
        .map(|frame| (frame.name.to_owned(), message(frame)))
        .collect();
    for frame in frames.iter().filter(|frame| PUSHED.contains(&frame.name)) {
        messages.insert(format!("event-{}", frame.name), event(frame, examples.next));
    }
    let on_socket: Vec<&str> = frames.iter().map(|frame| frame.name).collect();
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:dispatch-d:1",
        "info": info("dispatch-d/1 over WebSocket and server-sent events", MORE),
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/v1/socket",
                "title": "The socket",
                "description": "RFC 6455, without extensions and subprotocols (WS-7).",
                "messages": listed(&on_socket, ""),
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            },
            "events": {
                "address": "/v1/events",
                "title": "The stream of events",
                "description": "`GET` with a session's token; `text/event-stream`. It ends by `bye` or without a word (SSE-5).",
                "messages": listed(&PUSHED, "event-"),
            },
        },
        "operations": operations(),
        "components": {
            "messages": messages,
            "schemas": components::of_frames(),
            "securitySchemes": {"token": {
                "type": "httpApiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Dispatch`, a space and the session's token (HTTP-2).",
            }},
        },
    })
}

fn operations() -> Value {
    let mut operations = Map::new();
    for exchange in &EXCHANGES {
        operations.insert(
            exchange.frame.to_owned(),
            json!({
                "action": "receive",
                "channel": {"$ref": "#/channels/socket"},
                "summary": exchange.summary,
                "description": exchange.description,
                "messages": of_channel("socket", &[exchange.frame]),
                "reply": {
                    "channel": {"$ref": "#/channels/socket"},
                    "messages": of_channel("socket", exchange.answers),
                },
            }),
        );
    }
    operations.insert(
        "push".into(),
        json!({
            "action": "send",
            "channel": {"$ref": "#/channels/socket"},
            "summary": "The server sends blocks and checkpoints as they come, and says why it closes",
            "description": "After a welcome every block from the client's `have` on (SYNC-1, SYNC-2), then each new one; `bye` in any state (WS-10).",
            "messages": of_channel("socket", &PUSHED),
        }),
    );
    operations.insert(
        "stream".into(),
        json!({
            "action": "send",
            "channel": {"$ref": "#/channels/events"},
            "summary": "The server sends blocks and checkpoints as they come, and says why it ends the stream",
            "description": "Every block from `from` on, or from `Last-Event-ID`, which goes before (SSE-1, SSE-3).",
            "messages": of_channel("events", &PUSHED),
            "security": [{"$ref": "#/components/securitySchemes/token"}],
            "bindings": {"http": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {"from": {
                        "description": "The index of the first block that is wanted.",
                        "type": "integer", "minimum": 0, "maximum": GREATEST_INTEGER, "default": 0,
                    }},
                    "additionalProperties": false,
                },
                "bindingVersion": "0.3.0",
            }},
        }),
    );
    Value::Object(operations)
}

fn frames<'e>(examples: &'e Conversation, submits: &'e [Value]) -> Vec<Message<'e>> {
    let one = |name, summary, example| Message {
        name,
        summary,
        examples: vec![example],
    };
    vec![
        one(
            "hello",
            "Asks for a challenge to prove an account by.",
            &examples.hello,
        ),
        one(
            "prove",
            "Answers a challenge by a signature.",
            &examples.prove,
        ),
        one(
            "resume",
            "Opens another connection under a live session.",
            &examples.resume,
        ),
        Message {
            name: "submit",
            summary: "Hands in an entry.",
            examples: submits.iter().collect(),
        },
        one("challenge", "Answers a `hello`.", &examples.challenge),
        one(
            "welcome",
            "Answers a good `prove` or `resume`.",
            &examples.welcome,
        ),
        one(
            "blocks",
            "Blocks of the chain, in their order.",
            &examples.blocks,
        ),
        one(
            "checkpoint",
            "A new checkpoint, after the blocks that it covers.",
            &examples.checkpoint,
        ),
        one(
            "accepted",
            "Answers a `submit` whose entry stands in the chain.",
            &examples.accepted,
        ),
        one(
            "refused",
            "Answers a frame that was not accepted.",
            &examples.refused,
        ),
        one(
            "bye",
            "Says why the connection or the stream is ended.",
            &examples.bye,
        ),
    ]
}

fn message(frame: &Message<'_>) -> Value {
    let examples: Vec<_> = frame
        .examples
        .iter()
        .map(|example| json!({"payload": example}))
        .collect();
    json!({
        "name": frame.name,
        "summary": frame.summary,
        "payload": components::reference(&format!("{}-frame", frame.name)),
        "examples": examples,
    })
}

/// The same as an event, whose name and id stand as headers. // [SSE-1], [SSE-2], [SSE-7]
fn event(frame: &Message<'_>, next: u64) -> Value {
    let name = json!({"type": "string", "const": frame.name});
    let mut headers = json!({
        "type": "object",
        "properties": {"event": name},
        "required": ["event"],
        "additionalProperties": false,
    });
    let mut shown = json!({"event": frame.name});
    if frame.name == "blocks" {
        headers["properties"]["id"] = json!({
            "description": "The index of the next block.",
            "type": "integer", "minimum": 1, "maximum": GREATEST_INTEGER,
        });
        headers["required"] = json!(["event", "id"]);
        shown["id"] = next.into();
    }
    let examples: Vec<_> = frame
        .examples
        .iter()
        .map(|example| json!({"headers": shown, "payload": example}))
        .collect();
    json!({
        "name": frame.name,
        "summary": frame.summary,
        "headers": headers,
        "payload": components::reference(&format!("{}-frame", frame.name)),
        "examples": examples,
    })
}

/// The messages of a channel, by name.
fn listed(names: &[&str], prefix: &str) -> Value {
    let listed = names.iter().map(|name| {
        let there = format!("#/components/messages/{prefix}{name}");
        ((*name).to_owned(), json!({"$ref": there}))
    });
    Value::Object(listed.collect())
}

fn of_channel(channel: &str, names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({"$ref": format!("#/channels/{channel}/messages/{name}")}))
        .collect()
}
