//! A client of plain HTTP for tests: one connection a request, no wait without an end.

use dispatch_protocol::bytes::Bytes as Octets;
use dispatch_protocol::entry::{Entry, Prefix};
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::Joined;
use dispatch_protocol::wire::{Challenge, ClientFrame, ServerFrame, Welcome};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::client::{SOON, Target};
use crate::member::{dial_for, nonce};

/// Whoever makes requests: with a token, or without.
#[derive(Clone)]
pub struct Caller {
    pub target: Target,
    headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer<B = String> {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: B,
}

impl Caller {
    pub fn stranger(server: impl Into<Target>) -> Caller {
        Caller {
            target: server.into(),
            headers: Vec::new(),
        }
    }

    /// One who carries a session's token.
    pub fn of(server: impl Into<Target>, joined: &Joined) -> Caller {
        Caller::stranger(server).with("Authorization", &format!("Dispatch {}", joined.token()))
    }

    /// The same with one header more.
    pub fn with(&self, name: &str, value: &str) -> Caller {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Caller {
            target: self.target.clone(),
            headers,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: impl Into<String>) -> Answer {
        let typed = self.with("Content-Type", "application/json");
        typed.ask("POST", path, body).await
    }

    pub async fn ask(&self, method: &str, path: &str, body: impl Into<String>) -> Answer {
        let asking = async {
            let (head, body) = self.open(method, path, body).await.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            }
        };
        tokio::time::timeout(SOON, asking)
            .await
            .expect("an answer comes soon")
    }

    /// The answer to a `GET`, whose body need not be text.
    pub async fn raw(&self, path: &str) -> Answer<Vec<u8>> {
        let (head, body) = self.open("GET", path, "").await.into_parts();
        let body = tokio::time::timeout(SOON, body.collect()).await;
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body
                .expect("an answer comes soon")
                .unwrap()
                .to_bytes()
                .to_vec(),
        }
    }

    /// The answer's head, and its body as it comes.
    pub async fn open(
        &self,
        method: &str,
        path: &str,
        body: impl Into<String>,
    ) -> Response<Incoming> {
        let stream = TcpStream::connect(self.target.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("Host", "here");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body.into()))).unwrap();
        tokio::time::timeout(SOON, sender.send_request(request))
            .await
            .expect("an answer begins soon")
            .unwrap()
    }

    /// Hands an entry in.
    pub async fn submit(&self, entry: &Entry) -> Answer {
        self.post("/v1/entries", serde_json::to_string(entry).unwrap())
            .await
    }
}

impl<B> Answer<B> {
    /// A header's first line.
    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }
}

impl Answer {
    /// A frame that has to be here, with status 200.
    pub fn frame(&self) -> ServerFrame {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"));
        ServerFrame::decode(&self.body).unwrap().expect("a frame")
    }

    /// The index that an entry got.
    pub fn accepted(&self) -> u64 {
        match self.frame() {
            ServerFrame::Accepted(accepted) => {
                assert_eq!(accepted.reference, None);
                accepted.index
            }
            other => panic!("expected accepted, got {other:?}"),
        }
    }

    /// The indices of the blocks that have to be here.
    pub fn blocks(&self) -> std::ops::Range<u64> {
        match self.frame() {
            ServerFrame::Blocks(blocks) => blocks.from..blocks.from + blocks.blocks.len() as u64,
            other => panic!("expected blocks, got {other:?}"),
        }
    }

    /// The code of a refusal, all of whose form is checked. // [HTTP-3], [HTTP-10], [HTTP-13]
    pub fn refused(&self) -> Code {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{} {}",
            self.status,
            self.body
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("urn:dispatch-d:refusal:{code}"));
        assert!(problem["detail"].is_string());
        let code = Code::parse(code).unwrap();
        assert_eq!(code.http_status(), Some(self.status));
        let challenge = (code == Code::BadToken).then_some("Dispatch");
        assert_eq!(self.header("www-authenticate"), challenge);
        match problem["retry_after"].as_u64() {
            None => assert_eq!(self.header("retry-after"), None),
            Some(milliseconds) => {
                let seconds = milliseconds.div_ceil(1000).to_string();
                assert_eq!(self.header("retry-after"), Some(&*seconds));
            }
        }
        code
    }
}

/// Says hello, and gives the challenge.
pub async fn hello(
    caller: &Caller,
    key: &KeyPair,
    client_nonce: dispatch_protocol::bytes::Nonce,
    session_ms: Option<u64>,
    have: Option<Prefix>,
) -> Result<Challenge, Code> {
    let hello = dial_for(&caller.target, key.public()).hello(client_nonce, session_ms, have);
    let answer = caller
        .post("/v1/hello", json(&ClientFrame::Hello(hello)))
        .await;
    match answer.status {
        200 => match answer.frame() {
            ServerFrame::Challenge(challenge) => Ok(challenge),
            other => panic!("expected challenge, got {other:?}"),
        },
        _ => Err(answer.refused()),
    }
}

/// Joins by requests alone.
pub async fn join(
    caller: &Caller,
    key: &KeyPair,
    session_ms: Option<u64>,
    have: Option<Prefix>,
) -> Result<(Joined, Welcome), Code> {
    let nonce = nonce();
    let challenge = hello(caller, key, nonce, session_ms, have).await?;
    let dial = dial_for(&caller.target, key.public());
    let (waiting, prove) = dial.prove(nonce, &challenge, key).unwrap();
    let answer = caller
        .post("/v1/prove", json(&ClientFrame::Prove(prove)))
        .await;
    match answer.status {
        200 => match answer.frame() {
            ServerFrame::Welcome(welcome) => Ok((waiting.welcome(&welcome).unwrap(), *welcome)),
            other => panic!("expected welcome, got {other:?}"),
        },
        _ => Err(answer.refused()),
    }
}

pub fn json(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).unwrap()
}

/// A token that nobody has.
pub fn unknown_token() -> String {
    format!("Dispatch {}", Octets::from(vec![7; 256]))
}
