//! A store of an older version: whoever reads it leaves it as it is, and `serve` brings it to this one after a copy was made.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dispatch_protocol::bytes::Id;
use rusqlite::Connection;

use crate::backup::summed_again;
use crate::community::Community;
use crate::member::{Member, message};
use crate::process::{Process, refused, said, text};

/// A community with a few messages whose store is one of schema 1.
async fn old_community() -> (Community, Id) {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    for number in 0..5 {
        member.say(message(epoch, number)).await;
    }
    server.shutdown().await.unwrap();
    let (store, new) = (
        community.path("store/chain.sqlite"),
        community.path("new.sqlite"),
    );
    std::fs::rename(&store, &new).unwrap();
    let connection = Connection::open(&store).unwrap();
    connection
        .execute("ATTACH ?1 AS new", [text(&new)])
        .unwrap();
    connection
        .execute_batch(include_str!("../schema-1.sql"))
        .unwrap();
    drop(connection);
    std::fs::remove_file(new).unwrap();
    (community, epoch)
}

fn version(store: &Path) -> i64 {
    let connection = Connection::open(store).unwrap();
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn an_older_store_is_read_as_it_is_and_migrated_by_serve_after_a_copy() {
    let (community, epoch) = old_community().await;
    let (dir, store) = (community.path(""), community.path("store/chain.sqlite"));
    let before = std::fs::read(&store).unwrap();
    assert!(said(&["verify", text(&dir)]).starts_with("good  9 blocks (5 messages"));
    assert!(said(&["roster", text(&dir)]).contains("m01"));
    assert_eq!(std::fs::read(&store).unwrap(), before);

    let mut process = Process::starting(&community);
    let told = process.says("the store was migrated");
    let backup = community.path("store/chain.sqlite.schema-1.backup");
    assert!(
        told.contains("from=1 to=3") && told.contains(text(&backup)),
        "{told}"
    );
    let target = process.serving();
    let mut member = Member::join(&target, "m01").await;
    assert_eq!(member.size(), 9);
    assert_eq!(member.say(message(epoch, 9)).await, 9);
    assert!(said(&["verify", text(&dir)]).starts_with("good  10 blocks (6 messages"));
    process.signal("-TERM");
    assert_eq!(process.end(), Some(0));

    assert_eq!((version(&store), version(&backup)), (3, 1));
    let mode = std::fs::metadata(&backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The copy is a store: in the other's place it holds all that was there before.
    std::fs::copy(&backup, &store).unwrap();
    assert!(said(&["verify", text(&dir)]).starts_with("good  9 blocks (5 messages"));
}

#[tokio::test]
async fn a_damaged_older_store_is_left_as_it_is_and_no_copy_is_made() {
    let (community, _) = old_community().await;
    let store = community.path("store/chain.sqlite");
    Connection::open(&store)
        .unwrap()
        .execute("UPDATE block SET time = time + 1 WHERE number = 3", [])
        .unwrap();
    let before = std::fs::read(&store).unwrap();
    let dir = community.path("");
    let told = refused(2, &["serve", text(&dir), "--bind", "127.0.0.1:0"]);
    assert!(told.contains("damaged at block 4"), "{told}");
    assert_eq!(std::fs::read(&store).unwrap(), before);
    let names = std::fs::read_dir(community.path("store")).unwrap();
    for name in names.map(|file| file.unwrap().file_name().into_string().unwrap()) {
        assert!(
            !name.contains("backup") && !name.contains("partial"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_newer_store_is_refused_by_every_command_with_one_line_that_names_both_versions() {
    let community = Community::with(&["m01"]);
    let dir = community.path("");
    let (dir, file) = (text(&dir), community.dir.path().join("chain.jsonl"));
    let beside = |name: &str| community.dir.path().join(name);
    let (backup, to, newer) = (beside("backup"), beside("restored"), beside("newer"));
    said(&["backup", "-c", dir, text(&backup)]);
    said(&["export", dir, "--output", text(&file)]);
    let store = community.path("store/chain.sqlite");
    let connection = Connection::open(&store).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let before = std::fs::read(&store).unwrap();
    for (code, command) in [
        (2, &["serve", dir][..]),
        (1, &["verify", dir]),
        (2, &["roster", dir]),
        (2, &["export", dir]),
        (2, &["redact", "-c", dir, "0"]),
        (2, &["backup", "-c", dir, text(&newer)]),
    ] {
        let told = refused(code, command);
        assert!(
            told.contains("the store has schema 7, and this dispatchd knows them up to 3"),
            "{told}"
        );
    }
    assert_eq!(std::fs::read(&store).unwrap(), before);
    assert!(!newer.exists());
    // And so is one that a backup holds.
    let held = backup.join("store/chain.sqlite");
    std::fs::copy(&store, &held).unwrap();
    summed_again(
        &backup.join("manifest.json"),
        "store/chain.sqlite",
        &std::fs::read(&held).unwrap(),
    );
    for blocks in [&[][..], &["--blocks", text(&file)]] {
        let told = refused(
            2,
            &[&["restore", text(&backup), text(&to)], blocks].concat(),
        );
        assert!(
            told.contains("the store has schema 7, and this dispatchd knows them up to 3"),
            "{told}"
        );
        assert!(!to.exists());
    }
}
