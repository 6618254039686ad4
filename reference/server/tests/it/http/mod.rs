//! The transports over HTTP, by a real client of HTTP and, where a library would be in the way, by bytes.

mod blocks;
mod bounds;
mod bytes;
pub mod caller;
mod entries;
mod events;
mod joining;
mod offer;
mod pages;
mod proofs;
mod readme;
mod same;
mod stream;
mod tokens;
