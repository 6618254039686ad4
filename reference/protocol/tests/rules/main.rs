//! The rules of the specification, each with its twin: a valid sibling passes, its smallest mutation is refused.

mod encryption;
mod entries;
mod evidence;
mod frames;
mod going_on;
mod join;
mod keeping;
mod members;
mod messages;
mod peers;
mod replay;
mod served;
mod session;
mod world;
