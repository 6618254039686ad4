//! Who may come in: the roster as far as it is durable, the live sessions, and what a welcome says of the chain. One lock
//! stands before all of it, so that a session is never granted to an account that a block has removed meanwhile
//! [SESS-20], and no reader sees a block before the sessions that it ends have ended [SESS-6].

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::checkpoint::{Checkpoint, Description};
use dispatch_protocol::entry::{Body, Prefix};
use dispatch_protocol::key::PublicKey;
use dispatch_protocol::merkle::Tree;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::session::{
    Granted, Live, Proven, Resumption, Sessions, Standing, TokenHash,
};

use crate::clock;

/// Whether, and by which block, an account was removed since its session began.
#[derive(Debug)]
pub(crate) struct Membership(AtomicU64);

impl Membership {
    const LASTS: u64 = u64::MAX;

    fn begin() -> Arc<Membership> {
        Arc::new(Membership(AtomicU64::new(Self::LASTS)))
    }

    /// The index of the block that removed the account.
    pub(crate) fn ended_at(&self) -> Option<u64> {
        match self.0.load(Ordering::Acquire) {
            Self::LASTS => None,
            index => Some(index),
        }
    }
}

/// What a connection gets when its client may come in.
pub(crate) struct Guest {
    /// The session; what is left is the welcome's signature.
    pub(crate) granted: Granted,
    /// The key that the account's entries are verified by.
    pub(crate) key: PublicKey,
    /// How long the account has been on the roster without a break.
    pub(crate) membership: Arc<Membership>,
}

/// What a request is let in by, where no connection has joined: a live session.
pub(crate) struct Pass {
    /// The session.
    pub(crate) live: Live,
    /// The key that the account's entries are verified by.
    pub(crate) key: PublicKey,
    /// How long the account has been on the roster without a break.
    pub(crate) membership: Arc<Membership>,
}

impl Pass {
    /// Whether the session is over: by its time, or by a removal. // [SESS-3], [SESS-5]
    pub(crate) fn is_over(&self) -> bool {
        clock::now() >= self.live.expires_at || self.membership.ended_at().is_some()
    }

    /// Refuses whoever's session is over.
    ///
    /// # Errors
    /// `bad_token`.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        match self.is_over() {
            true => Err(bad_token()),
            false => Ok(()),
        }
    }

    /// Waits until the session's time is over, or a day: a far-off end may not be an instant that the clock can say.
    pub(crate) async fn over(&self) {
        let left = Duration::from_millis(self.live.expires_at.saturating_sub(clock::now()));
        tokio::time::sleep(left.min(Duration::from_secs(86_400))).await;
    }
}

fn bad_token() -> Refusal {
    Refusal::new(
        Code::BadToken,
        "HTTP-2",
        "no live session has this token; join again",
    )
}

/// See [`Lobby::content`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) head: Hash,
    pub(crate) redacted: Vec<u64>,
}

struct Member {
    key: PublicKey,
    membership: Arc<Membership>,
}

struct Durable {
    prefix: Prefix,
    /// The messages that are redacted.
    redacted: BTreeSet<u64>,
    roster: HashMap<Id, Member>,
    sessions: Sessions,
    checkpoint: Checkpoint,
}

/// See the module.
pub(crate) struct Lobby {
    /// The writer's. It may be ahead of the disk, so it is asked for prefixes alone, up to the durable size.
    state: Arc<RwLock<State>>,
    durable: Mutex<Durable>,
}

/// The chain as far as it is durable: what a welcome may be signed over. // [CHECK-14]
struct View<'a> {
    state: &'a State,
    prefix: Prefix,
    roster: &'a HashMap<Id, Member>,
}

impl Standing for View<'_> {
    fn community(&self) -> Id {
        self.state.community()
    }

    fn prefix(&self) -> Prefix {
        self.prefix
    }

    fn holds(&self, prefix: &Prefix) -> bool {
        prefix.size <= self.prefix.size && self.state.holds(prefix)
    }

    fn on_roster(&self, account: &Id) -> bool {
        self.roster.contains_key(account)
    }
}

impl Lobby {
    /// A lobby before a chain that is durable as the state has it.
    pub(crate) fn new(state: Arc<RwLock<State>>, checkpoint: Checkpoint) -> Lobby {
        let durable = {
            let state = state.read().unwrap_or_else(PoisonError::into_inner);
            let member = |key: &PublicKey| {
                (
                    key.id(),
                    Member {
                        key: key.clone(),
                        membership: Membership::begin(),
                    },
                )
            };
            Durable {
                prefix: state.prefix(),
                redacted: (0..state.size())
                    .filter(|index| state.is_redacted(*index))
                    .collect(),
                roster: state.roster().map(member).collect(),
                sessions: Sessions::new(),
                checkpoint,
            }
        };
        Lobby {
            state,
            durable: Mutex::new(durable),
        }
    }

    /// Grants an account that proved itself a session.
    ///
    /// # Errors
    /// `not_allowed` or `unknown_have`.
    pub(crate) fn admit(&self, proven: Proven) -> Result<Guest, Refusal> {
        self.grant(|view, sessions, checkpoint| {
            proven.admit(view, sessions, checkpoint, clock::now())
        })
    }

