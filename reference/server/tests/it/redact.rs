//! `dispatchd redact`: the owner removes a ciphertext for good, beside a server that runs and without one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use dispatch_protocol::entry::{Body, Entry, Roster};

use crate::community::{Community, key, public_pem};
use crate::member::{Member, card, message};
use crate::process::{Process, refused, said, text};
use crate::redaction::on_disk;

const SOCKET: &str = "store/chain.sqlite.sock";

/// A member who has said something that stays (0xb1) and something that goes (0xa7), and the latter's index.
async fn talk(process: &Process) -> (Member, u64) {
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    member.say(message(epoch, 0xb1)).await;
    let gone = member.say(message(epoch, 0xa7)).await;
    (member, gone)
}

fn is_gone(community: &Community) -> bool {
    assert!(on_disk(community, 0xb1));
    !on_disk(community, 0xa7)
}

fn stop(mut process: Process) {
    process.signal("-TERM");
    assert_eq!(process.end(), Some(0));
}

fn shows_it(member: &Member, gone: u64) {
    assert!(member.chain().is_redacted(gone));
    assert!(member.chain().first_gap().is_none());
}

#[tokio::test]
async fn while_the_server_runs_a_message_goes_from_its_files_and_members_are_told() {
    let community = Community::with(&["m01", "m02"]);
    let process = Process::serve(&community);
    let (mut member, gone) = talk(&process).await;
    let mode = std::fs::symlink_metadata(community.path(SOCKET)).unwrap();
    assert!(mode.file_type().is_socket());
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    let dir = community.path("");
    let told = said(&[
        "redact",
        "-c",
        text(&dir),
        &gone.to_string(),
        "--reason",
        "a name was in it",
    ]);
    // Not a moment later: what the command says is so.
    assert!(is_gone(&community));
    let by = member.size();
    assert!(
        told.starts_with(&format!("redacted  block {gone}, by block {by}\n"))
            && told.contains("whoever has read it has read it")
            && told.contains("backups that were made before still hold it")
            && !told.contains("No server runs"),
        "{told}"
    );
    member.read_to(by + 1).await;
    shows_it(&member, gone);
    member.read_to_checkpoint(by + 1).await;
    let late = Member::join(&process.target, "m02").await;
    assert_eq!(late.ciphertexts[gone as usize], None);

    let told = refused(2, &["redact", "-c", text(&dir), &gone.to_string()]);
    assert!(
        told.contains(&format!("block {gone} is redacted already")),
        "{told}"
    );
    stop(process);
    assert!(!community.path(SOCKET).exists());
    assert!(is_gone(&community));
    assert!(said(&["verify", text(&dir)]).contains("(2 messages, 1 redaction)"));
}

#[tokio::test]
async fn while_no_server_runs_the_store_itself_is_changed_and_a_later_server_shows_it() {
    let community = Community::with(&["m01", "m02"]);
    let process = Process::serve(&community);
    let (mut member, gone) = talk(&process).await;
    let epoch = member.epoch_for_oneself().await;
    let second = member.say(message(epoch, 0xa7)).await;
    let size = member.size();
    stop(process);

    let dir = community.path("");
    let dir = text(&dir);
    let (first, second) = (gone.to_string(), second.to_string());
    let told = said(&["redact", "-c", dir, &second, &first, &first]);
    assert!(is_gone(&community));
    assert!(
        told.starts_with(&format!(
            "redacted  block {first}, by block {size}\nredacted  block {second}, by block {}\n",
            size + 1
        )) && told.contains("No server runs"),
        "{told}"
    );
    let told = said(&["verify", dir]);
    assert!(
        told.contains("2 redactions") && told.contains(&format!("checkpoint over {};", size + 2)),
        "{told}"
    );
    let process = Process::serve(&community);
    let late = Member::join(&process.target, "m02").await;
    shows_it(&late, gone);
    late.chain().check(&late.welcome.checkpoint).unwrap();
}

