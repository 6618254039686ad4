//! What anybody may hold, for how long, and that nobody else pays for it.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::bytes::{Wire, exchange, hello, sized};
use super::caller::{Caller, join};
use super::stream::Events;
use crate::client::SOON;
use crate::community::{Community, key};
use crate::member::Member;

#[tokio::test]
async fn three_hundred_half_sent_bodies_are_given_up_in_time_and_hold_up_nobody() {
    let mut community = Community::with(&["m01"]);
    community.config.join_within = Duration::from_millis(1000);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let body = hello(&server);
    let whole = sized("/v1/hello", &body);
    let mut wires = Vec::new();
    for _ in 0..300 {
        let mut wire = Wire::dial(&server).await;
        wire.send(&whole[..whole.len() - 10]).await;
        wires.push(wire);
    }
    let caller = Caller::of(&server, &member.joined);
    assert_eq!(caller.get("/v1/blocks?from=0").await.blocks(), 0..2);
    caller.post("/v1/hello", body).await.frame();
    for mut wire in wires {
        let answer = wire.rest().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("connection: close\r\n"));
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up_in_time() {
    let mut community = Community::with(&["m01"]);
    community.config.join_within = Duration::from_millis(500);
    let server = community.serve().await;
    let begun = Instant::now();
    let whole = sized("/v1/hello", &hello(&server));
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let mut wire = Wire::dial(&server).await;
    wire.send(&format!("{head}\r\n\r\n")).await;
    let trickled = async {
        for byte in body.bytes() {
            if wire.0.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            if begun.elapsed() > SOON {
                break;
            }
        }
        wire.rest().await
    };
    let answer = trickled.await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
        "{answer}"
    );
    // The same, where it comes in time.
    let answer = exchange(&server, &whole).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_head_is_bounded() {
    let server = Community::with(&[]).serve().await;
    let get = |more: &str| format!("GET /healthz HTTP/1.1\r\nHost: here\r\n{more}\r\n");
    let good = exchange(&server, &get(&format!("X: {}\r\n", "x".repeat(10_000)))).await;
    assert!(good.starts_with("HTTP/1.1 200 "), "{good}");
    for more in [
        format!("X: {}\r\n", "x".repeat(100_000)),
        "X: y\r\n".repeat(200),
    ] {
        let answer = exchange(&server, &get(&more)).await;
        assert!(
            answer.starts_with("HTTP/1.1 431 ") || answer.is_empty(),
            "{answer}"
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: here\r\n\r\n", "x".repeat(66_000));
    let answer = exchange(&server, &long).await;
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
}

#[tokio::test]
async fn a_strangers_connection_is_closed_after_one_answer_and_a_members_is_kept() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let token = member.joined.token();
    let answers = exchange(&server, &sized("/v1/hello", &hello(&server)).repeat(20)).await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    let refused = "GET /v1/blocks?from=0 HTTP/1.1\r\nHost: here\r\n\r\n".repeat(20);
    let answers = exchange(&server, &refused).await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");

    let get = |query: &str, more: &str| {
        format!(
            "GET /v1/blocks?{query} HTTP/1.1\r\nHost: here\r\nAuthorization: Dispatch {token}\r\n{more}\r\n"
        )
    };
    let mut wire = Wire::dial(&server).await;
    // One behind the other, refusals among them, and the answers in their order.
    wire.send(&(get("from=0", "") + &get("from=7", "") + &get("from=1&limit=1", "")))
        .await;
    for (status, holds) in [
        ("200", r#""from":0,"#),
        ("409", "unknown_have"),
        ("200", r#""from":1,"#),
    ] {
        let answer = wire.answer().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(
            answer.contains(holds) && !answer.contains("connection: close"),
            "{answer}"
        );
    }
    wire.send(&get("from=2", "Connection: close\r\n")).await;
    let last = wire.rest().await;
    assert!(last.starts_with("HTTP/1.1 200 "), "{last}");
    // A stranger's request on it is the last one.
    let mut wire = Wire::dial(&server).await;
    wire.send(&(get("from=0", "") + &refused)).await;
    let answers = wire.rest().await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
}

#[tokio::test]
async fn a_kept_connection_that_is_idle_is_closed_in_time() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let mut wire = Wire::dial(&server).await;
    let token = member.joined.token();
    wire.send(&format!(
        "GET /v1/checkpoint HTTP/1.1\r\nHost: here\r\nAuthorization: Dispatch {token}\r\n\r\n"
    ))
    .await;
    let answer = wire.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_body_that_is_far_too_long_is_told_so() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    for length in [262_145, 600_000] {
        let answer = caller.post("/v1/entries", " ".repeat(length)).await;
        assert_eq!(answer.refused().as_str(), "too_large");
        let answer = Caller::stranger(&server)
            .post("/v1/entries", " ".repeat(length))
            .await;
        assert_eq!(answer.refused().as_str(), "bad_token");
    }
}

#[tokio::test]
async fn streams_and_requests_take_the_places_of_sockets_and_give_them_back() {
    let mut community = Community::with(&["m01"]);
    community.config.connections = 2;
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let mut stream = Events::open(&caller, "").await;
    stream.next().await;
    let refused = caller.get("/v1/checkpoint").await;
    assert_eq!(refused.refused().as_str(), "unavailable");
    assert_eq!(refused.header("retry-after"), Some("5"));
    let url = format!("ws://{}/v1/socket", server.address());
    assert!(tokio_tungstenite::connect_async(&url).await.is_err());
    drop(stream);
    // Its place is free as soon as the server has seen it go.
    let begun = Instant::now();
    while caller.get("/v1/checkpoint").await.status != 200 {
        assert!(begun.elapsed() < SOON, "the place stays taken");
    }
}

#[tokio::test]
async fn a_member_goes_on_while_strangers_hold_all_that_they_may() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let mut stream = Events::open(&caller, "").await;
    let token = member.joined.token();
    let get = format!(
        "GET /v1/checkpoint HTTP/1.1\r\nHost: here\r\nAuthorization: Dispatch {token}\r\n\r\n"
    );
    let mut kept = Wire::dial(&server).await;
    kept.send(&get).await;
    assert!(kept.answer().await.starts_with("HTTP/1.1 200 "));
    let mut strangers = Vec::new();
    for _ in 0..600 {
        strangers.push(TcpStream::connect(server.address()).await.unwrap());
    }
    kept.send(&get).await;
    assert!(kept.answer().await.starts_with("HTTP/1.1 200 "));
    let index = member.say(crate::member::card(1)).await;
    while stream.next_of("blocks").await.id != Some(index + 1) {}
    drop(strangers);
}

#[tokio::test]
async fn kept_connections_hold_up_no_shutdown() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m01"), None, None)
        .await
        .unwrap();
    let mut kept = Wire::dial(&server).await;
    let token = joined.token();
    kept.send(&format!(
        "GET /v1/checkpoint HTTP/1.1\r\nHost: here\r\nAuthorization: Dispatch {token}\r\n\r\n"
    ))
    .await;
    assert!(kept.answer().await.starts_with("HTTP/1.1 200 "));
    // And one whose body does not come.
    let mut half = Wire::dial(&server).await;
    let whole = sized("/v1/hello", &hello(&server));
    half.send(&whole[..whole.len() - 10]).await;
    let begun = Instant::now();
    server.shutdown().await.unwrap();
    assert!(begun.elapsed() < community.config.shutdown_within / 2);
    assert_eq!(kept.rest().await, "");
    let answer = half.rest().await;
    assert!(
        answer.is_empty() || answer.contains("shutting_down"),
        "{answer}"
    );
}
