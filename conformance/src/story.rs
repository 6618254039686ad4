//! The story of a case, told for people: what was sent and received, shortened, with the times.

pub mod shorten;
pub mod timeline;
pub mod visible;

pub use timeline::Timeline;
