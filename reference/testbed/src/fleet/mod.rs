//! Several `dispatchd` of one community behind a load balancer, each a process with a folder and a port of its own.
//!
//! The first is founded (`dispatchd init`), its chain moved into the database (`dispatchd migrate --ledger`); the others are
//! copies of its folder without the authority's key and the allowlist, which belong to one process.

mod folder;
mod server;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{Problem, Proxy};
use server::Server;

/// What a fleet is to be.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The program `dispatchd`, or one that becomes it by its first arguments.
    pub program: PathBuf,
    /// Those arguments.
    pub becomes: Vec<OsString>,
    /// How many processes.
    pub processes: usize,
    /// Where their ledger is. Without one there is one process alone, on SQLite.
    pub database: Option<Database>,
    /// Further arguments of `dispatchd init`, such as `--allow FILE`, `--server-key FILE`, `--limit NAME=VALUE`.
    pub init: Vec<OsString>,
    /// Settings of `dispatchd.toml` that are written otherwise: the key as it stands there, and the value in TOML.
    pub settings: Vec<(String, String)>,
    /// Where it stays when it ends, to be started there again. Without it everything is temporary.
    pub stays: Option<Stays>,
}

/// What of a fleet outlives it.
#[derive(Clone, Debug)]
pub struct Stays {
    /// Holds the processes' folders. A community that is founded there is served as it is.
    pub folder: PathBuf,
    /// Where the load balancer listens.
    pub listen: SocketAddr,
    /// The origin by which members dial.
    pub origin: String,
}

/// A ledger's database.
#[derive(Clone)]
pub struct Database {
    /// Its URL for each process, by whatever cable; the last one holds for all further processes.
    pub urls: Vec<String>,
    /// The password, which goes by `PGPASSWORD`.
    pub password: String,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

/// Processes that serve one community, their folders and the load balancer, which go with it.
pub struct Fleet {
    // Before the folder: fields are dropped in their order.
    servers: Vec<Server>,
    balancer: Proxy,
    origin: String,
    plan: Plan,
    folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl Fleet {
    /// Founds a community and serves it.
    ///
    /// # Errors
    /// A command of `dispatchd` that fails, with what it said; a server that does not come up, with the end of its log.
    pub async fn start(plan: Plan) -> Result<Fleet, Problem> {
        if plan.database.is_none() && plan.processes != 1 {
            return Err(Problem::new("several processes need a database"));
        }
        let temporary = match &plan.stays {
            Some(_) => None,
            None => {
                let folder = tempfile::Builder::new().prefix("dispatch-fleet-").tempdir();
                Some(folder.map_err(Problem::at("no temporary folder"))?)
            }
        };
        let folder = match (&plan.stays, &temporary) {
            (Some(stays), _) => stays.folder.clone(),
            (None, Some(folder)) => folder.path().to_owned(),
            (None, None) => unreachable!("what does not stay is temporary"),
        };
        let balancer = Proxy::start(&[])?;
        let origin = match &plan.stays {
            Some(stays) => stays.origin.clone(),
            None => format!("http://{}", balancer.address()),
        };
        let mut fleet = Fleet {
            servers: Vec::new(),
            balancer,
            origin,
            plan,
            folder,
            _temporary: temporary,
        };
        let folders: Vec<PathBuf> = (0..fleet.plan.processes)
            .map(|number| fleet.folder.join(format!("dispatchd-{number}")))
            .collect();
        let is_founded = |first: &PathBuf| first.join("dispatchd.toml").exists();
        if let Some((first, others)) = folders.split_first()
            && !is_founded(first)
        {
            fleet.found(first).await?;
            others
                .iter()
                .try_for_each(|other| folder::copy(first, other))?;
        }
        for (number, folder) in folders.iter().enumerate() {
            fleet.servers.push(Server::new(folder, fleet.url(number)));
            fleet.start_again(number).await?;
        }
        let addresses: Vec<SocketAddr> = fleet.servers.iter().map(Server::address).collect();
        match &fleet.plan.stays {
            // Who connects there is to be served.
            Some(stays) => fleet.balancer = Proxy::start_at(stays.listen, &addresses)?,
            None => fleet.balancer.retarget(&addresses),
        }
        Ok(fleet)
    }

    /// The origin by which members dial: the load balancer's. It holds at each process, too.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The load balancer: each connection to the next process, one that is dead is skipped.
    #[must_use]
    pub fn balancer(&self) -> &Proxy {
        &self.balancer
    }

    /// How many processes there are, dead ones counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// Where a process listens, by its number from 0. It stays over its deaths.
    #[must_use]
    pub fn address(&self, number: usize) -> SocketAddr {
        self.servers[number].address()
    }

    /// A process's number in the system, while it lives.
    #[must_use]
    pub fn id(&self, number: usize) -> Option<u32> {
        self.servers[number].id()
    }

    /// A process's folder.
    #[must_use]
    pub fn folder(&self, number: usize) -> &Path {
        self.servers[number].folder()
    }

    /// Everything that a process has logged, over all its lives.
    #[must_use]
    pub fn log(&self, number: usize) -> String {
        self.servers[number].log()
    }

    /// Kills a process (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn kill(&mut self, number: usize) -> Result<(), Problem> {
        self.servers[number].kill().await
    }

