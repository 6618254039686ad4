//! What a join is judged by before the chain is asked.

use crate::bytes::Id;
use crate::limits::Limits;

/// What a server is by its configuration and its genesis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The server's own origins, as a browser serialises them. Never taken from a request (JOIN-3).
    pub origins: Vec<String>,
    /// The community's id.
    pub community: Id,
    /// The limits that the server advertises.
    pub limits: Limits,
}
