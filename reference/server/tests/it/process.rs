//! The binary: its commands' answers, and servers as processes of their own.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;

use crate::client::{SOON, Target};
use crate::community::Community;

pub fn dispatchd(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dispatchd"))
        .args(arguments)
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

/// Standard output of a command that succeeds.
pub fn said(arguments: &[&str]) -> String {
    let output = dispatchd(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The one line on standard error of a command that fails with this code.
pub fn refused(code: i32, arguments: &[&str]) -> String {
    let output = dispatchd(arguments);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    assert_eq!(
        told.trim_end().lines().count(),
        1,
        "{arguments:?}: one line and not: {told}"
    );
    told
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server as a process of its own.
pub struct Process {
    child: Child,
    pub log: Box<dyn BufRead + Send>,
    /// What the log said up to the line that it serves.
    pub begin: String,
    pub target: Target,
}

impl Process {
    /// Started and serving.
    pub fn serve(community: &Community) -> Process {
        let mut process = Process::starting(community);
        process.serving();
        process
    }

    /// The same, once its log has said these words before.
    pub fn serve_after(community: &Community, words: &str) -> Process {
        let mut process = Process::starting(community);
        process.begin = text_to(&mut process.log, words);
        process.serving();
        process
    }

    /// Started, with nothing read of its log.
    pub fn starting(community: &Community) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dispatchd"));
        command.args(["serve", text(&community.path("")), "--bind", "127.0.0.1:0"]);
        Process::spawn(command)
    }

    /// The same by another command, whose log is the server's.
    pub fn spawn(mut command: Command) -> Process {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = Box::new(BufReader::new(child.stderr.take().unwrap()));
        Process {
            child,
            log,
            begin: String::new(),
            target: Target {
                address: ([127, 0, 0, 1], 0).into(),
                origin: String::new(),
                community: dispatch_protocol::bytes::Id::ZERO,
            },
        }
    }

    /// Reads the log until it serves, and where.
    pub fn serving(&mut self) -> Target {
        let begin = text_to(&mut self.log, "serving");
        let line = begin.lines().last().unwrap();
        let value = |name: &str| {
            // As a person reads it, or as JSON.
            let rest = line
                .split_once(&format!("{name}="))
                .or(line.split_once(&format!("\"{name}\":")));
            let rest = rest.unwrap().1.trim_start_matches('"');
            rest.split([' ', '"']).next().unwrap().trim().to_owned()
        };
        self.target = Target {
            address: value("address").parse().unwrap(),
            origin: value("origins"),
            community: value("community").parse().unwrap(),
        };
        self.begin.push_str(&begin);
        self.target.clone()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads the log up to a line that holds these words. If they do not come, the server is killed, and the test fails.
    pub fn says(&mut self, words: &str) -> String {
        let (came, comes) = mpsc::channel::<()>();
        let id = self.id().to_string();
        std::thread::spawn(move || {
            if comes.recv_timeout(SOON) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        });
        let text = text_to(&mut self.log, words);
        drop(came);
        text.lines().last().unwrap().to_owned()
    }

    /// Reads what is left of the log beside the test, so that the server never waits until somebody reads it.
    pub fn listen(&mut self) -> std::thread::JoinHandle<String> {
        let mut log = std::mem::replace(&mut self.log, Box::new(std::io::empty()));
        std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).unwrap();
            text
        })
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// The exit code, once it has ended.
    pub fn end(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The log up to a line that holds these words.
fn text_to(log: &mut impl BufRead, words: &str) -> String {
    let (mut text, mut last) = (String::new(), 0);
    while !text[last..].contains(words) {
        last = text.len();
        let read = log.read_line(&mut text).unwrap();
        assert_ne!(read, 0, "the server ended and never said: {words}");
    }
    text
}
