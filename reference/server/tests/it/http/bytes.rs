//! Requests as bytes on a wire: what a library would never send, and whoever wants to hold more than is theirs.

use std::time::{Duration, Instant};

use dispatch_protocol::wire::ClientFrame;
use dispatch_server::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::caller::{Caller, json};
use super::stream::Events;
use crate::client::SOON;
use crate::community::{Community, key};
use crate::member::{Member, dial_for, nonce};

struct Wire(TcpStream);

impl Wire {
    async fn dial(server: &Running) -> Wire {
        Wire(TcpStream::connect(server.address()).await.unwrap())
    }

    async fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// One answer: its head, and its body where its length is stated.
    async fn answer(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = tokio::time::timeout(SOON, self.0.read_u8()).await;
            match byte.expect("an answer comes soon") {
                Ok(byte) => head.push(byte),
                Err(_) => return String::from_utf8(head).unwrap(),
            }
        }
        let head = String::from_utf8(head).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        let reading = self.0.read_exact(&mut body);
        tokio::time::timeout(SOON, reading).await.unwrap().unwrap();
        head + std::str::from_utf8(&body).unwrap()
    }

    /// All that comes until the connection ends, which has to be soon.
    async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let reading = tokio::time::timeout(SOON, self.0.read_to_end(&mut rest)).await;
        // What was left unread may reset the connection; that it ends is what counts.
        let _ = reading.expect("the connection ends");
        String::from_utf8_lossy(&rest).into_owned()
    }
}

async fn exchange(server: &Running, bytes: &str) -> String {
    let mut wire = Wire::dial(server).await;
    wire.send(bytes).await;
    wire.rest().await
}

fn hello(server: &Running) -> String {
    let dial = dial_for(server, key("m01").public());
    json(&ClientFrame::Hello(dial.hello(nonce(), None, None)))
}

fn post(path: &str, more: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n{more}\r\n{body}"
    )
}

fn sized(path: &str, body: &str) -> String {
    post(path, &format!("Content-Length: {}\r\n", body.len()), body)
}

fn chunked(body: &str) -> String {
    let (one, two) = body.split_at(body.len() / 2);
    format!(
        "{:x}\r\n{one}\r\n{:X};x=y\r\n{two}\r\n0\r\nTrailer: x\r\n\r\n",
        one.len(),
        two.len()
    )
}

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
async fn a_body_in_chunks_is_read_and_its_connection_closed() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let body = hello(&server);
    let te = "Transfer-Encoding: chunked\r\n";
    let answer = exchange(&server, &post("/v1/hello", te, &chunked(&body))).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // Also a member's, since lengths that can be read in two ways are somebody's trick.
    let token = format!("Authorization: Dispatch {}\r\n", member.joined.token());
    for length in ["", "Content-Length: 5\r\n"] {
        for more in [
            format!("{te}{length}{token}"),
            format!("{length}{te}{token}"),
        ] {
            let request = post("/v1/entries", &more, &chunked("{}"));
            let answers = exchange(&server, &request.repeat(2)).await;
            assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
            assert!(answers.contains(r#""code":"malformed""#), "{answers}");
        }
    }
    // [LIM-2] In chunks a body is no longer than otherwise.
    let long = format!("{body}{}", " ".repeat(262_145 - body.len()));
    let answer = exchange(&server, &post("/v1/hello", te, &chunked(&long))).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    for broken in ["zz\r\n{}\r\n", "2\r\n{}x\r\n", "ffffffffffffffffff\r\n{}"] {
        let answer = exchange(&server, &post("/v1/hello", te, broken)).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") || answer.is_empty(),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_refused() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let body = hello(&server);
    for more in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 1, 2\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let answer = exchange(&server, &post("/v1/hello", more, &body)).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{more}: {answer}");
    }
    // What is behind a body is another request, and no part of this one.
    let more = format!("Content-Length: {}\r\n", body.len());
    let answers = exchange(&server, &post("/v1/hello", &more, &format!("{body} more"))).await;
    assert!(answers.starts_with("HTTP/1.1 200 "), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    // A body that is cut off is none.
    let mut wire = Wire::dial(&server).await;
    wire.send(&sized("/v1/hello", &body)[..300]).await;
    wire.0.shutdown().await.unwrap();
    let answer = wire.rest().await;
    assert!(!answer.contains("challenge"), "{answer}");
}

#[tokio::test]
async fn who_waits_for_a_sign_to_send_the_body_gets_one_where_it_is_wanted() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let body = hello(&server);
    let expecting = |path: &str, length: usize| {
        post(
            path,
            &format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"),
            "",
        )
    };
    let mut wire = Wire::dial(&server).await;
    wire.send(&expecting("/v1/hello", body.len())).await;
    let sign = wire.answer().await;
    assert!(sign.starts_with("HTTP/1.1 100 "), "{sign}");
    wire.send(&body).await;
    assert!(wire.answer().await.starts_with("HTTP/1.1 200 "));
    for (path, length, status) in [("/v1/entries", 5, "401"), ("/v1/hello", 262_145, "413")] {
        let answer = exchange(&server, &expecting(path, length)).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn older_clients_and_whole_addresses_are_served_and_newer_ones_are_not() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let token = format!("Authorization: Dispatch {}\r\n", member.joined.token());
    let answer = exchange(
        &server,
        &format!("GET /v1/blocks?from=0 HTTP/1.0\r\n{token}\r\n"),
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.0 200 ") && answer.contains(r#""from":0,"#),
        "{answer}"
    );
    let mut wire = Wire::dial(&server).await;
    wire.send(&format!("GET /v1/events HTTP/1.0\r\n{token}\r\n"))
        .await;
    let mut read = String::new();
    while !read.contains("event: blocks\nid: 2\n") {
        let byte = tokio::time::timeout(SOON, wire.0.read_u8()).await.unwrap();
        read.push(byte.unwrap() as char);
    }
    assert!(!read.contains("transfer-encoding"), "{read}");
    // [JOIN-3] Whatever host a request names, the origins are the configured ones.
    let body = hello(&server);
    let elsewhere = sized("http://evil.example/v1/hello", &body);
    let answer = exchange(
        &server,
        &elsewhere.replace("Host: here", "Host: evil.example"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = exchange(
        &server,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    )
    .await;
    assert!(!answer.contains('\0'), "HTTP/2 was spoken: {answer:?}");
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
