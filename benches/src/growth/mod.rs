//! Whether cost grows as it should: communities of a thousand to a million blocks, and of ten to a thousand members.

pub mod binary;
mod folder;
mod measure;
pub mod proof;
mod report;
pub mod room;
mod space;
mod table;

pub use folder::{Folder, copy, make_empty};
pub use measure::{PLAINTEXT, Row, keys_of};
pub use report::{Report, Sized};
pub use space::Space;
pub use table::{lengths, run};

/// Letters of each message, unless it is said otherwise.
pub const LETTERS: usize = 420;
