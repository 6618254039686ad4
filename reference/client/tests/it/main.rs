//! The client against the real server, in process, and against servers that are wrong on purpose.

mod arrows;
mod bad_input;
mod command;
mod community;
mod conversation;
mod hostile;
mod losses;
mod meddler;
mod proxy;
mod rotation;
mod said_once;
mod silence;
mod tls;
