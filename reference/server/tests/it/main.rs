//! The server as its neighbours see it: over real sockets, through its library entry point, and by the binary.

mod allowlist;
mod app;
mod backup;
mod bytes;
mod client;
mod command;
mod community;
mod disk;
mod ending;
mod founding;
mod http;
mod joining;
mod member;
mod process;
mod process_life;
mod redaction;
mod restart;
mod speaking;
mod upgrade;