#[tokio::test]
async fn what_cannot_be_redacted_is_told_in_one_line_and_nothing_is_changed() {
    let community = Community::with(&["m01"]);
    let process = Process::serve(&community);
    let (member, gone) = talk(&process).await;
    let size = member.size();
    let dir = community.path("");
    let dir = text(&dir);
    let good = gone.to_string();
    let wrong = community.key_copy("m01");
    let long = "é".repeat(257);
    for running in [true, false] {
        for (arguments, code, wanted) in [
            (
                vec![&*good, "0"],
                2,
                "block 0 holds no message, but a genesis; nothing was redacted",
            ),
            (
                vec!["1", &good, "9007199254740993", "18446744073709551615"],
                2,
                "block 1 holds no message, but a roster; there is no block 9007199254740993: the chain has",
            ),
            (
                vec![&good, "--key", text(&wrong)],
                2,
                "m01.pem: this is not the key of the community's authority",
            ),
            (
                vec![&good, "--key", "/none.pem"],
                2,
                "/none.pem: there is no such file",
            ),
            (
                vec![&good, "--reason", &long],
                2,
                "the reason has 514 bytes; it may have 512",
            ),
        ] {
            let told = refused(code, &[&["redact", "-c", dir][..], &arguments].concat());
            assert!(told.contains(wanted), "{running}: {told}");
        }
        if running {
            process.signal("-TERM");
            while community.path(SOCKET).exists() {
                tokio::task::yield_now().await;
            }
        }
    }
    drop(process);
    assert!(
        said(&["verify", dir])
            .starts_with(&format!("good  {size} blocks (2 messages, 0 redactions)"))
    );

    let toml = community.path("dispatchd.toml");
    let words = std::fs::read_to_string(&toml).unwrap();
    std::fs::write(&toml, words.replace("authority_key", "# authority_key")).unwrap();
    let told = refused(2, &["redact", "-c", dir, &good]);
    assert!(
        told.contains("no authority_key is configured") && told.contains("--key"),
        "{told}"
    );
    let elsewhere = community.key_copy("authority");
    said(&["redact", "-c", dir, &good, "--key", text(&elsewhere)]);
    assert!(is_gone(&community));
}

#[tokio::test]
async fn others_who_write_by_the_authoritys_key_meanwhile_lose_nothing_and_win_nothing() {
    let community = Community::with(&["m01"]);
    let process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let mut messages = Vec::new();
    for _ in 0..12 {
        messages.push(member.say(message(epoch, 0xa7)).await.to_string());
    }
    let dir = community.path("");
    let mut owner = Member::join(&process.target, "authority").await;
    let mut redacting = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
        .args(["redact", "-c", text(&dir)])
        .args(&messages)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The owner's client writes, and the allowlist changes, as fast as they can.
    let (mut said_by_client, mut listed, mut size) = (0, Vec::new(), owner.size());
    let mut names = ["m02", "m03", "m04", "m05"].into_iter();
    while redacting.try_wait().unwrap().is_none() {
        if let Some(name) = names.next() {
            let mut file = std::fs::File::options()
                .append(true)
                .open(community.path("allowlist"))
                .unwrap();
            file.write_all(public_pem(name).as_bytes()).unwrap();
            listed.push(name);
        }
        owner.next_seq = owner.chain().next_seq(&owner.id());
        let entry = owner.entry(card(9));
        if let Ok((index, _)) = owner.submit(entry).await {
            said_by_client += 1;
            size = size.max(index + 1);
        }
        owner.read_to(size).await;
    }
    let told = redacting.wait_with_output().unwrap();
    assert!(told.status.success(), "{told:?}");
    assert!(said_by_client > 0);
    // Everybody whom the file names comes in, and what was redacted is.
    while !listed
        .iter()
        .all(|name| owner.chain().on_roster(&key(name).public().id()))
    {
        owner.read().await;
    }
    for index in &messages {
        while !owner.chain().is_redacted(index.parse().unwrap()) {
            owner.read().await;
        }
    }
    assert!(!on_disk(&community, 0xa7));
    assert!(said(&["verify", text(&dir)]).contains("(12 messages, 12 redactions)"));
}

#[tokio::test]
async fn a_socket_that_a_killed_server_left_behind_is_no_server_and_the_next_one_replaces_it() {
    let community = Community::with(&["m01"]);
    let mut process = Process::serve(&community);
    let (_, gone) = talk(&process).await;
    process.signal("-KILL");
    process.end();
    assert!(community.path(SOCKET).exists());
    let dir = community.path("");
    let told = said(&["redact", "-c", text(&dir), &gone.to_string()]);
    assert!(
        told.contains("No server runs") && is_gone(&community),
        "{told}"
    );

    let process = Process::serve(&community);
    let (_, gone) = talk(&process).await;
    let told = said(&["redact", "-c", text(&dir), &gone.to_string()]);
    assert!(
        !told.contains("No server runs") && is_gone(&community),
        "{told}"
    );
    stop(process);

    std::fs::write(community.path(SOCKET), "somebody's").unwrap();
    let process = Process::serve_after(&community, "there is no control socket");
    drop(process);
    assert_eq!(
        std::fs::read(community.path(SOCKET)).unwrap(),
        b"somebody's"
    );
}

