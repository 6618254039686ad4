//! `dispatchd serve`: runs the server until a signal or a failure ends it.

use std::process::ExitCode;

use super::ServeArguments;
use crate::Server;
use crate::config::DatabaseAddress;
use crate::error::Error;
use crate::{files, log};

pub(super) fn run(arguments: &ServeArguments) -> Result<ExitCode, Error> {
    let mut config = arguments.place.load()?;
    if let Some(bind) = arguments.bind {
        config.bind = bind;
    }
    if let Some(url) = &arguments.ledger {
        let address = DatabaseAddress::parse(url).map_err(Error::configuration)?;
        config.database = Some(address.or_environment());
    }
    log::begin(&config.log)?;
    let (connections, requests) = (config.connections, config.queues.requests);
    let app = config.app;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::Failed(format!("the runtime could not be started ({cause})")))?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let mut server = Server::start(config).await?;
        let origins: Vec<_> = server
            .origins()
            .iter()
            .map(|origin| origin.as_str())
            .collect();
        let (blocks, members) = server.size_at_start();
        tracing::info!(
            address = %server.address(),
            community = %server.community(),
            origins = origins.join(" "),
            blocks,
            members,
            "serving"
        );
        if app {
            tracing::info!(
                invitation = server.invitation(),
                "members open the app by this link"
            );
        }
        files::allow(connections, requests);
        for origin in server.origins().iter().filter(|origin| origin.needs_tls()) {
            tracing::warn!(%origin, "members' tokens travel in the clear; name a certificate under [tls], or stand behind a proxy that speaks TLS, and write https"); // [SESS-19]
        }
        if let Some(address) = server.metrics_address() {
            tracing::info!(%address, "metrics are shown at /metrics");
        }
        let failure = loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::Stop(name) => {
                        tracing::info!(signal = name, "stopping");
                        break None;
                    }
                    Signal::Reload => server.reload(),
                },
                failure = server.failure() => break Some(failure),
            }
        };
        if let Some(failure) = failure {
            drop(server);
            return Err(failure);
        }
        server.shutdown().await?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// What the owner asks for.
enum Signal {
    Stop(&'static str),
    #[cfg_attr(not(unix), allow(dead_code))]
    Reload,
}

/// What asks the server to stop, or to read its certificate anew.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> Result<Signals, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |cause: std::io::Error| {
            Error::Failed(format!("signals cannot be listened for ({cause})"))
        };
        Ok(Signals {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            hangup: signal(SignalKind::hangup()).map_err(failed)?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Signal::Stop("SIGINT"),
            _ = self.hangup.recv() => Signal::Reload,
        }
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Signals, Error> {
        Ok(Signals {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Stop("interrupt")
    }
}
