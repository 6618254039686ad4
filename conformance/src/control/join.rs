//! How a connection comes to a session: hello, prove and resume.

use serde_json::{Value, json};

use super::clock::now;
use super::community::Community;
use super::connection::Connection;
use super::fault::Faults;
use super::key::Key;
use super::limits::{CHALLENGE_MS, SESSION_MS};
use super::session::Session;
use super::signature;
use super::welcome::{have, snapshot};
use crate::codec::randomness::{Randomness, System};
use crate::codec::{Hash, Join, Verdict, base64url, fields, sha256};

/// An outstanding challenge, and the hello that it answers.
#[derive(Debug, Clone)]
pub(super) struct Challenge {
    key: Key,
    origin: String,
    client_nonce: Hash,
    server_nonce: Hash,
    expires_at: u64,
    session_ms: Option<u64>,
    have: Option<(u64, Hash)>,
    size_then: u64,
}

/// For how many challenges a faulty server has room.
const FEW: usize = 256;

impl Connection {
    /// Answers a hello with a challenge.
    pub(super) fn hello(&mut self, frame: &Value) -> Result<Value, Verdict> {
        let origin = fields::text(frame, "origin")?;
        let own = self.own_origin();
        self.check_origin(origin, &own)?;
        let key = self.read_key(&fields::bytes(frame, "public_key")?)?;
        let faults = &self.server.faults;
        let (is_member, size_then) = {
            let community = self.server.community();
            (community.is_member(&key.id), community.chain.size())
        };
        // [JOIN-6]
        if faults.has("JOIN-6") && !is_member {
            return Err(Verdict::new("not_allowed", "JOIN-6", "not on the roster"));
        }
        // [JOIN-7]
        let server_nonce = if faults.has("JOIN-7") {
            self.server.only_nonce
        } else if faults.has("JOIN-7/connection") {
            *self.nonce.get_or_insert_with(|| System.hash())
        } else if faults.has("JOIN-7/account") {
            sha256(&[&key.id[..], &fields::hash(frame, "client_nonce")?].concat())
        } else {
            System.hash()
        };
        // [JOIN-8]
        let made = now();
        let life = match faults.has("JOIN-8/configured") {
            true => CHALLENGE_MS,
            false => self.server.configured.challenge_ms,
        };
        let expires_at = if faults.has("JOIN-8") {
            made + 60_000
        } else if faults.has("JOIN-8/seconds") {
            (made + life) / 1000 * 1000
        } else {
            made + life
        };
        let challenge = Challenge {
            key,
            origin: own,
            client_nonce: fields::hash(frame, "client_nonce")?,
            server_nonce,
            expires_at,
            session_ms: frame.get("session_ms").and_then(Value::as_u64),
            have: have(frame)?,
            size_then,
        };
        if faults.has("JOIN-9/shared") {
            self.server
                .community()
                .shared_challenges
                .insert(server_nonce, challenge.clone());
        }
        let kept = challenge.written(frame);
        self.server.community().keep_challenge(&kept);
        if faults.has("LIM-12") {
            let mut community = self.server.community();
            community.few_challenges.push_back(server_nonce);
            let surplus = community.few_challenges.len().saturating_sub(FEW);
            community.few_challenges.drain(..surplus);
        }
        self.challenge = Some(challenge);
        self.awaits_proof = true;
        Ok(json!({
            "type": "challenge",
            "community": base64url::encode(&self.server.community_id),
            "server_nonce": base64url::encode(&server_nonce),
            "expires_at": expires_at,
        }))
    }

    /// [JOIN-3] The server's origin, by its configuration and never by the request.
    fn own_origin(&self) -> String {
        match self.server.faults.has("JOIN-3") {
            true => format!("http://{}", self.host),
            false => self.server.origin.clone(),
        }
    }

