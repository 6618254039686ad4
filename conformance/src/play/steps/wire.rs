//! `dial`, `wire`, `hang_up`.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    codec::randomness::{Randomness, System},
    peer::{socket, wire::Head, wire::Wire},
    play::{Stage, miss::Miss},
    result::Direction,
    scenario::step::{Dial, HangUp, OnWire, RawFrame},
};

/// The frames of RFC 6455 that a message is made of: a text and its continuations.
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;

fn mask() -> [u8; 4] {
    let mut mask = [0; 4];
    System.fill(&mut mask);
    mask
}

impl Stage {
    pub(super) async fn dial(&mut self, step: &Dial) -> Result<(), Miss> {
        let mut bytes = match &step.text {
            Some(text) => self.text(text)?.into_bytes(),
            None => Vec::new(),
        };
        bytes.extend(step.hex.iter().flat_map(|hex| &hex.0));
        let name = self.numbered(&step.on).into_owned();
        let dialled = timeout(
            self.server.patience,
            socket::connect(&self.server.target, None),
        );
        let wire = match dialled.await {
            Ok(Ok(wire)) => wire,
            Ok(Err(error)) => return Err(Miss::other("a TCP connection", error.to_string())),
            Err(_) => return Err(Miss::other("a TCP connection", "none in time")),
        };
        self.unsettling = true;
        let story = format!("(connects, and sends {} bytes)", bytes.len());
        self.timeline.add(&name, Direction::Sent, story);
        self.put_on(&name, wire.clone(), bytes, step.every_ms).await;
        self.dialled.insert(name, wire);
        Ok(())
    }

    pub(super) async fn wire(&mut self, step: &OnWire) -> Result<(), Miss> {
        let mut bytes = Vec::new();
        let name = self.numbered(&step.on).into_owned();
        for frame in &step.frames {
            let payload = self.payload(frame)?;
            let head = Head {
                opcode: frame.opcode.bits(),
                last: !frame.more,
                reserved: frame.reserved,
                mask: (!frame.unmasked).then(mask),
            };
            let mut raw = head.frame(&payload);
            raw.truncate(frame.sent.unwrap_or(raw.len()));
            bytes.extend(raw.repeat(frame.times));
            let opcode = frame.opcode.bits();
            if matches!(opcode, TEXT | CONTINUATION) && frame.sent.is_none() {
                let message = self.partial.entry(name.clone()).or_default();
                message.push_str(&String::from_utf8_lossy(&payload));
                if !frame.more {
                    let text = std::mem::take(message);
                    self.connection(&name)?.observer().sends(&text);
                }
            }
        }
        self.unsettling = true;
        let wire = self.connection(&name)?.wire();
        let wire = wire.ok_or_else(|| Miss::harness("requests have no wire"))?;
        let story = format!(
            "({} bytes of {} frames made by hand)",
            bytes.len(),
            step.frames.len()
        );
        self.timeline.add(&name, Direction::Sent, story);
        self.put_on(&name, wire, bytes, step.every_ms).await;
        Ok(())
    }

    pub(super) fn hang_up(&mut self, step: &HangUp) -> Result<(), Miss> {
        // What was found on it must not go with it.
        self.collect_findings();
        self.unsettling = true;
        let name = self.numbered(&step.on).into_owned();
        self.trickles.remove(&name);
        let was_there = [
            self.dialled.remove(&name).is_some(),
            self.connections.remove(&name).is_some(),
        ];
        if !was_there.contains(&true) {
            return Err(Miss::harness(format!("no connection is called `{name}`")));
        }
        self.timeline
            .add(&name, Direction::Happened, "(hangs up without a word)");
        Ok(())
    }

    fn payload(&self, frame: &RawFrame) -> Result<Vec<u8>, Miss> {
        let mut bytes = match &frame.payload {
            Some(payload) => match self.evaluate(payload)? {
                serde_json::Value::String(text) => text.into_bytes(),
                object => object.to_string().into_bytes(),
            },
            None => Vec::new(),
        };
        bytes.extend(frame.hex.iter().flat_map(|hex| &hex.0));
        Ok(bytes)
    }

    /// Sends bytes, at once or little by little. What cannot be sent is no failure by itself: the server may have ended
    /// the connection in the midst of it.
    async fn put_on(&mut self, name: &str, wire: Wire, bytes: Vec<u8>, every_ms: Option<u64>) {
        match every_ms {
            None => {
                let _ = timeout(self.server.patience, wire.write_all(&bytes)).await;
            }
            Some(pause) => {
                let pause = Duration::from_millis(pause);
                let trickles = self.trickles.entry(name.to_owned()).or_default();
                trickles.spawn(async move { wire.trickle(&bytes, pause).await });
            }
        }
    }
}
