//! Small servers that speak as the peers do, as far as a load needs it, and go wrong where they are told to.

pub mod nats;
pub mod nostr;

/// What a server does wrong, at its tenth message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It delivers the message twice.
    Doubles,
    /// It does not keep it, and says so.
    Refuses,
    /// It hangs up on a subscriber instead.
    HangsUp,
}

impl Fault {
    /// Whether it goes wrong now.
    pub fn strikes(self, fault: Fault, count: usize) -> bool {
        self == fault && count == 10
    }
}
