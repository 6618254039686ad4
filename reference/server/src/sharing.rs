//! Joins and sessions where a server may be several processes: what is asked of the others, by way of the store that all share.
//! A session that another process granted is taken in here when its token is shown, and from then on it is as any other: the
//! chain ends it here as there. Where there is but one process, nothing is asked. // [SESS-4], [HTTP-2]

use std::sync::Arc;

use dispatch_protocol::bytes::Nonce;
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::session::{AwaitProof, Proof, Resumption, TokenHash, no_challenge};
use dispatch_protocol::wire::{Challenge, ClientFrame, Hello, Prove};

use crate::clock;
use crate::house::{House, Joined, nonce};
use crate::ledger::StoreError;
use crate::ledger::commons::{Commons, Kept, Outstanding};
use crate::lobby::{Guest, Pass};
use crate::outbox::unavailable;
use crate::rates::Network;

/// How long the signatures are that can be tokens, in bytes: those of keys that KEY-2 allows. Nothing else is looked for.
const TOKENS: std::ops::RangeInclusive<usize> = 256..=512;

impl House {
    /// Answers a `hello` that came by a request: its challenge can be proved at whichever process of the server.
    ///
    /// # Errors
    /// Those of the `hello`; `rate_limited` where there is no room, `unavailable`.
    pub(crate) async fn challenge(
        &self,
        hello: Hello,
        network: Option<Network>,
    ) -> Result<Challenge, Refusal> {
        let now = clock::now();
        let kept = self.commons.as_ref().map(|_| hello.clone());
        let (await_proof, challenge) = AwaitProof::hello(hello, &self.host, nonce(), now)?;
        let nonce = await_proof.server_nonce();
        let forgotten = self.outstanding().remember(await_proof, network, now)?; // [LIM-9]
        if let Some((commons, hello)) = self.commons.as_ref().zip(kept) {
            let ends_at = challenge
                .expires_at
                .saturating_add(self.host.limits.challenge_ms);
            let posted = self.post(commons, nonce, hello, now, ends_at, forgotten);
            if let Err(refusal) = posted.await {
                self.outstanding().forget(nonce);
                return Err(refusal);
            }
        }
        Ok(challenge)
    }

    async fn post(
        &self,
        commons: &Arc<dyn Commons>,
        nonce: Nonce,
        hello: Hello,
        made_at: u64,
        ends_at: u64,
        forgotten: Vec<Nonce>,
    ) -> Result<(), Refusal> {
        let hello = match serde_json::to_string(&ClientFrame::Hello(hello)) {
            Ok(hello) => hello,
            Err(problem) => {
                unreachable!("a frame of numbers and texts is always written: {problem}")
            }
        };
        let challenge = Outstanding {
            nonce,
            hello,
            made_at,
            ends_at,
        };
        let posted = commons.post(challenge, forgotten, made_at).await;
        posted.map_err(|problem| away(&problem))
    }

    /// Takes the challenge that a `prove` by a request names: nobody else gets it. // [JOIN-9], [JOIN-13], [JOIN-21]
    ///
    /// # Errors
    /// `no_challenge`, `challenge_expired` or `unavailable`.
    pub(crate) async fn spend(&self, prove: Prove) -> Result<Proof, Refusal> {
        let Some(commons) = &self.commons else {
            return self.outstanding().prove(prove, clock::now());
        };
        let spent = commons.spend(prove.server_nonce).await;
        // Here it was counted alone.
        self.outstanding().forget(prove.server_nonce);
        let Outstanding { hello, made_at, .. } = spent
            .map_err(|problem| away(&problem))?
            .ok_or_else(no_challenge)?;
        let Ok(ClientFrame::Hello(hello)) = ClientFrame::decode(&hello, &self.host.limits) else {
            return Err(no_challenge());
        };
        let (await_proof, _) = AwaitProof::hello(hello, &self.host, prove.server_nonce, made_at)?;
        await_proof.prove(prove, clock::now())
    }

    /// Lets an account in that proves itself.
    ///
    /// # Errors
    /// Why it may not come in, or `unavailable`.
    pub(crate) async fn join(&self, proof: Proof) -> Result<Joined, Refusal> {
        let joined = match &self.commons {
            None => {
                let (lobby, key) = (self.lobby.clone(), self.server_key.clone());
                self.work(move || Ok(welcome(lobby.admit(proof.verify()?)?, &key)))
                    .await
            }
            Some(commons) => self.join_among_others(commons, proof).await,
        };
        self.tell(&joined);
        joined
    }

