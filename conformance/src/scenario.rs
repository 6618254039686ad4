//! The language of the live vectors: cases, steps, templates and patterns, as `vectors/live/README.md` defines them.
//!
//! Everything here is read once and checked while it is read; running it is for [`crate::play`].

pub mod case;
pub mod known_answer;
pub mod pattern;
pub mod step;
pub mod template;
pub mod transport;
pub mod vectors;

pub use case::{AccountKind, Capability, Case};
pub use known_answer::KnownAnswer;
pub use pattern::{Form, Pattern};
pub use step::Step;
pub use template::Template;
pub use transport::Transport;
pub use vectors::{VectorFault, Vectors};
