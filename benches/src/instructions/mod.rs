//! How many instructions the steps of a message's way take: a count that repeats, where a time does not, and so can be held
//! against a bound. Counted by callgrind (valgrind), in the development profile, without the system's part and without RSA,
//! which is the library's own.

mod bounds;
mod count;
pub mod steps;

pub use bounds::{Bounds, BoundsError, TOLERATED};
pub use count::{CountError, Counted, count};
