//! A disk that is full and a store that another program has locked: entries are refused with the cause, what was accepted
//! stays, nothing hangs, and the server comes back by itself.

use std::process::Command;
use std::time::{Duration, Instant};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::ServerFrame;
use rusqlite::Connection;

use crate::client::SOON;
use crate::community::Community;
use crate::http::caller::Caller;
use crate::member::{Member, message};
use crate::process::{Process, refused, said, text};

/// The server tries a store that failed it once a second.
const RETRIED: Duration = Duration::from_millis(1500);

/// A community whose members may hand in entries as fast as they can.
fn community() -> Community {
    let community = Community::with(&["m01"]);
    let path = community.path("dispatchd.toml");
    let words = std::fs::read_to_string(&path).unwrap();
    let free = words.replace("entries_per_second = 20", "entries_per_second = 0");
    assert_ne!(words, free);
    std::fs::write(path, free).unwrap();
    community
}

/// Asks for the health until it is this one.
async fn healthy(caller: &Caller, wanted: u16) {
    let begun = Instant::now();
    while caller.get("/healthz").await.status != wanted {
        assert!(begun.elapsed() < SOON, "/healthz never said {wanted}");
    }
}

/// Hands the next entry in on the socket, and gives its refusal, if it is one.
async fn submit(member: &mut Member, epoch: Id) -> Result<u64, Refusal> {
    let entry = member.entry(message(epoch, 1));
    let frame = member.submit_frame("one", entry);
    member.client.send(&frame).await;
    loop {
        if let Some(place) = member
            .answers
            .iter()
            .position(|answer| matches!(answer, ServerFrame::Accepted(_) | ServerFrame::Refused(_)))
        {
            return match member.answers.remove(place) {
                ServerFrame::Accepted(accepted) => Ok(accepted.index),
                ServerFrame::Refused(refused) => {
                    member.next_seq -= 1;
                    let refusal = Refusal::new(refused.code, "LIM-8", refused.detail);
                    Err(match refused.retry_after {
                        Some(after) => refusal.retry_after(after),
                        None => refusal,
                    })
                }
                other => unreachable!("{other:?}"),
            };
        }
        member.read().await;
    }
}

/// What is refused meanwhile, on a socket and by a request.
async fn refused_everywhere(member: &mut Member, caller: &Caller, epoch: Id, cause: &str) {
    healthy(caller, 503).await;
    // So long that the server tries again meanwhile, and finds it as it was.
    let begun = Instant::now();
    while begun.elapsed() < RETRIED {
        assert_eq!(caller.get("/healthz").await.status, 503);
        let refusal = submit(member, epoch).await.unwrap_err();
        assert_eq!(refusal.code, Code::Unavailable);
        assert!(refusal.retry_after.is_some());
        assert!(refusal.detail.contains(cause), "{}", refusal.detail);
        let entry = member.entry_with(member.next_seq, message(epoch, 2));
        let answer = caller.submit(&entry).await;
        assert_eq!(answer.refused(), Code::Unavailable);
        assert!(answer.body.contains(cause) && answer.header("retry-after").is_some());
    }
    // And so does it while nobody hands anything in.
    let begun = Instant::now();
    while begun.elapsed() < RETRIED {
        assert_eq!(caller.get("/healthz").await.status, 503);
    }
    // Reading goes on.
    let blocks = caller.get("/v1/blocks?from=0").await.blocks();
    assert_eq!(blocks, 0..member.size());
}

/// Until an entry is taken again; gives its index.
async fn accepted_again(member: &mut Member, caller: &Caller, epoch: Id) -> u64 {
    healthy(caller, 200).await;
    let index = submit(member, epoch).await.unwrap();
    member.read_to(index + 1).await;
    index
}

/// The rest of the log after the server has been stopped.
fn stopped(mut process: Process) -> String {
    process.signal("-TERM");
    assert_eq!(process.end(), Some(0));
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut process.log, &mut rest).unwrap();
    rest
}

