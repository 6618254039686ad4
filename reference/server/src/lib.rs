//! The reference server of dispatch-d/1: the ledger, the sessions and the sockets around the protocol crate, which knows
//! the rules.
//!
//! The way of a message: a [connection] decodes a frame and lets its session judge it, or a [request](http)
//! shows the session's token; an entry goes through the [intake](writer::intake), where its signature is verified off the
//! threads that read sockets, to the ledger's one [writer], which judges it by the chain, makes it durable and publishes it in
//! the [feed]; each connection, stream and request writes what was published. Nothing behind the first two knows which
//! transport it serves. Not here: what the protocol's rules are, and anything that a client does.
//!
//! For use inside another program, [`init()`] founds a community and [`Server::start`] serves it:
//!
//! ```no_run
//! # async fn example() -> Result<(), dispatch_server::Error> {
//! use dispatch_server::{Founding, Server, init};
//!
//! let mut config = init("./community".as_ref(), &Founding::default())?;
//! config.bind = ([127, 0, 0, 1], 0).into();
//! let server = Server::start(config).await?;
//! println!("{} serves {}", server.origin(), server.community());
//! server.shutdown().await
//! # }
//! ```
#![allow(rustdoc::private_intra_doc_links)]

mod acceptor;
mod allowlist;
mod app;
#[doc(hidden)]
pub mod benching;
mod checkpointer;
mod clock;
mod coding;
pub mod command;
mod config;
mod connection;
mod control;
mod error;
mod feed;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod house;
mod http;
mod init;
mod key_file;
mod ledger;
mod listener;
mod lobby;
mod log;
mod manifest;
mod metrics;
mod new_folder;
mod opening;
mod origin;
mod outbox;
mod rates;
mod reader;
mod roster_keeper;
mod running;
mod server;
mod sharing;
mod stream;
mod tls;
mod watch;
mod writer;

pub use config::{Config, DatabaseAddress, Queues, Rate, Rates, TlsFiles};
pub use error::Error;
pub use init::{Founding, init};
pub use ledger::StoreError;
pub use origin::Origin;
pub use running::Running;
pub use server::Server;
