//! Backups of a community whose server runs: whole or none, and what becomes of them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::entry::{Body, Redaction, Roster};
use dispatch_server::{Config, Server};
use rusqlite::Connection;

use crate::community::{Community, key};
use crate::member::{Member, message};
use crate::process::{Process, dispatchd, refused, said, text};

/// Whose keys are its folder's own.
pub fn with_own_keys() -> Community {
    let community = Community::with(&["m01"]);
    for (name, option) in [("authority", "authority_key"), ("server", "server_key")] {
        let file = format!("{name}-key.pem");
        let from = community.key_copy(name);
        std::fs::copy(&from, community.path(&file)).unwrap();
        let toml = community.path("dispatchd.toml");
        let words = std::fs::read_to_string(&toml).unwrap();
        let line = format!("{option} = {:?}", text(&from));
        assert!(words.contains(&line), "{words}");
        let words = words.replace(&line, &format!("{option} = {file:?}"));
        std::fs::write(&toml, words).unwrap();
    }
    community
}

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for file in std::fs::read_dir(&next).unwrap() {
            let path = file.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(text(path.strip_prefix(folder).unwrap()).to_owned()),
            }
        }
    }
    found.sort();
    found
}

fn exported(dir: &Path) -> Vec<Block> {
    let lines = said(&["export", text(dir)]);
    let blocks = lines
        .lines()
        .filter(|line| !line.starts_with("{\"checkpoint\""));
    blocks.map(|line| Block::decode(line).unwrap()).collect()
}

async fn served(dir: &Path) -> dispatch_server::Running {
    let mut config = Config::load(dir).unwrap();
    config.bind = ([127, 0, 0, 1], 0).into();
    Server::start(config).await.unwrap()
}

/// A member who has an epoch of their own.
async fn speaker(process: &Process) -> (Member, Id) {
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    (member, epoch)
}