#[tokio::test]
async fn a_store_that_another_program_locks_is_told_once_and_served_again_when_it_lets_go() {
    let community = community();
    let process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let caller = Caller::of(&process.target, &member.joined);
    for begin in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        let other = Connection::open(community.path("store/chain.sqlite")).unwrap();
        other.execute_batch(begin).unwrap();
        let before = member.size();
        let refusal = submit(&mut member, epoch).await.unwrap_err();
        assert_eq!(refusal.code, Code::Unavailable);
        let cause = "another program on the server has locked the store";
        refused_everywhere(&mut member, &caller, epoch, cause).await;
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(accepted_again(&mut member, &caller, epoch).await, before);
    }
    let log = stopped(process);
    let named = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(named("another program has locked the store"), 2, "{log}");
    assert_eq!(named("INFO the store can be written again"), 2, "{log}");
    let size = member.size();
    assert!(
        said(&["verify", text(&community.path(""))]).starts_with(&format!("good  {size} blocks"))
    );
}

#[tokio::test]
async fn a_full_disk_refuses_entries_and_the_server_goes_on_when_there_is_room() {
    let community = community();
    // No file grows beyond 200 blocks of 512 bytes: as a disk that has so much room.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -S -f 200; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_dispatchd"))
        .args(["serve", text(&community.path("")), "--bind", "127.0.0.1:0"]);
    let mut process = Process::spawn(command);
    process.serving();
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let caller = Caller::of(&process.target, &member.joined);
    let mut before = member.size();
    // Once more, if the sweep of the start makes room when the disk has been full for a moment.
    let mut full: Option<Instant> = None;
    while full.is_none_or(|since| since.elapsed() < RETRIED) {
        match submit(&mut member, epoch).await {
            Ok(index) => {
                full = None;
                before = index + 1;
                member.read_to(before).await;
                assert!(before < 1000, "the disk never gets full");
            }
            Err(refusal) => {
                assert_eq!(refusal.code, Code::Unavailable);
                full.get_or_insert_with(Instant::now);
            }
        }
    }
    refused_everywhere(&mut member, &caller, epoch, "the server's disk").await;
    let lifted = Command::new("prlimit")
        .args(["--pid", &process.id().to_string(), "--fsize=unlimited"])
        .status();
    assert!(lifted.unwrap().success());
    assert_eq!(accepted_again(&mut member, &caller, epoch).await, before);
    let log = stopped(process);
    let named = log
        .lines()
        .filter(|line| line.contains("no entry is taken until"))
        .count();
    let over = log
        .lines()
        .filter(|line| line.contains("INFO the store can be written again"))
        .count();
    assert!(named == over && (1..=2).contains(&named), "{log}");
    let size = before + 1;
    assert!(
        said(&["verify", text(&community.path(""))]).starts_with(&format!("good  {size} blocks"))
    );
}

#[tokio::test]
async fn a_disk_that_is_full_or_a_store_that_is_locked_at_the_start_is_one_clear_line() {
    // A server that was killed has a checkpoint to sign at the next start.
    let community = community();
    let process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    member.epoch_for_oneself().await;
    process.signal("-KILL");
    drop(process);
    let store = community.path("store/chain.sqlite");
    Connection::open(&store)
        .unwrap()
        .execute("UPDATE checkpoint SET size = size", [])
        .unwrap();
    let dir = community.path("");
    let other = Connection::open(&store).unwrap();
    other
        .execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE checkpoint SET size = size",
        )
        .unwrap();
    let told = refused(2, &["serve", text(&dir), "--bind", "127.0.0.1:0"]);
    assert!(
        told.contains("another program has locked the store"),
        "{told}"
    );
    drop(other);
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_dispatchd"))
        .args(["serve", text(&dir), "--bind", "127.0.0.1:0"])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    let told: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("dispatchd: "))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("chain.sqlite"), "{told:?}");
    let process = Process::serve(&community);
    assert_eq!(
        Member::join(&process.target, "m01").await.size(),
        member.size()
    );
}
