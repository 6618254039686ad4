//! The program, and servers to play on.

use std::process::{Command, Output};

use dispatch_conformance::control::{self, Faults, Running};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A control server with faults, served until it is dropped.
pub struct Server {
    running: Option<Running>,
    runtime: Runtime,
}

impl Server {
    pub fn with(faults: &[&str]) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let faults: Vec<String> = faults.iter().map(|fault| (*fault).to_owned()).collect();
        let faults = Faults::of(&faults).expect("known faults");
        let running = runtime
            .block_on(control::start(faults))
            .expect("a free port");
        Self {
            running: Some(running),
            runtime,
        }
    }

    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("it runs").url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}

pub fn suite(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dispatch-conformance"))
        .args(args)
        .output()
        .expect("the suite runs")
}

/// Runs the suite; gives what it printed.
pub fn exits_with(code: i32, args: &[&str]) -> String {
    let output = suite(args);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    text
}

pub fn folder() -> (TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    (folder, move |name: &str| {
        path.join(name).display().to_string()
    })
}

/// A bundle of a run of `join-version` and others against a server with the fault JOIN-4.
pub fn failing(path: &str) -> Server {
    let server = Server::with(&["JOIN-4"]);
    let report = format!("bundle={path}");
    exits_with(
        1,
        &[
            "run",
            server.url(),
            "join-version",
            "join-welcomed",
            "sub-receipt",
            "--report",
            &report,
        ],
    );
    server
}
