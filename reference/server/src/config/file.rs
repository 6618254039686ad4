//! `dispatchd.toml`: its form, and errors that name the line. Paths in it are relative to its own folder.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dispatch_protocol::limits::Limits;
use dispatch_protocol::wire::Transport;
use serde::Deserialize;
use toml::Spanned;

use super::database::LedgerForm;
use super::sections::{self, Fault, RatesForm, TlsForm};
use super::{Config, Queues};
use crate::error::{Error, at};
use crate::origin::Origin;

/// The file's usual name in a community's folder.
pub(crate) const FILE_NAME: &str = "dispatchd.toml";

/// Where `dispatchd` listens unless it is told otherwise.
const BIND: &str = "127.0.0.1:7311";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    #[serde(default)]
    pub(crate) format: LogFormat,
    /// A filter such as `info` or `dispatch_server=debug`.
    pub(crate) level: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    bind: Option<Spanned<String>>,
    origins: Option<Vec<Spanned<String>>>,
    page_origins: Option<Vec<Spanned<String>>>,
    transports: Option<Spanned<Vec<Spanned<String>>>>,
    app: Option<bool>,
    proxies: Option<Vec<Spanned<String>>>,
    metrics: Option<Spanned<String>>,
    community: Option<Spanned<String>>,
    store: Option<PathBuf>,
    server_key: Option<PathBuf>,
    authority_key: Option<PathBuf>,
    allowlist: Option<PathBuf>,
    connections: Option<Spanned<usize>>,
    slow_reader_ms: Option<Spanned<u64>>,
    join_ms: Option<Spanned<u64>>,
    shutdown_ms: Option<Spanned<u64>>,
    #[serde(default)]
    limits: BTreeMap<String, Spanned<u64>>,
    #[serde(default)]
    rates: RatesForm,
    #[serde(default)]
    queues: BTreeMap<String, Spanned<usize>>,
    tls: Option<TlsForm>,
    ledger: Option<LedgerForm>,
    #[serde(default)]
    log: Log,
}

/// The configuration's path for what the owner named: a community's folder, or the file itself.
pub(crate) fn file_in(place: &Path) -> PathBuf {
    if place.is_dir() {
        place.join(FILE_NAME)
    } else {
        place.to_owned()
    }
}

impl Config {
    /// Reads a `dispatchd.toml`, or the one in a folder.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the file and, where there is one, the line: no such file, an unknown key, a value
    /// out of its bounds.
    pub fn load(place: &Path) -> Result<Config, Error> {
        let path = file_in(place);
        if !path.try_exists().map_err(at(&path))? {
            let hint = "no community is configured here; `dispatchd init DIR` founds one";
            return Err(Error::file(&path, hint));
        }
        let text = std::fs::read_to_string(&path).map_err(at(&path))?;
        Config::parse(&path, &text)
    }

    /// Reads the text of a configuration that lies at a path.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, Error> {
        Reading { path, text }.config()
    }
}

