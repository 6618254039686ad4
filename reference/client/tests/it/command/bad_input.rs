//! Bad input is a sentence and an exit code.

use super::*;
use crate::community::{Community, Member, invitation};
use crate::hostile::copy;

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
    let folder = community.dir.path();
    let mut alice = Member::join(&community, &invitation(&server), "m01").await;
    let last = alice.say("Hello.").await;
    alice.covered(last + 1).await;
    // as a program that was killed leaves it: judged as it is, and not a byte of what may be evidence is changed
    let left = folder.join("left");
    copy(&community.folder("m01"), &left);
    let stored =
        || ["chain.sqlite", "keys.sqlite"].map(|name| std::fs::read(left.join(name)).unwrap());
    let before = stored();
    assert!(done(folder, &["verify", "left"]).starts_with("good"));
    assert!(stored() == before, "verify has written");
    alice.client.close().await;
    server.shutdown().await.unwrap();
    settle(folder, "h", "m01");
    let into = folder.join("h/communities").join(server_id(&community));
    std::fs::create_dir_all(into.parent().unwrap()).unwrap();
    std::fs::rename(community.folder("m01"), &into).unwrap();
    done(folder, &["--home", "h", "export", "--output", "chain"]);
    let good = std::fs::read_to_string(folder.join("chain")).unwrap();
    assert!(done(folder, &["verify", "chain"]).starts_with("good"));
    // what the server writes of it is the same, and verified as well
    let (dir, file) = (folder.join("community"), folder.join("theirs"));
    let words = ["dispatchd", "export", "--output"].map(std::ffi::OsString::from);
    dispatch_server::command::run(words.into_iter().chain([file.clone().into(), dir.into()]));
    assert!(done(folder, &["verify", "theirs"]).starts_with("good"));
    let theirs = std::fs::read_to_string(file).unwrap();
    let blocks = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains("\"entry\":"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(blocks(&theirs), blocks(&good));
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
