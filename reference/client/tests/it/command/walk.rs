//! The walk in the README, replayed; completions and the man page; the example.

use std::collections::BTreeMap;

use super::*;
use crate::community::{Community, Member, invitation, key_file, program};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

/// The words of a command, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words
}

/// What differs from run to run, told alike: times, PEM, ids in the order in which they came.
struct Alike(BTreeMap<String, String>);

impl Alike {
    fn of(&mut self, text: &str) -> String {
        let mut lines = Vec::new();
        let mut in_pem = false;
        for line in text.lines() {
            if line.starts_with("-----") {
                in_pem = line.starts_with("-----BEGIN");
            } else if in_pem {
                continue;
            }
            // how far the server has signed by then is its affair
            let line = match line.split_once("checkpoint over ") {
                Some((before, rest)) => {
                    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                    format!("{before}checkpoint over ..{rest}")
                }
                None => line.to_owned(),
            };
            lines.push(self.line(&line));
        }
        lines.join("\n")
    }

    fn line(&mut self, line: &str) -> String {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let mut told = String::new();
        for word in line.split_inclusive(|c| !is_letter(c)) {
            let letters = word.trim_end_matches(|c| !is_letter(c));
            let rest = &word[letters.len()..];
            let number = self.0.len();
            if letters.len() == 43 {
                let name = self
                    .0
                    .entry(letters.to_owned())
                    .or_insert_with(|| format!("ID{number}"));
                told.push_str(name);
            } else if let Some((_, name)) = self
                .0
                .iter()
                .find(|(id, _)| letters.len() == 8 && id.starts_with(letters))
            {
                told.push_str(name);
            } else if letters.len() == 10 && letters.as_bytes()[4] == b'-'
                || letters.len() == 13 && letters.parse::<u64>().is_ok()
            {
                told.push_str("TIME");
            } else if letters.len() == 2 && (rest == ":" || told.ends_with(':')) {
                told.push_str("..");
            } else {
                told.push_str(letters);
            }
            told.push_str(rest);
        }
        told
    }
}

/// The commands and outputs in the README.
fn walk() -> (String, String, String) {
    let readme = std::fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once("<!-- walk -->\n```console\n").unwrap();
    let (walk, after) = rest.split_once("```\n").unwrap();
    (before.to_owned(), walk.to_owned(), after.to_owned())
}

/// Replays the README's walk and holds what comes against what stands there; with WRITE_WALK=1 it is written there.
#[tokio::test(flavor = "multi_thread")]
async fn the_walk_in_the_readme_goes_as_it_says() {
    let (before, walk, after) = walk();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let mut written = String::new();
    let mut server = None;
    let mut facts: BTreeMap<&str, String> = BTreeMap::new();
    for line in walk.lines().filter(|line| line.starts_with("$ ")) {
        written.push_str(line);
        written.push('\n');
        let mut line = line[2..].to_owned();
        for (name, value) in &facts {
            line = line.replace(name, value);
        }
        let (line, to) = match line.split_once(" > ") {
            Some((line, to)) => (line.to_owned(), Some(folder.join(to))),
            None => (line, None),
        };
        let words = words(&line);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let said = match (words[0].as_str(), arguments[0]) {
            ("dispatchd", "init") => {
                let at = |name: &str| folder.join(name);
                let founding = dispatch_server::Founding {
                    name: "Our street".into(),
                    bind: ([127, 0, 0, 1], 0).into(),
                    allow: vec![at("alice.pub"), at("bob.pub")],
                    ..Default::default()
                };
                dispatch_server::init(&at("community"), &founding).unwrap();
                String::new()
            }
            ("dispatchd", "serve") => {
                let config = dispatch_server::Config::load(&folder.join("community")).unwrap();
                let running = dispatch_server::Server::start(config).await.unwrap();
                facts.insert("COMMUNITY", running.community().to_string());
                facts.insert("http://127.0.0.1:7311", running.origin().to_owned());
                server = Some(running);
                String::new()
            }
            ("dispatch", _) => done(folder, &arguments),
            other => panic!("{other:?}"),
        };
        if !facts.contains_key("ALICE")
            && let Some(account) = said.strip_prefix("account ")
        {
            facts.insert("ALICE", account[..8].to_owned());
        }
        match to {
            Some(to) => std::fs::write(to, said).unwrap(),
            None => written.push_str(&said),
        }
    }
    let server = server.unwrap();
    // the port is the usual one in the README
    let written = written.replace(server.origin(), "http://127.0.0.1:7311");
    server.shutdown().await.unwrap();
    if std::env::var_os("WRITE_WALK").is_some() {
        let text = format!("{before}<!-- walk -->\n```console\n{written}```\n{after}");
        std::fs::write(README, text).unwrap();
        return;
    }
    let alike = |text: &str| Alike(BTreeMap::new()).of(text);
    let (due, given) = (alike(&walk), alike(&written));
    for (due, given) in due.lines().zip(given.lines()) {
        assert_eq!(given, due);
    }
    assert_eq!(given, due);
}

#[test]
fn completions_and_the_man_page_are_written() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            done(dir.path(), &["completions", shell]).contains("dispatch"),
            "{shell}"
        );
    }
    let page = done(dir.path(), &["man"]);
    assert!(
        page.contains(".TH dispatch 1") && page.contains("Exit codes"),
        "{page}"
    );
    let help = done(dir.path(), &["--help"]);
    assert!(help.contains("DISPATCH_HOME"), "{help}");
    insta::assert_snapshot!("help", help.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_answers() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let example = program(
        "examples/echo",
        &["-p", "dispatch-client", "--example", "echo"],
    );
    let mut echo = tokio::process::Command::new(example)
        .arg(invitation(&server).to_string())
        .arg(community.folder("bot"))
        .arg(key_file("m02"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(echo.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
    let mut alice = Member::join(&community, &invitation(&server), "m01").await;
    alice.client.ready().await.unwrap();
    let said = alice.say("Is anybody there?").await;
    let answer = alice
        .until(|event| match event {
            dispatch_client::Event::Message(message) if message.index > said => Some(message),
            _ => None,
        })
        .await;
    assert_eq!(
        crate::community::text(&answer).as_deref(),
        Some("You said: Is anybody there?")
    );
    drop(echo.stdin.take());
    assert!(echo.wait().await.unwrap().success());
    server.shutdown().await.unwrap();
}
