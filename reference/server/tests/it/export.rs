//! The chain as text: whole, beside whoever writes, and never over a file.

use std::process::Command;

use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::entry::{Body, Redaction};

use crate::backup::speaker;
use crate::community::Community;
use crate::member::message;
use crate::process::{Process, dispatchd, refused, said, text};

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
