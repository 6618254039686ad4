//! The cases that every fault meets, whatever it breaks: together they go through each part of the protocol once, so
//! that a fault which breaks more than its rule is seen in the short selftest, too.

/// Ids of cases.
pub const TOUCHSTONES: &[&str] = &["join-welcomed", "msg-delivered"];