    /// [JOIN-2]
    fn check_origin(&self, stated: &str, own: &str) -> Result<(), Verdict> {
        let faults = &self.server.faults;
        let host = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_owned());
        let fits = stated == own
            || faults.has("JOIN-2")
            || faults.has("JOIN-2/case") && stated.eq_ignore_ascii_case(own)
            || faults.has("JOIN-2/slash") && stated.trim_end_matches('/') == own
            || faults.has("JOIN-2/prefix") && stated.starts_with(own)
            || faults.has("JOIN-2/host") && host(stated) == host(own);
        match fits {
            true => Ok(()),
            false => Err(Verdict::new(
                "wrong_origin",
                "JOIN-2",
                format!("this server is {own}"),
            )),
        }
    }

    /// [JOIN-5]
    fn read_key(&self, bytes: &[u8]) -> Result<Key, Verdict> {
        match self.server.faults.has("JOIN-5") {
            true => Ok(Key::unchecked(bytes, &self.server.faults)),
            false => Key::read(bytes, &self.server.faults),
        }
    }

    /// Answers a prove with a welcome, and opens the connection.
    pub(super) fn prove(&mut self, frame: &Value) -> Result<Value, Verdict> {
        let faults = self.server.faults.clone();
        let challenge = self.named_challenge(&fields::hash(frame, "server_nonce")?)?;
        // [JOIN-13] Whatever comes of it, it is spent.
        self.challenge = None;
        self.awaits_proof = false;
        let token = fields::bytes(frame, "signature")?;
        // [JOIN-10]
        if now() >= challenge.expires_at && !faults.has("JOIN-10") {
            return Err(Verdict::new(
                "challenge_expired",
                "JOIN-10",
                "the challenge is too old: say hello again",
            ));
        }
        let not_allowed =
            Verdict::new("not_allowed", "JOIN-12", "the account is not on the roster");
        let is_member = self.server.community().is_member(&challenge.key.id);
        if faults.has("JOIN-12/order") && !is_member {
            return Err(not_allowed);
        }
        // [JOIN-11]
        if let Err(verdict) = self.verify_proof(&challenge, &token) {
            if faults.has("JOIN-13") {
                self.challenge = Some(challenge);
            }
            return Err(Verdict::new("bad_proof", "JOIN-11", verdict.detail));
        }
        let server = self.server.clone();
        let mut community = server.community();
        let next = self.admit(&community, &challenge);
        let next = next.inspect_err(|_| {
            if faults.has("JOIN-13/not-allowed") {
                self.challenge = Some(challenge.clone());
            }
        })?;
        // [JOIN-18]
        let longest = match faults.has("JOIN-18/configured") {
            true => SESSION_MS,
            false => self.server.configured.session_ms,
        };
        let life = match challenge.session_ms {
            Some(wanted) if faults.has("JOIN-18/longer") => wanted,
            Some(wanted) if !faults.has("JOIN-18") => wanted.min(longest),
            _ => longest,
        };
        // [JOIN-15]
        let given = if faults.has("JOIN-15") {
            System.bytes(token.len())
        } else if faults.has("JOIN-15/hash") {
            sha256(&token).to_vec()
        } else {
            token
        };
        let session = Session {
            token: given,
            account: challenge.key.id,
            client_nonce: challenge.client_nonce,
            server_nonce: challenge.server_nonce,
            expires_at: now() + life,
            life,
            began_at: community.chain.size(),
            ended: None,
            ended_at: 0,
            is_resumable: false,
        };
        let place = community.sessions.grant(session.clone(), &faults);
        community.keep_session(&session);
        // [CHECK-5], [JOIN-22]
        let size = if faults.has("CHECK-5") || faults.has("JOIN-22") {
            challenge.size_then
        } else {
            community.chain.size()
        };
        self.open(&community, place, next);
        if let Some(open) = self.open.as_mut().filter(|_| faults.has("SYNC-2/gap")) {
            open.gap = challenge.size_then..community.chain.size();
        }
        self.snapshot = snapshot(&community, size);
        drop(community);
        let expires_at = if faults.has("JOIN-16/expires") {
            challenge.expires_at
        } else {
            session.expires_at
        };
        Ok(self.welcome(&session, &session.client_nonce, expires_at))
    }

    /// [JOIN-9] The outstanding challenge with this nonce.
    fn named_challenge(&mut self, nonce: &Hash) -> Result<Challenge, Verdict> {
        let faults = self.server.faults.clone();
        let own = self.challenge.clone();
        let shared = match faults.has("JOIN-9/shared") || faults.has("JOIN-21") {
            true => self.server.community().shared_challenges.remove(nonce),
            false => None,
        };
        if let Some(challenge) = shared {
            return Ok(challenge);
        }
        let is_forgotten =
            faults.has("LIM-12") && !self.server.community().few_challenges.contains(nonce);
        if let Some(challenge) = own
            .filter(|own| own.server_nonce == *nonce || faults.has("JOIN-9"))
            .filter(|_| !is_forgotten)
        {
            return Ok(challenge);
        }
        if faults.has("SESS-15/nonce") {
            self.forget_challenge();
        }
        let code = match faults.has("JOIN-9/code") {
            true => "unexpected_frame",
            false => "no_challenge",
        };
        Err(Verdict::new(
            code,
            "JOIN-9",
            "no such challenge is outstanding here",
        ))
    }

    fn verify_proof(&self, challenge: &Challenge, token: &[u8]) -> Result<(), Verdict> {
        let faults = &self.server.faults;
        let join = Join {
            origin: challenge.origin.clone(),
            community: self.server.community_id,
            account: challenge.key.id,
            client_nonce: challenge.client_nonce,
            server_nonce: challenge.server_nonce,
            expires_at: challenge.expires_at,
        };
        let message = join.tuple().encode();
        if faults.has("JOIN-11") {
            return Ok(());
        }
        if faults.has("JOIN-11/anyone") {
            return self.verify_by_anyone(&message, token);
        }
        signature::verify(&challenge.key, &message, token, faults)
    }

    /// [JOIN-12] [JOIN-14] Whether a proven account comes in, and the index of the first block that it is sent.
    fn admit(&self, community: &Community, challenge: &Challenge) -> Result<u64, Verdict> {
        if !community.is_member(&challenge.key.id) && !self.server.faults.has("JOIN-12") {
            return Err(Verdict::new(
                "not_allowed",
                "JOIN-12",
                "the account is not on the roster",
            ));
        }
        let late = community
            .members
            .get(&challenge.key.id)
            .is_some_and(|member| member.since > 1);
        if self.server.faults.has("ROST-8") && late {
            return Err(Verdict::new(
                "not_allowed",
                "ROST-8",
                "the account is not on the roster",
            ));
        }
        self.first_block(community, challenge.have, "JOIN-14")
    }

    /// The index of the first block that is sent to who holds this; `unknown_have` where it is no prefix.
    pub(super) fn first_block(
        &self,
        community: &Community,
        have: Option<(u64, Hash)>,
        rule: &'static str,
    ) -> Result<u64, Verdict> {
        let faults = &self.server.faults;
        let (size, hash) = have.unwrap_or_default();
        let head = community.chain.head_of(size);
        let fits =
            head == Some(hash) || faults.has(rule) || faults.has("JOIN-14/zero") && size == 0;
        if faults.has("JOIN-14/ignored") && !fits {
            return Ok(0);
        }
        if !fits {
            return Err(Verdict::new(
                "unknown_have",
                rule,
                "not a prefix of this chain",
            ));
        }
        // [SYNC-1]
        Ok(match size {
            _ if faults.has("SYNC-1/ignores") => 0,
            1.. if faults.has("SYNC-1") => size + 1,
            _ => size.min(community.chain.size()),
        })
    }
}

impl Challenge {
    /// What is needed to take it again after a restart, where a fault does so.
    fn written(&self, hello: &Value) -> Value {
        json!({
            "public_key": hello["public_key"],
            "origin": self.origin,
            "client_nonce": base64url::encode(&self.client_nonce),
            "server_nonce": base64url::encode(&self.server_nonce),
            "expires_at": self.expires_at,
        })
    }

    /// Reads what was written; its nonce beside it.
    pub(super) fn read(value: &Value, faults: &Faults) -> Option<(Hash, Self)> {
        let server_nonce = fields::hash(value, "server_nonce").ok()?;
        let challenge = Self {
            key: Key::unchecked(&fields::bytes(value, "public_key").ok()?, faults),
            origin: fields::text(value, "origin").ok()?.to_owned(),
            client_nonce: fields::hash(value, "client_nonce").ok()?,
            server_nonce,
            expires_at: value["expires_at"].as_u64()?,
            session_ms: None,
            have: None,
            size_then: 0,
        };
        Some((server_nonce, challenge))
    }

    /// The time from which on it is no longer accepted.
    pub(super) fn expires_at(&self) -> u64 {
        self.expires_at
    }
}
