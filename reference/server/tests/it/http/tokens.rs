//! Who is let in by a token, and what is told to whom.

use std::time::Duration;

use dispatch_protocol::entry::{Body, Roster};
use dispatch_protocol::refusal::Code;

use super::caller::{Caller, join, unknown_token};
use crate::community::{Community, key};
use crate::member::{Member, card, now};
use crate::process::Process;

/// Every request that asks for a token.
const FOR_MEMBERS: [(&str, &str); 7] = [
    ("POST", "/v1/entries"),
    ("GET", "/v1/blocks?from=0"),
    ("GET", "/v1/events"),
    ("GET", "/v1/checkpoint"),
    ("GET", "/v1/proofs/inclusion?index=0&size=1"),
    ("GET", "/v1/proofs/consistency?from=1&to=1"),
    ("GET", "/v1/nothing"),
];

#[tokio::test]
async fn without_a_live_token_nothing_is_told() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let stranger = Caller::stranger(&server);
    let token = member.joined.token();
    let with = |value: &str| stranger.with("Authorization", value);
    let good = with(&format!("dISPATCH {token}"));
    assert_eq!(good.get("/v1/blocks?from=0").await.blocks(), 0..2);
    for (method, path) in FOR_MEMBERS {
        for caller in [
            stranger.clone(),
            with(&unknown_token()),
            with(&format!("Bearer {token}")),
            with(&format!("Dispatch {token}=")),
            with(&token.to_string()),
            good.with("Authorization", &format!("Dispatch {token}")),
        ] {
            let answer = caller.ask(method, path, "").await;
            assert_eq!(answer.refused(), Code::BadToken, "{method} {path}");
        }
        // Nowhere else does a token count.
        let elsewhere = format!(
            "{path}{}token={token}",
            if path.contains('?') { '&' } else { '?' }
        );
        assert_eq!(
            stranger.ask(method, &elsewhere, "").await.refused(),
            Code::BadToken
        );
    }
    // [SESS-8], [ERR-4] What is refused does not come back.
    let answer = good.get(&format!("/v1/blocks?{token}")).await;
    assert_eq!(answer.refused(), Code::Malformed);
    assert!(
        !answer.body.contains(&token.to_string()[..40]),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_token_is_dead_when_its_time_is_over() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let stranger = Caller::stranger(&server);
    let (joined, _) = join(&stranger, &key("m01"), Some(1000), None)
        .await
        .unwrap();
    let caller = Caller::of(&server, &joined);
    assert_eq!(caller.get("/v1/checkpoint").await.status, 200);
    while now() < joined.expires_at() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(caller.get("/v1/checkpoint").await.refused(), Code::BadToken);
}

#[tokio::test]
async fn a_token_that_a_removal_ended_stays_dead() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let stranger = Caller::stranger(&server);
    let m01 = key("m01");
    let (joined, _) = join(&stranger, &m01, None, None).await.unwrap();
    let caller = Caller::of(&server, &joined);
    assert_eq!(caller.get("/v1/checkpoint").await.status, 200);
    let mut authority = Member::join(&server, "authority").await;
    let roster = |add, remove| Body::Roster(Roster { add, remove });
    authority.say(roster(vec![], vec![m01.public().id()])).await;
    assert_eq!(caller.get("/v1/checkpoint").await.refused(), Code::BadToken);
    authority
        .say(roster(vec![m01.public().to_bytes()], vec![]))
        .await;
    assert_eq!(caller.get("/v1/checkpoint").await.refused(), Code::BadToken);
    let (joined, _) = join(&stranger, &m01, None, None).await.unwrap();
    let caller = Caller::of(&server, &joined);
    assert_eq!(caller.get("/v1/checkpoint").await.status, 200);
    authority.say(card(1)).await;
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_told_to_members() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    for path in [
        "/v1/",
        "/v1/nothing",
        "/v1/blocks/",
        "/v1/blocks/0",
        "/v1/Blocks",
        "/v1/bl%6Fcks",
    ] {
        assert_eq!(caller.get(path).await.status, 404, "{path}");
    }
    for (method, path, allowed) in [
        ("POST", "/v1/blocks?from=0", "GET, HEAD"),
        ("DELETE", "/v1/events", "GET, HEAD"),
        ("OPTIONS", "/v1/checkpoint", "GET, HEAD"),
        ("GET", "/v1/entries", "POST"),
        ("HEAD", "/v1/hello", "POST"),
        ("PUT", "/v1/prove", "POST"),
    ] {
        let answer = caller.ask(method, path, "").await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allowed));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // [HTTP-1] HEAD is GET without the body (RFC 9110, section 9.3.2), and waits for nothing.
    for path in [
        "/v1/blocks?from=2&wait=30000",
        "/v1/checkpoint",
        "/v1/events",
    ] {
        let answer = caller.ask("HEAD", path, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
    }
}

#[tokio::test]
async fn no_token_is_written_to_a_log_however_much_is_logged() {
    let community = Community::with(&["m01"]);
    let toml = community.path("dispatchd.toml");
    let quiet = std::fs::read_to_string(&toml).unwrap();
    let loud = quiet.replace("level = \"info\"", "level = \"trace\"");
    assert_ne!(loud, quiet);
    std::fs::write(&toml, loud).unwrap();
    let mut process = Process::serve(&community);
    let stranger = Caller::stranger(&process.target);
    let (joined, _) = join(&stranger, &key("m01"), None, None).await.unwrap();
    let token = joined.token().to_string();
    let caller = Caller::of(&process.target, &joined);
    for (method, path) in FOR_MEMBERS {
        drop(caller.open(method, path, "{}").await);
    }
    stranger.get(&format!("/v1/blocks?from={token}")).await;
    stranger.get(&format!("/v1/{token}")).await;
    process.signal("-TERM");
    assert_eq!(process.end(), Some(0));
    let mut log = String::new();
    std::io::Read::read_to_string(&mut process.log, &mut log).unwrap();
    assert!(log.contains("stopped"), "{log}");
    for part in [&token[..24], &token[100..124]] {
        assert!(!log.contains(part), "{log}");
    }
}