#[tokio::test]
async fn a_server_that_holds_another_file_than_the_one_in_its_place_is_found_out() {
    let community = Community::with(&["m01"]);
    let before = community.dir.path().join("before");
    let store = community.path("store/chain.sqlite");
    let process = Process::serve(&community);
    let (_, gone) = talk(&process).await;
    stop(process);
    std::fs::copy(&store, &before).unwrap();
    let process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    member.say(card(8)).await;
    // An owner puts a backup in its place and forgets that the server still runs.
    for name in ["chain.sqlite", "chain.sqlite-wal", "chain.sqlite-shm"] {
        let _ = std::fs::remove_file(community.path("store").join(name));
    }
    std::fs::copy(&before, &store).unwrap();
    let dir = community.path("");
    let told = refused(2, &["redact", "-c", text(&dir), &gone.to_string()]);
    assert!(told.contains("holds another file open"), "{told}");
    assert!(on_disk(&community, 0xa7));
}

#[tokio::test]
async fn a_store_whose_path_is_too_long_for_a_socket_is_served_without_one_and_redacted_without_a_server()
 {
    let community = Community::with(&["m01"]);
    let deep = community.path(&format!("store/{}", "deep/".repeat(20)));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::rename(
        community.path("store/chain.sqlite"),
        deep.join("chain.sqlite"),
    )
    .unwrap();
    let toml = community.path("dispatchd.toml");
    let words = std::fs::read_to_string(&toml).unwrap();
    let to = deep.join("chain.sqlite");
    std::fs::write(&toml, words.replace("store/chain.sqlite", text(&to))).unwrap();

    let process = Process::serve_after(&community, "there is no control socket");
    let dir = community.path("");
    let told = refused(2, &["redact", "-c", text(&dir), "0"]);
    assert!(told.contains("block 0 holds no message"), "{told}");
    stop(process);
    let process = Process::serve(&community);
    let (_, gone) = talk(&process).await;
    let told = refused(2, &["redact", "-c", text(&dir), &gone.to_string()]);
    assert!(
        told.contains("the store is in use, and nobody listens on"),
        "{told}"
    );
    stop(process);
    said(&["redact", "-c", text(&dir), &gone.to_string()]);
}

#[tokio::test]
async fn a_program_that_reads_the_store_without_an_end_is_told_of_and_what_it_held_up_is_done_later()
 {
    let community = Community::with(&["m01"]);
    let process = Process::serve(&community);
    let (_, gone) = talk(&process).await;
    let reader = rusqlite::Connection::open(community.path("store/chain.sqlite")).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM block;")
        .unwrap();
    let count = "SELECT count(*) FROM block";
    let _: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
    let dir = community.path("");
    let told = refused(1, &["redact", "-c", text(&dir), &gone.to_string()]);
    assert!(
        told.contains("keeps what was redacted in its journal; the server tries again"),
        "{told}"
    );
    assert!(on_disk(&community, 0xa7));
    drop(reader);
    while on_disk(&community, 0xa7) {
        tokio::task::yield_now().await;
    }
    assert!(said(&["verify", text(&dir)]).contains("1 redaction"));
}

#[tokio::test]
async fn the_control_socket_takes_nothing_that_a_member_could_not_hand_in() {
    let community = Community::with(&["m01"]);
    let process = Process::serve(&community);
    let (mut member, gone) = talk(&process).await;
    let ask = |line: &str| {
        let mut stream = UnixStream::connect(community.path(SOCKET)).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        answer
    };
    let standing = ask("\"standing\"\n");
    assert!(
        standing.starts_with("{\"standing\":{\"community\":"),
        "{standing}"
    );
    let long = format!("{{\"entry\":\"{}\"}}\n", "x".repeat(300_000));
    for bad in ["\n", "{}\n", "\"standing\"", "standing\n", "[1]\n", &long] {
        let answer = ask(bad);
        assert!(
            answer.contains("not a line of the control socket"),
            "{answer}"
        );
    }
    // A member's own entry comes over a session, and a stranger's signature is nobody's.
    let hand_in = |entry: &Entry| {
        let text = serde_json::to_string(entry).unwrap();
        ask(&format!("{{\"entry\":{text}}}\n"))
    };
    let own = member.entry_with(member.next_seq, card(7));
    assert!(hand_in(&own).contains("wrong_author"));
    let mut forged = member.entry_with(3, Body::Roster(Roster::default()));
    forged.author = key("authority").public().id();
    assert!(hand_in(&forged).contains("bad_signature"));
    assert!(ask("{\"entry\":{\"kind\":\"redaction\"}}\n").contains("malformed"));
    assert!(!member.chain().is_redacted(gone));
    member.say(card(6)).await;
}
