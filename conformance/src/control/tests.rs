//! Small conversations with the server, held with the suite's own codec.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::*;
use crate::codec::entry::Draft;
use crate::codec::epoch::{Wrapping, commitment};
use crate::codec::message::{Place, pad};
use crate::codec::randomness::{Randomness, System};
use crate::codec::{Account, Hash, Join, Scheme, accounts, base64url, block, entry, sha256};

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    account: &'static Account,
    origin: String,
    community: Hash,
    token: Value,
    seq: u64,
    head: (u64, Hash),
    chain: Vec<Value>,
    checkpoints: Vec<Value>,
}

impl Client {
    async fn dial(url: &str, name: &str) -> Self {
        let (socket, _) = connect_async(format!("{}/v1/socket", url.replace("http", "ws")))
            .await
            .unwrap();
        Self {
            socket,
            account: accounts::named(name).unwrap(),
            origin: url.to_owned(),
            community: [0; 32],
            token: Value::Null,
            seq: 0,
            head: (0, [0; 32]),
            chain: Vec::new(),
            checkpoints: Vec::new(),
        }
    }

    async fn join(url: &str, name: &str) -> Self {
        let mut client = Self::dial(url, name).await;
        let welcome = client.prove(json!({})).await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        client.token = welcome["token"].clone();
        client.read_to(welcome["size"].as_u64().unwrap()).await;
        client
    }

    /// Says hello and proves: the answer to the proof.
    async fn prove(&mut self, more: Value) -> Value {
        let client_nonce = System.hash();
        let mut hello = json!({
            "type": "hello",
            "version": "dispatch-d/1",
            "origin": self.origin,
            "public_key": base64url::encode(self.account.public_key()),
            "client_nonce": base64url::encode(&client_nonce),
        });
        for (name, value) in more.as_object().unwrap() {
            hello[name] = value.clone();
        }
        self.send(&hello).await;
        let challenge = self.answer().await;
        assert_eq!(challenge["type"], "challenge", "{challenge}");
        self.community = base64url::decode_hash(challenge["community"].as_str().unwrap()).unwrap();
        let join = Join {
            origin: self.origin.clone(),
            community: self.community,
            account: self.account.id(),
            client_nonce,
            server_nonce: base64url::decode_hash(challenge["server_nonce"].as_str().unwrap())
                .unwrap(),
            expires_at: challenge["expires_at"].as_u64().unwrap(),
        };
        let signature = self
            .account
            .sign(&join.tuple().encode(), Scheme::Pss, &mut System);
        let prove = json!({
            "type": "prove",
            "server_nonce": challenge["server_nonce"],
            "signature": base64url::encode(&signature),
        });
        self.send(&prove).await;
        self.answer().await
    }

    async fn send(&mut self, frame: &Value) {
        self.socket
            .send(Message::text(frame.to_string()))
            .await
            .unwrap();
    }

    /// The next frame that is no push; pushes are taken in.
    async fn answer(&mut self) -> Value {
        loop {
            let message = self
                .socket
                .next()
                .await
                .expect("the connection lives")
                .unwrap();
            let frame: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            match frame["type"].as_str().unwrap() {
                "blocks" => {
                    assert_eq!(frame["from"], self.chain.len());
                    for found in frame["blocks"].as_array().unwrap() {
                        assert_eq!(found["prev"], base64url::encode(&self.head.1));
                        self.head = (self.head.0 + 1, block::hash(found).unwrap());
                        self.chain.push(found.clone());
                    }
                    return frame;
                }
                "checkpoint" => self.checkpoints.push(frame["checkpoint"].clone()),
                _ => return frame,
            }
        }
    }

    async fn read_to(&mut self, size: u64) {
        while self.head.0 < size {
            assert_eq!(self.answer().await["type"], "blocks");
        }
    }

    fn entry(&mut self, kind: &str, body: Value) -> Value {
        self.seq += 1;
        let draft = Draft {
            community: self.community,
            kind: kind.to_owned(),
            author: self.account.id(),
            seq: self.seq,
            seen: self.head,
            sent_at: clock::now(),
            body,
        };
        draft.signed(self.account, &mut System).unwrap()
    }

    /// Submits, and reads until both the answer and, where it is accepted, the block are here.
    async fn submit(&mut self, entry: &Value) -> Value {
        let submit = json!({ "type": "submit", "ref": "r1", "token": self.token, "entry": entry });
        self.send(&submit).await;
        let mut answer = self.answer().await;
        while answer["type"] == "blocks" {
            answer = self.answer().await;
        }
        if let Some(index) = answer["index"].as_u64() {
            self.read_to(index + 1).await;
            let found = &self.chain[usize::try_from(index).unwrap()];
            assert_eq!(
                answer["hash"],
                base64url::encode(&block::hash(found).unwrap())
            );
        }
        answer
    }
}

fn card(account: &Account) -> Value {
    json!({ "x25519": base64url::encode(&account.x25519_public()) })
}