#[tokio::test]
async fn backups_beside_a_writing_member_are_whole_and_each_is_a_beginning_of_the_chain() {
    let community = with_own_keys();
    let process = Process::serve(&community);
    let (mut member, epoch) = speaker(&process).await;
    let dir = community.path("");
    let mut backups = Vec::new();
    for number in 0..4 {
        let dest = community.dir.path().join(format!("backup{number}"));
        let mut backup = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
            .args(["backup", "-c", text(&dir), text(&dest)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        while backup.try_wait().unwrap().is_none() {
            member.say(message(epoch, number)).await;
        }
        let told = backup.wait_with_output().unwrap();
        let words = String::from_utf8(told.stdout).unwrap();
        assert!(
            told.status.success() && words.starts_with("good  "),
            "{words}"
        );
        assert!(
            words.contains("secret   the backup holds server-key.pem and authority-key.pem"),
            "{words}"
        );
        backups.push(dest);
    }
    process.signal("-TERM");
    let mut process = process;
    assert_eq!(process.end(), Some(0));
    let whole = exported(&dir);
    let mut before = 0;
    for (number, backup) in backups.iter().enumerate() {
        assert_eq!(
            files(backup),
            [
                "allowlist",
                "authority-key.pem",
                "dispatchd.toml",
                "manifest.json",
                "server-key.pem",
                "store/chain.sqlite"
            ]
        );
        for file in files(backup) {
            let mode = std::fs::metadata(backup.join(&file)).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{file}");
        }
        let mode = std::fs::metadata(backup).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let restored = community.dir.path().join(format!("restored{number}"));
        let told = said(&["restore", text(backup), text(&restored)]);
        assert!(
            told.starts_with("good  ") && told.contains("a rollback"),
            "{told}"
        );
        assert!(said(&["verify", text(&restored)]).starts_with("good  "));
        let blocks = exported(&restored);
        assert_eq!(blocks, whole[..blocks.len()]);
        assert!(blocks.len() > before, "it has grown since the one before");
        before = blocks.len();
        let server = served(&restored).await;
        let mut again = Member::join(&server, "m01").await;
        assert_eq!(again.size() as usize, blocks.len());
        again.say(message(epoch, 9)).await;
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_backup_with_one_flipped_byte_or_a_missing_file_is_refused_and_the_file_named() {
    let community = with_own_keys();
    let dir = community.path("");
    let backup = community.dir.path().join("backup");
    said(&["backup", "-c", text(&dir), text(&backup)]);
    let to = community.dir.path().join("restored");
    for file in files(&backup) {
        let path = backup.join(&file);
        let good = std::fs::read(&path).unwrap();
        for place in [0, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[place] ^= 1;
            std::fs::write(&path, bad).unwrap();
            let told = refused(2, &["restore", text(&backup), text(&to)]);
            assert!(told.contains(&file), "{file} at {place}: {told}");
            assert!(!to.exists());
        }
        std::fs::remove_file(&path).unwrap();
        let told = refused(2, &["restore", text(&backup), text(&to)]);
        let missing = match file.as_str() {
            "manifest.json" => format!("{}: there is no manifest.json in it", text(&backup)),
            _ => format!("{}: the file is missing", text(&path)),
        };
        assert!(told.contains(&missing), "{file}: {told}");
        std::fs::write(&path, good).unwrap();
    }
    said(&["restore", text(&backup), text(&to)]);
    // And nothing is written over, neither by the one nor by the other.
    let told = refused(2, &["restore", text(&backup), text(&to)]);
    assert!(told.contains("nothing was changed"), "{told}");
    let told = refused(2, &["backup", "-c", text(&dir), text(&backup)]);
    assert!(told.contains("nothing was changed"), "{told}");
}

#[tokio::test]
async fn a_damaged_store_comes_to_no_backup() {
    let community = with_own_keys();
    let process = Process::serve(&community);
    let _ = speaker(&process).await;
    drop(process);
    Connection::open(community.path("store/chain.sqlite"))
        .unwrap()
        .execute(
            "UPDATE block SET sent_at = sent_at + 1 WHERE number = 2",
            [],
        )
        .unwrap();
    let (dir, dest) = (community.path(""), community.dir.path().join("backup"));
    let told = refused(2, &["backup", "-c", text(&dir), text(&dest)]);
    assert!(told.contains("damaged at block 2"), "{told}");
    assert!(!dest.exists());
}

#[tokio::test]
async fn keys_stay_where_they_are_if_they_are_elsewhere_or_not_wanted() {
    let community = Community::with(&[]);
    let dir = community.path("");
    let backup = community.dir.path().join("elsewhere");
    let told = said(&["backup", "-c", text(&dir), text(&backup)]);
    assert!(
        told.contains("without") && told.contains("server.pem") && !told.contains("secret"),
        "{told}"
    );
    assert_eq!(
        files(&backup),
        [
            "allowlist",
            "dispatchd.toml",
            "manifest.json",
            "store/chain.sqlite"
        ]
    );
    let to = community.dir.path().join("restored");
    said(&["restore", text(&backup), text(&to)]);
    served(&to).await.shutdown().await.unwrap();

    let community = with_own_keys();
    let dir = community.path("");
    let backup = community.dir.path().join("without");
    said(&["backup", "-c", text(&dir), "--without-keys", text(&backup)]);
    assert!(files(&backup).iter().all(|file| !file.ends_with(".pem")));
    let to = community.dir.path().join("restored");
    let told = said(&["restore", text(&backup), text(&to)]);
    assert!(
        told.contains("missing  ") && told.contains("restored/server-key.pem"),
        "{told}"
    );
}

#[test]
fn a_full_disk_ends_a_backup_with_one_line_and_leaves_nothing() {
    let community = with_own_keys();
    let (dir, dest) = (community.path(""), community.dir.path().join("backup"));
    // The store has more than 128 blocks of 512 bytes, and what SQLite makes beside it, to read it, has less.
    Connection::open(community.path("store/chain.sqlite"))
        .unwrap()
        .execute_batch("CREATE TABLE filler AS SELECT zeroblob(200000)")
        .unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_dispatchd"))
        .args(["backup", "-c", text(&dir), text(&dest)])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    let copy = dest.join(".dispatchd-init/store/chain.sqlite");
    assert!(told.contains(&format!("{}: ", text(&copy))), "{told}");
    assert!(!dest.exists());
}

#[tokio::test]
async fn a_members_export_brings_what_came_after_a_backup_and_redactions_with_it() {
    let community = with_own_keys();
    let process = Process::serve(&community);
    let (mut member, epoch) = speaker(&process).await;
    let early = member.say(message(epoch, 0xa7)).await;
    let dir = community.path("");
    let backup = community.dir.path().join("backup");
    said(&["backup", "-c", text(&dir), text(&backup)]);
    member.say(message(epoch, 2)).await;
    let redaction = Body::Redaction(Redaction {
        index: early,
        reason: String::new(),
    });
    member.say(redaction).await;
    let late = member.say(message(epoch, 3)).await;
    member.read_to_checkpoint(late + 1).await;
    let mut process = process;
    process.signal("-TERM");
    assert_eq!(process.end(), Some(0));

    let file = community.dir.path().join("chain.jsonl");
    said(&["export", text(&dir), "--output", text(&file)]);
    let lines = std::fs::read_to_string(&file).unwrap();
    let to = community.dir.path().join("restored");
    let blocks = |file: &Path, to: &Path| -> Vec<String> {
        let arguments = ["restore", text(&backup), text(to), "--blocks", text(file)];
        arguments.map(str::to_owned).to_vec()
    };
    let told = said(
        &blocks(&file, &to)
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    assert!(told.contains("and 3 blocks came from the file"), "{told}");
    assert_eq!(exported(&to), exported(&dir));
    let bytes = std::fs::read(to.join("store/chain.sqlite")).unwrap();
    let kept = bytes
        .windows(100)
        .any(|run| run.iter().all(|byte| *byte == 0xa7));
    assert!(!kept, "the redacted ciphertext came back");
    // Who has seen it all goes on, and is told of no rollback.
    let server = served(&to).await;
    let again = Member::join(&server, "m01").await;
    assert_eq!(again.chain().description(), member.chain().description());
    server.shutdown().await.unwrap();

    // What no checkpoint covers is left: nothing shows that the server had it.
    let spoilt = community.dir.path().join("spoilt.jsonl");
    let early_on = said(&["export", text(&backup)]);
    let (_, earlier) = early_on.trim_end().rsplit_once('\n').unwrap();
    let (later, last) = lines.trim_end().rsplit_once('\n').unwrap();
    std::fs::write(&spoilt, format!("{later}\n{earlier}\n")).unwrap();
    let to = community.dir.path().join("uncovered");
    let told = said(
        &blocks(&spoilt, &to)
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    assert!(told.contains("left     3 blocks of the file"), "{told}");
    assert_eq!(exported(&to).len(), exported(&backup).len());

    // What is not the server's is refused, and leaves nothing behind.
    let all: Vec<&str> = later.lines().collect();
    let without: String = all.iter().map(|line| format!("{line}\n")).collect();
    let gap = format!(
        "{}{last}\n",
        without.replacen(all[6], "", 1).replace("\n\n", "\n")
    );
    let forged = lines.replacen("\"sent_at\":1", "\"sent_at\":2", 8);
    let other = other_chain();
    let said_late = all[late as usize];
    let (before, after) = said_late.split_once(",\"ciphertext\":\"").unwrap();
    let (_, after) = after.split_once('"').unwrap();
    let stripped = lines.replace(said_late, &format!("{before}{after}"));
    for (text_of_it, wanted) in [
        (without.as_str(), "no checkpoint at its end"),
        (gap.as_str(), "does not follow"),
        (forged.as_str(), "spoilt.jsonl"),
        (stripped.as_str(), "has no ciphertext in it"),
        (other.as_str(), "the file is of another chain"),
        ("", "no checkpoint at its end"),
    ] {
        std::fs::write(&spoilt, text_of_it).unwrap();
        let to: PathBuf = community.dir.path().join("refused");
        let arguments = blocks(&spoilt, &to);
        let told = refused(2, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(told.contains(wanted), "{wanted}: {told}");
        assert!(!to.exists());
    }
}

/// Another community's chain.
fn other_chain() -> String {
    let other = Community::with(&[]);
    said(&["export", text(&other.path(""))])
}

#[tokio::test]
async fn an_export_is_the_chain_and_its_checkpoint_and_never_written_over_a_file() {
    let community = Community::with(&["m01"]);
    let process = Process::serve(&community);
    let (mut member, epoch) = speaker(&process).await;
    let gone = member.say(message(epoch, 0xa7)).await;
    member
        .say(Body::Redaction(Redaction {
            index: gone,
            reason: String::new(),
        }))
        .await;
    member.read_to_checkpoint(6).await;
    let dir = community.path("");
    // Beside a member who goes on writing.
    let file = community.dir.path().join("chain.jsonl");
    let mut export = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
        .args(["export", text(&dir), "--output", text(&file)])
        .spawn()
        .unwrap();
    while export.try_wait().unwrap().is_none() {
        member.say(message(epoch, 1)).await;
    }
    let lines = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = lines.lines().collect();
    let last: serde_json::Value = serde_json::from_str(lines.pop().unwrap()).unwrap();
    let checkpoint =
        dispatch_protocol::checkpoint::Checkpoint::decode(&last["checkpoint"].to_string());
    let mut blocks = lines.iter().map(|line| Block::decode(line).unwrap());
    let (mut state, _) = State::from_genesis(blocks.next().unwrap()).unwrap();
    blocks.for_each(|block| drop(state.replay(block).unwrap()));
    state.check(&checkpoint.unwrap()).unwrap();
    assert_eq!(state.first_gap(), None);
    assert!(state.size() >= 6 && !lines[gone as usize].contains("\"ciphertext\":"));

    let file = community.dir.path().join("part.jsonl");
    said(&["export", text(&dir), "--from", "3", "--output", text(&file)]);
    let part = std::fs::read_to_string(&file).unwrap();
    assert_eq!(part.lines().next(), Some(lines[3]));
    let told = refused(2, &["export", text(&dir), "--output", text(&file)]);
    assert!(told.contains("nothing is overwritten"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), part);
    let told = refused(2, &["export", text(&dir), "--from", "9999"]);
    assert!(told.contains("counted from 0"), "{told}");
    let gone = community.dir.path().join("gone/part.jsonl");
    assert_eq!(
        dispatchd(&["export", text(&dir), "-o", text(&gone)])
            .status
            .code(),
        Some(2)
    );
}

#[tokio::test]
async fn a_certificate_stays_where_it_is_renewed_and_is_named_by_its_whole_path() {
    let community = with_own_keys();
    let dir = community.path("");
    let toml = community.path("dispatchd.toml");
    let words = std::fs::read_to_string(&toml).unwrap();
    let tls =
        "\n[tls]\ncertificate = \"tls/chain.pem\" # renewed by a program\nkey = \"tls/key.pem\"\n";
    std::fs::write(&toml, words + tls).unwrap();
    let backup = community.dir.path().join("backup");
    said(&["backup", "-c", text(&dir), text(&backup)]);
    let to = community.dir.path().join("restored");
    let told = said(&["restore", text(&backup), text(&to)]);
    for name in ["tls/chain.pem", "tls/key.pem"] {
        let missing = format!("missing  {};", text(&community.path(name)));
        assert!(told.contains(&missing), "{told}");
    }
    let config = Config::load(&to).unwrap();
    let tls = config.tls.unwrap();
    assert_eq!(tls.certificate, community.path("tls/chain.pem"));
    assert_eq!(tls.key, community.path("tls/key.pem"));
    let words = std::fs::read_to_string(to.join("dispatchd.toml")).unwrap();
    assert!(words.contains("# renewed by a program"), "{words}");
}

#[test]
fn a_backup_whose_configuration_leads_elsewhere_is_refused() {
    let (ours, theirs) = (with_own_keys(), with_own_keys());
    let to = ours.dir.path().join("restored");
    for name in ["store/chain.sqlite", "allowlist"] {
        let backup = ours.dir.path().join("backup");
        said(&["backup", "-c", text(&ours.path("")), text(&backup)]);
        let toml = backup.join("dispatchd.toml");
        let words = std::fs::read_to_string(&toml).unwrap();
        let foreign = format!("{:?}", text(&theirs.path(name)));
        let led = words.replace(&format!("{name:?}"), &foreign);
        assert_ne!(words, led);
        std::fs::write(&toml, &led).unwrap();
        summed_again(
            &backup.join("manifest.json"),
            "dispatchd.toml",
            led.as_bytes(),
        );
        let told = refused(2, &["restore", text(&backup), text(&to)]);
        assert!(told.contains("not the backup's own"), "{told}");
        assert!(!to.exists());
        std::fs::remove_dir_all(&backup).unwrap();
    }
}

/// Gives a file of a manifest the sum of these bytes, and the manifest its own.
pub fn summed_again(path: &Path, name: &str, bytes: &[u8]) {
    let sum = |bytes: &[u8]| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        data_encoding::HEXLOWER.encode(digest.as_ref())
    };
    let before = std::fs::read_to_string(path).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&before).unwrap();
    let files = manifest["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["name"] == name).unwrap();
    let own = manifest["sha256"].as_str().unwrap();
    let text = before
        .replace(file["sha256"].as_str().unwrap(), &sum(bytes))
        .replace(
            &format!("\"bytes\": {}", file["bytes"]),
            &format!("\"bytes\": {}", bytes.len()),
        )
        .replace(own, "");
    let own = sum(text.as_bytes());
    std::fs::write(
        path,
        text.replace("\"sha256\": \"\"", &format!("\"sha256\": \"{own}\"")),
    )
    .unwrap();
}

#[test]
fn what_a_server_needs_and_is_not_there_is_told_before_it_is_missed() {
    let community = with_own_keys();
    let dir = community.path("");
    let backup = community.dir.path().join("backup");
    let to = community.dir.path().join("restored");
    said(&["backup", "-c", text(&dir), text(&backup), "--without-keys"]);
    let told = said(&["restore", text(&backup), text(&to)]);
    for name in ["server-key.pem", "authority-key.pem"] {
        assert!(
            told.contains(&format!("missing  {}", text(&to.join(name)))),
            "{told}"
        );
    }
    std::fs::remove_file(community.path("allowlist")).unwrap();
    let other = community.dir.path().join("other");
    let told = refused(2, &["backup", "-c", text(&dir), text(&other)]);
    assert!(told.contains("there is no allowlist"), "{told}");
    assert!(!other.exists());
}

#[tokio::test]
async fn a_restore_tells_whose_membership_the_file_changed_since_the_allowlist_is_older() {
    let community = Community::with(&["m01", "m02"]);
    let mut process = Process::serve(&community);
    let dir = community.path("");
    let backup = community.dir.path().join("backup");
    let to = community.dir.path().join("restored");
    said(&["backup", "-c", text(&dir), text(&backup)]);
    let told = said(&["restore", text(&backup), text(&to)]);
    assert!(!told.contains("roster"), "{told}");
    std::fs::remove_dir_all(&to).unwrap();

    let mut authority = Member::join(&process.target, "authority").await;
    let (newcomer, left) = (key("m03"), key("m02").public().id());
    let came = newcomer.public();
    let change = Body::Roster(Roster {
        add: vec![came.to_bytes()],
        remove: vec![left],
    });
    authority.say(change).await;
    process.signal("-TERM");
    assert_eq!(process.end(), Some(0));
    let file = community.dir.path().join("chain.jsonl");
    said(&["export", text(&dir), "--output", text(&file)]);
    let arguments = ["restore", text(&backup), text(&to), "--blocks", text(&file)];
    let told = said(&arguments);
    let lines: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("roster"))
        .collect();
    let rest = "after the backup, and the allowlist is the backup's: mend it by allow or deny";
    assert_eq!(
        lines,
        [
            format!("roster   {} was added {rest}", came.id()),
            format!("roster   {left} was removed {rest}"),
        ],
        "{told}"
    );
}

#[tokio::test]
async fn a_store_has_one_server_whatever_link_it_is_called_by() {
    let community = with_own_keys();
    let server = Server::start(Config::load(&community.path("")).unwrap())
        .await
        .unwrap();
    let link = community.dir.path().join("link.sqlite");
    std::os::unix::fs::symlink(community.path("store/chain.sqlite"), &link).unwrap();
    let mut config = Config::load(&community.path("")).unwrap();
    config.store = link;
    config.bind = ([127, 0, 0, 1], 0).into();
    let problem = Server::start(config).await.err().expect("it is in use");
    assert!(
        problem.to_string().contains("in use by another dispatchd"),
        "{problem}"
    );
    server.shutdown().await.unwrap();
}
