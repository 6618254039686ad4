//! One process of a fleet, over its lives.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Problem;
use crate::process::{Ending, Process};
use crate::waiting::until;

/// What ends it when its test does: it has nothing to tidy up that is needed then.
pub(super) const ENDING: Ending = Ending::Kill;

pub(super) struct Server {
    process: Option<Process>,
    folder: PathBuf,
    url: Option<String>,
    /// With port 0 before it has served for the first time.
    address: SocketAddr,
}

impl Server {
    pub(super) fn new(folder: &Path, url: Option<String>) -> Server {
        Server {
            process: None,
            folder: folder.to_owned(),
            url,
            address: ([127, 0, 0, 1], 0).into(),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// A problem with the end of the log below it.
    pub(super) fn told(&self, problem: Problem) -> Problem {
        problem.with_log(&self.log_file())
    }

    /// Starts it by a command that has yet to be told where to listen.
    pub(super) async fn start(&mut self, mut command: Command) -> Result<(), Problem> {
        if self.process.is_some() {
            return Err(Problem::new("this dispatchd runs"));
        }
        command.args(["--bind", &self.address.to_string()]);
        let told_before = self.log().len();
        self.process = Some(Process::start(command, &self.log_file(), ENDING)?);
        let ready = until("dispatchd to be ready", async || {
            if let Some(process) = &mut self.process
                && let Some(status) = process.ended()?
            {
                self.process = None;
                let words = format!("dispatchd did not come up ({status})");
                return Err(Problem::new(words));
            }
            let log = self.log();
            let Some(address) = log.get(told_before..).and_then(address_in) else {
                return Ok(None);
            };
            self.address = address;
            Ok(self.is_ready().await.then_some(()))
        });
        let ready = ready.await;
        ready.map_err(|problem| self.told(problem))
    }

    pub(super) async fn kill(&mut self) -> Result<(), Problem> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        process.signal(Signal::KILL)?;
        process.end().await.map(drop)
    }

    pub(super) async fn stop(&mut self) -> Result<(), Problem> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        process.signal(Signal::TERM)?;
        let status = process.end().await?;
        match status.success() {
            true => Ok(()),
            false => {
                let problem = Problem::new(format!("dispatchd ended ({status})"));
                Err(self.told(problem))
            }
        }
    }

    pub(super) async fn is_ready(&self) -> bool {
        let answer = asked(self.address, "/readyz").await;
        answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// The whole answer to a request.
async fn asked(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// The address in the line by which `dispatchd` says that it serves, as a person reads it or as JSON.
fn address_in(log: &str) -> Option<SocketAddr> {
    let serving = log.lines().find(|line| line.contains("serving"))?;
    let (_, rest) = serving.split_once("address")?;
    let rest = rest.trim_start_matches(['"', '=', ':']);
    rest.split([' ', '"']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_read_from_both_forms_of_the_log() {
        let person = "2026-01-01T00:00:00Z  INFO serving address=127.0.0.1:4711 community=abc\n";
        let json = r#"{"level":"INFO","message":"serving","address":"127.0.0.1:4711","blocks":1}"#;
        for line in [person, json] {
            assert_eq!(address_in(line), Some(([127, 0, 0, 1], 4711).into()));
        }
        assert_eq!(address_in("starting address=127.0.0.1:1"), None);
    }
}
