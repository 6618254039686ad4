//! Peers that understand nothing: what passes against one of them proves nothing.
//!
//! Each answers the discovery request as a server does, so that a run gets as far as the sockets.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use super::clock::now;
use super::limits::{CHALLENGE_MS, SESSION_MS};
use super::server::Server;
use super::socket::{Event, Socket};
use crate::codec::base64url;
use crate::codec::randomness::{Randomness, System};

/// A null peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullPeer {
    /// Refuses every frame with one and the same code.
    Refuses,
    /// Answers every frame as if it were good.
    Accepts,
    /// Closes the connection after the opening.
    HangsUp,
    /// Reads and never answers.
    Silent,
}

impl NullPeer {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Refuses, Self::Accepts, Self::HangsUp, Self::Silent];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Accepts => "accepts",
            Self::HangsUp => "hangs-up",
            Self::Silent => "silent",
        }
    }

    /// Serves one socket.
    pub(super) async fn serve(self, mut socket: Socket, server: &Server) {
        if self == Self::HangsUp {
            return;
        }
        let mut changes = server.subscribe();
        loop {
            let event = tokio::select! {
                event = socket.next() => event,
                // A null peer has no blocks: all that changes is that it stops.
                _ = changes.changed() => return,
            };
            let answer = match event {
                Event::Closed | Event::Broken => return socket.part(1000).await,
                Event::TooLong => return socket.close(1009).await,
                Event::Text(text) => self.answer(&text, server),
                Event::Ping(_) | Event::Binary(_) | Event::NotText => None,
            };
            if let Some(answer) = answer
                && socket.send(&answer.to_string()).await.is_err()
            {
                return;
            }
        }
    }

    fn answer(self, text: &str, server: &Server) -> Option<Value> {
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        match self {
            Self::Refuses => {
                let mut refused = json!({ "type": "refused", "code": "malformed", "detail": "no" });
                if frame["ref"].is_string() {
                    refused["ref"] = frame["ref"].clone();
                }
                Some(refused)
            }
            Self::Accepts => Some(agreement(&frame, server)),
            Self::HangsUp | Self::Silent => None,
        }
    }
}

/// The answer that a good frame of this type would get, as far as it can be made without understanding.
fn agreement(frame: &Value, server: &Server) -> Value {
    let community = server.community();
    match frame["type"].as_str() {
        Some("prove" | "resume") => json!({
            "type": "welcome",
            "token": frame.get("signature").or(frame.get("token")).cloned().unwrap_or_default(),
            "expires_at": now() + SESSION_MS,
            "size": community.chain.size(),
            "head": base64url::encode(&community.chain.head()),
            "checkpoint": community.checkpoint.json,
            "signature": base64url::encode(&System.bytes(256)),
        }),
        Some("submit") => json!({
            "type": "accepted",
            "ref": frame["ref"],
            "index": community.chain.size(),
            "hash": base64url::encode(&System.hash()),
        }),
        _ => json!({
            "type": "challenge",
            "community": base64url::encode(&community.id),
            "server_nonce": base64url::encode(&System.hash()),
            "expires_at": now() + CHALLENGE_MS,
        }),
    }
}

impl fmt::Display for NullPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NullPeer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|peer| peer.name() == text);
        named.ok_or_else(|| {
            format!("`{text}` is no null peer: refuses, accepts, hangs-up or silent")
        })
    }
}
