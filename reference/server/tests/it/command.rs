//! `dispatchd` as its owner uses it: its words, its exit codes, what it leaves behind.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::community::{Community, key, key_file, public_pem};
use crate::member::{Member, Target, message};

fn dispatchd(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dispatchd"))
        .args(arguments)
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

/// Standard output of a command that succeeds.
fn said(arguments: &[&str]) -> String {
    let output = dispatchd(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The one line on standard error of a command that fails with this code.
fn refused(code: i32, arguments: &[&str]) -> String {
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

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server as a process of its own.
struct Process {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    target: Target,
}

impl Process {
    /// Started and serving.
    fn serve(community: &Community) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
            .args(["serve", text(&community.path("")), "--bind", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("serving") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended");
        }
        let value = |name: &str| {
            let rest = line.split_once(name).unwrap().1.trim_start_matches('"');
            rest.split([' ', '"']).next().unwrap().trim().to_owned()
        };
        let target = Target {
            address: value("address=").parse().unwrap(),
            origin: value("origins="),
            community: value("community=").parse().unwrap(),
        };
        Process { child, log, target }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// The exit code, once it has ended.
    fn end(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_help_is_what_a_person_can_follow() {
    let mut help = said(&["--help"]);
    for command in ["init", "serve", "allow", "deny", "roster", "verify"] {
        help.push_str(&format!(
            "\n$ dispatchd {command} --help\n{}",
            said(&[command, "--help"])
        ));
    }
    insta::assert_snapshot!(help);
}

#[test]
fn the_version_is_told() {
    assert_eq!(
        said(&["--version"]),
        format!("dispatchd {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn bad_configuration_is_one_clear_line_and_exit_code_2() {
    let community = Community::with(&[]);
    let toml = community.path("dispatchd.toml");
    let good = std::fs::read_to_string(&toml).unwrap();
    let dir = community.path("");
    let dir = text(&dir);
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        std::fs::write(&toml, good.replace(from, to)).unwrap();
        let told = refused(2, &["serve", dir]);
        std::fs::write(&toml, &good).unwrap();
        told
    };
    for (from, to, wanted) in [
        (
            "bind = ",
            "bnid = ",
            "dispatchd.toml:7: unknown field `bnid`",
        ),
        (
            "wraps = 1024",
            "wraps = 0",
            "wraps is 0; it must be from 1 to 1024",
        ),
        (
            "# origins = [\"http://127.0.0.1:0\"]",
            "origins = [\"chat.example.org\"]",
            "is not an origin",
        ),
        (
            "connections = 16384",
            "connections = 9223372036854775807",
            "connections is 9223372036854775807; it must be from 1 to 1000000",
        ),
        (
            "allowlist = \"allowlist\"",
            "allowlist = \".\"",
            "there is no allowlist",
        ),
        (
            "allowlist = \"allowlist\"",
            "allowlist = \"gone\"",
            "gone: there is no allowlist",
        ),
        (
            "store = \"store/chain.sqlite\"",
            "store = \"gone.sqlite\"",
            "gone.sqlite: there is no store",
        ),
        (
            "level = \"info\"",
            "level = \"=loud=\"",
            "log level `=loud=` is no filter",
        ),
    ] {
        let told = with(from, to);
        assert!(told.contains(wanted), "{told}");
    }
    let key = format!("server_key = {:?}", community.config.server_key);
    assert!(with(&key, "server_key = \"gone.pem\"").contains("gone.pem: there is no such file"));
    let short = community.dir.path().join("short.pem");
    std::fs::write(
        &short,
        include_str!("../../../../vectors/keys/refused/short.test-key.pem"),
    )
    .unwrap();
    let told = with(&key, &format!("server_key = {short:?}"));
    assert!(
        told.contains("short.pem") && told.contains("of 2048 to 4096 bits"),
        "{told}"
    );
    assert!(refused(2, &["serve", text(community.dir.path())]).contains("dispatchd init DIR"));
}

#[test]
fn an_allowlist_is_edited_around_its_owners_words() {
    let community = Community::with(&["m01"]);
    let dir = community.path("");
    let dir = text(&dir);
    let allowlist = community.path("allowlist");
    let mut words = std::fs::read_to_string(&allowlist).unwrap();
    words.push_str("# The neighbours, since spring\r\n\n");
    std::fs::write(&allowlist, &words).unwrap();

    let pem = community.dir.path().join("m02.pem");
    std::fs::write(&pem, public_pem("m02").replace("# m02\n", "")).unwrap();
    let told = said(&["allow", "-c", dir, "--name", "Bob", text(&pem)]);
    let bob = key("m02").public().id().to_string();
    assert!(
        told.contains(&format!("allowed  {bob}  Bob"))
            && told.contains("picks the change up by itself"),
        "{told}"
    );
    assert!(said(&["allow", "-c", dir, text(&pem)]).contains(&format!("already  {bob}  Bob")));
    let after = std::fs::read_to_string(&allowlist).unwrap();
    assert!(
        after.starts_with(&words) && after.contains("# Bob\n-----BEGIN PUBLIC KEY-----"),
        "{after}"
    );

    let told = said(&["deny", "-c", dir, &bob[..9]]);
    assert!(told.contains(&format!("denied   {bob}  Bob")), "{told}");
    assert_eq!(std::fs::read_to_string(&allowlist).unwrap(), words);
    let output = dispatchd(&["deny", "-c", dir, &bob]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains(&format!("absent   {bob}"))
    );

    let line = said(&[
        "allow",
        "-c",
        dir,
        &openssh("m03", "from=\"10.0.0.0/8\",command=\"a b\" ", " carol@home"),
    ]);
    assert!(
        line.contains(&format!(
            "allowed  {}  carol@home",
            key("m03").public().id()
        )),
        "{line}"
    );
}

/// The account's key as an OpenSSH line.
fn openssh(name: &str, options: &str, comment: &str) -> String {
    let der = key(name).public().der().to_vec();
    // Of a key of 2048 bits: the modulus stands behind 33 bytes, the exponent at the end.
    let mut blob = Vec::new();
    for part in [
        b"ssh-rsa".as_slice(),
        &[1, 0, 1],
        &[&[0], &der[33..289]].concat(),
    ] {
        blob.extend_from_slice(&(part.len() as u32).to_be_bytes());
        blob.extend_from_slice(part);
    }
    format!(
        "{options}ssh-rsa {}{comment}",
        data_encoding::BASE64.encode(&blob)
    )
}

#[test]
fn what_is_no_members_key_is_refused_with_a_way_out() {
    let community = Community::with(&[]);
    let dir = community.path("");
    let before = std::fs::read(community.path("allowlist")).unwrap();
    let told = refused(2, &["allow", "-c", text(&dir), text(&key_file("m01"))]);
    assert!(
        told.contains("PRIVATE key") && !told.contains("MII"),
        "{told}"
    );
    for (key, wanted) in [
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@here",
            "an Ed25519 key (ssh-ed25519); an account is an RSA key",
        ),
        (
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ me@here",
            "damaged or cut off",
        ),
        (
            include_str!("../../../../vectors/keys/refused/short.test-key.pub"),
            "line 1: not a key that may be an account",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
            "openssl x509",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nAA==\n",
            "no line -----END PUBLIC KEY-----",
        ),
    ] {
        let file = community.dir.path().join("key");
        std::fs::write(&file, key).unwrap();
        let told = refused(2, &["allow", "-c", text(&dir), text(&file)]);
        assert!(told.contains(wanted), "{told}");
        if !key.contains('\n') {
            let told = refused(2, &["allow", "-c", text(&dir), key]);
            assert!(told.contains(wanted), "{told}");
        }
    }
    assert_eq!(std::fs::read(community.path("allowlist")).unwrap(), before);
    let mut child = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
        .args(["allow", "-c", text(&dir), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(public_pem("m04").as_bytes())
        .unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(
        told.contains(&format!("allowed  {}  m04", key("m04").public().id())),
        "{told}"
    );
}

#[tokio::test]
async fn a_server_is_stopped_by_sigterm_with_everything_kept() {
    let community = Community::with(&["m01"]);
    let mut process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    member.say(message(epoch, 1)).await;
    process.signal("-TERM");
    assert_eq!(member.client.close_code().await, 1001);
    assert_eq!(process.end(), Some(0));
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut process.log, &mut rest).unwrap();
    assert!(rest.contains("stopped"), "{rest}");

    let dir = community.path("");
    let told = said(&["verify", text(&dir)]);
    assert!(
        told.starts_with(
            "good  5 blocks (1 messages, 0 redactions), 2 members, checkpoint over 5;"
        ),
        "{told}"
    );
    let told = said(&["roster", text(&dir)]);
    let line = told
        .lines()
        .find(|line| line.starts_with(&key("m01").public().id().to_string()))
        .unwrap();
    assert_eq!(
        line.split_whitespace().skip(1).collect::<Vec<_>>(),
        ["1", "2048", "m01"]
    );
}

#[tokio::test]
async fn a_server_that_is_killed_has_kept_all_that_it_had_accepted() {
    let community = Community::with(&["m01"]);
    let mut process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let mut last = 0;
    for number in 0..40 {
        let entry = member.entry(message(epoch, number));
        let frame = member.submit_frame(&format!("n{number}"), entry);
        member.client.feed(&frame).await;
    }
    member.client.flush().await;
    for number in 0..20 {
        last = member.answer(&format!("n{number}")).await.unwrap().0;
    }
    process.signal("-KILL");
    assert_eq!(process.end(), None);
    let dir = community.path("");
    assert!(said(&["verify", text(&dir)]).starts_with("good  "));
    let process = Process::serve(&community);
    let again = Member::join(&process.target, "m01").await;
    assert!(again.size() > last);
    assert_eq!(
        again.chain().prefix_head(member.size()),
        Some(member.chain().head())
    );
}

#[tokio::test]
async fn damage_is_found_by_verify_and_keeps_the_server_from_starting() {
    let community = Community::with(&["m01"]);
    let mut process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    member.epoch_for_oneself().await;
    // A second server on the same store, while the first one runs; looking at it is no harm.
    let dir = community.path("");
    assert!(
        refused(2, &["serve", text(&dir), "--bind", "127.0.0.1:0"])
            .contains("in use by another dispatchd")
    );
    assert!(said(&["verify", text(&dir)]).starts_with("good  4 blocks"));
    process.signal("-INT");
    assert_eq!(process.end(), Some(0));
    let store = rusqlite::Connection::open(community.path("store/chain.sqlite")).unwrap();
    store
        .execute(
            "UPDATE block SET sent_at = sent_at + 1 WHERE number = 2",
            [],
        )
        .unwrap();
    drop(store);
    let told = refused(1, &["verify", text(&dir)]);
    assert!(told.contains("damaged at block 2"), "{told}");
    let told = refused(2, &["serve", text(&dir), "--bind", "127.0.0.1:0"]);
    assert!(
        told.contains("damaged at block") && told.contains("Nothing was changed"),
        "{told}"
    );
}

#[test]
fn a_port_in_use_is_told_and_nothing_is_written() {
    let community = Community::with(&["m01"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let before = std::fs::read(community.path("store/chain.sqlite")).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = community.path("");
    let told = refused(2, &["serve", text(&dir), "--bind", &address]);
    assert!(told.contains(&address) && told.contains("in use"), "{told}");
    assert_eq!(
        std::fs::read(community.path("store/chain.sqlite")).unwrap(),
        before
    );
}

#[tokio::test]
async fn a_store_that_grows_meanwhile_is_good() {
    let community = Community::with(&["m01"]);
    let process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let dir = community.path("");
    // Beside each look at the store a member goes on writing.
    for _ in 0..5 {
        let mut looking = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
            .args(["verify", text(&dir)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        while looking.try_wait().unwrap().is_none() {
            member.say(message(epoch, 1)).await;
        }
        let told = looking.wait_with_output().unwrap();
        assert!(told.status.success() && told.stdout.starts_with(b"good  "));
    }
}

#[test]
fn a_store_that_is_none_any_more_is_found_by_verify() {
    let community = Community::with(&[]);
    let dir = community.path("");
    let store = community.path("store/chain.sqlite");
    let good = std::fs::read(&store).unwrap();
    for length in [0, 10, 100, 4096, 8192, good.len() / 2] {
        std::fs::write(&store, &good[..length]).unwrap();
        refused(1, &["verify", text(&dir)]);
        refused(2, &["serve", text(&dir), "--bind", "127.0.0.1:0"]);
    }
    for place in [0, 20, 70] {
        let mut bad = good.clone();
        bad[place] ^= 0xff;
        std::fs::write(&store, bad).unwrap();
        refused(1, &["verify", text(&dir)]);
    }
    std::fs::write(&store, good).unwrap();
    assert!(said(&["verify", text(&dir)]).starts_with("good  1 blocks"));
}
