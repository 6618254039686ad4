//! A member's connection: what it may do, and when it is over.

use super::token::TokenHash;
use crate::bytes::Id;
use crate::entry::Entry;
use crate::refusal::{Code, Refusal};
use crate::wire::{Bye, Ref, Submit};

/// A session on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    account: Id,
    token: TokenHash,
    expires_at: u64,
    from: u64,
    size: u64,
}

/// An entry that a member hands in. Its signature is not verified yet.
#[derive(Debug)]
pub struct Submission {
    /// Comes back in the answer.
    pub reference: Ref,
    /// The entry; its author is the session's account.
    pub entry: Entry,
}

impl Open {
    pub(super) fn new(
        account: Id,
        token: TokenHash,
        expires_at: u64,
        from: u64,
        size: u64,
    ) -> Self {
        Self {
            account,
            token,
            expires_at,
            from,
            size,
        }
    }

    /// The account.
    pub fn account(&self) -> Id {
        self.account
    }

    /// The hash of the session's token, by which [`Sessions`](super::Sessions) tells which session ended.
    pub fn token(&self) -> TokenHash {
        self.token
    }

    /// When the session ends, in milliseconds since 1970.
    pub fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// The index of the first block that the client does not hold: where its blocks begin (SYNC-1).
    pub fn from(&self) -> u64 {
        self.from
    }

    /// The chain's size that the welcome states.
    pub fn welcomed_at(&self) -> u64 {
        self.size
    }

    /// Whether the session's time is over at the moment `now`.
    pub fn is_over(&self, now: u64) -> bool {
        // [SESS-3]
        now >= self.expires_at
    }

    /// What is sent when the time is over.
    pub fn farewell(&self) -> Bye {
        expired()
    }

    /// Judges a `submit` by what the session knows.
    ///
    /// # Errors
    /// `bad_token` or `wrong_author`.
    pub fn submit(&self, submit: Submit) -> Result<Submission, Refusal> {
        // [SESS-1] hashes are compared, whose timing tells nothing of the token
        if TokenHash::of(&submit.token) != self.token {
            return Err(Refusal::new(
                Code::BadToken,
                "SESS-1",
                "the token is not that of this connection's session",
            ));
        }
        may_write(&self.account, &submit.entry)?;
        Ok(Submission {
            reference: submit.reference,
            entry: submit.entry,
        })
    }
}

/// [SESS-2] a session writes in its own account's name alone.
pub(super) fn may_write(account: &Id, entry: &Entry) -> Result<(), Refusal> {
    if entry.author == *account {
        return Ok(());
    }
    Err(Refusal::new(
        Code::WrongAuthor,
        "SESS-2",
        "the entry's author is not the session's account",
    ))
}

/// What is sent when a session's time is over.
pub(super) fn expired() -> Bye {
    Bye::new(Refusal::new(
        Code::SessionExpired,
        "SESS-3",
        "the session's time is over; join again",
    ))
}

/// What is sent when a roster entry removes the account.
pub(super) fn removed() -> Bye {
    Bye::new(Refusal::new(
        Code::Removed,
        "SESS-5",
        "the roster no longer has the account",
    ))
}
