//! Joins by requests.

use std::time::Duration;

use dispatch_protocol::entry::Prefix;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{ClientFrame, ServerFrame};
use dispatch_server::Origin;

use super::caller::{Caller, hello, join, json};
use crate::client::Client;
use crate::community::{Community, key};
use crate::member::{Member, dial_for, nonce, now};

#[tokio::test]
async fn a_member_joins_by_requests_and_goes_on_from_what_they_hold() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let (joined, welcome) = join(&caller, &key("m01"), None, None).await.unwrap();
    assert_eq!((welcome.size, welcome.checkpoint.size), (2, 2));
    let answer = Caller::of(&server, &joined).get("/v1/blocks?from=0").await;
    assert_eq!(answer.blocks(), 0..2);
    let held = joined.chain();
    assert!(join(&caller, &key("m01"), None, Some(held)).await.is_ok());
    let other = Prefix {
        size: 1,
        hash: held.hash,
    };
    let refused = join(&caller, &key("m01"), None, Some(other)).await;
    assert_eq!(refused.err(), Some(Code::UnknownHave));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_session_is_the_same_on_a_socket_and_by_requests() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let answer = Caller::of(&server, &member.joined)
        .get("/v1/blocks?from=1")
        .await;
    assert_eq!(answer.blocks(), 1..2);

    let caller = Caller::stranger(&server);
    let (joined, _) = join(&caller, &key("m01"), None, None).await.unwrap();
    let mut socket = Client::dial(&server).await;
    let (waiting, resume) = joined.resume(nonce(), None);
    socket.send(&ClientFrame::Resume(resume)).await;
    let ServerFrame::Welcome(welcome) = socket.next().await else {
        panic!("no welcome")
    };
    waiting.welcome(&welcome).unwrap();
}

#[tokio::test]
async fn a_strangers_proof_is_not_allowed_and_a_bad_one_spends_its_challenge() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let refused = join(&caller, &key("m02"), None, None).await;
    assert_eq!(refused.err(), Some(Code::NotAllowed));

    let (m01, nonce) = (key("m01"), nonce());
    let challenge = hello(&caller, &m01, nonce, None, None).await.unwrap();
    let other = hello(&caller, &m01, nonce, None, None).await.unwrap();
    let dial = dial_for(&server, m01.public());
    let bad = dial.prove(nonce, &challenge, &key("m02")).unwrap().1;
    let good = dial.prove(nonce, &challenge, &m01).unwrap().1;
    let good_of_other = dial.prove(nonce, &other, &m01).unwrap().1;
    for (proof, due) in [
        (bad, Some(Code::BadProof)),
        (good, Some(Code::NoChallenge)),
        (good_of_other.clone(), None),
        (good_of_other, Some(Code::NoChallenge)),
    ] {
        let answer = caller
            .post("/v1/prove", json(&ClientFrame::Prove(proof)))
            .await;
        match due {
            Some(code) => assert_eq!(answer.refused(), code),
            None => drop(answer.frame()),
        }
    }
}

#[tokio::test]
async fn a_malformed_proof_spends_nothing() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let (m01, nonce) = (key("m01"), nonce());
    let challenge = hello(&caller, &m01, nonce, None, None).await.unwrap();
    let (_, proof) = dial_for(&server, m01.public())
        .prove(nonce, &challenge, &m01)
        .unwrap();
    let text = json(&ClientFrame::Prove(proof));
    let more = text.replace("\"type\"", "\"more\":1,\"type\"");
    let answer = caller.post("/v1/prove", more).await;
    assert_eq!(answer.refused(), Code::Malformed);
    caller.post("/v1/prove", text).await.frame();
}

#[tokio::test]
async fn a_challenge_is_proved_on_the_way_on_which_it_was_asked_for() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let mut socket = Client::dial(&server).await;
    let (m01, nonce) = (key("m01"), nonce());
    let dial = dial_for(&server, m01.public());

    let by_request = hello(&caller, &m01, nonce, None, None).await.unwrap();
    let proof_of_request = dial.prove(nonce, &by_request, &m01).unwrap().1;
    socket
        .send(&ClientFrame::Hello(dial.hello(nonce, None, None)))
        .await;
    let ServerFrame::Challenge(by_socket) = socket.next().await else {
        panic!("no challenge")
    };
    let proof_of_socket = dial.prove(nonce, &by_socket, &m01).unwrap().1;

    socket
        .send(&ClientFrame::Prove(proof_of_request.clone()))
        .await;
    assert_eq!(socket.refused().await, Code::NoChallenge);
    let crossed = json(&ClientFrame::Prove(proof_of_socket.clone()));
    let answer = caller.post("/v1/prove", crossed).await;
    assert_eq!(answer.refused(), Code::NoChallenge);
    // Each is good where it belongs: the attempts from the other side spent nothing.
    socket.send(&ClientFrame::Prove(proof_of_socket)).await;
    assert!(matches!(socket.next().await, ServerFrame::Welcome(_)));
    let answer = caller
        .post("/v1/prove", json(&ClientFrame::Prove(proof_of_request)))
        .await;
    answer.frame();
}

