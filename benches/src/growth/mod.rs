//! Whether cost grows as it should: communities of a thousand to a million blocks, and of ten to a thousand members.

mod folder;

pub use folder::Folder;
