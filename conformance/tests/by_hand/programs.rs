//! Starting the programs, and stopping just those that were started.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const SUITE: &str = env!("CARGO_BIN_EXE_dispatch-conformance");

/// Runs the suite to its end.
pub fn suite(arguments: &[&str]) -> Output {
    Command::new(SUITE)
        .args(arguments)
        .output()
        .expect("the suite runs")
}

/// A server in a folder of its own.
pub struct Dispatchd {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub url: String,
}

impl Dispatchd {
    /// `dispatchd init` with the test keys, then `dispatchd serve` on a free port, until it says that it serves.
    pub fn found_and_serve(folder: &Path, keys: &Path) -> Self {
        let founded = Command::new(program())
            .arg("init")
            .arg(folder)
            .args(["--bind", "127.0.0.1:0", "--challenge-seconds", "2"])
            .arg("--authority-key")
            .arg(keys.join("authority.test-key.pem"))
            .arg("--server-key")
            .arg(keys.join("server.test-key.pem"))
            .arg("--allow")
            .arg(keys.join("allowlist.pem"))
            .output()
            .expect("dispatchd runs");
        assert!(founded.status.success(), "{founded:?}");
        let mut child = Command::new(program())
            .arg("serve")
            .arg(folder)
            .stderr(Stdio::piped())
            .spawn()
            .expect("dispatchd runs");
        let mut log = BufReader::new(child.stderr.take().expect("its log")).lines();
        let url = log
            .by_ref()
            .map(|line| line.expect("a line of the log"))
            .find_map(|line| Some(format!("ws://{}", word_after(&line, "address=")?)))
            .expect("dispatchd says where it serves");
        // what it says later has to be read, or it would wait for us
        std::thread::spawn(move || log.for_each(drop));
        Self {
            child,
            folder: folder.to_owned(),
            url,
        }
    }

    /// Stops the server as an owner does, and gives its folder.
    pub fn stop(mut self) -> PathBuf {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .expect("kill runs")
                .success()
        );
        let status = self.child.wait().expect("dispatchd ends");
        assert!(status.success(), "{status}");
        self.folder.clone()
    }

    /// `dispatchd verify`.
    pub fn verify(folder: &Path) -> Output {
        Command::new(program())
            .arg("verify")
            .arg(folder)
            .output()
            .expect("dispatchd runs")
    }
}

impl Drop for Dispatchd {
    fn drop(&mut self) {
        // a test that failed leaves no server behind; one that was stopped is gone already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of `dispatchd`, beside the suite's program; built if only the suite was.
pub fn program() -> PathBuf {
    let program = Path::new(SUITE).with_file_name("dispatchd");
    if !program.exists() {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "dispatch-server",
                "--bin",
                "dispatchd",
            ])
            .status()
            .expect("cargo runs");
        assert!(built.success(), "dispatchd does not build");
    }
    program
}

fn word_after<'l>(line: &'l str, mark: &str) -> Option<&'l str> {
    line.split(mark).nth(1)?.split_whitespace().next()
}
