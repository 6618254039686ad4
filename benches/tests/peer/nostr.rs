//! A relay: NIP-01 over WebSockets, each event's signature verified.

use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;
use dispatch_benches::load::target::Target;
use futures_util::{SinkExt as _, StreamExt as _};
use secp256k1::XOnlyPublicKey;
use secp256k1::schnorr::Signature;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::{Fault, listen};

struct Hub {
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    subscribers: Vec<UnboundedSender<Message>>,
    events: usize,
}

pub async fn serve(fault: Fault) -> Target {
    let state = Mutex::default();
    let hub = Arc::new(Hub { fault, state });
    listen(move |stream| connection(stream, hub.clone())).await
}

async fn connection(stream: TcpStream, hub: Arc<Hub>) {
    let (mut sink, mut stream) = accept_async(stream).await.unwrap().split();
    let (out, mut outgoing) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = outgoing.recv().await {
            let _ = sink.send(message).await;
        }
    });
    while let Some(Ok(Message::Text(text))) = stream.next().await {
        let frame: Value = serde_json::from_str(&text).unwrap();
        let mut state = hub.state.lock().unwrap();
        match frame[0].as_str() {
            Some("REQ") => {
                assert_eq!(frame[2], json!({ "kinds": [1] }));
                state.subscribers.push(out.clone());
                let _ = out.send(text_of(&json!(["EOSE", frame[1]])));
            }
            Some("EVENT") => state.submitted(hub.fault, &frame[1], &out),
            _ => panic!("a client says {text}"),
        }
    }
}

impl State {
    fn submitted(&mut self, fault: Fault, event: &Value, out: &UnboundedSender<Message>) {
        verify(event);
        self.events += 1;
        if fault.strikes(Fault::HangsUp, self.events) {
            let _ = self.subscribers[0].send(Message::Close(None));
        }
        for _ in 0..=usize::from(fault.strikes(Fault::Doubles, self.events)) {
            for subscriber in &self.subscribers {
                let _ = subscriber.send(text_of(&json!(["EVENT", "s", event])));
            }
        }
        let answer = match fault.strikes(Fault::Refuses, self.events) {
            true => json!(["OK", event["id"], false, "error: no space left"]),
            false => json!(["OK", event["id"], true, ""]),
        };
        let _ = out.send(text_of(&answer));
    }
}

fn text_of(frame: &Value) -> Message {
    Message::text(frame.to_string())
}

fn verify(event: &Value) {
    let bytes = |name: &str| {
        HEXLOWER
            .decode(event[name].as_str().unwrap().as_bytes())
            .unwrap()
    };
    let key = XOnlyPublicKey::from_byte_array(bytes("pubkey").try_into().unwrap()).unwrap();
    let sig = Signature::from_byte_array(bytes("sig").try_into().unwrap());
    sig.verify(&bytes("id"), &key).unwrap();
    assert_eq!(event["content"].as_str().unwrap().len(), 1024);
}
