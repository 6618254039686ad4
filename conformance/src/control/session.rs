//! Sessions: who holds them, when they end, and why.

use super::fault::Faults;
use crate::codec::{Hash, sha256};

/// What a proven join granted.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The token.
    pub(super) token: Vec<u8>,
    /// The account.
    pub(super) account: Hash,
    /// The nonces of the join.
    pub(super) client_nonce: Hash,
    /// The nonce of the challenge.
    pub(super) server_nonce: Hash,
    /// When it ends, and how long it lasts.
    pub(super) expires_at: u64,
    /// Its life in milliseconds.
    pub(super) life: u64,
    /// The chain's size when it began.
    pub(super) began_at: u64,
    /// Why it is over.
    pub(super) ended: Option<&'static str>,
    /// The chain's size when it ended.
    pub(super) ended_at: u64,
    /// Whether its connections end with it but not its token.
    pub(super) is_resumable: bool,
}

/// All sessions, over or not; a connection names its own by its place.
#[derive(Debug, Default)]
pub(super) struct Sessions(Vec<Session>);

impl Sessions {
    /// Adds a session: its place.
    pub(super) fn grant(&mut self, session: Session, faults: &Faults) -> usize {
        // [SESS-11]
        if faults.has("SESS-11") {
            for other in self
                .0
                .iter_mut()
                .filter(|other| other.account == session.account)
            {
                other.ended.get_or_insert("session_expired");
            }
        }
        // [SESS-21] Faulty: the 256th already counts as one too many.
        if faults.has("SESS-21") {
            let mut own = self
                .0
                .iter_mut()
                .rev()
                .filter(|other| other.account == session.account && other.ended.is_none());
            if let Some(oldest) = own.nth(254) {
                oldest.ended = Some("session_expired");
            }
        }
        self.0.push(session);
        self.0.len() - 1
    }

    /// How many there were.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The place of the session with this token, over or not.
    pub(super) fn place_of(&self, token: &[u8]) -> Option<usize> {
        self.0.iter().position(|session| session.token == token)
    }

    /// The session at a place.
    pub(super) fn at(&self, place: usize) -> &Session {
        &self.0[place]
    }

    /// The session at a place.
    pub(super) fn at_mut(&mut self, place: usize) -> &mut Session {
        &mut self.0[place]
    }

    /// [SESS-4] The live session with this token.
    pub(super) fn live(&mut self, token: &[u8], now: u64, faults: &Faults) -> Option<usize> {
        self.0.iter().position(|session| {
            let known = match faults.has("SESS-4/prefix") {
                true => token.len() >= 16 && session.token.starts_with(&token[..16]),
                false => {
                    session.token == token
                        || faults.has("SESS-4/hash") && token == sha256(&session.token)
                }
            };
            let over = session.ended.is_some() && !session.is_resumable
                || now >= session.expires_at && !faults.has("SESS-3");
            known && (!over || faults.has("SESS-4"))
        })
    }

    /// Why the session is over, if it is. [SESS-3]
    pub(super) fn end_of(
        &mut self,
        place: usize,
        now: u64,
        faults: &Faults,
    ) -> Option<&'static str> {
        let session = &mut self.0[place];
        if now >= session.expires_at && session.ended.is_none() && !faults.has("SESS-3") {
            let code = if faults.has("SESS-3/code") {
                "removed"
            } else {
                "session_expired"
            };
            session.ended = Some(code);
        }
        session.ended
    }

    /// [SESS-5] Ends all sessions of a removed account.
    pub(super) fn end_all(&mut self, account: &Hash, size: u64, faults: &Faults) {
        if faults.has("SESS-5") || faults.has("SESS-5/expired") && self.has_expired(account) {
            return;
        }
        let living = self
            .0
            .iter_mut()
            .filter(|session| session.account == *account && session.ended.is_none());
        let count = if faults.has("SESS-5/one") {
            1
        } else {
            usize::MAX
        };
        for session in living.take(count) {
            session.ended = Some("removed");
            session.ended_at = size;
            session.is_resumable = faults.has("SESS-5/token");
        }
    }

    /// Whether a session of the account ran out.
    fn has_expired(&self, account: &Hash) -> bool {
        self.0
            .iter()
            .any(|session| session.account == *account && session.ended == Some("session_expired"))
    }

    /// [SESS-7] Lets sessions of a returned account live again.
    pub(super) fn wake(&mut self, account: &Hash) {
        let resting = self
            .0
            .iter_mut()
            .filter(|session| session.account == *account);
        for session in resting.filter(|session| session.ended == Some("removed")) {
            session.is_resumable = true;
        }
    }
}
