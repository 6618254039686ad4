//! `control`: serves the control server, with faults, or a null peer.

use std::path::PathBuf;

use clap::Args;

use super::complain;
use crate::{
    control::{self, Faults, NullPeer, fault},
    exit::Exit,
    spawn::ServerConfig,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Break the rule that this fault names, such as JOIN-4; may be repeated
    #[arg(long, value_name = "ID")]
    fault: Vec<String>,
    /// Serve a null peer instead: refuses, accepts, hangs-up or silent
    #[arg(long, value_name = "PEER", conflicts_with = "fault")]
    null: Option<NullPeer>,
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Serve what this JSON configuration describes, with a ledger in its folder, as `run --spawn` asks for it
    #[arg(long, value_name = "FILE", conflicts_with = "port")]
    config: Option<PathBuf>,
    /// List the faults, and what each gets wrong
    #[arg(long)]
    list_faults: bool,
}

pub fn execute(arguments: &Arguments) -> Exit {
    if arguments.list_faults {
        for fault in fault::catalogue() {
            anstream::println!("{:<22} {}", fault.id, fault.mistake);
        }
        return Exit::Conformant;
    }
    let faults = match Faults::of(&arguments.fault) {
        Ok(faults) => faults,
        Err(unknown) => return complain(Exit::Usage, &unknown.to_string()),
    };
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(serve(arguments, faults)),
        Err(error) => complain(Exit::Harness, &format!("no runtime: {error}")),
    }
}

/// Serves until it is interrupted.
async fn serve(arguments: &Arguments, faults: Faults) -> Exit {
    let broken = match arguments.null {
        Some(peer) => format!("the null peer `{peer}`"),
        None => format!("the control server with {faults}"),
    };
    let started = match (&arguments.config, arguments.null) {
        (Some(path), peer) => match ServerConfig::read(path) {
            Ok(config) => control::start_under(&config, faults, peer).await,
            Err(why) => return complain(Exit::Usage, &why),
        },
        (None, Some(peer)) => control::start_null(arguments.port, peer).await,
        (None, None) => control::start_at(arguments.port, faults).await,
    };
    let running = match started {
        Ok(running) => running,
        Err(error) => return complain(Exit::Usage, &format!("{}: {error}", place(arguments))),
    };
    anstream::println!("{}", running.url);
    anstream::eprintln!("{broken}; Ctrl-C ends it");
    if let Err(error) = asked_to_stop().await {
        return complain(Exit::Harness, &format!("signals cannot be had: {error}"));
    }
    running.shutdown().await;
    Exit::Conformant
}

fn place(arguments: &Arguments) -> String {
    match &arguments.config {
        Some(path) => path.display().to_string(),
        None => format!("port {}", arguments.port),
    }
}

/// Ends with Ctrl-C, and with SIGTERM where there is such a thing.
#[cfg(unix)]
async fn asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
