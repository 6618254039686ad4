//! The testbed itself, with real programs.

mod lives;
mod postgres;
mod proxy;
