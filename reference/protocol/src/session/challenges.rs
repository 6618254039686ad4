//! Outstanding challenges where there is no connection to hold them: by HTTP, each is bound to its nonce alone.

use std::collections::{BTreeSet, HashMap};

use super::join::{AwaitProof, Proof, no_challenge};
use crate::bytes::Nonce;
use crate::refusal::{Code, Refusal};
use crate::wire::Prove;

/// The outstanding challenges, at most so many. An expired one is remembered for its life once more, so that a late
/// `prove` is told that it is late.
#[derive(Debug)]
pub struct Challenges {
    outstanding: HashMap<Nonce, AwaitProof>,
    /// By the time at which they are forgotten.
    ends: BTreeSet<(u64, Nonce)>,
    most: usize,
    /// For how long an expired challenge is remembered, in milliseconds.
    grace: u64,
}

impl Challenges {
    /// Room for `most` challenges, each remembered for `grace` milliseconds after it expired. One takes some kilobytes.
    pub fn new(most: usize, grace: u64) -> Self {
        Self {
            outstanding: HashMap::new(),
            ends: BTreeSet::new(),
            most,
            grace,
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.outstanding.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// Remembers a challenge that was made at the moment `now`. Where there is no room, expired ones are forgotten first.
    ///
    /// # Errors
    /// `rate_limited` (LIM-7) if there is no room for it.
    pub fn remember(&mut self, challenge: AwaitProof, now: u64) -> Result<(), Refusal> {
        while let Some(&(end, nonce)) = self.ends.first() {
            let is_expired = end.saturating_sub(self.grace) <= now;
            if end > now && !(is_expired && self.outstanding.len() >= self.most) {
                break;
            }
            self.ends.pop_first();
            self.outstanding.remove(&nonce);
        }
        if self.outstanding.len() >= self.most {
            let first = self.ends.first();
            let expires_at = first.map_or(now, |(end, _)| end.saturating_sub(self.grace));
            return Err(Refusal::new(
                Code::RateLimited,
                "LIM-7",
                "too many challenges are outstanding; try again",
            )
            .retry_after(expires_at.saturating_sub(now).max(1)));
        }
        let nonce = challenge.server_nonce();
        self.ends
            .insert((challenge.expires_at().saturating_add(self.grace), nonce));
        self.outstanding.insert(nonce, challenge);
        Ok(())
    }

    /// Takes the challenge that a `prove` names; it is spent, whatever comes of it.
    ///
    /// # Errors
    /// `no_challenge` or `challenge_expired`.
    pub fn prove(&mut self, prove: Prove, now: u64) -> Result<Proof, Refusal> {
        // [JOIN-9], [JOIN-13]
        let challenge = self
            .outstanding
            .remove(&prove.server_nonce)
            .ok_or_else(no_challenge)?;
        self.ends.remove(&(
            challenge.expires_at().saturating_add(self.grace),
            prove.server_nonce,
        ));
        challenge.prove(prove, now)
    }
}
