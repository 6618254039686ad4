//! One server under test: its folder, its process, what it says on its outputs.
//!
//! The process begins a group of its own and is ended by that group's id, so that a wrapper's children go with it. Each
//! end is waited for: no zombie stays, and the port is free again. Dropping a [`Spawned`] kills what still runs.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use super::{
    CommandTemplate, ServerConfig,
    config::FORMAT,
    group::{self, Ending},
    port,
};
use crate::{canary::Places, corpus::Corpus, key_files};

/// Between two looks whether a server that is starting listens.
const LOOK: Duration = Duration::from_millis(2);
/// How long a process that was killed may take to be gone.
const GONE: Duration = Duration::from_secs(5);
/// How long to wait for what it had started besides: orphans whose new parent is slow to reap them look alive.
const ORPHANS: Duration = Duration::from_secs(1);
/// How many of its last lines are told of a server that failed.
const LINES: usize = 12;
/// The files that a server gets, of `vectors/keys/`.
const KEYS: [&str; 3] = [
    "authority.test-key.pem",
    "server.test-key.pem",
    "allowlist.pem",
];

/// Makes servers by one command.
#[derive(Debug, Clone)]
pub struct Spawner {
    /// The command.
    pub command: CommandTemplate,
    /// How long a start may take.
    pub ready_within: Duration,
    /// How long a stop in order may take.
    pub stop_within: Duration,
    /// Where folders are made and stay; none makes temporary ones.
    pub keep: Option<PathBuf>,
}

/// A server under test, started or not.
#[derive(Debug)]
pub struct Spawned {
    spawner: Spawner,
    folder: PathBuf,
    config: ServerConfig,
    running: Mutex<Option<Running>>,
    said_before: Mutex<u64>,
    _temporary: Option<TempDir>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    group: u32,
}

/// Why a server did not start, or did not stop.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The command cannot be run at all.
    #[error("`{program}` cannot be run: {error}{}", advice(.error))]
    Command {
        /// The program.
        program: String,
        /// What the system said.
        error: io::Error,
    },
    /// It ended before it listened.
    #[error("the server ended with {status} before it listened on {address}{said}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// Where it was to listen.
        address: String,
        /// Its last lines.
        said: Said,
    },
    /// It did not listen in time.
    #[error("the server does not listen on {address} {within:?} after its start{said}")]
    NeverReady {
        /// Where it was to listen.
        address: String,
        /// How long it was waited for.
        within: Duration,
        /// Its last lines.
        said: Said,
    },
    /// It did not end after SIGTERM.
    #[error("the server still runs {within:?} after it was asked to stop (SIGTERM){said}")]
    NeverStopped {
        /// How long it was waited for.
        within: Duration,
        /// Its last lines.
        said: Said,
    },
    /// The suite's own files or signals.
    #[error("the server's process: {0}")]
    System(#[from] io::Error),
}

