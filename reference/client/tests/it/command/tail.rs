//! Reading along.

use super::*;
use crate::community::{Community, Member, invitation};

#[tokio::test(flavor = "multi_thread")]
async fn tail_follows_until_it_is_interrupted() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let link = invitation(&server).to_string();
    let folder = community.dir.path();
    settle(folder, "h", "m01");
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
