//! Many servers, one chain: several `dispatchd` as processes over a real PostgreSQL with a synchronous standby, at load, while
//! one after the other of them is lost.
//!
//! A binary of its own: a process that a test of another kind starts meanwhile would inherit the stores that it holds open.

mod bed;
mod cut;
mod faults;
mod load;
mod refusals;
mod sessions;
mod tls;
mod verdict;
mod voice;

// What tests of one server have: its socket, requests, a member, the test keys.
#[allow(dead_code)]
#[path = "../it/http/caller.rs"]
mod caller;
#[allow(dead_code)]
#[path = "../it/certificate.rs"]
mod certificate;
#[allow(dead_code)] // each takes what it needs of them
#[path = "../it/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../it/community.rs"]
mod community;
#[allow(dead_code)]
#[path = "../it/member.rs"]
mod member;
