//! A real PostgreSQL for one test: a primary in a temporary folder, synchronous standbys beside it, and what may happen to them.
//!
//! What is committed is on the disk (`fsync` stays on): a test that kills it wants to see what survives. The first user,
//! `postgres`, is the superuser, for the test itself; [`Postgres::url`] names an ordinary one, which owns the databases that are
//! made here, as a server's account in the world does.

mod programs;
mod standby;

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::account::Account;
use crate::process::{self, Ending, Process};
use crate::waiting::until;
use crate::{Problem, process::runs};
use programs::Programs;

/// The superuser.
const SUPERUSER: &str = "postgres";

/// The user by whom servers come.
const USER: &str = "dispatch";

/// How often another free port is tried if somebody takes it first.
const PORTS: usize = 5;

/// What holds besides PostgreSQL's defaults: small, as tests are; `-c NAME=VALUE` each.
const SETTINGS: [(&str, &str); 5] = [
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("shared_buffers", "32MB"),
    ("max_connections", "200"),
    // How soon a standby looks again for a primary that was away; 5 s without this.
    ("wal_retrieve_retry_interval", "100ms"),
];

/// A PostgreSQL, its folder and its processes, which go with it.
pub struct Postgres {
    programs: Programs,
    account: Option<Account>,
    // Before the folder: fields are dropped in their order.
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    password: String,
    settings: Vec<(String, String)>,
    /// Its standbys' names.
    standbys: Vec<String>,
}

impl Postgres {
    /// A new primary that answers.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not come up; its log is shown.
    pub async fn start() -> Result<Postgres, Problem> {
        Postgres::start_with(&[]).await
    }

