//! What the processes of one server have in common besides the chain: sessions, and the challenges that were asked for by
//! requests. Where one process is alone there is nothing to share, and both are in its memory.

use dispatch_protocol::bytes::Nonce;
use dispatch_protocol::session::{Live, TokenHash};
use futures_util::future::BoxFuture;

use super::StoreError;

/// A question to what is shared. It is awaited, and has its time.
pub(crate) type Asked<'a, R> = BoxFuture<'a, Result<R, StoreError>>;

/// A challenge that waits for its proof, at whichever process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outstanding {
    /// The challenge's nonce, by which it is found.
    pub(crate) nonce: Nonce,
    /// The `hello` that it answers, as a frame. With the nonce and the time it gives the challenge again.
    pub(crate) hello: String,
    /// When it was made, in milliseconds since 1970.
    pub(crate) made_at: u64,
    /// When it is forgotten, likewise: some time after it expired, so that who is late is told so.
    pub(crate) ends_at: u64,
}

/// A session, and where the chain stood when it was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The session.
    pub(crate) live: Live,
    /// The chain's size by which it was granted. It is over once its account came on the roster by a later block: by then it
    /// had been removed. // [SESS-7]
    pub(crate) size: u64,
}

/// See the module. Each question is awaited where no lock is held.
pub(crate) trait Commons: Send + Sync {
    /// Forgets every challenge: a process of the server starts. // [JOIN-21]
    fn forget_challenges(&self) -> Asked<'_, ()>;

    /// Keeps a challenge, and forgets others: those named, and some whose time is over at the moment `now`.
    fn post(&self, challenge: Outstanding, forgotten: Vec<Nonce>, now: u64) -> Asked<'_, ()>;

    /// Takes a challenge out, which nobody else can do then: of two who try at once one gets it. // [JOIN-13]
    fn spend(&self, nonce: Nonce) -> Asked<'_, Option<Outstanding>>;

    /// Keeps a session, by the hash of its token alone, and forgets some whose time is over at the moment `now`, and those of its
    /// account beyond the newest 256 (SESS-21). Gives the chain's size at that moment: what has been appended by then could not
    /// end it. // [SESS-9], [SESS-20]
    fn grant(&self, token: TokenHash, kept: Kept, now: u64) -> Asked<'_, u64>;

    /// The session of a token, if it was kept. It may be over.
    fn session(&self, token: TokenHash) -> Asked<'_, Option<Kept>>;
}
