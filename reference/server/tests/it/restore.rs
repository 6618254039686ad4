//! A backup and what came after it: the blocks that members still hold, and what the roster lost or won meanwhile.

use std::path::{Path, PathBuf};

use dispatch_protocol::entry::{Body, Redaction, Roster};

use crate::backup::{exported, served, speaker, with_own_keys};
use crate::community::{Community, key};
use crate::member::{Member, message};
use crate::process::{Process, refused, said, text};

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
