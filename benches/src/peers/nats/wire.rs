//! The client protocol of NATS, as far as a load speaks it: lines of text, and payloads whose length a line tells.
//! <https://docs.nats.io/reference/reference-protocols/nats-protocol>

use std::io;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// Asks for a PONG, which comes when everything before it was taken in.
pub const PING: &[u8] = b"PING\r\n";

/// What a client says first: no `+OK` for each line, no headers.
pub const CONNECT: &[u8] =
    b"CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"rust\",\"version\":\"0\",\"headers\":false}\r\n";

/// No line of the server's is longer: INFO is the longest, of some hundred bytes.
const LINE: usize = 16 << 10;

/// No payload is longer: the server's own default.
const PAYLOAD: usize = 1 << 20;

/// Asks for the messages of a subject, under a number of the client's.
pub fn subscribe(subject: &str, number: u64) -> Bytes {
    format!("SUB {subject} {number}\r\n").into()
}

/// A message for a subject, and where an answer is to go.
pub fn publish(subject: &str, reply: Option<&str>, payload: &[u8]) -> Bytes {
    let reply = reply.map_or(String::new(), |reply| format!("{reply} "));
    let mut bytes = format!("PUB {subject} {reply}{}\r\n", payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(b"\r\n");
    bytes.into()
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// What server it is, as JSON.
    Info,
    /// A message.
    Message(Message),
    /// It asks whether somebody is there.
    Ping,
    /// It has taken in everything that stood before a PING.
    Pong,
    /// It took a line.
    Ok,
    /// It refuses.
    Error(String),
}

/// A message that was delivered: its line and its payload, not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    whole: Bytes,
    subject: Range<usize>,
    payload: Range<usize>,
}

impl Message {
    /// The subject under which it was published.
    pub fn subject(&self) -> &[u8] {
        &self.whole[self.subject.clone()]
    }

    /// Its payload.
    pub fn payload(&self) -> &[u8] {
        &self.whole[self.payload.clone()]
    }
}

/// Reads what the server says; writes bytes that are ready.
#[derive(Debug, Clone, Copy, Default)]
pub struct Codec;

impl Decoder for Codec {
    type Item = Operation;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Operation>> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return match bytes.len() > LINE {
                true => Err(odd("a line without an end")),
                false => Ok(None),
            };
        };
        let line = std::str::from_utf8(&bytes[..end]).map_err(|_| odd("a line that is no text"))?;
        let (verb, rest) = line
            .trim_end()
            .split_once(' ')
            .unwrap_or((line.trim_end(), ""));
        let operation = match verb {
            "MSG" => return delivered(bytes, end + 1),
            "INFO" => Operation::Info,
            "PING" => Operation::Ping,
            "PONG" => Operation::Pong,
            "+OK" => Operation::Ok,
            "-ERR" => Operation::Error(rest.trim_matches('\'').to_owned()),
            _ => return Err(odd(&format!("a line that is not known: {line}"))),
        };
        drop(bytes.split_to(end + 1));
        Ok(Some(operation))
    }
}

/// `MSG subject number [reply] length`, the payload, and the end of a line. None while some of it is missing.
fn delivered(bytes: &mut BytesMut, begin: usize) -> io::Result<Option<Operation>> {
    let line = std::str::from_utf8(&bytes[..begin]).map_err(|_| odd("a line that is no text"))?;
    let mut words = line.split_ascii_whitespace();
    let subject = words.nth(1).map(str::len);
    let length = words.next_back().and_then(|length| length.parse().ok());
    let (Some(subject), Some(length @ ..=PAYLOAD)) = (subject, length) else {
        return Err(odd(&format!("a delivery that does not read: {line}")));
    };
    let end = begin + length;
    if bytes.len() < end + 2 {
        bytes.reserve(end + 2 - bytes.len());
        return Ok(None);
    }
    if &bytes[end..end + 2] != b"\r\n" {
        return Err(odd("a payload that is longer than its line says"));
    }
    Ok(Some(Operation::Message(Message {
        whole: bytes.split_to(end + 2).freeze(),
        subject: 4..4 + subject,
        payload: begin..end,
    })))
}

fn odd(words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

impl Encoder<Bytes> for Codec {
    type Error = io::Error;

    fn encode(&mut self, ready: Bytes, bytes: &mut BytesMut) -> io::Result<()> {
        bytes.extend_from_slice(&ready);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that a text decodes to, given to the codec in pieces of so many bytes.
    fn read(text: &[u8], piece: usize) -> Result<Vec<Operation>, String> {
        let mut bytes = BytesMut::new();
        let mut operations = Vec::new();
        for piece in text.chunks(piece) {
            bytes.extend_from_slice(piece);
            while let Some(operation) = Codec.decode(&mut bytes).map_err(|e| e.to_string())? {
                operations.push(operation);
            }
        }
        assert!(bytes.is_empty(), "{bytes:?} is left");
        Ok(operations)
    }

    #[test]
    fn what_is_sent_has_the_protocols_bytes() {
        assert_eq!(&subscribe("load", 1)[..], b"SUB load 1\r\n");
        assert_eq!(
            &publish("load", None, b"hello")[..],
            b"PUB load 5\r\nhello\r\n"
        );
        let answered = publish("load", Some("_INBOX.3.17"), b"");
        assert_eq!(&answered[..], b"PUB load _INBOX.3.17 0\r\n\r\n");
        let mut bytes = BytesMut::new();
        Codec.encode(answered.clone(), &mut bytes).unwrap();
        assert_eq!(bytes, answered);
    }

    #[test]
    fn what_comes_is_read_however_it_is_cut() {
        let text = b"INFO {\"server_id\":\"N\",\"max_payload\":1048576} \r\n+OK\r\nPONG\r\n\
            MSG load 1 7\r\na\r\nb\r\nc\r\nPING\r\nMSG _INBOX.3.17 2 back.to 0\r\n\r\n-ERR 'Slow Consumer'\r\n";
        for piece in [1, 2, 7, 1000] {
            let operations = read(text, piece).unwrap();
            let [Operation::Info, Operation::Ok, Operation::Pong, rest @ ..] = &operations[..]
            else {
                panic!("{operations:?}");
            };
            let [
                Operation::Message(first),
                Operation::Ping,
                Operation::Message(second),
                Operation::Error(words),
            ] = rest
            else {
                panic!("{rest:?}");
            };
            assert_eq!(
                (first.subject(), first.payload()),
                (&b"load"[..], &b"a\r\nb\r\nc"[..])
            );
            assert_eq!(
                (second.subject(), second.payload()),
                (&b"_INBOX.3.17"[..], &b""[..])
            );
            assert_eq!(words, "Slow Consumer");
        }
    }

    #[test]
    fn what_the_protocol_does_not_have_is_told() {
        let told = |text: &[u8]| read(text, 1000).unwrap_err();
        assert!(told(b"HELLO\r\n").contains("not known: HELLO"));
        assert!(told(b"MSG load 1 x\r\n").contains("does not read"));
        assert!(told(b"MSG load 1 99999999\r\n").contains("does not read"));
        assert!(told(b"MSG load 1 3\r\nabcd\r\n").contains("longer than its line says"));
        assert!(told(&[b'a'; LINE + 1]).contains("without an end"));
    }
}
