//! Outstanding challenges where there is no connection to hold them: by HTTP, each is bound to its nonce alone.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::join::{AwaitProof, Proof, no_challenge};
use crate::bytes::Nonce;
use crate::refusal::{Code, Refusal};
use crate::wire::Prove;

/// The outstanding challenges, at most so many. An expired one is remembered for its life once more, so that a late
/// `prove` is told that it is late.
///
/// Each is counted for whoever asked for it, `W`: an address, say. Where there is no room, whoever has the most gives way, so
/// that a few cannot keep everybody else out.
#[derive(Debug)]
pub struct Challenges<W> {
    outstanding: HashMap<Nonce, (AwaitProof, W)>,
    /// By the time at which they are forgotten.
    ends: BTreeSet<End>,
    /// The same by whom they are of; nobody of whom there is none.
    of: HashMap<W, BTreeSet<End>>,
    most: usize,
    /// For how long an expired challenge is remembered, in milliseconds.
    grace: u64,
}

/// When a challenge is forgotten, and which.
type End = (u64, Nonce);

impl<W: Clone + Eq + Hash> Challenges<W> {
    /// Room for `most` challenges, each remembered for `grace` milliseconds after it expired. One takes some kilobytes.
    pub fn new(most: usize, grace: u64) -> Self {
        Self {
            outstanding: HashMap::new(),
            ends: BTreeSet::new(),
            of: HashMap::new(),
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

    /// Remembers a challenge that was made at the moment `now` for `whom`. Where there is no room, expired ones are forgotten
    /// first, then the oldest of whoever has at least two more than `whom`. Gives the nonces of those that were forgotten, which
    /// a server of several processes forgets wherever it keeps them for the others.
    ///
    /// # Errors
    /// `rate_limited` (LIM-7) if there is no room for it.
    pub fn remember(
        &mut self,
        challenge: AwaitProof,
        whom: W,
        now: u64,
    ) -> Result<Vec<Nonce>, Refusal> {
        let mut forgotten = Vec::new();
        while let Some(&(end, nonce)) = self.ends.first() {
            let is_expired = end.saturating_sub(self.grace) <= now;
            if end > now && !(is_expired && self.outstanding.len() >= self.most) {
                break;
            }
            self.take(nonce);
            forgotten.push(nonce);
        }
        // [LIM-9]
        if self.outstanding.len() >= self.most {
            match self.heaviest(self.of.get(&whom).map_or(0, BTreeSet::len) + 1) {
                Some(nonce) => {
                    self.take(nonce);
                    forgotten.push(nonce);
                }
                None => return Err(self.no_room(now)),
            }
        }
        let nonce = challenge.server_nonce();
        let end = (challenge.expires_at().saturating_add(self.grace), nonce);
        self.ends.insert(end);
        self.of.entry(whom.clone()).or_default().insert(end);
        self.outstanding.insert(nonce, (challenge, whom));
        Ok(forgotten)
    }

    /// Forgets a challenge that was spent elsewhere, or was never sent.
    pub fn forget(&mut self, nonce: Nonce) {
        self.take(nonce);
    }

    /// Takes the challenge that a `prove` names; it is spent, whatever comes of it.
    ///
    /// # Errors
    /// `no_challenge` or `challenge_expired`.
    pub fn prove(&mut self, prove: Prove, now: u64) -> Result<Proof, Refusal> {
        // [JOIN-9], [JOIN-13]
        let challenge = self.take(prove.server_nonce).ok_or_else(no_challenge)?;
        challenge.prove(prove, now)
    }

    fn take(&mut self, nonce: Nonce) -> Option<AwaitProof> {
        let (challenge, whom) = self.outstanding.remove(&nonce)?;
        let end = (challenge.expires_at().saturating_add(self.grace), nonce);
        self.ends.remove(&end);
        if let Some(theirs) = self.of.get_mut(&whom) {
            theirs.remove(&end);
            if theirs.is_empty() {
                self.of.remove(&whom);
            }
        }
        Some(challenge)
    }

    /// The oldest challenge of whoever has the most, if these are more than so many.
    fn heaviest(&self, than: usize) -> Option<Nonce> {
        let heaviest = self.of.values().max_by_key(|theirs| theirs.len())?;
        let (_, nonce) = heaviest.first()?;
        (heaviest.len() > than).then_some(*nonce)
    }

    fn no_room(&self, now: u64) -> Refusal {
        let first = self.ends.first();
        let expires_at = first.map_or(now, |(end, _)| end.saturating_sub(self.grace));
        Refusal::new(
            Code::RateLimited,
            "LIM-7",
            "too many challenges are outstanding; try again",
        )
        .retry_after(expires_at.saturating_sub(now).max(1))
    }
}