    /// Asks a process to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// It goes on, or ends with a failure.
    pub async fn stop(&mut self, number: usize) -> Result<(), Problem> {
        self.servers[number].stop().await
    }

    /// Starts a process that is dead, at the same address, and waits until it is ready (`/readyz`).
    ///
    /// # Errors
    /// It does not come up; the end of its log is shown.
    pub async fn start_again(&mut self, number: usize) -> Result<(), Problem> {
        let command = self.command(number, "serve");
        self.servers[number].start(command).await
    }

    /// Whether a process says that it is ready: it takes connections, and its ledger can be written.
    pub async fn is_ready(&self, number: usize) -> bool {
        self.servers[number].is_ready().await
    }

    /// A command of `dispatchd` in a process's folder, such as `verify`; further arguments may follow.
    #[must_use]
    pub fn command(&self, number: usize, name: &str) -> Command {
        let server = &self.servers[number];
        let mut command = self.dispatchd(name);
        match name {
            "serve" => command.arg(server.folder()),
            _ => command.arg("-c").arg(server.folder()),
        };
        // Each by its own cable; the configuration names the first one's.
        if let (Some(url), "serve") = (server.url(), name) {
            command.arg("--ledger").arg(url);
        }
        command
    }

    async fn found(&self, folder: &Path) -> Result<(), Problem> {
        let mut init = self.dispatchd("init");
        init.arg(folder).args(["--bind", "127.0.0.1:0", "--origin"]);
        init.arg(&self.origin).args(&self.plan.init);
        run(init, "init").await?;
        folder::set(folder, &self.plan.settings)?;
        if let Some(url) = self.url(0) {
            let mut migrate = self.dispatchd("migrate");
            migrate.arg(folder).args(["--ledger", &url]);
            run(migrate, "migrate").await?;
        }
        Ok(())
    }

    fn url(&self, number: usize) -> Option<String> {
        let urls = &self.plan.database.as_ref()?.urls;
        urls.get(number).or(urls.last()).cloned()
    }

    fn dispatchd(&self, name: &str) -> Command {
        let mut command = crate::process::command(&self.plan.program, server::ENDING);
        command
            .args(&self.plan.becomes)
            .arg(name)
            .env_remove("COLUMNS");
        if let Some(database) = &self.plan.database {
            command.env("PGPASSWORD", &database.password);
        }
        command
    }
}

/// A test that fails shows what the processes said last.
impl Drop for Fleet {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for (number, server) in self.servers.iter().enumerate() {
            let told = Problem::new(format!("dispatchd {number} said last:"));
            eprintln!("{}", server.told(told));
        }
    }
}

/// Runs a command to its end.
async fn run(command: Command, name: &str) -> Result<(), Problem> {
    let name = format!("dispatchd {name}");
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).output().await;
    let output = output.map_err(Problem::at(&name))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Problem::new(format!(
            "{name}: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        ))),
    }
}
