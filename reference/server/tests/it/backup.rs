//! Backups of a community whose server runs: whole or none, and what becomes of them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::Block;
use dispatch_server::{Config, Server};
use rusqlite::Connection;

use crate::community::Community;
use crate::member::{Member, message};
use crate::process::{Process, refused, said, text};

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

pub fn exported(dir: &Path) -> Vec<Block> {
    let lines = said(&["export", text(dir)]);
    let blocks = lines
        .lines()
        .filter(|line| !line.starts_with("{\"checkpoint\""));
    blocks.map(|line| Block::decode(line).unwrap()).collect()
}

pub async fn served(dir: &Path) -> dispatch_server::Running {
    let mut config = Config::load(dir).unwrap();
    config.bind = ([127, 0, 0, 1], 0).into();
    Server::start(config).await.unwrap()
}

/// A member who has an epoch of their own.
pub async fn speaker(process: &Process) -> (Member, Id) {
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
