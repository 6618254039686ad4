//! The live sessions of a server, in memory.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::open;
use super::token::TokenHash;
use crate::bytes::{Id, Nonce};
use crate::entry::Entry;
use crate::refusal::Refusal;
use crate::wire::Bye;

/// What a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Whose it is.
    pub account: Id,
    /// When it ends, in milliseconds since 1970.
    pub expires_at: u64,
    /// The origin of the join, which every welcome under the session is signed over.
    pub origin: String,
    /// The server's nonce of the join, likewise.
    pub server_nonce: Nonce,
}

impl Live {
    /// Judges an entry that is handed in under this session, where there is no connection to ask, as by HTTP.
    ///
    /// # Errors
    /// `wrong_author`.
    pub fn may_write(&self, entry: &Entry) -> Result<(), Refusal> {
        open::may_write(&self.account, entry)
    }
}

/// How many sessions of an account are kept; beyond them the oldest is forgotten. // [SESS-21]
const SESSIONS_OF_ACCOUNT: usize = 256;

/// The live sessions. A restart forgets them (SESS-10), and of one account the newest 256 are kept (SESS-21).
#[derive(Debug, Default)]
pub struct Sessions {
    live: HashMap<TokenHash, Live>,
    /// In the order in which they were granted.
    of_account: HashMap<Id, VecDeque<TokenHash>>,
    /// By the time at which they end.
    ends: BTreeSet<(u64, TokenHash)>,
}

