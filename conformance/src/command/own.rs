//! What the command line says of a server that the suite starts, and of where one that runs already writes.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    canary::Places,
    spawn::{CommandTemplate, Spawner},
};

/// How long a server that the suite starts may take, where the command line does not say.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// How long one may take to stop in order.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How to start the server, or where to look besides its socket.
#[derive(Debug, Clone, Args)]
pub struct Own {
    /// Start, kill and restart the server with this command; {config} is where the path of its configuration goes
    ///
    /// The configuration is a JSON file: `listen` (an address and port), `origin`, `data_dir` (a folder), `community_name`, `authority_key` and `server_key` (paths of
    /// private keys, PKCS#8 in PEM), `allowlist` (the path of public keys in PEM, one behind the other) and `limits` (all seven). What a server does with them, and a
    /// schema, stand in conformance/README.md, "Let the suite start and kill your server".
    #[arg(long, value_name = "CMD {config}", value_parser = CommandTemplate::parse)]
    spawn: Option<CommandTemplate>,
    /// Keep what --spawn makes (configurations, data, output) in this folder
    #[arg(long, value_name = "DIR", requires = "spawn")]
    keep: Option<PathBuf>,
    /// The folder in which the server stores, to be searched for secrets after the run; --spawn knows it
    #[arg(long, value_name = "DIR", conflicts_with = "spawn")]
    data_dir: Option<PathBuf>,
    /// The file of the server's log, to be searched likewise; --spawn knows it
    #[arg(long, value_name = "FILE", conflicts_with = "spawn")]
    server_log: Option<PathBuf>,
}

impl Own {
    /// Holds it against the URL and what is on the disk.
    ///
    /// # Errors
    /// In words, what does not fit.
    pub fn check(&self, url: Option<&str>) -> Result<(), String> {
        if let (Some(_), Some(url)) = (&self.spawn, url) {
            return Err(format!(
                "--spawn starts the server itself: leave {url} out, or --spawn"
            ));
        }
        let (folder, log) = (self.data_dir.as_ref(), self.server_log.as_ref());
        if url.is_none() && (folder.is_some() || log.is_some()) {
            return Err(
                "--data-dir and --server-log are about a server that runs already: give its URL"
                    .into(),
            );
        }
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(format!(
                "--data-dir {}: there is no such folder",
                folder.display()
            ));
        }
        if let Some(log) = log.filter(|log| !log.is_file()) {
            return Err(format!(
                "--server-log {}: there is no such file",
                log.display()
            ));
        }
        Ok(())
    }

    /// What makes servers; one is ready within `wait_ready`, if that is not zero.
    pub fn spawner(&self, wait_ready: Duration) -> Option<Spawner> {
        self.spawn.clone().map(|command| Spawner {
            command,
            ready_within: match wait_ready {
                Duration::ZERO => READY_WITHIN,
                within => within,
            },
            stop_within: STOP_WITHIN,
            keep: self.keep.clone(),
        })
    }

    /// Where a server writes that the suite did not start.
    pub fn places(&self) -> Places {
        Places {
            data: self.data_dir.clone(),
            log: self.server_log.clone(),
        }
    }

    /// What of it must stand in the command that plays a case again.
    pub fn again(&self) -> Vec<String> {
        let path = |path: &PathBuf| path.display().to_string();
        let options = [
            (
                "--spawn",
                self.spawn.as_ref().map(|command| command.text().to_owned()),
            ),
            ("--data-dir", self.data_dir.as_ref().map(path)),
            ("--server-log", self.server_log.as_ref().map(path)),
        ];
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]));
        given.flatten().collect()
    }
}
