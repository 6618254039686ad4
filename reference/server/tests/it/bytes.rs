//! The socket as bytes on a wire: what a library would never send, and what it would hide.

use std::io::ErrorKind;
use std::time::Duration;

use dispatch_server::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::SOON;
use crate::community::Community;

const OPENING: &str = "GET /v1/socket HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct Wire(TcpStream);

impl Wire {
    async fn dial(server: &Running) -> Wire {
        Wire(TcpStream::connect(server.address()).await.unwrap())
    }

    /// An open socket.
    async fn open(server: &Running) -> Wire {
        let mut wire = Wire::dial(server).await;
        let answer = wire.ask(&format!("{OPENING}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        wire
    }

    /// Sends a request and reads the answer's head and, where its length is stated, its body.
    async fn ask(&mut self, request: &str) -> String {
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(self.byte().await.expect("an answer"));
        }
        let head = String::from_utf8(answer).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        head + std::str::from_utf8(&body).unwrap()
    }

    /// Sends one frame of RFC 6455, section 5.2, masked.
    async fn frame(&mut self, first_byte: u8, payload: &[u8]) {
        let mask = [1, 2, 3, 4];
        let mut bytes = vec![first_byte];
        match payload.len() {
            length @ 0..126 => bytes.push(0x80 | length as u8),
            length @ 126..0x1_0000 => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&mask);
        bytes.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        // A server may have said enough before it has read everything.
        match self.0.write_all(&bytes).await {
            Err(problem)
                if matches!(
                    problem.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) => {}
            written => written.unwrap(),
        }
    }

    /// The next frame's first byte and payload; none at the end.
    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.byte().await?;
        let length = match self.byte().await? {
            126 => u16::from_be_bytes([self.byte().await?, self.byte().await?]) as usize,
            short @ 0..126 => short as usize,
            _ => panic!("a server's frame is neither masked nor so long here"),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.unwrap();
        Some((first, payload))
    }

    async fn text(&mut self) -> String {
        let (first, payload) = self.read().await.expect("a frame");
        assert_eq!(first, 0x81, "one whole text message");
        String::from_utf8(payload).unwrap()
    }

    async fn close_code(&mut self) -> u16 {
        let (first, payload) = self.read().await.expect("a frame");
        assert_eq!(
            first,
            0x88,
            "a close frame, and not {:?}",
            String::from_utf8_lossy(&payload)
        );
        u16::from_be_bytes([payload[0], payload[1]])
    }

    async fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        match tokio::time::timeout(SOON, self.0.read(&mut byte))
            .await
            .expect("a byte or the end comes soon")
        {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(byte[0]),
        }
    }
}

