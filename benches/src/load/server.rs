//! A server as a process of its own, so that the operating system tells its processor time and memory apart from the
//! generator's. It is a second run of this very program: nothing else has to be built or found.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Problem;
use super::target::Target;
use super::usage::Watched;

/// The hidden first argument by which this program becomes the reference server.
pub const SERVE: &str = "serve-for-load";

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

/// The hidden first argument by which this program becomes any other command of `dispatchd`.
pub const DISPATCHD: &str = "dispatchd-for-load";

/// How long a server may take to end by itself.
const END: Duration = Duration::from_secs(15);

/// Serves the community in a folder; what `loadgen serve-for-load DIR` does.
pub fn serve(folder: OsString) -> ExitCode {
    let arguments = ["dispatchd", "serve", "--bind", "127.0.0.1:0"].map(OsString::from);
    dispatch_server::command::run(arguments.into_iter().chain([folder]))
}

/// Runs a command of `dispatchd`; what `loadgen dispatchd-for-load COMMAND DIR` does.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    dispatch_server::command::run([OsString::from("dispatchd")].into_iter().chain(arguments))
}

/// A command of `dispatchd` on a community's folder, as a process of its own: this program, run again.
///
/// # Errors
/// Where the system does not tell which program this is.
pub fn dispatchd(name: &str, folder: &Path) -> Result<Command, Problem> {
    let own = std::env::current_exe().map_err(Problem::at("this program's own path"))?;
    let mut command = Command::new(own);
    command.arg(DISPATCHD).arg(name).arg(folder);
    Ok(command)
}

/// A process that serves, and is ended with this value.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts this program again as the reference server, and waits until it serves. Gives its address and origin, too.
    ///
    /// # Errors
    /// The server's last words if it does not come up.
    pub fn serve(folder: &Path) -> Result<(Process, String, String), Problem> {
        let own = std::env::current_exe().map_err(Problem::at("this program's own path"))?;
        let mut command = Command::new(own);
        command.arg(SERVE).arg(folder);
        let (process, line) = Process::start(command, "serving")?;
        let value = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            let rest = rest.trim_start_matches(['=', '"']);
            rest.split([' ', '"', '\n']).next().map(str::to_owned)
        };
        match (value("address"), value("origins")) {
            (Some(address), Some(origin)) => Ok((process, address, origin)),
            _ => Err(Problem::new(format!("the server tells no address: {line}"))),
        }
    }

    /// Starts a command, and reads its standard error up to a line with these words, which comes back. What it says later is
    /// read and dropped.
    ///
    /// # Errors
    /// What it said, if it ends before.
    pub fn start(mut command: Command, words: &str) -> Result<(Process, String), Problem> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(Problem::at(command.get_program().display()))?;
        let log = child.stderr.take();
        let mut process = Process { child };
        let mut log = BufReader::new(log.ok_or_else(|| Problem::new("a process without a log"))?);
        match line_with(&mut log, words) {
            Ok(line) => {
                std::thread::spawn(move || drain(log));
                Ok((process, line))
            }
            Err(said) => {
                process.end();
                let words = format!("the server did not come up; it said: {}", said.trim());
                Err(Problem::new(words))
            }
        }
    }

    /// Starts a command that does not say when it serves, and waits until something listens at its address. What it says
    /// goes to a file in a folder.
    ///
    /// # Errors
    /// What it said, if it ends before; no listener in time.
    pub async fn start_at(
        mut command: Command,
        target: &Target,
        folder: &Path,
    ) -> Result<Process, Problem> {
        let path = folder.join("log");
        let log = File::create(&path).map_err(Problem::at(path.display()))?;
        let both = log.try_clone().map_err(Problem::at(path.display()))?;
        command.stdin(Stdio::null()).stdout(both).stderr(log);
        let child = command
            .spawn()
            .map_err(Problem::at(command.get_program().display()))?;
        let mut process = Process { child };
        let begun = Instant::now();
        while target.connect().await.is_err() {
            let ended = process.child.try_wait();
            let ended = ended.map_err(Problem::at("a server's process"))?.is_some();
            if ended || begun.elapsed() > START {
                let said = fs::read_to_string(&path).unwrap_or_default();
                let words = format!("the server did not come up; it said: {}", said.trim());
                return Err(Problem::new(words));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(process)
    }

    /// The process, to be watched.
    pub fn watched(&self) -> Watched {
        Watched::new(self.child.id())
    }

    /// Kills it (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    /// Those of the system.
    pub fn kill(mut self) -> Result<(), Problem> {
        self.child.kill().map_err(Problem::at("a kill"))?;
        self.child.wait().map_err(Problem::at("a kill"))?;
        Ok(())
    }

    /// Asks it to stop, and ends it if it does not.
    fn end(&mut self) {
        // The id of one that is gone may be somebody else's.
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if let Some(id) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(id, Signal::TERM);
        }
        let begun = Instant::now();
        while begun.elapsed() < END {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                _ => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The first line that holds these words; all that was said if none does.
fn line_with(log: &mut impl BufRead, words: &str) -> Result<String, String> {
    let mut said = String::new();
    loop {
        let begin = said.len();
        match log.read_line(&mut said) {
            Ok(0) | Err(_) => return Err(said),
            Ok(_) if said[begin..].contains(words) => return Ok(said[begin..].to_owned()),
            Ok(_) => {}
        }
    }
}

fn drain(mut log: BufReader<ChildStderr>) {
    let mut buffer = [0; 4096];
    while matches!(log.read(&mut buffer), Ok(read) if read > 0) {}
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    async fn started(script: &str, address: &str) -> Result<Process, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::at(&format!("http://{address}")).unwrap();
        Process::start_at(shell(script), &target, folder.path()).await
    }

    #[tokio::test]
    async fn a_server_that_ends_before_it_listens_is_told_with_its_last_words() {
        // Nobody listens at port 1.
        let started = started("echo no room; echo for this >&2; exit 3", "127.0.0.1:1").await;
        let problem = started.err().unwrap().to_string();
        let told = "the server did not come up; it said: no room\nfor this";
        assert_eq!(problem, told);
    }

    #[tokio::test]
    async fn a_server_that_listens_runs_until_it_is_dropped() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let process = started("exec sleep 600", &address).await.unwrap();
        let watched = process.watched();
        assert!(watched.resident().is_ok());
        drop(process);
        assert!(watched.resident().is_err());
    }
}
