//! Backups: what makes a member, sealed under a passphrase, to go on with on another device.
//!
//! Not for files: bytes come in and text goes out. The chain is not in a backup, since the server hands it out.

mod contents;
mod file;

pub(crate) use contents::Written;
pub use contents::{Contents, Membership, Named};
pub use file::{Backup, ITERATIONS};