#[tokio::test]
async fn no_challenge_survives_a_start() {
    let mut community = Community::with(&["m01"]);
    community.config.origins = vec![Origin::parse("https://chat.example.org").unwrap()];
    let server = community.serve().await;
    let (m01, nonce) = (key("m01"), nonce());
    let dial = dial_for(&server, m01.public());
    let challenge = hello(&Caller::stranger(&server), &m01, nonce, None, None)
        .await
        .unwrap();
    let (_, proof) = dial.prove(nonce, &challenge, &m01).unwrap();
    server.shutdown().await.unwrap();
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let answer = caller
        .post("/v1/prove", json(&ClientFrame::Prove(proof)))
        .await;
    assert_eq!(answer.refused(), Code::NoChallenge);
    assert!(join(&caller, &m01, None, None).await.is_ok());
}

#[tokio::test]
async fn a_challenge_expires() {
    let community = Community::founded(&["m01"], |founding| founding.limits.challenge_ms = 1000);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let (m01, nonce) = (key("m01"), nonce());
    let challenge = hello(&caller, &m01, nonce, None, None).await.unwrap();
    let (_, proof) = dial_for(&server, m01.public())
        .prove(nonce, &challenge, &m01)
        .unwrap();
    while now() < challenge.expires_at {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = caller
        .post("/v1/prove", json(&ClientFrame::Prove(proof)))
        .await;
    assert_eq!(answer.refused(), Code::ChallengeExpired);
}

#[tokio::test]
async fn each_fault_of_a_hello_has_its_code() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let dial = dial_for(&server, key("m01").public());
    let good = json(&ClientFrame::Hello(dial.hello(nonce(), None, None)));
    let prove = r#"{"type":"prove","server_nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","signature":"AAAA"}"#;
    for (text, code) in [
        (
            good.replace("dispatch-d/1", "dispatch-d/2"),
            Code::UnknownVersion,
        ),
        (
            good.replace(server.origin(), "https://elsewhere.example"),
            Code::WrongOrigin,
        ),
        (
            good.replace("\"public_key\":\"", "\"public_key\":\"AAAA"),
            Code::BadKey,
        ),
        (good.replace("hello", "hullo"), Code::UnknownFrame),
        (
            good.replace("\"origin\"", "\"more\":1,\"origin\""),
            Code::Malformed,
        ),
        (format!("{good}{good}"), Code::Malformed),
        (format!("\u{feff}{good}"), Code::Malformed),
        (String::new(), Code::Malformed),
        (prove.to_owned(), Code::UnexpectedFrame),
        (
            format!("{good}{}", " ".repeat(262_145 - good.len())),
            Code::TooLarge,
        ),
    ] {
        let answer = caller.post("/v1/hello", text).await;
        assert_eq!(answer.refused(), code);
    }
    let answer = caller.post("/v1/prove", good.clone()).await;
    assert_eq!(answer.refused(), Code::UnexpectedFrame);
    let answer = caller.post("/v1/hello?x=1", good.clone()).await;
    assert_eq!(answer.refused(), Code::Malformed);
    // [LIM-1] The good one, also where it is just as long as it may be.
    let padded = format!("{good}{}", " ".repeat(262_144 - good.len()));
    for text in [good, padded] {
        caller.post("/v1/hello", text).await.frame();
    }
}

#[tokio::test]
async fn a_body_is_plain_json_and_says_so() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let dial = dial_for(&server, key("m01").public());
    let good = json(&ClientFrame::Hello(dial.hello(nonce(), None, None)));
    for good_type in [
        "application/json",
        "APPLICATION/json; charset=\"Utf-8\"",
        "application/json;charset=UTF-8",
    ] {
        let typed = caller.with("Content-Type", good_type);
        typed.ask("POST", "/v1/hello", good.clone()).await.frame();
    }
    for bad_type in [
        "text/plain",
        "application/json; charset=latin1",
        "text/json",
    ] {
        let typed = caller.with("Content-Type", bad_type);
        let answer = typed.ask("POST", "/v1/hello", good.clone()).await;
        assert_eq!(answer.refused(), Code::Malformed, "{bad_type}");
    }
    let answer = caller.ask("POST", "/v1/hello", good.clone()).await;
    assert_eq!(answer.refused(), Code::Malformed);
    let twice = caller.with("Content-Type", "application/json");
    let answer = twice.post("/v1/hello", good.clone()).await;
    assert_eq!(answer.refused(), Code::Malformed);
    for encoding in ["gzip", "identity"] {
        let encoded = caller.with("Content-Encoding", encoding);
        let answer = encoded.post("/v1/hello", good.clone()).await;
        assert_eq!(answer.refused(), Code::Malformed, "{encoding}");
    }
}

#[tokio::test]
async fn more_proofs_come_at_once_than_requests_may_be_under_way() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let (m01, nonce) = (key("m01"), nonce());
    let dial = dial_for(&server, m01.public());
    let mut proofs = Vec::new();
    for _ in 0..700 {
        let challenge = hello(&caller, &m01, nonce, None, None).await.unwrap();
        let (_, proof) = dial.prove(nonce, &challenge, &m01).unwrap();
        proofs.push(json(&ClientFrame::Prove(proof)));
    }
    let asking = proofs
        .into_iter()
        .map(|proof| caller.post("/v1/prove", proof));
    for answer in futures_util::future::join_all(asking).await {
        answer.frame();
    }
}
