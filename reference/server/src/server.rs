//! A server's start: opens the store and joins the parts. What comes of it is [`Running`].

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};

use axum_server::Handle;
use dispatch_protocol::session::{Challenges, Host};
use dispatch_protocol::wire::Transport;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::Config;
use crate::checkpointer::{self, Checkpointer};
use crate::config::check_transports;
#[cfg(unix)]
use crate::control::ControlSocket;
use crate::error::Error;
use crate::feed::Feed;
use crate::health::Health;
use crate::house::House;
use crate::http::{Door, Shown};
use crate::listener::{Manners, accept, listen};
use crate::lobby::Lobby;
use crate::metrics::{self, Metrics, Process, Standing};
use crate::opening::{self, Opened};
use crate::origin::Origin;
use crate::rates::Limiter;
use crate::roster_keeper::RosterKeeper;
use crate::running::Running;
use crate::tls::{self, Keeper};
use crate::writer::intake::Intake;
use crate::writer::{RECOVERY, Sweep, Tip, Writer};

/// The reference server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Opens the community and serves it until [`Running::shutdown`]. It returns when clients can connect: with every block
    /// covered by a checkpoint, and the allowlist followed.
    ///
    /// # Errors
    /// [`Error`]: what is configured wrongly, an address or a store in use, a damaged store. Nothing was changed then.
    pub async fn start(config: Config) -> Result<Running, Error> {
        check_transports(&config.transports).map_err(Error::configuration)?;
        let (reload, reloads) = watch::channel(0);
        let listener = listen(config.bind)?;
        let metrics_listener = config.metrics.map(listen).transpose()?;
        let address = listener
            .local_addr()
            .map_err(|cause| Error::Failed(cause.to_string()))?;
        let origins = if config.origins.is_empty() {
            Origin::of_bound(address, config.tls.is_some())
        } else {
            config.origins.clone()
        };
        if origins.is_empty() {
            let hint = "say by which URL clients reach the server, such as: origins = [\"https://chat.example.org\"]";
            return Err(Error::configuration(format!(
                "no origin is configured, and {address} is none; {hint}"
            )));
        }
        let keeper = config
            .tls
            .clone()
            .map(|files| Keeper::begin(files, origins.clone(), reloads));
        let keeper = keeper.transpose()?;
        let shown = keeper.as_ref().map(Keeper::shown);
        let tls = shown.clone().map(tls::acceptor).transpose()?;
        let opening = {
            let config = config.clone();
            move || {
                let mut opened = Opened::open(&config)?;
                let Opened {
                    ledger,
                    state,
                    server_key,
                    ..
                } = &mut opened;
                // [CHECK-3] What is not covered yet is covered before anybody can connect.
                let last = opening::cover(&mut **ledger, state, server_key)?;
                Ok((opened, last))
            }
        };
        let (opened, last) = run_blocking(opening).await?;
        let Opened {
            mut ledger,
            state,
            genesis,
            server_key,
            authority,
            listed,
        } = opened;
        let (server_key, authority) = (Arc::new(server_key), authority.map(Arc::new));
        let tip = Tip::of(&state);
        let queues = &config.queues;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let failed = |cause: std::io::Error| {
            Error::Failed(format!("a thread could not be started ({cause})"))
        };
        let intake = Intake::start(workers, queues).map_err(failed)?;
        let pushed = checkpointer::pushed(&last);
        let feed = Arc::new(Feed::new(state.size(), pushed, queues.recent_kib << 10));
        let shelf = ledger.share();
        let sole = ledger.sole().map(Path::to_owned);
        let commons = ledger.commons();
        if let Some(commons) = &commons {
            commons.forget_challenges().await?; // [JOIN-21]
        }
        {
            let intake = intake.clone();
            ledger.watch(Arc::new(move || intake.look()));
        }
        let community = state.community();
        let state = Arc::new(RwLock::new(state));
        let lobby = Arc::new(Lobby::new(state.clone(), last.clone()));
        let (tip, growth) = watch::channel(tip);
        let healthy = Arc::new(AtomicBool::new(true));
        let standing = Standing {
            lobby: lobby.clone(),
            feed: feed.clone(),
            healthy: healthy.clone(),
            shelf: shelf.clone(),
            certificate: shown,
        };
        let metrics = Arc::new(Metrics::new().with(standing, Process::begun()));
        let writer = Writer {
            state,
            ledger,
            authority: authority.clone(),
            limits: config.limits.clone(),
            intake: intake.clone(),
            lobby: lobby.clone(),
            feed: feed.clone(),
            tip,
            stale: false,
            trouble: None,
            recovery: RECOVERY,
            healthy: healthy.clone(),
            metrics: metrics.clone(),
            sweep: Some(Sweep::default()),
        };
        let writer = spawn_writer(writer)?;
        let mut covered = feed.checkpoints();
        let (stop, stopping) = watch::channel(false);
        let (staying, inside) = mpsc::channel(1);
        let house = Arc::new(House {
            host: Host {
                origins: origins
                    .iter()
                    .map(|origin| origin.as_str().to_owned())
                    .collect(),
                community,
                limits: config.limits.clone(),
            },
            server_key: server_key.clone(),
            intake: intake.clone(),
            lobby: lobby.clone(),
            feed: feed.clone(),
            shelf,
            commons,
            readers: Arc::new(Semaphore::new(queues.readers)),
            challenges: Mutex::new(Challenges::new(
                queues.challenges,
                config.limits.challenge_ms,
            )),
            limiter: Limiter::new(&config.rates),
            metrics: metrics.clone(),
            entries_of_socket: queues.entries_of_socket,
            slow_reader: config.slow_reader,
            join_within: config.join_within,
            stopping: stopping.clone(),
        });
        let health = Health {
            writable: healthy,
            stopping,
        };
        let mut tasks = Vec::new();
        tasks.extend(keeper.map(|keeper| tokio::spawn(keeper.run())));
        let checkpoint_ms = config.limits.checkpoint_ms;
        let checkpointer = Checkpointer {
            server_key: server_key.clone(),
            intake: intake.clone(),
            lobby: lobby.clone(),
            feed,
            checkpoint_ms,
        };
        tasks.push(tokio::spawn(checkpointer.run(last.clone(), growth.clone())));
        match (&config.allowlist, authority, listed) {
            (Some(path), Some(_), Some(listed)) => {
                let mut keeper = RosterKeeper::new(path.clone(), intake.clone())?;
                keeper.begin(listed).await;
                tasks.push(tokio::spawn(keeper.run()));
            }
            (Some(_), None, _) => {
                tracing::warn!(
                    "no authority_key is configured, so the allowlist is not used; roster entries come over the socket"
                );
            }
            _ => {}
        }
        // [CHECK-3] Also what the allowlist has just brought.
        let size = growth.borrow().description.size;
        if covered
            .wait_for(|pushed| pushed.size >= size)
            .await
            .is_err()
        {
            return Err(Error::Failed(
                "the chain could not be covered by a checkpoint".to_owned(),
            ));
        }
        // Who is not the only one to write need not be asked by another program.
        #[cfg(unix)]
        match sole.as_deref().map(ControlSocket::open) {
            None => {}
            Some(Ok(socket)) => tasks.push(tokio::spawn(socket.run(house.clone()))),
            Some(Err(problem)) => tracing::warn!(
                %problem,
                "there is no control socket; `dispatchd redact` works while the server is stopped"
            ),
        }
        let page_origins = config
            .page_origins
            .clone()
            .unwrap_or_else(|| origins.clone());
        let app = config.app.then(|| origins.clone());
        if config.app && !origins.iter().any(|own| page_origins.contains(own)) {
            tracing::warn!(
                "the app's page may not open a socket here; add an own origin to page_origins, or write app = false"
            );
        }
        if config.app && !config.transports.contains(&Transport::Ws) {
            tracing::warn!(
                "the app speaks WebSocket alone; add \"ws\" to transports, or write app = false"
            );
        }
        let door = Door::new(
            house,
            Shown {
                page_origins,
                app,
                transports: config.transports,
                genesis,
                health: health.clone(),
                proxies: config.proxies.clone(),
            },
            (config.connections, queues.strangers),
            staying,
        );
        let handle = Handle::new();
        let accepting = accept(
            listener,
            door,
            handle.clone(),
            Manners {
                slow_reader: config.slow_reader,
                queues: config.queues.clone(),
                join_within: config.join_within,
                tls,
                proxies: config.proxies.into(),
                metrics: metrics.clone(),
            },
        )?;
        tasks.push(tokio::spawn(accepting));
        let metrics_handle = Handle::new();
        let metrics_address = match metrics_listener {
            None => None,
            Some(listener) => {
                let address = listener.local_addr();
                let serving =
                    metrics::serve::serve(listener, metrics, health, metrics_handle.clone())?;
                tasks.push(tokio::spawn(serving));
                address.ok()
            }
        };
        let members = lobby.members();
        Ok(Running {
            origins,
            address,
            metrics_address,
            metrics_handle,
            reload,
            community,
            blocks: size,
            members,
            shutdown_within: config.shutdown_within,
            handle,
            stop,
            inside,
            intake,
            server_key,
            last,
            writer,
            tasks,
        })
    }
}

/// The writer has a thread of its own. None comes back if it panicked.
fn spawn_writer(writer: Writer) -> Result<JoinHandle<Option<Writer>>, Error> {
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name("ledger".to_owned())
        .spawn(move || {
            let _ = ended.send(writer.run());
        })
        .map_err(|cause| Error::Failed(format!("a thread could not be started ({cause})")))?;
    Ok(tokio::spawn(async move { end.await.ok() }))
}

/// Does blocking work on a thread that is there for it.
pub(crate) async fn run_blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|cause| Err(Error::Failed(cause.to_string())))
}
