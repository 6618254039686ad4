//! A server as a process: how it ends, what it leaves behind, and what is found in that.

use std::process::{Command, Stdio};

use crate::community::{Community, key};
use crate::member::{Member, message};
use crate::process::{Process, refused, said, text};

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
        told.starts_with("good  5 blocks (1 message, 0 redactions), 2 members, checkpoint over 5;"),
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
    assert!(said(&["verify", text(&dir)]).starts_with("good  1 block "));
}
