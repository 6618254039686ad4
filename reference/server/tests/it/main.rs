//! The server as its neighbours see it: over real sockets, through its library entry point, and by the binary.

mod allowlist;
mod app;
mod backup;
mod broken_off;
mod bytes;
mod client;
mod command;
mod community;
mod disk;
mod ending;
mod founding;
mod history;
mod http;
mod joining;
mod logs;
mod member;
mod metrics;
mod process;
mod process_life;
mod rates;
mod redact;
mod redaction;
mod restart;
mod speaking;
mod tls;
mod upgrade;
