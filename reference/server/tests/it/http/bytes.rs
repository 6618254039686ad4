//! Requests as bytes on a wire: what a library would never send.

use dispatch_protocol::wire::ClientFrame;
use dispatch_server::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::caller::json;
use crate::client::SOON;
use crate::community::{Community, key};
use crate::member::{Member, card, dial_for, nonce};

pub struct Wire(pub TcpStream);

impl Wire {
    pub async fn dial(server: &Running) -> Wire {
        Wire(TcpStream::connect(server.address()).await.unwrap())
    }

    pub async fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// One answer: its head, and its body where its length is stated.
    pub async fn answer(&mut self) -> String {
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
    pub async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let reading = tokio::time::timeout(SOON, self.0.read_to_end(&mut rest)).await;
        // What was left unread may reset the connection; that it ends is what counts.
        let _ = reading.expect("the connection ends");
        String::from_utf8_lossy(&rest).into_owned()
    }
}

pub async fn exchange(server: &Running, bytes: &str) -> String {
    let mut wire = Wire::dial(server).await;
    wire.send(bytes).await;
    wire.rest().await
}

pub fn hello(server: &Running) -> String {
    let dial = dial_for(server, key("m01").public());
    json(&ClientFrame::Hello(dial.hello(nonce(), None, None)))
}

pub fn post(path: &str, more: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n{more}\r\n{body}"
    )
}

pub fn sized(path: &str, body: &str) -> String {
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
    // [LIM-2] In chunks a body is no longer than otherwise, and as long.
    let entry = serde_json::to_string(&member.entry_with(1, card(1))).unwrap();
    for (length, status) in [(262_145, 413), (2_000_000, 413), (262_144, 200)] {
        let long = format!("{entry}{}", " ".repeat(length - entry.len()));
        let more = format!("{te}{token}");
        let answer = exchange(&server, &post("/v1/entries", &more, &chunked(&long))).await;
        // Of what is far too long not all is read, and then the answer may be lost.
        let is_due = answer.starts_with(&format!("HTTP/1.1 {status} "));
        assert!(
            is_due || (answer.is_empty() && length > 1_500_000),
            "{answer}"
        );
    }
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
    let reading = async {
        let mut read = String::new();
        while !read.contains("event: blocks\nid: 2\n") {
            read.push(wire.0.read_u8().await.unwrap() as char);
        }
        read
    };
    let read = tokio::time::timeout(SOON, reading).await.unwrap();
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
async fn a_thousand_requests_with_a_fault_anywhere_break_nothing() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let token = format!("Authorization: Dispatch {}\r\n", member.joined.token());
    let get = format!("GET /v1/blocks?from=0&limit=7&wait=0 HTTP/1.1\r\nHost: here\r\n{token}\r\n");
    let wholes = [
        sized("/v1/hello", &hello(&server)).into_bytes(),
        post(
            "/v1/entries",
            &format!("Transfer-Encoding: chunked\r\n{token}"),
            &chunked("{}"),
        )
        .into_bytes(),
        get.clone().into_bytes(),
    ];
    // The same faults each time: xorshift from a fixed seed.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for number in 0..1000 {
        let mut bytes = wholes[number % wholes.len()].clone();
        for _ in 0..=next(3) {
            let place = next(bytes.len());
            match next(4) {
                0 => bytes[place] = next(256) as u8,
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, b"\r\n \0:;,\xff"[next(8)]),
                _ => bytes.truncate(place.max(1)),
            }
        }
        let mut wire = Wire::dial(&server).await;
        wire.0.write_all(&bytes).await.unwrap();
        // Nothing more will come, so that nobody waits for it.
        let _ = wire.0.shutdown().await;
        let answer = wire.rest().await;
        assert!(!answer.starts_with("HTTP/1.1 5"), "{answer}: {bytes:?}");
    }
    let answer = exchange(&server, &get.replace("Host", "Connection: close\r\nHost")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