impl Sessions {
    /// No sessions.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are, those included whose time is over and which nobody [ended](Self::expire) yet.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    pub(super) fn grant(&mut self, token: TokenHash, live: Live) {
        // [SESS-11] beside those that the account has already
        let own = self.of_account.entry(live.account).or_default();
        own.push_back(token);
        // [SESS-21]
        if own.len() > SESSIONS_OF_ACCOUNT
            && let Some(oldest) = own.pop_front()
            && let Some(forgotten) = self.live.remove(&oldest)
        {
            self.ends.remove(&(forgotten.expires_at, oldest));
        }
        self.ends.insert((live.expires_at, token));
        self.live.insert(token, live);
    }

    /// Takes in a session that another process of the same server has granted, so that it is live here as well; one that is
    /// here already stays as it is. Whether it is still live is the caller's to judge: what ended it elsewhere is not
    /// known here.
    pub fn adopt(&mut self, token: TokenHash, live: Live) {
        if !self.live.contains_key(&token) {
            self.grant(token, live);
        }
    }

    /// Takes a session back whose token nobody was told of.
    pub fn withdraw(&mut self, token: &TokenHash) {
        if let Some(live) = self.live.remove(token) {
            self.ends.remove(&(live.expires_at, *token));
            self.forget(token, &live.account);
        }
    }

    /// The session of this token, if it is live at the moment `now`.
    pub fn find(&self, token: &TokenHash, now: u64) -> Option<&Live> {
        self.live.get(token).filter(|live| now < live.expires_at)
    }

    /// Ends every session of an account that a roster entry removed, and gives their tokens' hashes. They are never
    /// live again (SESS-7). Open connections get [`removed`](Self::removed).
    pub fn revoke(&mut self, account: &Id) -> Vec<TokenHash> {
        // [SESS-5]
        let tokens = self.of_account.remove(account).unwrap_or_default();
        for token in &tokens {
            if let Some(live) = self.live.remove(token) {
                self.ends.remove(&(live.expires_at, *token));
            }
        }
        tokens.into_iter().collect()
    }

    /// Ends every session whose time is over at the moment `now`, and gives their tokens' hashes. Open connections get
    /// [`Open::farewell`](super::Open::farewell).
    pub fn expire(&mut self, now: u64) -> Vec<TokenHash> {
        // [SESS-3]
        let mut ended = Vec::new();
        while let Some(&(end, token)) = self.ends.first()
            && end <= now
        {
            self.ends.pop_first();
            ended.push(token);
            let Some(live) = self.live.remove(&token) else {
                continue;
            };
            self.forget(&token, &live.account);
        }
        ended
    }

    /// Takes a token from those of its account.
    fn forget(&mut self, token: &TokenHash, account: &Id) {
        if let Some(tokens) = self.of_account.get_mut(account) {
            tokens.retain(|kept| kept != token);
            if tokens.is_empty() {
                self.of_account.remove(account);
            }
        }
    }

    /// When the next session ends, in milliseconds since 1970.
    pub fn next_end(&self) -> Option<u64> {
        self.ends.first().map(|&(end, _)| end)
    }

    /// What an open connection or stream is sent when its session's time is over.
    pub fn expired() -> Bye {
        open::expired()
    }

    /// What an open connection or stream is sent when a roster entry removed its account.
    pub fn removed() -> Bye {
        open::removed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u8) -> Id {
        Id::new([n; 32])
    }

    fn grant(sessions: &mut Sessions, name: &str, account: Id, expires_at: u64) -> TokenHash {
        let token = TokenHash::of(name.as_bytes());
        sessions.grant(
            token,
            Live {
                account,
                expires_at,
                origin: "https://chat.example.org".to_owned(),
                server_nonce: Nonce::new([0; 32]),
            },
        );
        token
    }

    #[test]
    fn a_session_lives_up_to_its_end_and_not_at_it() {
        let mut sessions = Sessions::new();
        let token = grant(&mut sessions, "a", account(1), 100);
        assert!(sessions.find(&token, 99).is_some());
        assert!(sessions.find(&token, 100).is_none());
        assert_eq!(sessions.next_end(), Some(100));
        assert_eq!(sessions.expire(99), []);
        assert_eq!(sessions.expire(100), [token]);
        assert!(sessions.is_empty());
        assert_eq!(sessions.next_end(), None);
    }

    #[test]
    fn removal_ends_all_sessions_of_the_account_and_of_no_other() {
        let mut sessions = Sessions::new();
        let one = grant(&mut sessions, "a", account(1), 100);
        let two = grant(&mut sessions, "b", account(1), 200);
        let other = grant(&mut sessions, "c", account(2), 100);
        let mut ended = sessions.revoke(&account(1));
        ended.sort();
        let mut expected = [one, two];
        expected.sort();
        assert_eq!(ended, expected);
        assert!(sessions.find(&one, 0).is_none() && sessions.find(&two, 0).is_none());
        assert!(sessions.find(&other, 0).is_some());
        assert_eq!(sessions.revoke(&account(1)), []);
        // what was revoked does not expire once more
        assert_eq!(sessions.expire(1000), [other]);
    }

    #[test]
    fn of_an_account_the_newest_sessions_are_kept() {
        let mut sessions = Sessions::new();
        let other = grant(&mut sessions, "other", account(2), 100);
        let own: Vec<_> = (0..SESSIONS_OF_ACCOUNT + 3)
            .map(|n| grant(&mut sessions, &n.to_string(), account(1), 100 + n as u64))
            .collect();
        assert_eq!(sessions.len(), SESSIONS_OF_ACCOUNT + 1);
        let is_live = |token: &TokenHash| sessions.find(token, 0).is_some();
        assert!(is_live(&other) && !own[..3].iter().any(is_live) && own[3..].iter().all(is_live));
        // What was forgotten does not end once more.
        assert_eq!(sessions.expire(103), [other, own[3]]);
        assert_eq!(sessions.revoke(&account(1)).len(), SESSIONS_OF_ACCOUNT - 1);
    }

    #[test]
    fn a_session_of_another_process_is_live_here_until_its_end_or_a_removal() {
        let live = |account, expires_at| Live {
            account,
            expires_at,
            origin: "https://chat.example.org".to_owned(),
            server_nonce: Nonce::new([0; 32]),
        };
        let mut sessions = Sessions::new();
        let own = grant(&mut sessions, "own", account(1), 300);
        let others = TokenHash::of(b"others");
        sessions.adopt(others, live(account(1), 200));
        assert_eq!(sessions.find(&others, 199), Some(&live(account(1), 200)));
        // Once more it is the same one: it counts once, and ends once.
        sessions.adopt(others, live(account(1), 200));
        sessions.adopt(own, live(account(1), 400));
        assert_eq!(sessions.len(), 2);
        assert_eq!(sessions.find(&own, 0).unwrap().expires_at, 300);
        assert_eq!(sessions.expire(200), [others]);
        assert!(sessions.find(&others, 0).is_none());
        sessions.adopt(others, live(account(1), 400));
        assert_eq!(sessions.revoke(&account(1)), [own, others]);
        assert!(sessions.is_empty() && sessions.next_end().is_none());
    }

    #[test]
    fn what_is_withdrawn_is_gone_and_nothing_else() {
        let mut sessions = Sessions::new();
        let one = grant(&mut sessions, "a", account(1), 100);
        let two = grant(&mut sessions, "b", account(1), 200);
        sessions.withdraw(&one);
        sessions.withdraw(&TokenHash::of(b"of nobody"));
        assert!(sessions.find(&one, 0).is_none() && sessions.find(&two, 0).is_some());
        assert_eq!(sessions.next_end(), Some(200));
        assert_eq!(sessions.revoke(&account(1)), [two]);
        assert!(sessions.is_empty());
    }

    #[test]
    fn an_account_may_hold_several_sessions_which_end_one_by_one() {
        let mut sessions = Sessions::new();
        let one = grant(&mut sessions, "a", account(1), 100);
        let two = grant(&mut sessions, "b", account(1), 200);
        assert_eq!(sessions.len(), 2);
        assert_eq!(sessions.expire(100), [one]);
        assert_eq!(sessions.revoke(&account(1)), [two]);
    }
}
