//! The frames of RFC 6455, as a server reads and writes them.
//!
//! Written by hand and not taken from a library, because several faults lie below what a library lets through:
//! fragments that are taken for messages, pings without an answer, texts that are not UTF-8.

use std::{io, time::Duration};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::fault::Faults;
use super::turn::{Held, Turn};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// How long a closing connection is read on, so that what was sent last is not lost to a reset.
const FAREWELL: Duration = Duration::from_secs(2);

/// What arrived.
#[derive(Debug)]
pub(super) enum Event {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping with its payload; the pong is the caller's to send.
    Ping(Vec<u8>),
    /// A message that is longer than the limit; nothing more can be read.
    TooLong,
    /// A text message that is not UTF-8.
    NotText,
    /// The peer breaks RFC 6455.
    Broken,
    /// The peer closes, or is gone.
    Closed,
}

/// A connection after its opening.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TokioIo<Upgraded>,
    limit: usize,
    faults: Faults,
    /// Whether what comes no longer matters, however long it is.
    is_leaving: bool,
    received: Vec<u8>,
    turn: Turn,
    /// Faulty: the turn, while a frame is here in part.
    held: Option<Held>,
    /// The opcode and bytes of a message whose last fragment is still to come.
    partial: Option<(u8, Vec<u8>)>,
}

struct Frame {
    last: bool,
    opcode: u8,
    payload: Vec<u8>,
}

impl Socket {
    /// Wraps an upgraded connection. `limit` is the longest message in bytes.
    pub(super) fn new(stream: Upgraded, limit: usize, faults: Faults, turn: Turn) -> Self {
        Self {
            stream: TokioIo::new(stream),
            limit,
            faults,
            is_leaving: false,
            received: Vec::new(),
            turn,
            held: None,
            partial: None,
        }
    }

