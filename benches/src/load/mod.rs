//! The load generator: senders and subscribers over real sockets, bounded in number and in time.
//!
//! Messages are made and signed before the clock starts. [`Sender`]s hand them in by a window (closed loop) or by a clock
//! (open loop: latency counts from the moment at which a message was meant to go); [`subscribe`] reads; [`drive`] runs
//! both together and checks that every message was acknowledged once and delivered once to each subscriber, in order. What
//! is spoken on the wire is not known here but by [`hearing`] and the [`community`] that makes the frames: the peers and
//! the [ceiling](crate::ceiling) are measured by the same code.

pub mod community;
pub mod conversation;
mod drive;
pub mod hearing;
pub mod letters;
pub mod limit;
pub mod member;
mod problem;
mod sender;
pub mod server;
pub mod stage;
mod subscriber;
mod tally;
pub mod target;
mod tell;
pub mod usage;

pub use drive::{Latency, Load, Measured, Pace, Participants, drive};
pub use problem::Problem;
pub use sender::{Answer, Gate, Sender, Sent};
pub use subscriber::subscribe;
pub use tally::{Arrival, Fault, Tally};
