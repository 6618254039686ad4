//! How a connection opens: the signed welcome, after a join or under a session that there is already.

use serde_json::{Value, json};

use super::clock::now;
use super::community::Community;
use super::connection::Connection;
use super::delivery::Open;
use super::session::Session;
use crate::codec::randomness::System;
use crate::codec::{Hash, Scheme, Tuple, Verdict, accounts, base64url, fields, sha256};

impl Connection {
    /// Answers a resume with a welcome, and opens the connection.
    pub(super) fn resume(&mut self, frame: &Value) -> Result<Value, Verdict> {
        let faults = self.server.faults.clone();
        let token = fields::bytes(frame, "token")?;
        let client_nonce = fields::hash(frame, "client_nonce")?;
        let have = have(frame)?;
        let server = self.server.clone();
        let mut community = server.community();
        // [SESS-4]
        let Some(place) = community.sessions.live(&token, now(), &faults) else {
            return Err(Verdict::new(
                "bad_token",
                "SESS-4",
                "no live session has this token",
            ));
        };
        // [SESS-7] Faulty: kept sessions rest while their member is away.
        let account = community.sessions.at(place).account;
        if faults.has("SESS-7/restart") && !community.is_member(&account) {
            return Err(Verdict::new("bad_token", "SESS-4", "not on the roster"));
        }
        // [SESS-13]
        let next = match self.first_block(&community, have, "SESS-13") {
            Ok(next) => next,
            Err(verdict) => {
                if faults.has("SESS-13/ends") {
                    community.sessions.at_mut(place).ended = Some("session_expired");
                }
                return Err(verdict);
            }
        };
        if community.sessions.at(place).ended.is_some() {
            // Only a fault resumes what is over.
            let mut revived = community.sessions.at(place).clone();
            (revived.ended, revived.expires_at) = (None, now() + revived.life);
            *community.sessions.at_mut(place) = revived;
        }
        let session = community.sessions.at_mut(place);
        if faults.has("SESS-12/expires") {
            session.expires_at = now() + session.life;
        }
        let session = session.clone();
        // [JOIN-22]
        let size = match faults.has("JOIN-22/resume") {
            true => session.began_at.min(community.chain.size()),
            false => community.chain.size(),
        };
        self.open(&community, place, next);
        self.snapshot = snapshot(&community, size);
        drop(community);
        self.challenge = None;
        self.awaits_proof = false;
        // [SESS-12]
        let nonce = if faults.has("SESS-12") {
            session.client_nonce
        } else {
            client_nonce
        };
        Ok(self.welcome(&session, &nonce, session.expires_at))
    }

    pub(super) fn open(&mut self, community: &Community, session: usize, next: u64) {
        self.open = Some(Open {
            connection: self.number,
            session,
            next,
            joined_at: community.chain.size(),
            checkpoint: community.checkpoint.number,
            is_slow: false,
            gap: 0..0,
        });
    }

    /// [JOIN-16] The signed welcome for a session, over the size, head and checkpoint that were taken down.
    pub(super) fn welcome(
        &mut self,
        session: &Session,
        client_nonce: &Hash,
        signed_expiry: u64,
    ) -> Value {
        let faults = &self.server.faults;
        let (size, head, checkpoint) = &self.snapshot;
        let nonce = if faults.has("JOIN-16/nonce") {
            &session.server_nonce
        } else {
            client_nonce
        };
        let tuple = Tuple::new("welcome")
            .text(&self.server.origin)
            .bytes(&self.server.community_id)
            .bytes(&session.account)
            .bytes(nonce)
            .bytes(&session.server_nonce)
            .uint(signed_expiry)
            .uint(*size)
            .bytes(head);
        let tuple = match faults.has("JOIN-16/token") {
            true => tuple,
            false => tuple.bytes(&sha256(&session.token)),
        };
        let key = match faults.has("JOIN-16") {
            true => accounts::named("other-server").expect("a test account"),
            false => self.server.key,
        };
        let mut signature = key.sign(&tuple.encode(), Scheme::Pss, &mut System);
        if faults.has("JOIN-16/repeated") {
            let mut community = self.server.community();
            signature = community
                .first_welcomes
                .entry(session.account)
                .or_insert(signature)
                .clone();
        }
        json!({
            "type": "welcome",
            "token": base64url::encode(&session.token),
            "expires_at": session.expires_at,
            "size": size,
            "head": base64url::encode(head),
            "checkpoint": checkpoint,
            "signature": base64url::encode(&signature),
        })
    }
}

/// The chain's size and head for a welcome, and the checkpoint that goes with them.
pub(super) fn snapshot(community: &Community, size: u64) -> (u64, Hash, Value) {
    let head = community.chain.head_of(size).expect("a size of ours");
    let faults = &community.faults;
    // Whoever is behind by a fault of JOIN-22 is so in every respect, and contradicts itself nowhere.
    let is_behind =
        (faults.has("JOIN-22") || faults.has("JOIN-22/resume")) && community.checkpoint.size > size;
    let checkpoint = match faults.has("CHECK-5/first") || is_behind {
        true => &community.checkpoint.first,
        false => &community.checkpoint.json,
    };
    (size, head, checkpoint.clone())
}

pub(super) fn have(frame: &Value) -> Result<Option<(u64, Hash)>, Verdict> {
    match frame.get("have") {
        Some(_) => fields::place(frame, "have").map(Some),
        None => Ok(None),
    }
}
