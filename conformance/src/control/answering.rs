//! What a connection answers to a frame: whether it is awaited, what it leads to, and how it is refused.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::clock::now;
use super::connection::{Connection, Reply};
use super::fault::Faults;
use super::limits::FRAME_BYTES;
use super::reading;
use crate::codec::{Verdict, fields};

impl Connection {
    /// Answers a frame.
    pub(super) async fn frame(&mut self, text: &str) -> Reply {
        let faults = self.server.faults.clone();
        // [LIM-2] The socket has held it against the limit, unless a fault leaves that to us.
        if faults.has("LIM-2/refused") && text.len() > FRAME_BYTES {
            return self.refuse(
                None,
                &Verdict::new("too_large", "LIM-2", "the frame is too long"),
            );
        }
        if faults.has("LIM-2/characters") && text.chars().count() > FRAME_BYTES {
            return Reply::Bye("too_large");
        }
        if faults.has("CONV-1/empty") && text.trim().is_empty() {
            return Reply::Frames(Vec::new());
        }
        if let Some(reply) = self.late(&faults) {
            return reply;
        }
        self.server.community().log_frame(text);
        let frame = match reading::read(text.as_bytes(), &faults) {
            Ok(frame) => frame,
            Err(verdict) => {
                if faults.has("SESS-15/malformed") {
                    self.forget_challenge();
                }
                if faults.has("ERR-6/ignored") && verdict.code == "unknown_frame" {
                    return Reply::Frames(Vec::new());
                }
                let reference = reading::reference(text.as_bytes());
                return self.refuse(reference, &verdict);
            }
        };
        let name = frame["type"].as_str().unwrap_or_default();
        let result = match self.is_awaited(name) {
            Err(verdict) => Err(verdict),
            Ok(()) => match name {
                "hello" => self.hello(&frame).map(|answer| vec![answer]),
                "prove" => self.prove(&frame).map(|answer| vec![answer]),
                "resume" => self.resume(&frame).map(|answer| vec![answer]),
                _ => self.submit(&frame).await,
            },
        };
        match result {
            Ok(frames) => Reply::Frames(frames),
            Err(verdict) => {
                if faults.has("SESS-15/open") && name == "submit" {
                    self.open = None;
                }
                let mut reply = self.refuse(frame["ref"].as_str().map(str::to_owned), &verdict);
                if let (Reply::Frames(frames), true) =
                    (&mut reply, faults.has("SESS-8") && name == "submit")
                {
                    frames[0]["detail"] =
                        format!("{} (token {})", verdict.detail, frame["token"]).into();
                }
                // [ERR-4]
                if let (Reply::Frames(frames), true, Ok(token)) = (
                    &mut reply,
                    faults.has("ERR-4"),
                    fields::bytes(&frame, "token"),
                ) {
                    let session = HEXLOWER.encode(&token);
                    frames[0]["detail"] = format!("{} (session {session})", verdict.detail).into();
                }
                reply
            }
        }
    }

    /// Faults that look at the session only when a frame comes.
    fn late(&mut self, faults: &Faults) -> Option<Reply> {
        let open = self.open.as_ref()?;
        let mut community = self.server.community();
        let session = community.sessions.at_mut(open.session);
        if faults.has("SESS-3/idle") {
            session.expires_at = now() + session.life;
        }
        let is_removed = session.ended == Some("removed");
        drop(community);
        if is_removed && faults.has("SESS-5/next") {
            return Some(Reply::Bye("removed"));
        }
        if is_removed && faults.has("ERR-2/bye") {
            return Some(self.refuse(
                None,
                &Verdict::new("removed", "SESS-5", "removed from the roster"),
            ));
        }
        None
    }

    /// [SESS-14] Whether the connection awaits a frame of this type.
    fn is_awaited(&mut self, name: &str) -> Result<(), Verdict> {
        let faults = &self.server.faults;
        let is_expired = self
            .challenge
            .as_ref()
            .is_some_and(|challenge| now() >= challenge.expires_at());
        let is_awaited = match (self.open.is_some(), name) {
            (false, "hello") => {
                !self.awaits_proof
                    || faults.has("SESS-14/hello")
                    || faults.has("SESS-14/expired") && is_expired
            }
            (false, "resume") => !self.awaits_proof || faults.has("SESS-14/resume"),
            (false, "prove") | (true, "submit") => true,
            (false, _) => faults.has("SESS-14/submit"),
            (true, "prove") if faults.has("SESS-14/prove") => {
                return Err(Verdict::new(
                    "no_challenge",
                    "SESS-14",
                    "no challenge is outstanding",
                ));
            }
            (true, "hello" | "resume") => faults.has("SESS-14/again"),
            (true, _) => false,
        };
        if is_awaited {
            return Ok(());
        }
        if faults.has("SESS-15/unexpected") {
            self.forget_challenge();
        }
        Err(Verdict::new(
            "unexpected_frame",
            "SESS-14",
            format!("no {name} is awaited here"),
        ))
    }

    /// Faulty: goes back to awaiting a hello.
    pub(super) fn forget_challenge(&mut self) {
        self.challenge = None;
        self.awaits_proof = false;
    }

    /// [ERR-1] The refusal of one frame.
    pub(super) fn refuse(&self, reference: Option<String>, verdict: &Verdict) -> Reply {
        let faults = &self.server.faults;
        if faults.has("ERR-1") {
            return Reply::Frames(Vec::new());
        }
        if faults.has("ERR-1/close") {
            return Reply::Close(1008);
        }
        // [ERR-2]
        let code = match verdict.code {
            "bad_signature" | "bad_proof" if faults.has("ERR-2") => "invalid_signature",
            code => code,
        };
        let detail = format!("[{}] {}", verdict.requirement, verdict.detail);
        let mut detail: String = detail.chars().take(200).collect();
        if faults.has("ERR-9") {
            detail.clear();
        }
        let mut refused = json!({ "type": "refused" });
        // [SUB-3]
        let leaves_out = faults.has("SUB-3") || faults.has("SUB-3/refused");
        match reference {
            Some(_) if leaves_out => {}
            Some(reference) if faults.has("SUB-3/first") => {
                refused["ref"] = self.first_ref.clone().unwrap_or(reference).into();
            }
            Some(reference) => refused["ref"] = reference.into(),
            None if faults.has("CONV-11/null") => refused["ref"] = Value::Null,
            None => {}
        }
        refused["code"] = code.into();
        if !faults.has("CONV-11") {
            refused["detail"] = detail.into();
        }
        Reply::Frames(vec![refused])
    }
}