#[tokio::test]
async fn two_members_join_talk_and_see_the_same_chain() {
    let running = start(Faults::none()).await.unwrap();
    let mut alice = Client::join(&running.url, "m01").await;
    let mut bob = Client::join(&running.url, "m02").await;
    let alices_card = alice.entry("card", card(alice.account));
    assert_eq!(alice.submit(&alices_card).await["type"], "accepted");
    bob.read_to(3).await;
    let bobs_card = bob.entry("card", card(bob.account));
    assert_eq!(bob.submit(&bobs_card).await["type"], "accepted");
    alice.read_to(4).await;

    let secret = System.hash();
    let wraps: Vec<Value> = [alice.account, bob.account]
        .into_iter()
        .map(|recipient| {
            let wrapping = Wrapping::between(alice.community, alice.account, recipient, commitment(&secret));
            let wrap = wrapping.wrap(&secret, &System.hash()).unwrap();
            json!({ "member": base64url::encode(&recipient.id()), "wrap": base64url::encode(&wrap) })
        })
        .collect();
    let epoch = alice.entry(
        "epoch",
        json!({ "commitment": base64url::encode(&commitment(&secret)), "wraps": wraps }),
    );
    assert_eq!(alice.submit(&epoch).await["type"], "accepted");

    let id = entry::id(&epoch).unwrap();
    let salt = System.bytes(16);
    let place = Place {
        community: alice.community,
        epoch: id,
        author: alice.account.id(),
        seq: 3,
    };
    let ciphertext = place.seal(&secret, &salt, &pad(br#"{"text":"Hello, Bob."}"#));
    let body = json!({
        "epoch": base64url::encode(&id),
        "salt": base64url::encode(&salt),
        "ciphertext_hash": base64url::encode(&sha256(&ciphertext)),
        "ciphertext": base64url::encode(&ciphertext),
    });
    let message = alice.entry("message", body);
    let accepted = alice.submit(&message).await;
    assert_eq!(accepted["index"], 5);
    assert_eq!(
        alice.submit(&message).await,
        accepted,
        "a repeat gets the same receipt"
    );

    bob.read_to(6).await;
    assert_eq!(bob.chain, alice.chain);
    let redaction = alice.entry("redaction", json!({ "index": 5, "reason": "" }));
    assert_eq!(alice.submit(&redaction).await["type"], "accepted");
    let late = Client::join(&running.url, "m03").await;
    assert_eq!(late.chain[5]["entry"]["body"].get("ciphertext"), None);
    assert_eq!(late.head, alice.head);
    running.shutdown().await;
}

#[tokio::test]
async fn a_removed_member_hears_why_and_a_stranger_stays_out() {
    let running = start(Faults::none()).await.unwrap();
    let mut stranger = Client::dial(&running.url, "o01").await;
    assert_eq!(stranger.prove(json!({})).await["code"], "not_allowed");
    let mut member = Client::join(&running.url, "m04").await;
    let mut authority = Client::join(&running.url, "authority").await;
    authority.seq = 2;
    let id = base64url::encode(&member.account.id());
    let removal = authority.entry("roster", json!({ "add": [], "remove": [id] }));
    assert_eq!(authority.submit(&removal).await["type"], "accepted");
    let mut last = member.answer().await;
    while last["type"] == "blocks" {
        last = member.answer().await;
    }
    assert_eq!(
        (&last["type"], &last["code"]),
        (&json!("bye"), &json!("removed"))
    );
    let end = member.socket.next().await.unwrap().unwrap();
    assert!(matches!(end, Message::Close(Some(frame)) if u16::from(frame.code) == 1008));
    running.shutdown().await;
}

#[tokio::test]
async fn a_checkpoint_covers_what_was_said_and_is_signed_by_the_server() {
    let running = start(Faults::none()).await.unwrap();
    let mut member = Client::join(&running.url, "m05").await;
    let entry = member.entry("card", card(member.account));
    member.submit(&entry).await;
    while member.checkpoints.is_empty() {
        let next = member.socket.next().await.unwrap().unwrap();
        let frame: Value = serde_json::from_str(next.to_text().unwrap()).unwrap();
        member.checkpoints.extend(frame.get("checkpoint").cloned());
    }
    let server = accounts::named("server").unwrap();
    let stated = crate::codec::Checkpoint::verified(&member.checkpoints[0], server.key()).unwrap();
    assert_eq!((stated.size, stated.head), member.head);
    let hashes: Vec<Hash> = member
        .chain
        .iter()
        .map(|found| block::hash(found).unwrap())
        .collect();
    assert_eq!(stated.root, crate::codec::merkle::root(&hashes));
    running.shutdown().await;
}

#[tokio::test]
async fn a_fault_breaks_the_rule_that_it_names() {
    let running = start(Faults::of(&["JOIN-12"]).unwrap()).await.unwrap();
    let mut stranger = Client::dial(&running.url, "o01").await;
    assert_eq!(stranger.prove(json!({})).await["type"], "welcome");
    running.shutdown().await;

    let running = start(Faults::of(&["ENTRY-4/gap"]).unwrap()).await.unwrap();
    let mut member = Client::join(&running.url, "m06").await;
    member.seq = 6;
    let entry = member.entry("card", card(member.account));
    assert_eq!(member.submit(&entry).await["type"], "accepted");
    running.shutdown().await;
}

#[tokio::test]
async fn a_null_peer_shows_a_document_and_understands_nothing() {
    for peer in NullPeer::ALL {
        let running = start_null(0, peer).await.unwrap();
        let mut client = Client::dial(&running.url, "m07").await;
        client.send(&json!({ "type": "prove" })).await;
        if matches!(peer, NullPeer::Refuses | NullPeer::Accepts) {
            let kind = client.answer().await["type"].clone();
            assert_eq!(
                kind,
                if peer == NullPeer::Refuses {
                    "refused"
                } else {
                    "welcome"
                }
            );
        } else {
            client.socket.close(None).await.ok();
        }
        running.shutdown().await;
    }
}