/// The last lines that a server said, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said(Vec<String>);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("; it said nothing");
        }
        f.write_str("; its last lines:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

impl Spawner {
    /// Makes a server's folder, keys and configuration. `name` tells it from the others.
    ///
    /// # Errors
    /// Those of files and ports.
    pub fn prepare(
        &self,
        name: &str,
        limits: &std::collections::BTreeMap<String, u64>,
    ) -> io::Result<Arc<Spawned>> {
        let (folder, temporary) = match &self.keep {
            Some(keep) => (fresh_folder(keep, name)?, None),
            None => {
                let folder = tempfile::Builder::new()
                    .prefix("dispatch-conformance-")
                    .tempdir()?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        let folder = fs::canonicalize(folder)?;
        let data_dir = folder.join("data");
        fs::create_dir(&data_dir)?;
        let corpus = Corpus::embedded();
        for key in KEYS {
            let text = corpus.text(&format!("vectors/keys/{key}"));
            let text =
                text.ok_or_else(|| io::Error::other(format!("the suite carries no {key}")))?;
            key_files::write(&folder.join(key), text)?;
        }
        let listen = port::free()?;
        let [authority_key, server_key, allowlist] = KEYS.map(|key| folder.join(key));
        let config = ServerConfig {
            format: FORMAT.to_owned(),
            listen,
            origin: format!("http://{listen}"),
            data_dir,
            community_name: "dispatch-conformance".to_owned(),
            authority_key,
            server_key,
            allowlist,
            limits: ServerConfig::limits_with(limits),
        };
        config.write(&folder.join("config.json"))?;
        Ok(Arc::new(Spawned {
            spawner: self.clone(),
            folder,
            config,
            running: Mutex::default(),
            said_before: Mutex::default(),
            _temporary: temporary,
        }))
    }
}

impl Spawned {
    /// What the server is told.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("ws://{}", self.config.listen)
    }

    /// Where it writes.
    pub fn places(&self) -> Places {
        Places {
            data: Some(self.config.data_dir.clone()),
            log: Some(self.output()),
        }
    }

    /// The file with all that it said on its standard outputs.
    pub fn output(&self) -> PathBuf {
        self.folder.join("output.log")
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// If it does not; nothing of it runs then.
    pub async fn start(&self) -> Result<(), StartFault> {
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.output())?;
        *lock(&self.said_before) = output.metadata()?.len();
        let mut command = Command::new(self.spawner.command.program());
        command
            .args(
                self.spawner
                    .command
                    .arguments(&self.folder.join("config.json")),
            )
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true);
        group::begin(&mut command)?;
        let child = command.spawn().map_err(|error| StartFault::Command {
            program: self.spawner.command.program().to_owned(),
            error,
        })?;
        let group = child.id().unwrap_or_default();
        let mut running = Running { child, group };
        match self.await_ready(&mut running).await {
            Ok(()) => {
                *lock(&self.running) = Some(running);
                Ok(())
            }
            Err(fault) => {
                end(running, Ending::Kill, GONE).await?;
                Err(fault)
            }
        }
    }

    async fn await_ready(&self, running: &mut Running) -> Result<(), StartFault> {
        let within = self.spawner.ready_within;
        let until = Instant::now() + within;
        let address = self.config.listen;
        loop {
            let listens = TcpStream::connect(address).await.is_ok();
            // Looked at after connecting: who listens there may be somebody else.
            if let Some(status) = running.child.try_wait()? {
                return Err(StartFault::Ended {
                    status,
                    address: address.to_string(),
                    said: self.said(),
                });
            }
            if listens {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(StartFault::NeverReady {
                    address: address.to_string(),
                    within,
                    said: self.said(),
                });
            }
            sleep(LOOK).await;
        }
    }

    /// Kills it and whatever it started, at once, and waits until it is gone. One that does not run stays so.
    ///
    /// # Errors
    /// If the system does not let it be killed.
    pub async fn kill(&self) -> io::Result<()> {
        let running = lock(&self.running).take();
        match running {
            Some(running) => end(running, Ending::Kill, GONE).await.map(drop),
            None => Ok(()),
        }
    }

    /// Asks it to stop in order, and waits until it has.
    ///
    /// # Errors
    /// If it does not stop in time; it is killed then.
    pub async fn stop(&self) -> Result<(), StartFault> {
        let Some(running) = lock(&self.running).take() else {
            return Ok(());
        };
        let within = self.spawner.stop_within;
        match end(running, Ending::Stop, within).await? {
            true => Ok(()),
            false => Err(StartFault::NeverStopped {
                within,
                said: self.said(),
            }),
        }
    }

    /// The last lines that it said since its last start.
    pub fn said(&self) -> Said {
        let bytes = fs::read(self.output()).unwrap_or_default();
        let before = usize::try_from(*lock(&self.said_before)).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes.get(before..).unwrap_or_default());
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LINES)..].iter();
        Said(last.map(|line| (*line).to_owned()).collect())
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        if let Some(running) = lock(&self.running).take() {
            // Its own child is reaped by the runtime; nobody waits for it any more.
            let _ = group::end(running.group, Ending::Kill);
        }
    }
}

/// Ends a process and its group; `false` if it had to be killed because it did not go in time.
async fn end(mut running: Running, ending: Ending, within: Duration) -> io::Result<bool> {
    group::end(running.group, ending)?;
    let went = timeout(within, running.child.wait()).await;
    let in_time = match went {
        Ok(status) => status.map(|_| true)?,
        Err(_) => false,
    };
    // What a wrapper left behind goes, too: it holds the port and the store.
    group::end(running.group, Ending::Kill)?;
    if !in_time {
        running.child.wait().await?;
    }
    let until = Instant::now() + ORPHANS;
    while group::is_left(running.group) && Instant::now() < until {
        sleep(LOOK).await;
    }
    Ok(in_time)
}

/// A folder of this name, or the name and a number, that was not there.
fn fresh_folder(keep: &Path, name: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(keep)?;
    for number in 1.. {
        let name = match number {
            1 => name.to_owned(),
            _ => format!("{name}-{number}"),
        };
        match fs::create_dir(keep.join(&name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| keep.join(name)),
        }
    }
    unreachable!("there is always a next number")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; give the program's path in --spawn, or put it on the PATH",
        io::ErrorKind::PermissionDenied => "; make it executable with: chmod +x",
        _ => "",
    }
}