#[tokio::test]
async fn no_extension_and_no_subprotocol_is_taken_from_an_offer() {
    let server = Community::with(&[]).serve().await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: chat\r\n";
    let answer = Wire::dial(&server)
        .await
        .ask(&format!("{OPENING}{offer}\r\n"))
        .await
        .to_lowercase();
    assert!(
        answer.starts_with("http/1.1 101 ") && answer.contains("s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{answer}"
    );
    assert!(
        !answer.contains("sec-websocket-extensions") && !answer.contains("sec-websocket-protocol"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_page_from_elsewhere_is_refused_and_one_of_ours_is_not() {
    let mut community = Community::with(&[]);
    community.config.page_origins = Some(vec![
        dispatch_server::Origin::parse("https://chat.example.org").unwrap(),
    ]);
    let server = community.serve().await;
    let answer = Wire::dial(&server)
        .await
        .ask(&format!("{OPENING}Origin: https://evil.example\r\n\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(
        answer.contains("content-type: application/problem+json"),
        "{answer}"
    );
    assert!(
        answer.contains(r#""type":"urn:dispatch-d:refusal:wrong_origin","code":"wrong_origin""#),
        "{answer}"
    );
    let own = format!("{OPENING}Origin: {}\r\n\r\n", server.origin());
    assert!(
        Wire::dial(&server)
            .await
            .ask(&own)
            .await
            .starts_with("HTTP/1.1 403 "),
        "an own origin is no page origin here"
    );
    let answer = Wire::dial(&server)
        .await
        .ask(&format!(
            "{OPENING}Origin: https://chat.example.org\r\n\r\n"
        ))
        .await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
}

#[tokio::test]
async fn the_discovery_document_is_there_for_everybody() {
    let server = Community::with(&[]).serve().await;
    let request = "GET /.well-known/dispatch-d HTTP/1.1\r\nHost: here\r\nOrigin: https://evil.example\r\n\r\n";
    let answer = Wire::dial(&server).await.ask(request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for wanted in [
        "content-type: application/json\r\n",
        "access-control-allow-origin: *\r\n",
        r#""transports":["ws","http","sse"]"#,
    ] {
        assert!(answer.contains(wanted), "{wanted}: {answer}");
    }
    assert!(answer.contains(&server.community().to_string()));
    let answer = Wire::dial(&server)
        .await
        .ask("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_ping_is_answered_and_fragments_are_joined() {
    let server = Community::with(&[]).serve().await;
    let mut wire = Wire::open(&server).await;
    wire.frame(0x89, b"there?").await;
    assert_eq!(wire.read().await, Some((0x8a, b"there?".to_vec())));
    wire.frame(0x01, br#"{"type":"#).await;
    wire.frame(0x00, br#""dan"#).await;
    wire.frame(0x89, b"").await;
    wire.frame(0x80, br#"ce"}"#).await;
    assert_eq!(wire.read().await, Some((0x8a, Vec::new())));
    assert!(wire.text().await.contains("unknown_frame"));
}

#[tokio::test]
async fn a_binary_message_is_malformed_and_the_connection_goes_on() {
    let server = Community::with(&[]).serve().await;
    let mut wire = Wire::open(&server).await;
    wire.frame(0x82, b"{}").await;
    assert!(wire.text().await.contains(r#""code":"malformed""#));
    wire.frame(0x81, b"{}").await;
    assert!(wire.text().await.contains(r#""code":"malformed""#));
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_fail_the_connection() {
    let server = Community::with(&[]).serve().await;
    let mut wire = Wire::open(&server).await;
    wire.frame(0x81, b"{\"type\":\"\xff\"}").await;
    assert_eq!(wire.close_code().await, 1007);
}

#[tokio::test]
async fn a_frame_that_is_not_masked_breaks_the_protocol() {
    let server = Community::with(&[]).serve().await;
    let mut wire = Wire::open(&server).await;
    wire.0.write_all(b"\x81\x02{}").await.unwrap();
    assert_eq!(wire.close_code().await, 1002);
}

#[tokio::test]
async fn a_frame_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
    let server = Community::with(&[]).serve().await;
    let limit = 262_144;
    for (kind, length, code) in [
        (0x81, limit, None),
        (0x82, limit, None),
        (0x81, limit + 1, Some("too_large")),
        (0x82, limit + 1, Some("too_large")),
        (0x81, limit + 1_000_000, Some("too_large")),
    ] {
        let mut wire = Wire::open(&server).await;
        wire.frame(kind, &vec![b' '; length]).await;
        let answer = wire.text().await;
        match code {
            None => assert!(
                answer.contains(r#""type":"refused","code":"malformed""#),
                "{length}: {answer}"
            ),
            Some(code) => {
                assert!(
                    answer.contains(&format!(r#""type":"bye","code":"{code}""#)),
                    "{length}: {answer}"
                );
                assert_eq!(wire.close_code().await, 1009);
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_is_never_finished_is_closed() {
    let server = Community::with(&[]).serve().await;
    let mut wire = Wire::dial(&server).await;
    wire.0
        .write_all(b"GET /v1/socket HTTP/1.1\r\nHost: he")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(15), wire.0.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "half a request is kept open");
}

#[tokio::test]
async fn beyond_the_room_for_connections_a_socket_is_not_opened() {
    let mut community = Community::with(&[]);
    community.config.connections = 1;
    let server = community.serve().await;
    let first = Wire::open(&server).await;
    let answer = Wire::dial(&server)
        .await
        .ask(&format!("{OPENING}\r\n"))
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains(r#""code":"unavailable""#),
        "{answer}"
    );
    assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
    drop(first);
    // Its place is free as soon as the server has seen it go.
    let begun = std::time::Instant::now();
    while !Wire::dial(&server)
        .await
        .ask(&format!("{OPENING}\r\n"))
        .await
        .starts_with("HTTP/1.1 101 ")
    {
        assert!(begun.elapsed() < SOON, "the place stays taken");
    }
}

#[tokio::test]
async fn a_connection_is_closed_after_one_answer() {
    let server = Community::with(&[]).serve().await;
    let mut wire = Wire::dial(&server).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n";
    wire.0
        .write_all(request.repeat(50).as_bytes())
        .await
        .unwrap();
    let mut answers = Vec::new();
    let read = tokio::time::timeout(SOON, wire.0.read_to_end(&mut answers)).await;
    // What was not read may reset the connection; that it ends is what counts.
    let _ = read.expect("the connection ends");
    assert_eq!(
        String::from_utf8_lossy(&answers)
            .matches("HTTP/1.1 ")
            .count(),
        1
    );
}
