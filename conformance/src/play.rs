//! Plays cases: evaluates templates, matches patterns, does what each step says.
//!
//! It knows the language of the live vectors and nothing of any one case. What every frame must be, whatever the
//! case, is verified below it, in [`crate::peer`].

mod body;
mod bytes;
mod entry;
mod errand;
mod evaluate;
mod matching;
mod miss;
mod named;
mod playing;
mod recall;
mod stage;
mod steps;
#[cfg(test)]
mod tests;

pub use playing::{AFTER, play};
pub use stage::{Made, Outcome, Stage};
pub use steps::check::CHAIN;