    /// The next event. What was read stays in the socket where the future is dropped.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            // [LIM-11]
            if !self.received.is_empty() && self.held.is_none() {
                self.held = self.turn.take(&self.faults, &["LIM-11"]).await;
            }
            match self.take_frame() {
                Ok(Some(frame)) => {
                    self.held = None;
                    if let Some(event) = self.event(frame) {
                        return event;
                    }
                }
                // [WS-3]
                Ok(None) if self.faults.has("WS-3/reads") && self.received.len() == 1 => {
                    return Event::Broken;
                }
                Ok(None) => match self.stream.read_buf(&mut self.received).await {
                    Ok(0) | Err(_) => return Event::Closed,
                    Ok(_) => {}
                },
                Err(event) => return event,
            }
        }
    }

    /// Sends a frame of the protocol as one text message.
    pub(super) async fn send(&mut self, text: &str) -> io::Result<()> {
        // [WS-1]
        let opcode = if self.faults.has("WS-1") {
            BINARY
        } else {
            TEXT
        };
        self.write(opcode, text.as_bytes()).await
    }

    /// Answers a ping.
    pub(super) async fn pong(&mut self, payload: &[u8]) -> io::Result<()> {
        self.write(PONG, payload).await
    }

    /// Closes with this code, and reads on until the peer has closed, too, so that nothing is lost to a reset.
    pub(super) async fn close(mut self, code: u16) {
        if self.write(CLOSE, &code.to_be_bytes()).await.is_ok() {
            // Who does not answer in time is left behind.
            let _ = timeout(FAREWELL, self.read_out()).await;
        }
    }

    /// Answers the peer's closing.
    pub(super) async fn part(mut self, code: u16) {
        // It may be gone already.
        let _ = self.write(CLOSE, &code.to_be_bytes()).await;
    }

    /// Reads until the peer closes, without looking at what comes.
    pub(super) async fn read_out(&mut self) {
        self.is_leaving = true;
        while !matches!(self.next().await, Event::Closed | Event::Broken) {}
    }

    async fn write(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let mut bytes = vec![0x80 | opcode];
        match payload.len() {
            n @ 0..=125 => bytes.push(n as u8),
            n @ 126..=0xffff => {
                bytes.push(126);
                bytes.extend((n as u16).to_be_bytes());
            }
            n => {
                bytes.push(127);
                bytes.extend((n as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }

    /// Takes one frame off the front of what was received, if it is there as a whole.
    fn take_frame(&mut self) -> Result<Option<Frame>, Event> {
        let [first, second, rest @ ..] = &self.received[..] else {
            return Ok(None);
        };
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let control = opcode >= CLOSE;
        let masked = second & 0x80 != 0;
        // [WS-11] No extension was agreed on, clients mask, control frames are short and whole.
        let faults = &self.faults;
        let reserved = first & 0x70 != 0 && !faults.has("WS-7") && !faults.has("WS-11/reserved");
        let bare = !masked && !faults.has("WS-11/unmasked");
        let in_parts = control && !last && !faults.has("WS-11/control-in-parts");
        let long = control && second & 0x7f > 125 && !faults.has("WS-11/control-length");
        if reserved || bare || in_parts || long {
            return Err(Event::Broken);
        }
        let (length, digits) = match second & 0x7f {
            126 => (rest.get(..2), 2),
            127 => (rest.get(..8), 8),
            n => (Some(&rest[..0]), usize::from(n)),
        };
        let Some(extended) = length else {
            return Ok(None);
        };
        let length = match extended {
            [] => digits,
            bytes => {
                let number = bytes.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
                usize::try_from(number).unwrap_or(usize::MAX)
            }
        };
        if !control && !self.is_leaving && self.too_long(opcode, length) {
            return Err(Event::TooLong);
        }
        let start = 2 + extended.len() + if masked { 4 } else { 0 };
        let Some(end) = start
            .checked_add(length)
            .filter(|end| *end <= self.received.len())
        else {
            return Ok(None);
        };
        let mask = match masked {
            true => self.received[start - 4..start].to_vec(),
            false => vec![0],
        };
        let payload = self.received[start..end].iter().zip(mask.iter().cycle());
        let payload = payload.map(|(byte, mask)| byte ^ mask).collect();
        self.received.drain(..end);
        Ok(Some(Frame {
            last,
            opcode,
            payload,
        }))
    }

    /// [LIM-2] Whether the message would be longer than the limit with so many bytes more.
    fn too_long(&self, opcode: u8, more: usize) -> bool {
        let message = self.partial.as_ref().map_or(opcode, |(opcode, _)| *opcode);
        if self.faults.has("LIM-2")
            || self.faults.has("LIM-2/refused")
            || self.faults.has("LIM-2/characters")
            || self.faults.has("LIM-2/binary") && message == BINARY
        {
            return false;
        }
        let before = self.partial.as_ref().map_or(0, |(_, bytes)| bytes.len());
        let before = if self.faults.has("LIM-2/fragments") {
            0
        } else {
            before
        };
        let limit = if self.faults.has("LIM-1/default") {
            self.limit.min(65536)
        } else if self.faults.has("LIM-1") {
            self.limit - 1
        } else {
            self.limit
        };
        before.saturating_add(more) > limit
    }

    fn event(&mut self, frame: Frame) -> Option<Event> {
        match frame.opcode {
            PING => {
                // [WS-3]
                if self.faults.has("WS-3/ping") {
                    self.partial = None;
                }
                Some(Event::Ping(frame.payload))
            }
            PONG => None,
            CLOSE => Some(Event::Closed),
            CONTINUATION | TEXT | BINARY => self.fragment(frame),
            _ if self.faults.has("WS-11/opcode") => None,
            _ => Some(Event::Broken),
        }
    }

    fn fragment(&mut self, frame: Frame) -> Option<Event> {
        // [WS-3]
        if self.faults.has("WS-3") {
            return Some(self.message(TEXT, frame.payload));
        }
        let (opcode, bytes) = match (frame.opcode, self.partial.take()) {
            (CONTINUATION, Some((opcode, mut bytes))) => {
                bytes.extend(frame.payload);
                (opcode, bytes)
            }
            (CONTINUATION, None) if self.faults.has("WS-11/continuation") => (TEXT, frame.payload),
            (opcode, Some(_)) if opcode != CONTINUATION && self.faults.has("WS-11/begins") => {
                (opcode, frame.payload)
            }
            (CONTINUATION, None) | (_, Some(_)) => return Some(Event::Broken),
            (opcode, None) => (opcode, frame.payload),
        };
        if frame.last {
            return Some(self.message(opcode, bytes));
        }
        self.partial = Some((opcode, bytes));
        None
    }

    fn message(&self, opcode: u8, bytes: Vec<u8>) -> Event {
        if opcode == BINARY {
            return Event::Binary(bytes);
        }
        // [CONV-7]
        match String::from_utf8(bytes) {
            Ok(text) => Event::Text(text),
            Err(error) if self.faults.has("CONV-7/lossy") => {
                Event::Text(String::from_utf8_lossy(error.as_bytes()).into_owned())
            }
            Err(_) => Event::NotText,
        }
    }
}