    /// Opens another connection under a live session.
    ///
    /// # Errors
    /// `bad_token` or `unknown_have`.
    pub(crate) fn resume(&self, resumption: Resumption) -> Result<Guest, Refusal> {
        self.grant(|view, sessions, checkpoint| {
            resumption.admit(view, sessions, checkpoint, clock::now())
        })
    }

    /// Looks the session of a token up.
    ///
    /// # Errors
    /// `bad_token`.
    pub(crate) fn pass(&self, token: &[u8]) -> Result<Pass, Refusal> {
        // Hashes are compared, whose timing tells nothing of the token.
        let token = TokenHash::of(token);
        let durable = self.lock();
        let live = durable.sessions.find(&token, clock::now());
        let member = live.and_then(|live| durable.roster.get(&live.account));
        match live.zip(member) {
            Some((live, member)) => Ok(Pass {
                live: live.clone(),
                key: member.key.clone(),
                membership: member.membership.clone(),
            }),
            None => Err(bad_token()),
        }
    }

    /// Asks the tree over the blocks, if so many are durable.
    pub(crate) fn tree<R>(&self, size: u64, ask: impl FnOnce(&Tree) -> R) -> Option<R> {
        // The state's lock before this one's, as in `grant`.
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let durable = self.lock().prefix.size;
        (size <= durable).then(|| ask(state.tree()))
    }

    /// What the bytes of blocks of a range are made of, all of which can be read: their last one's hash, which stands for
    /// those before it, and which messages among them are redacted. It is asked for before the blocks are read, and told
    /// of what can be read already: so they are never older than what is said of them here. // [HTTP-20]
    pub(crate) fn content(&self, range: Range<u64>) -> Option<Content> {
        // The state's lock before this one's, as in `grant`.
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let head = state.prefix_head(range.end)?;
        let redacted = self.lock().redacted.range(range).copied().collect();
        Some(Content { head, redacted })
    }

    fn grant(
        &self,
        admit: impl FnOnce(&View<'_>, &mut Sessions, &Checkpoint) -> Result<Granted, Refusal>,
    ) -> Result<Guest, Refusal> {
        // The state's lock before this one's: the writer never holds both.
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut durable = self.lock();
        let Durable {
            prefix,
            redacted: _,
            roster,
            sessions,
            checkpoint,
        } = &mut *durable;
        // Sessions whose time is over end on their connections by themselves; here they are only forgotten.
        sessions.expire(clock::now());
        let granted = admit(
            &View {
                state: &state,
                prefix: *prefix,
                roster,
            },
            sessions,
            checkpoint,
        )?;
        let Some(member) = roster.get(&granted.account()) else {
            unreachable!("a session is granted to members alone, and ends with the membership");
        };
        let (key, membership) = (member.key.clone(), member.membership.clone());
        Ok(Guest {
            granted,
            key,
            membership,
        })
    }

    /// Takes in blocks that have become durable, before anybody can read them.
    pub(crate) fn append(&self, blocks: &[Block], end: &Description) {
        let mut durable = self.lock();
        for block in blocks {
            let Body::Roster(roster) = &block.entry.body else {
                continue;
            };
            for der in &roster.add {
                // The state has judged the key; one that does not parse is not there.
                if let Ok(key) = PublicKey::parse(der) {
                    durable.roster.insert(
                        key.id(),
                        Member {
                            key,
                            membership: Membership::begin(),
                        },
                    );
                }
            }
            for account in &roster.remove {
                // [SESS-5], [SESS-7]
                if let Some(member) = durable.roster.remove(account) {
                    member.membership.0.store(block.index, Ordering::Release);
                }
                durable.sessions.revoke(account);
            }
        }
        durable.prefix = Prefix {
            size: end.size,
            hash: end.head,
        };
    }

    /// Takes in which messages are redacted, once nobody can read their ciphertexts any more.
    pub(crate) fn redact(&self, redacted: &[u64]) {
        self.lock().redacted.extend(redacted);
    }

    /// Takes in a newer checkpoint, for the welcomes to come. // [CHECK-5]
    pub(crate) fn set_checkpoint(&self, checkpoint: Checkpoint) {
        let mut durable = self.lock();
        if checkpoint.size > durable.checkpoint.size {
            durable.checkpoint = checkpoint;
        }
    }

    /// The number of accounts on the roster, and of sessions that have not ended.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let mut durable = self.lock();
        durable.sessions.expire(clock::now());
        (durable.roster.len(), durable.sessions.len())
    }

    /// The community, the durable chain, the `seq` of the authority's next entry, and the authority's key.
    pub(crate) fn authority(&self) -> (Id, Prefix, u64, PublicKey) {
        // The state's lock before this one's, as in `grant`.
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let id = state.authority();
        let Some(key) = state.key_of(&id) else {
            unreachable!("the authority is on the roster from genesis on");
        };
        let seen = self.lock().prefix;
        (state.community(), seen, state.next_seq(&id), key.clone())
    }

    /// The number of accounts on the roster.
    pub(crate) fn members(&self) -> usize {
        self.lock().roster.len()
    }

    fn lock(&self) -> MutexGuard<'_, Durable> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