    async fn join_among_others(
        &self,
        commons: &Arc<dyn Commons>,
        proof: Proof,
    ) -> Result<Joined, Refusal> {
        // What costs a stranger more than us comes first. // [LIM-6]
        let proven = self.work(move || proof.verify()).await?;
        self.abreast().await?; // [JOIN-22]
        let (lobby, key) = (self.lobby.clone(), self.server_key.clone());
        let guest = self.work(move || lobby.admit(proven)).await?;
        let (token, live) = guest.granted.session();
        let kept = Kept {
            live,
            size: guest.granted.size(),
        };
        let granted = self.grant(commons, token, kept, &guest).await;
        if granted.is_err() {
            self.lobby.withdraw(&token);
        }
        granted?;
        self.work(move || Ok(welcome(guest, &key))).await
    }

    /// Tells the other processes of a session, and looks once more whether the account is still a member: a block that was
    /// appended before they could know of the session does not end it there. // [SESS-20]
    async fn grant(
        &self,
        commons: &Arc<dyn Commons>,
        token: TokenHash,
        kept: Kept,
        guest: &Guest,
    ) -> Result<(), Refusal> {
        let granted = commons.grant(token, kept, clock::now()).await;
        let size = granted.map_err(|problem| away(&problem))?;
        if size > self.lobby.size() {
            self.abreast().await?;
        }
        match guest.membership.ended_at() {
            None => Ok(()),
            Some(_) => Err(Refusal::new(
                Code::NotAllowed,
                "SESS-20",
                "the account has just been removed from the roster; ask the community's owner",
            )),
        }
    }

    /// Opens another connection under a live session, whichever process granted it.
    ///
    /// # Errors
    /// `bad_token`, `unknown_have` or `unavailable`.
    pub(crate) async fn resume(&self, resumption: Resumption) -> Result<Joined, Refusal> {
        let resumed = async {
            self.adopt(&resumption.token()).await?;
            self.abreast().await?; // [JOIN-22]
            let (lobby, key) = (self.lobby.clone(), self.server_key.clone());
            self.work(move || Ok(welcome(lobby.resume(resumption)?, &key)))
                .await
        };
        let resumed = resumed.await;
        self.tell(&resumed);
        resumed
    }

    /// Looks the session of a request's token up, whichever process granted it.
    ///
    /// # Errors
    /// `bad_token` or `unavailable`.
    pub(crate) async fn pass(&self, token: &[u8]) -> Result<Pass, Refusal> {
        // Hashes are compared, whose timing tells nothing of the token.
        let hash = TokenHash::of(token);
        if self.commons.is_some() && TOKENS.contains(&token.len()) {
            self.adopt(&hash).await?;
            // What the answer is made of is what was there when it was asked for. // [SESS-5], [HTTP-6]
            if self.lobby.knows(&hash) {
                self.abreast().await?;
            }
        }
        self.lobby.pass(&hash)
    }

    /// Takes in a session that another process granted, if there is one of this token that has not ended since.
    async fn adopt(&self, token: &TokenHash) -> Result<(), Refusal> {
        let Some(commons) = &self.commons else {
            return Ok(());
        };
        if self.lobby.knows(token) {
            return Ok(());
        }
        let found = commons.session(*token).await;
        if let Some(kept) = found.map_err(|problem| away(&problem))? {
            // Where it was granted more may be known of the roster than here.
            if kept.size > self.lobby.size() {
                self.abreast().await?;
            }
            self.lobby.adopt(*token, kept);
        }
        Ok(())
    }
}

fn welcome(guest: Guest, server_key: &KeyPair) -> Joined {
    let Guest {
        granted,
        key,
        membership,
    } = guest;
    let (open, welcome) = granted.welcome(server_key); // [JOIN-15], [JOIN-16]
    Joined {
        open,
        welcome,
        key,
        membership,
    }
}

/// The store that the processes share is not to be reached.
fn away(problem: &StoreError) -> Refusal {
    tracing::debug!(%problem, "a join or a session could not be looked at");
    unavailable("the server's database does not answer; try again")
}
