//! Steps that send bytes which no WebSocket library sends.

use serde::Deserialize;

use super::HexBytes;
use crate::scenario::Template;

/// Opens a TCP connection, and no socket on it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// The connection's name.
    #[serde(rename = "dial")]
    pub on: String,
    /// What is sent on it, as text.
    pub text: Option<Template>,
    /// What is sent on it, as bytes.
    pub hex: Option<HexBytes>,
    /// One byte at a time, with so many milliseconds between two, while the case goes on.
    pub every_ms: Option<u64>,
}

/// Sends WebSocket frames that are made by hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnWire {
    /// The connection.
    #[serde(rename = "wire")]
    pub on: String,
    /// The frames.
    pub frames: Vec<RawFrame>,
    /// One byte at a time, with so many milliseconds between two, while the case goes on.
    pub every_ms: Option<u64>,
}

/// A WebSocket frame of RFC 6455, or what comes near it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFrame {
    /// What it is.
    pub opcode: RawOpcode,
    /// A text, or an object that is sent as compact JSON.
    pub payload: Option<Template>,
    /// The payload as bytes.
    pub hex: Option<HexBytes>,
    /// Whether further fragments of its message follow.
    #[serde(default)]
    pub more: bool,
    /// The three reserved bits.
    #[serde(default)]
    pub reserved: u8,
    /// Whether it goes without the mask.
    #[serde(default)]
    pub unmasked: bool,
    /// Only so many of its bytes are sent, the head's among them.
    pub sent: Option<usize>,
    /// How often it is sent.
    #[serde(default = "once")]
    pub times: usize,
}

/// An opcode, by its name or as a number of four bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum RawOpcode {
    /// One of RFC 6455.
    Named(OpcodeName),
    /// Any.
    Number(u8),
}

/// The opcodes that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "their names are RFC 6455's")]
pub enum OpcodeName {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// Ends a connection without a word.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HangUp {
    /// The connection.
    #[serde(rename = "hang_up")]
    pub on: String,
}

impl RawOpcode {
    /// Its four bits.
    pub fn bits(self) -> u8 {
        match self {
            Self::Number(bits) => bits,
            Self::Named(OpcodeName::Continuation) => 0,
            Self::Named(OpcodeName::Text) => 1,
            Self::Named(OpcodeName::Binary) => 2,
            Self::Named(OpcodeName::Close) => 8,
            Self::Named(OpcodeName::Ping) => 9,
            Self::Named(OpcodeName::Pong) => 10,
        }
    }
}

fn once() -> usize {
    1
}
