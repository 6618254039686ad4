//! The HTTP binding as OpenAPI 3.1.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::conversation::{Conversation, problem, value};
use super::table::{Answer, Parameter, REQUESTS, Request};
use super::{components, info};
use crate::json::GREATEST_INTEGER;
use crate::refusal::Code;
use crate::wire::ServerFrame;

const MORE: &str = "Every community has a server of its own: the paths stand under its origin. `HEAD` is served wherever `GET` is, and waits for \
    nothing. A path that is not here, or whose transport is not offered, is answered with 404, and a method that its path does not take \
    with 405 and `Allow`, where the request has a live session's token (HTTP-14); without one, all under `/v1/` but `hello` and `prove` is \
    refused with `bad_token` (HTTP-2). The socket `/v1/socket`, and the events of `/v1/events`, stand in asyncapi.json. What a server \
    serves besides, such as pages or signs of life, is its own.";

pub(super) fn document(examples: &Conversation) -> Value {
    let mut paths = Map::new();
    for request in REQUESTS {
        paths.insert(
            request.path.to_owned(),
            json!({request.method: operation(request, examples)}),
        );
    }
    json!({
        "openapi": "3.1.0",
        "info": info("dispatch-d/1 over HTTP", MORE),
        "servers": [{"url": "/", "description": "The community's server."}],
        "paths": paths,
        "components": {
            "schemas": components::of_requests(),
            "headers": headers(),
            "examples": problems(),
            "securitySchemes": {"token": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Dispatch`, a space and the session's token, which is the `token` of the welcome (HTTP-2). In the terms of \
                    RFC 9110 it is the scheme `Dispatch`; it stands here as a key, because generators know no schemes but their own.",
            }},
        },
    })
}

fn operation(request: &Request, examples: &Conversation) -> Value {
    let mut operation = json!({
        "operationId": request.id,
        "summary": request.summary,
        "description": request.description,
        "responses": responses(request, examples),
        "security": if request.needs_token { json!([{"token": []}]) } else { json!([]) },
    });
    if !request.parameters.is_empty() {
        let parameters: Vec<_> = request.parameters.iter().map(parameter).collect();
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = request.body {
        operation["requestBody"] = json!({
            "required": true,
            "description": "At most `frame_bytes` (HTTP-17), without a `Content-Encoding` (HTTP-9).",
            "content": {"application/json": {
                "schema": components::reference(body),
                "examples": bodies(body, examples),
            }},
        });
    }
    operation
}

fn parameter(parameter: &Parameter) -> Value {
    let mut schema = match parameter.bounds {
        Some((least, greatest)) => {
            json!({"type": "integer", "format": "int64", "minimum": least, "maximum": greatest})
        }
        None => json!({"type": "string"}),
    };
    if let Some(default) = parameter.default {
        schema["default"] = default.into();
    }
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "description": parameter.description,
        "schema": schema,
    })
}

/// The examples of a request's body, by name.
fn bodies(body: &str, examples: &Conversation) -> Value {
    let one = |name: &str, value: &Value| json!({name: {"value": value}});
    match body {
        "hello-frame" => one("hello", &examples.hello),
        "prove-frame" => one("prove", &examples.prove),
        _ => {
            let entries = examples.submits.iter().map(|submit| {
                let kind = submit.entry.kind().as_str().to_owned();
                (kind, json!({"value": value(&submit.entry)}))
            });
            Value::Object(entries.collect())
        }
    }
}

fn responses(request: &Request, examples: &Conversation) -> Value {
    let mut responses = Map::new();
    responses.insert("200".into(), answer(request, examples));
    if let Answer::Validated(_) = request.answer {
        responses.insert(
            "304".into(),
            json!({
                "description": "The answer that the cache holds is the current one (HTTP-11).",
                "headers": {"Cache-Control": header("CacheControlOfBlocks"), "ETag": header("ETag")},
            }),
        );
    }
    if request.body.is_some() {
        responses.insert(
            "408".into(),
            json!({
                "description": "The body did not come in time.",
                "headers": {"Cache-Control": header("CacheControl")},
            }),
        );
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in request.codes() {
        if let Some(status) = code.http_status() {
            by_status.entry(status).or_default().push(code);
        }
    }
    for (status, codes) in by_status {
        responses.insert(status.to_string(), refusal(status, &codes));
    }
    Value::Object(responses)
}

fn answer(request: &Request, examples: &Conversation) -> Value {
    let json_of = |schema: &str, headers: Value| {
        let example = match schema {
            "discovery" => &examples.discovery,
            "challenge-frame" => &examples.challenge,
            "welcome-frame" => &examples.welcome,
            "accepted-entry" => &examples.accepted_by_request,
            "blocks-frame" => &examples.blocks,
            "checkpoint-frame" => &examples.checkpoint,
            "inclusion" => &examples.inclusion,
            _ => &examples.consistency,
        };
        json!({
            "description": format!("{}.", request.summary),
            "headers": headers,
            "content": {"application/json": {
                "schema": components::reference(schema),
                "examples": {request.id: {"value": example}},
            }},
        })
    };
    match request.answer {
        Answer::Json(schema) => json_of(schema, json!({"Cache-Control": header("CacheControl")})),
        Answer::Validated(schema) => json_of(
            schema,
            json!({
                "Cache-Control": header("CacheControlOfBlocks"),
                "Content-Encoding": header("ContentEncoding"),
                "ETag": header("ETag"),
            }),
        ),
        Answer::Public(schema) => json_of(
            schema,
            json!({"Access-Control-Allow-Origin": header("AccessControlAllowOrigin")}),
        ),
        Answer::Events => json!({
            "description": "The stream, without an end of its own.",
            "headers": {"Cache-Control": header("CacheControl")},
            "content": {"text/event-stream": {
                "schema": {"type": "string"},
                "examples": {"stream": {"value": stream(examples)}},
            }},
        }),
    }
}

/// What a stream of events is like. // [SSE-1], [SSE-2], [SSE-4], [SSE-5]
fn stream(examples: &Conversation) -> String {
    format!(
        "event: blocks\nid: {}\ndata: {}\n\nevent: checkpoint\ndata: {}\n\nevent: bye\ndata: {}\n\n",
        examples.next,
        on_the_wire(&examples.blocks),
        on_the_wire(&examples.checkpoint),
        on_the_wire(&examples.bye)
    )
}

/// A frame's text with its members in the order in which the types have them: a `Value` may keep another.
fn on_the_wire(frame: &Value) -> String {
    let text = frame.to_string();
    match ServerFrame::decode(&text) {
        Ok(Some(frame)) => serde_json::to_string(&frame).unwrap_or(text),
        _ => text,
    }
}

/// A refusal with this status, by one of these codes. // [HTTP-3]
fn refusal(status: u16, codes: &[Code]) -> Value {
    let texts: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let meanings: Vec<_> = codes
        .iter()
        .map(|code| format!("`{code}`: {}", code.meaning()))
        .collect();
    let examples: Map<String, Value> = texts
        .iter()
        .map(|code| {
            let there = format!("#/components/examples/{code}");
            ((*code).to_owned(), json!({"$ref": there}))
        })
        .collect();
    let mut headers = json!({"Cache-Control": header("CacheControl")});
    match status {
        401 => headers["WWW-Authenticate"] = header("WWWAuthenticate"),
        429 | 503 => headers["Retry-After"] = header("RetryAfter"),
        _ => {}
    }
    let mut schema = components::reference("problem");
    schema["properties"] = json!({"code": {"enum": texts}});
    json!({
        "description": meanings.join(" "),
        "headers": headers,
        "content": {"application/problem+json": {"schema": schema, "examples": examples}},
    })
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

fn headers() -> Value {
    let header = |is_required: bool, description: &str, schema: Value| json!({"required": is_required, "description": description, "schema": schema});
    let constant = |text: &str| json!({"type": "string", "const": text});
    json!({
        "AccessControlAllowOrigin": header(true, "Pages of every origin may read it (DISC-4).", constant("*")),
        "CacheControl": header(true, "No cache keeps it (HTTP-10).", constant("no-store")),
        "CacheControlOfBlocks": header(
            false,
            "Caches may store blocks that they validate before each use (HTTP-11).",
            json!({"type": "string"}),
        ),
        "ContentEncoding": header(
            false,
            "A coding that the request's `Accept-Encoding` allows, where the answer is not sent as it is (HTTP-19).",
            json!({"type": "string"}),
        ),
        "ETag": header(false, "Another once the bytes are others, by a redaction too (HTTP-20).", json!({"type": "string"})),
        "RetryAfter": header(
            false,
            "`retry_after` in whole seconds (RFC 9110, section 10.2.3).",
            json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": GREATEST_INTEGER}),
        ),
        "WWWAuthenticate": header(true, "What is due (HTTP-13).", constant("Dispatch")),
    })
}

/// A problem document for each code, by code.
fn problems() -> Value {
    let problems = Code::ALL
        .iter()
        .filter(|code| {
            REQUESTS
                .iter()
                .any(|request| request.codes().any(|one| one == **code))
        })
        .map(|code| (code.as_str().to_owned(), json!({"value": problem(*code)})));
    Value::Object(problems.collect())
}
