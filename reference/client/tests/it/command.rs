//! `dispatch` as people run it: the walk in the README, bad input, files, and the example.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::community::{Community, Member, id, invitation, key_file, program};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

/// Runs `dispatch` in a folder.
fn dispatch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dispatch"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("DISPATCH_HOME")
        .env_remove("DISPATCH_PASSPHRASE_FILE")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs it, and expects that it is done.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = dispatch(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    out(&output)
}

/// Runs it, and expects that it is refused with this exit code; gives the sentence.
fn refused(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = dispatch(folder, arguments);
    let told = err(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    told
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase_is_told_and_the_key_stays() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let private = |name: &str, text: &str| {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(folder.join(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    };
    private("right", "correct horse battery staple\n");
    private("wrong", "correct horse battery stapler\n");
    private("short", "horse\n");
    let told = refused(
        folder,
        &["keygen", "--home", "h", "--passphrase-file", "short"],
        2,
    );
    assert!(told.contains("fewer than 8 characters"), "{told}");
    let told = refused(folder, &["keygen", "--home", "h"], 2);
    assert!(told.contains("--passphrase-file"), "{told}");
    done(
        folder,
        &["keygen", "--home", "h", "--passphrase-file", "right"],
    );
    let account = std::fs::read(folder.join("h/account.json")).unwrap();
    let told = refused(
        folder,
        &[
            "backup",
            "copy",
            "--home",
            "h",
            "--passphrase-file",
            "wrong",
        ],
        2,
    );
    assert!(
        told.contains("the passphrase is another one, or the file was changed"),
        "{told}"
    );
    assert_eq!(
        std::fs::read(folder.join("h/account.json")).unwrap(),
        account
    );
    let told = refused(
        folder,
        &["keygen", "--home", "h", "--passphrase-file", "right"],
        2,
    );
    assert!(told.contains("never overwritten"), "{told}");
    done(
        folder,
        &[
            "backup",
            "copy",
            "--home",
            "h",
            "--passphrase-file",
            "right",
        ],
    );
    let told = refused(
        folder,
        &[
            "restore",
            "copy",
            "--home",
            "g",
            "--passphrase-file",
            "wrong",
        ],
        2,
    );
    assert!(told.contains("the passphrase is another one"), "{told}");
    assert!(!folder.join("g").exists());
    let told = refused(
        folder,
        &[
            "restore",
            "right",
            "--home",
            "g",
            "--passphrase-file",
            "right",
        ],
        2,
    );
    assert!(told.contains("no backup of dispatch-d/1"), "{told}");
    // a key that others can read is refused, with the way out
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.join("h/account.json"), open).unwrap();
    let told = refused(
        folder,
        &[
            "backup",
            "again",
            "--home",
            "h",
            "--passphrase-file",
            "right",
        ],
        2,
    );
    assert!(told.contains("chmod go="), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_on_on_another_device() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let link = invitation(&server).to_string();
    let folder = community.dir.path();
    let import = key_file("m01").display().to_string();
    done(
        folder,
        &[
            "--home",
            "old",
            "keygen",
            "--no-passphrase",
            "--import",
            &import,
        ],
    );
    done(folder, &["--home", "old", "join", &link]);
    let bob = Member::join(&community, &invitation(&server), "m02").await;
    bob.client.ready().await.unwrap();
    bob.say("Hello, Alice.").await;
    done(folder, &["--home", "old", "send", "Hello, Bob."]);
    done(
        folder,
        &["--home", "old", "name", &id("m02").to_string(), "Bob"],
    );
    std::fs::write(folder.join("pass"), "correct horse battery staple").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder.join("pass"), std::fs::Permissions::from_mode(0o600)).unwrap();
    done(
        folder,
        &[
            "--home",
            "old",
            "backup",
            "copy",
            "--passphrase-file",
            "pass",
        ],
    );
    let before = done(folder, &["--home", "old", "history", "--json"]);
    done(
        folder,
        &[
            "--home",
            "new",
            "restore",
            "copy",
            "--passphrase-file",
            "pass",
        ],
    );
    let with = ["--home", "new", "--passphrase-file", "pass"];
    let after = done(folder, &[&with[..], &["history", "--json"]].concat());
    assert_eq!(after, before);
    assert_eq!(after.lines().count(), 2);
    let members = done(folder, &[&with[..], &["members"]].concat());
    assert!(members.contains("Bob"), "{members}");
    // the restored card is the one that others write to
    bob.say("Where are you now?").await;
    let after = done(folder, &[&with[..], &["history", "--last", "1"]].concat());
    assert!(after.contains("Bob: Where are you now?"), "{after}");
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_names_no_community_brings_its_cards_and_names() {
    use dispatch_protocol::backup::{Backup, Contents, ITERATIONS, Named};
    use dispatch_protocol::key::CardKey;
    use std::os::unix::fs::OpenOptionsExt as _;
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let invitation = invitation(&server);
    let alice = Member::join(&community, &invitation, "m01").await;
    alice.client.ready().await.unwrap();
    let bob = Member::join(&community, &invitation, "m02").await;
    bob.cards(2).await;
    bob.say("Before.").await;
    alice.client.close().await;
    let folder = community.dir.path();
    let store = rusqlite::Connection::open(community.folder("m01").join("keys.sqlite")).unwrap();
    let card: [u8; 32] = store
        .query_row("SELECT private FROM card", [], |row| row.get(0))
        .unwrap();
    let contents = Contents {
        private_key: crate::community::key("m01"),
        cards: vec![CardKey::from_bytes(&card)],
        communities: Vec::new(),
        names: vec![Named {
            account: id("m02"),
            name: "Bob".into(),
        }],
    };
    let salt = dispatch_protocol::bytes::Salt::new([7; 16]);
    let sealed = Backup::seal(&contents, "a passphrase", salt, *ITERATIONS.start());
    std::fs::write(folder.join("copy"), sealed.encode()).unwrap();
    let mut private = std::fs::OpenOptions::new();
    let private = private.write(true).create_new(true).mode(0o600);
    let mut file = private.open(folder.join("passphrase")).unwrap();
    file.write_all(b"a passphrase\n").unwrap();
    let with = ["--home", "h", "--passphrase-file", "passphrase"];
    done(
        folder,
        &[&with[..], &["restore", "copy", "--no-passphrase"]].concat(),
    );
    let told = done(folder, &[&with[..], &["backup", "again"]].concat());
    assert!(told.contains("1 card keys, 0 communities"), "{told}");
    done(
        folder,
        &[&with[..], &["join", &invitation.to_string()]].concat(),
    );
    let told = done(folder, &[&with[..], &["history"]].concat());
    assert!(told.contains("Bob: Before."), "{told}");
    let told = done(folder, &[&with[..], &["backup", "anew"]].concat());
    assert!(told.contains("1 card keys, 1 communities"), "{told}");
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_a_sentence_and_an_exit_code() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let link = invitation(&server).to_string();
    let folder = community.dir.path();
    let told = refused(folder, &["--home", "h", "send", "x"], 2);
    assert!(told.contains("no community was joined yet"), "{told}");
    let told = refused(folder, &["--home", "h", "join", &link], 2);
    assert!(told.contains("`dispatch keygen`"), "{told}");
    done(folder, &["--home", "h", "keygen", "--no-passphrase"]);
    let told = refused(
        folder,
        &["--home", "h", "join", "https://chat.example.org"],
        2,
    );
    assert!(told.contains("ask for the link again"), "{told}");
    let told = refused(folder, &["--home", "h", "join", &link], 2);
    assert!(told.contains("not on the community's roster"), "{told}");
    // what was not joined leaves nothing behind
    assert_eq!(
        std::fs::read_dir(folder.join("h/communities"))
            .unwrap()
            .count(),
        0
    );
    let other = format!("{}/#dispatch-d/1/{}", server.origin(), "A".repeat(43));
    let told = refused(folder, &["--home", "h", "join", &other], 1);
    assert!(told.contains("wrong_genesis [INV-2]"), "{told}");
    server.shutdown().await.unwrap();
    let told = refused(folder, &["verify", "nothing"], 2);
    assert!(told.contains("there is no such file"), "{told}");
    std::fs::write(folder.join("note"), "hello\n").unwrap();
    let told = refused(folder, &["verify", "note"], 2);
    assert!(told.contains("neither a chain"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_chain_is_found_by_its_line() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut alice = Member::join(&community, &invitation(&server), "m01").await;
    let last = alice.say("Hello.").await;
    alice.covered(last + 1).await;
    alice.client.close().await;
    server.shutdown().await.unwrap();
    let folder = community.dir.path();
    let import = key_file("m01").display().to_string();
    done(
        folder,
        &[
            "--home",
            "h",
            "keygen",
            "--no-passphrase",
            "--import",
            &import,
        ],
    );
    let into = folder.join("h/communities").join(server_id(&community));
    std::fs::create_dir_all(into.parent().unwrap()).unwrap();
    std::fs::rename(community.folder("m01"), &into).unwrap();
    done(folder, &["--home", "h", "export", "--output", "chain"]);
    let good = std::fs::read_to_string(folder.join("chain")).unwrap();
    assert!(done(folder, &["verify", "chain"]).starts_with("good"));
    let spoil = |from: &str, to: &str| {
        let spoilt = good.replacen(from, to, 1);
        assert_ne!(spoilt, good);
        std::fs::write(folder.join("spoilt"), spoilt).unwrap();
        refused(folder, &["verify", "spoilt"], 1)
    };
    assert!(spoil(r#""kind":"card""#, r#""kind":"cart""#).contains("unknown_kind"));
    assert!(spoil(r#""index":2"#, r#""index":3"#).contains("bad_index"));
    // a chain that was cut short is shorter than what the server signed for
    // the last line is the checkpoint, which covers all blocks
    let last = good.lines().rev().nth(1).unwrap();
    assert!(last.contains(r#""prev":"#), "{last}");
    assert!(spoil(&format!("{last}\n"), "").contains("rollback"));
}

fn server_id(community: &Community) -> String {
    community.config.community.unwrap().to_string()
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
async fn tail_follows_until_it_is_interrupted() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let link = invitation(&server).to_string();
    let folder = community.dir.path();
    let import = key_file("m01").display().to_string();
    done(
        folder,
        &[
            "--home",
            "h",
            "keygen",
            "--no-passphrase",
            "--import",
            &import,
        ],
    );
    done(folder, &["--home", "h", "join", &link]);
    let bob = Member::join(&community, &invitation(&server), "m02").await;
    bob.client.ready().await.unwrap();
    bob.say("Before.").await;
    let mut tail = tokio::process::Command::new(env!("CARGO_BIN_EXE_dispatch"))
        .args(["--home", "h", "tail", "--json"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut texts = Vec::new();
    let index = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        if value["type"] == "message" {
            texts.push(value["text"].as_str().unwrap().to_owned());
            match texts.len() {
                1 => drop(bob.say("After.").await),
                _ => break value["index"].as_u64().unwrap(),
            }
        }
    };
    assert_eq!(texts, ["Before.", "After."]);
    bob.client.redact(index, "gone").await.unwrap();
    loop {
        let line = lines.next_line().await.unwrap().unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        if value["type"] == "redaction" {
            assert_eq!(
                (value["message"].as_u64(), value["reason"].as_str()),
                (Some(index), Some("gone"))
            );
            break;
        }
    }
    let pid = tail.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(tail.wait().await.unwrap().success());
    server.shutdown().await.unwrap();
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
