//! Where the chain lies if it lies in PostgreSQL: the `[ledger]` section, and `--ledger`. Nothing here connects.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::config::{Host, SslMode};
use toml::Spanned;

use super::sections::Fault;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);

/// After how long without an answer from the other machine's network a connection is given up.
const SILENCE: Duration = Duration::from_secs(5);

/// A PostgreSQL database that holds a community's chain: its address, whom to be there, and by which certificates it is known.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    connect: tokio_postgres::Config,
    shown: PathBuf,
    certificates: Option<PathBuf>,
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseAddress").field(&self.shown).finish()
    }
}

impl DatabaseAddress {
    /// Reads a URL such as `postgres://dispatchd@db.example.org/community`. Several hosts are tried in turn, and
    /// `target_session_attrs=read-write` takes the one that is the primary. A host that is not this machine is spoken to by
    /// TLS unless the URL says `sslmode`.
    ///
    /// # Errors
    /// A sentence, without the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<DatabaseAddress, String> {
        let hint = "write it as postgres://user@host/database";
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(format!("the ledger's url is not one of PostgreSQL; {hint}"));
        }
        let mut connect: tokio_postgres::Config = url.parse().map_err(|cause| {
            format!("the ledger's url cannot be read ({}); {hint}", told(&cause))
        })?;
        if connect.get_hosts().is_empty() {
            return Err(format!("the ledger's url names no host; {hint}"));
        }
        let Some(database) = connect.get_dbname().map(str::to_owned) else {
            return Err(format!("the ledger's url names no database; {hint}"));
        };
        if !url.contains("sslmode=") && !connect.get_hosts().iter().all(is_here) {
            connect.ssl_mode(SslMode::Require);
        }
        connect
            .application_name("dispatchd")
            .connect_timeout(CONNECT)
            .keepalives_idle(SILENCE)
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3)
            .tcp_user_timeout(SILENCE);
        let hosts: Vec<String> = connect
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(place, host)| {
                let port = connect
                    .get_ports()
                    .get(place)
                    .or(connect.get_ports().first());
                match (host, port) {
                    (Host::Tcp(name), Some(port)) => format!("{name}:{port}"),
                    (Host::Tcp(name), None) => name.clone(),
                    #[cfg(unix)]
                    (Host::Unix(path), _) => path.display().to_string(),
                }
            })
            .collect();
        let user = connect
            .get_user()
            .map_or(String::new(), |user| format!("{user}@"));
        Ok(DatabaseAddress {
            shown: format!("postgres://{user}{}/{database}", hosts.join(",")).into(),
            connect,
            certificates: None,
        })
    }

    /// With the password of the environment's `PGPASSWORD`, if the URL has none.
    #[must_use]
    pub fn or_environment(self) -> DatabaseAddress {
        match std::env::var("PGPASSWORD") {
            Ok(password) => self.or_password(&password),
            Err(_) => self,
        }
    }

    /// With a password, if the URL has none.
    #[must_use]
    pub fn or_password(mut self, password: &str) -> DatabaseAddress {
        if self.connect.get_password().is_none() {
            self.connect.password(password);
        }
        self
    }

    /// Without its password, as it may be shown.
    #[must_use]
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// What to connect with.
    pub(crate) fn connect(&self) -> &tokio_postgres::Config {
        &self.connect
    }

    /// The authorities' certificates (PEM) by which the database is known, where these are not the system's.
    pub(crate) fn certificates(&self) -> Option<&Path> {
        self.certificates.as_deref()
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
    }
}

/// A cause with what lies behind it.
fn told(cause: &dyn std::error::Error) -> String {
    match cause.source() {
        Some(behind) => format!("{cause}: {}", told(behind)),
        None => cause.to_string(),
    }
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerForm {
    url: Spanned<String>,
    password_file: Option<Spanned<PathBuf>>,
    certificates: Option<PathBuf>,
}

impl LedgerForm {
    /// The address, with the paths taken from a folder on. The password's file is read here.
    ///
    /// # Errors
    /// What is wrong, and at which byte.
    pub(super) fn address(self, folder: &Path) -> Result<DatabaseAddress, Fault> {
        let start = self.url.span().start;
        let mut address =
            DatabaseAddress::parse(self.url.get_ref()).map_err(|problem| (start, problem))?;
        if let Some(file) = self.password_file {
            let path = folder.join(file.get_ref());
            let text = std::fs::read_to_string(&path).map_err(|cause| {
                let problem = format!("{}: the password cannot be read ({cause})", path.display());
                (file.span().start, problem)
            })?;
            // An editor's last line break is none of the password.
            address = address.or_password(text.trim_end_matches(['\r', '\n']));
        }
        address.certificates = self.certificates.map(|path| folder.join(path));
        Ok(address.or_environment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address =
            DatabaseAddress::parse("postgres://d:s3cret@db1:5432,db2:5433/c?sslmode=disable")
                .unwrap();
        assert_eq!(
            address.shown(),
            Path::new("postgres://d@db1:5432,db2:5433/c")
        );
        assert!(!format!("{address:?}").contains("s3cret"));
        let problem =
            DatabaseAddress::parse("postgres://d:s3cret@db/c?sslmode=perhaps").unwrap_err();
        assert!(
            problem.contains("sslmode") && !problem.contains("s3cret"),
            "{problem}"
        );
    }

    #[test]
    fn what_is_no_address_of_a_database_is_told() {
        for (url, word) in [
            ("mysql://d@db/c", "PostgreSQL"),
            ("postgres://d@/c", "host"),
            ("postgres://d@db", "database"),
            ("postgres://d@db:x/c", "read"),
        ] {
            let problem = DatabaseAddress::parse(url).unwrap_err();
            assert!(problem.contains(word), "{url}: {problem}");
        }
    }

    #[test]
    fn another_machine_is_spoken_to_by_tls_unless_it_is_said_otherwise() {
        let mode = |url: &str| DatabaseAddress::parse(url).unwrap().connect.get_ssl_mode();
        assert_eq!(mode("postgres://d@db.example.org/c"), SslMode::Require);
        assert_eq!(mode("postgres://d@127.0.0.1,db/c"), SslMode::Require);
        assert_eq!(mode("postgres://d@127.0.0.1/c"), SslMode::Prefer);
        assert_eq!(mode("postgres://d@db/c?sslmode=disable"), SslMode::Disable);
    }
}
