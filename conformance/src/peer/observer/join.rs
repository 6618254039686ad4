//! Challenges and welcomes.

use serde_json::Value;

use super::{Joined, Observer, SentHello};
use crate::{
    codec::{self, Hash, base64url, fields},
    peer::server::Session,
};

impl Observer {
    pub(super) fn challenge(&mut self, frame: &Value) {
        let answered = self.pending.answer_at();
        let hello = answered.and_then(|(sent, at)| SentHello::of(&sent, at));
        if hello.is_none() {
            self.fault("ERR-1", "a `challenge` that answers no `hello`");
        }
        let (Ok(nonce), Ok(expires_at)) = (
            fields::hash(frame, "server_nonce"),
            fields::uint(frame, "expires_at"),
        ) else {
            return;
        };
        if !self.server.is_new_nonce(nonce) {
            self.fault("JOIN-7", "a `server_nonce` that was given before");
        }
        let community = self.server.chain.community();
        if community.is_some() && fields::hash(frame, "community").ok() != community {
            self.fault(
                "DISC-2",
                "the challenge names another community than the discovery document's genesis",
            );
        }
        if let Some(hello) = &hello {
            let life = self.server.limit("challenge_ms");
            if let Some(detail) = self.off(expires_at, hello.at, life) {
                self.fault("JOIN-8", format!("the challenge's `expires_at` {detail}"));
            }
        }
        self.hello = hello;
        self.server_nonce = Some(nonce);
    }

    pub(super) fn welcome(&mut self, frame: &Value) {
        let Some((sent, at)) = self.pending.answer_at() else {
            self.fault("ERR-1", "a `welcome` that answers nothing");
            return;
        };
        self.welcome_checkpoint(frame);
        match sent["type"].as_str() {
            Some("prove") => self.welcome_to_prove(frame, &sent, at),
            Some("resume") => self.welcome_to_resume(frame, &sent),
            _ => self.fault(
                "ERR-1",
                "a `welcome` that answers neither `prove` nor `resume`",
            ),
        }
    }

    fn welcome_checkpoint(&mut self, frame: &Value) {
        let (Some(size), Ok(covered)) = (
            frame["size"].as_u64(),
            fields::uint(&frame["checkpoint"], "size"),
        ) else {
            return;
        };
        let latest = self.latest_checkpoint;
        if covered > size {
            self.fault(
                "CHECK-5",
                format!("the welcome of size {size} has a checkpoint of size {covered}"),
            );
        } else if covered < latest && latest <= size {
            self.fault(
                "CHECK-5",
                format!(
                    "the welcome's checkpoint of size {covered} is older than that of size {latest}"
                ),
            );
        }
    }

    fn welcome_to_prove(&mut self, frame: &Value, sent: &Value, at: u64) {
        let (Some(hello), Some(server_nonce)) = (self.hello.clone(), self.server_nonce) else {
            self.fault("JOIN-9", "a `welcome` though no challenge was outstanding");
            self.is_astray = true;
            return;
        };
        if frame["token"] != sent["signature"] {
            self.fault(
                "JOIN-15",
                "the welcome's token is not the signature of the `prove`",
            );
        }
        let session = Session {
            account: hello.account,
            origin: hello.origin.clone(),
            server_nonce,
            expires_at: frame["expires_at"].as_u64().unwrap_or_default(),
        };
        if let Some(detail) = self.signature_fault(frame, &session, hello.client_nonce) {
            self.fault("JOIN-16", detail);
        }
        let longest = self.server.limit("session_ms");
        let life = hello.session_ms.map_or(longest, |asked| asked.min(longest));
        if let Some(detail) = self.off(session.expires_at, at, life) {
            self.fault("JOIN-18", format!("the session's `expires_at` {detail}"));
        }
        if let Some(token) = frame["token"].as_str() {
            self.server.granted(token, session.clone());
        }
        self.open(frame, &session, hello.client_nonce, hello.have);
    }

    fn welcome_to_resume(&mut self, frame: &Value, sent: &Value) {
        if frame["token"] != sent["token"] {
            self.fault("SESS-12", "the welcome's token is not that of the `resume`");
        }
        let session = sent["token"]
            .as_str()
            .and_then(|token| self.server.session(token));
        let (Some(session), Ok(client_nonce)) = (session, fields::hash(sent, "client_nonce"))
        else {
            self.fault("SESS-4", "a `welcome` to a token that no welcome granted");
            self.is_astray = true;
            return;
        };
        if frame["expires_at"].as_u64() != Some(session.expires_at) {
            self.fault("SESS-12", "the welcome's `expires_at` is not the session's");
        }
        if let Some(detail) = self.signature_fault(frame, &session, client_nonce) {
            self.fault("SESS-12", detail);
        }
        let have = sent["have"]["size"].as_u64().unwrap_or_default();
        self.open(frame, &session, client_nonce, have);
    }

    fn open(&mut self, frame: &Value, session: &Session, client_nonce: Hash, have: u64) {
        let checkpoint = &frame["checkpoint"];
        let joined = Joined {
            account: session.account,
            welcome: frame.clone(),
            client_nonce,
            server_nonce: session.server_nonce,
            next: have,
            size: frame["size"].as_u64().unwrap_or_default(),
            arrived: Vec::new(),
            covered: checkpoint["size"].as_u64().unwrap_or_default(),
            last_checkpoint: Some(checkpoint.clone()),
            prompt_from: frame["size"].as_u64().unwrap_or_default(),
            removed_at: None,
            open_ciphertexts: Vec::new(),
            // The blocks that it covers may still be on their way.
            early_checkpoints: vec![checkpoint.clone()],
            head_judged: false,
        };
        self.joined = Some(joined);
        self.pending.opened();
        self.judge_early_checkpoints();
        self.judge_head();
    }

    fn signature_fault(
        &self,
        frame: &Value,
        session: &Session,
        client_nonce: Hash,
    ) -> Option<String> {
        let key = self.server.chain.server_key()?;
        let join = codec::Join {
            origin: session.origin.clone(),
            community: self.server.chain.community()?,
            account: session.account,
            client_nonce,
            server_nonce: session.server_nonce,
            expires_at: session.expires_at,
        };
        let token = base64url::decode(frame["token"].as_str()?).ok()?;
        join.verify_welcome(frame, &token, key)
            .err()
            .map(|verdict| format!("the welcome: {}", verdict.detail))
    }

    /// How far a time is from being `life` after something that happened between `sent` and now.
    fn off(&self, time: u64, sent: u64, life: u64) -> Option<String> {
        let slack = self.server.clock_slack();
        let earliest = (sent + life).saturating_sub(slack);
        let latest = self.server.now() + life + slack;
        if time < earliest {
            Some(format!(
                "is {} ms less than {life} ms away",
                earliest - time
            ))
        } else if time > latest {
            Some(format!("is {} ms more than {life} ms away", time - latest))
        } else {
            None
        }
    }
}
