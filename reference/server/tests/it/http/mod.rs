//! The transports over HTTP, by a real client of HTTP and, where a library would be in the way, by bytes.

mod answers;
mod blocks;
mod bounds;
pub mod bytes;
pub mod caller;
mod described;
mod documents;
mod entries;
mod events;
mod joining;
mod offer;
mod pages;
mod proofs;
mod readme;
mod same;
pub mod stream;
mod tokens;
