//! The server and the documents of the specification agree: what is not described is not there, parameters have their bounds,
//! and every frame and event is one of those that are described. What is answered stands in `answers.rs`.

use std::collections::BTreeSet;

use dispatch_protocol::wire::{ClientFrame, ServerFrame};
use serde_json::{Value, json};

use super::caller::{Caller, json as text};
use super::described::Described;
use super::stream::Events;
use crate::client::Client;
use crate::community::{Community, key};
use crate::member::{Member, card, dial_for, nonce};

#[tokio::test]
async fn what_the_document_does_not_have_is_not_there() {
    let document = Described::read("openapi");
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    for (path, methods) in document.paths() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"] {
            let is_there = methods.contains_key(&*method.to_lowercase());
            if is_there {
                continue;
            }
            let answer = caller.ask(method, path, "").await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let allowed: BTreeSet<String> = answer
                .header("allow")
                .unwrap()
                .split(',')
                .map(|method| method.trim().to_lowercase())
                .collect();
            // `HEAD` is wherever `GET` is.
            let head = methods.contains_key("get").then_some("head");
            let documented = methods.keys().copied().chain(head).map(str::to_owned);
            assert_eq!(allowed, documented.collect(), "{method} {path}");
        }
        for near in [
            format!("{path}/"),
            format!("{path}x"),
            path.replace("/v1/", "/v2/"),
        ] {
            if near != path {
                assert_eq!(caller.get(&near).await.status, 404, "{near}");
            }
        }
    }
    for path in [
        "/v1",
        "/v1/resume",
        "/v1/submit",
        "/v1/proofs",
        "/openapi.json",
    ] {
        assert_eq!(caller.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn every_parameter_has_the_bounds_that_the_document_says() {
    let document = Described::read("openapi");
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let mut tried = 0;
    for (path, methods) in document.paths() {
        for operation in methods.values() {
            let all = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let integers = all.iter().filter(|one| one["schema"]["type"] == "integer");
            for parameter in integers.clone() {
                let name = parameter["name"].as_str().unwrap();
                let bound = |bound: &str| parameter["schema"][bound].as_u64().unwrap();
                let (least, most) = (bound("minimum"), bound("maximum"));
                let mut values = vec![
                    (Some(least.to_string()), true),
                    (Some(most.to_string()), true),
                    (Some((most + 1).to_string()), false),
                    (Some(String::new()), false),
                    (Some(format!("0{most}")), false),
                    (None, parameter["required"] != true),
                ];
                if least > 0 {
                    values.push((Some((least - 1).to_string()), false));
                }
                for (value, is_taken) in values {
                    // The other ones as they are least.
                    let mut caller = caller.clone();
                    let mut query = Vec::new();
                    for one in integers.clone() {
                        let value = match one == parameter {
                            true => value.clone(),
                            false if one["required"] == true => Some("0".to_owned()),
                            false => None,
                        };
                        let Some(value) = value else { continue };
                        let name = one["name"].as_str().unwrap();
                        match one["in"] == "header" {
                            true => caller = caller.with(name, &value),
                            false => query.push(format!("{name}={value}")),
                        }
                    }
                    let asked = format!("{path}?{}", query.join("&"));
                    // A head waits for nothing, and its refusals have the same status.
                    let answer = caller.ask("HEAD", &asked, "").await;
                    let is_refused = answer.status == 400;
                    assert_eq!(!is_refused, is_taken, "{asked} {name} {value:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 50, "{tried}");
}

#[tokio::test]
async fn every_event_is_one_of_the_document_about_frames() {
    let document = Described::read("asyncapi");
    let messages = &document.document["components"]["messages"];
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let mut events = Events::open(&caller, "").await;
    member.say(card(1)).await;
    let mut seen = BTreeSet::new();
    let mut server = Some(server);
    while !seen.contains("bye") {
        let event = events.next().await;
        let message = &messages[format!("event-{}", event.name)];
        let data: Value = serde_json::from_str(&event.data).unwrap();
        let mut headers = json!({"event": event.name});
        if let Some(id) = event.id {
            headers["id"] = id.into();
        }
        for (schema, value) in [
            (&message["payload"], &data),
            (&message["headers"], &headers),
        ] {
            if let Err(error) = document.validator(schema).validate(value) {
                panic!("{error}: {value}");
            }
        }
        seen.insert(event.name);
        // Both were seen: the server stops, and says so.
        if seen.len() == 2
            && let Some(server) = server.take()
        {
            drop(tokio::spawn(server.shutdown()));
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[tokio::test]
async fn every_frame_on_a_socket_is_one_of_the_document_about_frames() {
    let document = Described::read("asyncapi");
    let messages = &document.document["components"]["messages"];
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let m01 = key("m01");
    let dial = dial_for(&server, m01.public());
    let mut client = Client::dial(&server).await;
    let mut seen = BTreeSet::new();
    let mut check = |text: &str| -> Value {
        let frame: Value = serde_json::from_str(text).unwrap();
        let kind = frame["type"].as_str().unwrap().to_owned();
        let schema = &messages[&*kind]["payload"];
        if let Err(error) = document.validator(schema).validate(&frame) {
            panic!("{error}: {frame}");
        }
        seen.insert(kind);
        frame
    };
    let nonce = nonce();
    let say = |frame: ClientFrame| (text(&frame), frame);
    let (written, frame) = say(ClientFrame::Hello(dial.hello(nonce, None, None)));
    check(&written);
    client.send(&frame).await;
    let challenge = check(&client.next_text().await);
    let challenge = ServerFrame::decode(&challenge.to_string());
    let Ok(Some(ServerFrame::Challenge(challenge))) = challenge else {
        panic!("no challenge")
    };
    let (_, proof) = dial.prove(nonce, &challenge, &m01).unwrap();
    let (written, frame) = say(ClientFrame::Prove(proof));
    check(&written);
    client.send(&frame).await;
    check(&client.next_text().await);
    let again = say(ClientFrame::Hello(dial.hello(nonce, None, None))).1;
    client.send(&again).await;
    // The refusal, the blocks and a checkpoint come in any order.
    let mut kinds = BTreeSet::new();
    while !["refused", "blocks"]
        .iter()
        .all(|kind| kinds.contains(*kind))
    {
        let frame = check(&client.next_text().await);
        kinds.insert(frame["type"].as_str().unwrap().to_owned());
    }
    let stopping = tokio::spawn(server.shutdown());
    loop {
        let frame = check(&client.next_text().await);
        if frame["type"] == "bye" {
            break;
        }
    }
    drop(client);
    stopping.await.unwrap().unwrap();
    for kind in [
        "hello",
        "prove",
        "challenge",
        "welcome",
        "blocks",
        "refused",
        "bye",
    ] {
        assert!(seen.contains(kind), "{kind}: {seen:?}");
    }
}

/// The vectors of the binding speak of requests that the document has, unless it is the point of a case that it has not.
#[test]
fn every_request_of_the_vectors_is_in_the_document() {
    let document = Described::read("openapi");
    let paths = document.paths();
    let folder = format!("{}/../../vectors/live", env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let vectors: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let id = &case["id"];
            for step in case["steps"].as_array().unwrap() {
                let Some((method, target)) =
                    step["http"].as_str().and_then(|http| http.split_once(' '))
                else {
                    continue;
                };
                checked += 1;
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                let Some(methods) = paths.get(path) else {
                    assert_eq!(step["status"], 404, "{id}: {path} is not in the document");
                    continue;
                };
                let Some(operation) = methods.get(&*method.to_lowercase()) else {
                    // A preflight request is the browsers' (HTTP-12), and HEAD is wherever GET is.
                    let is_told = method == "OPTIONS" || method == "HEAD" || step["status"] == 405;
                    assert!(is_told, "{id}: {method} {path} is not in the document");
                    continue;
                };
                let parameters = operation["parameters"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let known: Vec<&str> = parameters
                    .iter()
                    .filter(|parameter| parameter["in"] == "query")
                    .filter_map(|parameter| parameter["name"].as_str())
                    .collect();
                let stated = query.split('&').filter(|one| !one.is_empty());
                let stated = stated.map(|one| one.split('=').next().unwrap());
                let listed = step["query"].as_object().into_iter().flatten();
                for name in stated.chain(listed.map(|(name, _)| &**name)) {
                    let is_told = known.contains(&name) || step["code"] == "malformed";
                    assert!(is_told, "{id}: {path} has no {name}");
                }
                let responses = operation["responses"].as_object().unwrap();
                if let Some(status) = step["status"].as_u64() {
                    assert!(
                        responses.contains_key(&*status.to_string()),
                        "{id}: {path} {status}"
                    );
                }
                if let Some(code) = step["code"].as_str() {
                    let named = (operation["operationId"].as_str().unwrap().to_owned(), code);
                    let is_there = document.answers().iter().any(|(request, _, one)| {
                        (request.as_str(), one.as_deref()) == (named.0.as_str(), Some(code))
                    });
                    assert!(is_there, "{id}: {path} is never refused with {code}");
                }
            }
        }
    }
    assert!(checked > 100, "{checked}");
}
