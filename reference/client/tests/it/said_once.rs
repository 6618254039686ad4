//! What is refused, or seems to be, is offered again as it was before anything else is signed in its place; and connections
//! that end are resumed. Seen on the way to the server.

use std::sync::atomic::{AtomicUsize, Ordering};

use dispatch_client::{Event, Invitation};
use serde_json::{Value, json};

use crate::community::{Community, Member};
use crate::meddler::{self, Heard};
use crate::proxy;

/// A community whose one member dials through somebody who reads along, and changes the server's frames.
async fn meddled(
    change: impl Fn(&mut Value, &[Value]) + Send + Sync + 'static,
) -> (Community, dispatch_server::Running, Heard, Invitation) {
    let listener = proxy::listen().await;
    let dialled = format!("http://{}", listener.local_addr().unwrap());
    let community = Community::founded(&["m01"], |founding| {
        founding.origins = vec![dialled.clone()];
    });
    let server = community.serve().await;
    let heard = meddler::serve(listener, server.address(), change);
    let invitation = Invitation::new(&dialled, server.community()).unwrap();
    (community, server, heard, invitation)
}

/// Makes the first so many `accepted` for messages refusals with this code.
fn refusing(
    count: usize,
    code: &'static str,
) -> impl Fn(&mut Value, &[Value]) + Send + Sync + 'static {
    let refused = AtomicUsize::new(0);
    move |frame, heard| {
        let is_message =
            |sent: &Value| sent["ref"] == frame["ref"] && sent["entry"]["kind"] == "message";
        if frame["type"] == "accepted"
            && heard.iter().any(is_message)
            && refused.fetch_add(1, Ordering::SeqCst) < count
        {
            *frame = json!({"type": "refused", "ref": frame["ref"], "code": code, "detail": ""});
        }
    }
}

/// The messages that were submitted, in their order, resubmitted ones too.
fn messages(heard: &Heard) -> Vec<Value> {
    let heard = heard.lock().unwrap();
    let entries = heard.iter().map(|frame| frame["entry"].clone());
    entries.filter(|entry| entry["kind"] == "message").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_offered_again_before_another_is_signed_under_its_seq() {
    for (code, refusals) in [("bad_seq", 1), ("unavailable", 3)] {
        let (community, server, heard, invitation) = meddled(refusing(refusals, code)).await;
        let alice = Member::join(&community, &invitation, "m01").await;
        alice.say("Once.").await;
        let sent = messages(&heard);
        // [ENTRY-17]
        assert_eq!(sent.len(), 1 + refusals, "{code}");
        assert!(sent.iter().all(|entry| *entry == sent[0]), "{code}");
        assert_eq!(alice.texts().await, ["Once."]);
        server.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_refused_and_stands_in_the_chain_is_said_once() {
    let (community, server, heard, invitation) = meddled(refusing(2, "bad_seq")).await;
    let alice = Member::join(&community, &invitation, "m01").await;
    alice.say("Once.").await;
    alice.say("And on.").await;
    let sent = messages(&heard);
    assert_eq!(sent[0], sent[1]);
    assert_ne!(sent[1]["seq"], sent[2]["seq"]);
    assert_eq!(alice.texts().await, ["Once.", "And on."]);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_is_resumed_and_a_session_that_is_forgotten_is_joined_anew() {
    let (community, server, heard, invitation) = meddled(|_, _| {}).await;
    let opened = || -> Vec<Value> {
        let heard = heard.lock().unwrap();
        let types = heard.iter().map(|frame| frame["type"].clone());
        types.filter(|kind| kind != "submit").collect()
    };
    let mut alice = Member::join(&community, &invitation, "m01").await;
    alice.say("One.").await;
    let mut config = community.config.clone();
    config.bind = server.address();
    server.shutdown().await.unwrap();
    // the server starts again, and has forgotten its sessions
    let server = dispatch_server::Server::start(config).await.unwrap();
    alice
        .until(|event| matches!(event, Event::Disconnected { .. }).then_some(()))
        .await;
    alice.say("Two.").await;
    assert_eq!(
        opened(),
        ["hello", "prove", "resume", "hello", "prove"].map(Value::from)
    );
    server.shutdown().await.unwrap();
}