    /// The same with settings of `postgresql.conf`, each a name and a value.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Postgres, Problem> {
        let own = SETTINGS.iter().chain(settings);
        let own = own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let password = format!("{:032x}", rand::random::<u128>());
        let mut postgres = Postgres::empty(Programs::find()?, password, own.collect())?;
        postgres.make_cluster().await?;
        postgres.come_up().await?;
        let client = postgres.client("postgres").await?;
        let role = format!("CREATE ROLE {USER} LOGIN PASSWORD '{}'", postgres.password);
        let made = client.batch_execute(&role).await;
        made.map_err(Problem::of_database("a role could not be made"))?;
        Ok(postgres)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// The password of both users.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The URL of a database for a server, without the password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        Postgres::url_at(self.address(), database)
    }

    /// The same at another address, such as a proxy's.
    #[must_use]
    pub fn url_at(address: std::net::SocketAddr, database: &str) -> String {
        format!("postgres://{USER}@{address}/{database}?sslmode=disable")
    }

    /// A new and empty database that the server's user owns; gives its [`Postgres::url`].
    ///
    /// # Errors
    /// There is one of this name; it is a standby.
    pub async fn create_database(&self, name: &str) -> Result<String, Problem> {
        let client = self.client("postgres").await?;
        let create = format!("CREATE DATABASE \"{name}\" OWNER {USER}");
        let made = client.batch_execute(&create).await;
        made.map_err(Problem::of_database(format!("no database {name}")))?;
        Ok(self.url(name))
    }

    /// A connection of the superuser.
    ///
    /// # Errors
    /// It does not answer, or has no such database.
    pub async fn client(&self, database: &str) -> Result<Client, Problem> {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port);
        config.user(SUPERUSER).password(&self.password);
        config.dbname(database);
        let connected = config.connect(NoTls).await;
        let (client, connection) = connected.map_err(Problem::of_database(format!(
            "PostgreSQL at {}",
            self.address()
        )))?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Has it speak TLS from now on, with a certificate and its key (PEM), and log each connection with what it was made by.
    ///
    /// # Errors
    /// It does not take them; those of the system.
    pub async fn speak_tls(&self, certificate: &str, key: &str) -> Result<(), Problem> {
        let here = |name: &str| self.folder.path().join(name);
        let mut commands = Vec::new();
        for (setting, name, pem) in [
            ("ssl_cert_file", "tls.crt", certificate),
            ("ssl_key_file", "tls.key", key),
        ] {
            let path = here(name);
            std::fs::write(&path, pem).map_err(Problem::at(path.display()))?;
            // It refuses a key that others may read.
            std::fs::set_permissions(&path, Permissions::from_mode(0o600))
                .map_err(Problem::at(path.display()))?;
            Account::owns(self.account, &path)?;
            commands.push(format!("ALTER SYSTEM SET {setting} = '{}'", path.display()));
        }
        commands.extend(
            [
                "ALTER SYSTEM SET log_connections = on",
                "ALTER SYSTEM SET ssl = on",
            ]
            .map(str::to_owned),
        );
        commands.push("SELECT pg_reload_conf()".to_owned());
        let client = self.client("postgres").await?;
        // Each by itself: this command goes into no transaction of several.
        for command in &commands {
            let done = client.batch_execute(command).await;
            done.map_err(Problem::of_database("TLS could not be set up"))?;
        }
        let speaks = until("PostgreSQL to speak TLS", async || {
            let asked = client.query_one("SHOW ssl", &[]).await;
            let asked = asked.map_err(Problem::of_database("its settings"))?;
            Ok((asked.get::<_, &str>(0) == "on").then_some(()))
        });
        speaks.await.map_err(|problem| self.told(problem))
    }

    /// Ends it in order ("fast"): connections are closed, everything is written.
    ///
    /// # Errors
    /// It goes on.
    pub async fn stop(&mut self) -> Result<(), Problem> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        process.signal(Signal::INT)?;
        process.end().await.map_err(|problem| self.told(problem))?;
        Ok(())
    }

    /// Kills it (SIGKILL), and waits until all its processes are gone. What the system holds stays: this is the loss of a
    /// process and not of power.
    ///
    /// # Errors
    /// One of its processes goes on.
    pub async fn kill(&mut self) -> Result<(), Problem> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        let children = process.children();
        process.signal(Signal::KILL)?;
        process.end().await?;
        // They see that their parent is gone, and end; a new one would not start beside them.
        let gone = async || Ok((!children.iter().any(|child| runs(*child))).then_some(()));
        let gone = until("the killed PostgreSQL's processes to end", gone).await;
        gone.map_err(|problem| self.told(problem))
    }

    /// Stops all its processes where they are (SIGSTOP), as a machine that hangs: connections stay open, nothing is answered.
    ///
    /// # Errors
    /// Those of the system.
    pub fn pause(&mut self) -> Result<(), Problem> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        // The one that starts others first.
        process.signal(Signal::STOP)?;
        process.children().into_iter().try_for_each(stop)
    }

    /// Lets them go on (SIGCONT).
    ///
    /// # Errors
    /// Those of the system.
    pub fn resume(&mut self) -> Result<(), Problem> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let children = process.children();
        children.into_iter().try_for_each(go_on)?;
        process.signal(Signal::CONT)
    }

    /// Starts it on what it had, at the same address, and waits until it answers.
    ///
    /// # Errors
    /// It does not come up; its log is shown.
    pub async fn start_again(&mut self) -> Result<(), Problem> {
        if self.process.is_some() {
            return Err(Problem::new("this PostgreSQL runs"));
        }
        self.spawn()?;
        self.ready().await
    }

    /// Everything that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// One that has a folder and nothing in it.
    fn empty(
        programs: Programs,
        password: String,
        settings: Vec<(String, String)>,
    ) -> Result<Postgres, Problem> {
        let folder = tempfile::Builder::new()
            .prefix("dispatch-postgres-")
            .tempdir();
        let folder = folder.map_err(Problem::at("no temporary folder"))?;
        let account = Account::of_postgres()?;
        Account::owns(account, folder.path())?;
        Ok(Postgres {
            programs,
            account,
            process: None,
            folder,
            port: 0,
            password,
            settings,
            standbys: Vec::new(),
        })
    }

    async fn make_cluster(&self) -> Result<(), Problem> {
        let password = self.folder.path().join("password");
        std::fs::write(&password, &self.password).map_err(Problem::at(password.display()))?;
        Account::owns(self.account, &password)?;
        let mut initdb = self.command("initdb", Ending::Kill);
        initdb.args(["--auth=scram-sha-256", "--locale=C", "--encoding=UTF8"]);
        // What is on its way to the disk now is on it long before anything is killed.
        initdb.args(["--no-sync", "--no-instructions", "--username", SUPERUSER]);
        initdb.arg("--pwfile").arg(&password);
        initdb.arg("--pgdata").arg(self.data());
        self.run(initdb).await?;
        std::fs::remove_file(&password).map_err(Problem::at(password.display()))
    }

    /// Starts it at a free port. Between the moment when one is found and when it is taken, somebody else may take it.
    async fn come_up(&mut self) -> Result<(), Problem> {
        let mut last = Problem::new("no free port");
        for _ in 0..PORTS {
            self.port = free_port()?;
            self.spawn()?;
            match self.ready().await {
                Err(problem) if self.process.is_none() => last = problem,
                ready => return ready,
            }
        }
        Err(last)
    }

    fn spawn(&mut self) -> Result<(), Problem> {
        let mut command = self.command("postgres", Ending::Quit);
        command.arg("-D").arg(self.data());
        command.args(["-p", &self.port.to_string()]);
        for (name, value) in &self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        self.process = Some(Process::start(command, &self.log_file(), Ending::Quit)?);
        Ok(())
    }

    async fn ready(&mut self) -> Result<(), Problem> {
        let ready = until("PostgreSQL to answer", async || {
            if let Some(process) = &mut self.process
                && let Some(status) = process.ended()?
            {
                self.process = None;
                let words = format!("PostgreSQL did not come up ({status})");
                return Err(Problem::new(words));
            }
            Ok(self.client("postgres").await.ok().map(drop))
        });
        let ready = ready.await;
        ready.map_err(|problem| self.told(problem))
    }

    /// One of PostgreSQL's programs, as the account and with nothing of this process's surroundings.
    fn command(&self, program: &str, ending: Ending) -> Command {
        let mut command = process::command(&self.programs.path(program), ending);
        command.env_clear().env("LC_ALL", "C");
        command.current_dir(self.folder.path());
        if let Some(account) = self.account {
            // The standard library gives up root's other groups, too.
            command.uid(account.user).gid(account.group);
        }
        command
    }

    /// Runs one to its end.
    async fn run(&self, command: Command) -> Result<(), Problem> {
        let mut process = Process::start(command, &self.log_file(), Ending::Kill)?;
        let status = process.end().await?;
        match status.success() {
            true => Ok(()),
            false => Err(self.told(Problem::new(format!(
                "a program of PostgreSQL failed ({status})"
            )))),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn told(&self, problem: Problem) -> Problem {
        problem.with_log(Path::new(&self.log_file()))
    }
}

fn stop(child: (u32, u64)) -> Result<(), Problem> {
    signal(child, Signal::STOP)
}

fn go_on(child: (u32, u64)) -> Result<(), Problem> {
    signal(child, Signal::CONT)
}

/// A child may have ended since it was seen.
fn signal(child: (u32, u64), signal: Signal) -> Result<(), Problem> {
    match process::send(child.0, signal) {
        Err(problem) if runs(child) => Err(problem),
        _ => Ok(()),
    }
}

fn free_port() -> Result<u16, Problem> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Problem::at("no free port"))?;
    let address = listener.local_addr().map_err(Problem::at("no free port"))?;
    Ok(address.port())
}
