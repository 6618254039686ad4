//! What a join asks of the chain.

use crate::bytes::Id;
use crate::chain::State;
use crate::entry::Prefix;

/// A chain as a server may speak of it: its durable part. A state that is ahead of the disk is none (CHECK-14), so a server
/// that commits in batches gives its own.
pub trait Standing {
    /// The community's id.
    fn community(&self) -> Id;

    /// The chain's size and head.
    fn prefix(&self) -> Prefix;

    /// Whether this is the size and head of a prefix of the chain; 0 and 32 zero bytes always are.
    fn holds(&self, prefix: &Prefix) -> bool;

    /// Whether the account is on the roster, blocks included that are about to be durable (SESS-20).
    fn on_roster(&self, account: &Id) -> bool;
}

impl Standing for State {
    fn community(&self) -> Id {
        self.community()
    }

    fn prefix(&self) -> Prefix {
        self.prefix()
    }

    fn holds(&self, prefix: &Prefix) -> bool {
        self.holds(prefix)
    }

    fn on_roster(&self, account: &Id) -> bool {
        self.on_roster(account)
    }
}