struct Reading<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reading<'_> {
    fn config(&self) -> Result<Config, Error> {
        let form: Form = toml::from_str(self.text).map_err(|cause| {
            let start = cause.span().map_or(0, |span| span.start);
            self.problem(start, cause.message().replace('\n', " "))
        })?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let bind = match self.address("bind", form.bind.as_ref())? {
            Some(bind) => bind,
            None => BIND
                .parse()
                .map_err(|_| Error::configuration("no address"))?,
        };
        let store = folder.join(form.store.unwrap_or_else(|| "store/chain.sqlite".into()));
        let server_key = folder.join(form.server_key.unwrap_or_else(|| "server-key.pem".into()));
        let mut config = Config::new(bind, store, server_key);
        config.origins = self.origins(form.origins.unwrap_or_default())?;
        config.page_origins = form
            .page_origins
            .map(|written| self.origins(written))
            .transpose()?;
        if let Some(written) = form.transports {
            config.transports = self.transports(written)?;
        }
        config.app = form.app.unwrap_or(config.app);
        if let Some(community) = form.community {
            let id = community.get_ref().parse().map_err(|_| {
                self.problem(
                    community.span().start,
                    "community is not an id of 43 base64url letters",
                )
            })?;
            config.community = Some(id);
        }
        config.authority_key = form.authority_key.map(|path| folder.join(path));
        config.allowlist = form.allowlist.map(|path| folder.join(path));
        config.limits = self.limits(&form.limits)?;
        let at = |(start, problem): Fault| self.problem(start, problem);
        config.rates = form.rates.rates().map_err(at)?;
        config.queues = Queues::read(&form.queues).map_err(at)?;
        config.proxies = sections::networks(form.proxies.unwrap_or_default()).map_err(at)?;
        config.tls = form.tls.map(|tls| tls.files(folder));
        let database = form.ledger.map(|ledger| ledger.address(folder));
        config.database = database.transpose().map_err(at)?;
        config.metrics = self.address("metrics", form.metrics.as_ref())?;
        config.log = form.log;
        if let Some(connections) = form.connections {
            if !(1..=1_000_000).contains(connections.get_ref()) {
                let problem = format!(
                    "connections is {}; it must be from 1 to 1000000",
                    connections.get_ref()
                );
                return Err(self.problem(connections.span().start, problem));
            }
            config.connections = connections.into_inner();
        }
        for (written, value, name) in [
            (
                form.slow_reader_ms,
                &mut config.slow_reader,
                "slow_reader_ms",
            ),
            (form.join_ms, &mut config.join_within, "join_ms"),
            (form.shutdown_ms, &mut config.shutdown_within, "shutdown_ms"),
        ] {
            let Some(written) = written else { continue };
            if !(100..=600_000).contains(written.get_ref()) {
                let problem = format!(
                    "{name} is {}; it must be from 100 to 600000",
                    written.get_ref()
                );
                return Err(self.problem(written.span().start, problem));
            }
            *value = Duration::from_millis(written.into_inner());
        }
        Ok(config)
    }

    fn address(
        &self,
        name: &str,
        written: Option<&Spanned<String>>,
    ) -> Result<Option<SocketAddr>, Error> {
        let read = |address: &Spanned<String>| {
            address.get_ref().parse().map_err(|_| {
                let hint = "is not an address with a port, such as 127.0.0.1:7311 or [::]:7311";
                let problem = format!("{name} `{}` {hint}", address.get_ref());
                self.problem(address.span().start, problem)
            })
        };
        written.map(read).transpose()
    }

    fn origins(&self, written: Vec<Spanned<String>>) -> Result<Vec<Origin>, Error> {
        let read = |origin: Spanned<String>| {
            Origin::parse(origin.get_ref())
                .map_err(|problem| self.problem(origin.span().start, problem))
        };
        written.into_iter().map(read).collect()
    }

    fn transports(&self, written: Spanned<Vec<Spanned<String>>>) -> Result<Vec<Transport>, Error> {
        let start = written.span().start;
        let mut transports = Vec::new();
        for name in written.into_inner() {
            let transport = match name.get_ref().as_str() {
                "ws" => Transport::Ws,
                "http" => Transport::Http,
                "sse" => Transport::Sse,
                other => {
                    let problem =
                        format!("there is no transport `{other}`; there are ws, http, sse");
                    return Err(self.problem(name.span().start, problem));
                }
            };
            if transports.contains(&transport) {
                let problem = format!("the transport `{}` is named twice", name.get_ref());
                return Err(self.problem(name.span().start, problem));
            }
            transports.push(transport);
        }
        check_transports(&transports).map_err(|problem| self.problem(start, problem))?;
        Ok(transports)
    }

    fn limits(&self, written: &BTreeMap<String, Spanned<u64>>) -> Result<Limits, Error> {
        let mut limits = Limits::default();
        for (name, value) in written {
            set_limit(&mut limits, name, *value.get_ref())
                .map_err(|problem| self.problem(value.span().start, problem))?;
        }
        // [LIM-10] Limits that contradict each other: the last one written is named.
        let last = written
            .values()
            .map(|value| value.span().start)
            .max()
            .unwrap_or(0);
        limits.check().map_err(|cause| self.problem(last, cause))?;
        Ok(limits)
    }

    /// A problem at a byte of the text, told with its line.
    fn problem(&self, start: usize, problem: impl std::fmt::Display) -> Error {
        let line = 1 + self.text.as_bytes()[..start.min(self.text.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        Error::line(self.path, line, problem)
    }
}

/// Whether anybody can join by these transports.
///
/// # Errors
/// A sentence.
pub(crate) fn check_transports(transports: &[Transport]) -> Result<(), &'static str> {
    if transports.contains(&Transport::Ws) || transports.contains(&Transport::Http) {
        return Ok(());
    }
    Err("transports must hold \"ws\" or \"http\": nobody can join by server-sent events alone")
}

/// Sets one limit by its name on the wire. Whether the limits fit each other is to be checked when all are set.
///
/// # Errors
/// A sentence: no limit of that name, or a value out of its bounds. // [LIM-5]
pub(crate) fn set_limit(limits: &mut Limits, name: &str, value: u64) -> Result<(), String> {
    let place = match name {
        "frame_bytes" => &mut limits.frame_bytes,
        "ciphertext_bytes" => &mut limits.ciphertext_bytes,
        "wraps" => &mut limits.wraps,
        "skew_ms" => &mut limits.skew_ms,
        "session_ms" => &mut limits.session_ms,
        "challenge_ms" => &mut limits.challenge_ms,
        "checkpoint_ms" => &mut limits.checkpoint_ms,
        _ => {
            let names: Vec<_> = Limits::BOUNDS.iter().map(|(name, ..)| *name).collect();
            return Err(format!(
                "there is no limit `{name}`; there are {}",
                names.join(", ")
            ));
        }
    };
    for (bounded, least, most) in Limits::BOUNDS {
        if bounded == name && !(least..=most).contains(&value) {
            return Err(format!(
                "{name} is {value}; it must be from {least} to {most}"
            ));
        }
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests;
