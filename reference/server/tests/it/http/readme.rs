//! What the README shows by hand, done as it stands there.

use std::process::Command;

use crate::community::{Community, key_file};

const README: &str = include_str!("../../../README.md");

/// The text of the first block of code that begins with these words.
fn code(language: &str, begin: &str) -> &'static str {
    let from = README.find(&format!("```{language}\n{begin}")).unwrap();
    let rest = &README[from + 4 + language.len()..];
    &rest[..rest.find("```").unwrap()]
}

#[tokio::test]
async fn the_session_by_hand_works_as_it_stands_there() {
    for tool in ["bash", "curl", "openssl"] {
        if Command::new(tool).arg("--version").output().is_err() {
            eprintln!("without {tool} this shows nothing");
            return;
        }
    }
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("join.sh"), code("bash", "# join.sh ")).unwrap();
    std::fs::copy(key_file("m01"), folder.path().join("me.pem")).unwrap();
    let session = code("sh", "origin=").replace("http://127.0.0.1:7311", server.origin());
    let place = folder.path().to_owned();
    let done = tokio::task::spawn_blocking(move || {
        Command::new("bash")
            .args(["-euo", "pipefail", "-c", &session])
            .current_dir(place)
            .output()
            .unwrap()
    });
    let output = done.await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    for (line, holds) in [
        (0, r#""transports":["ws","http","sse"]"#),
        (1, r#""code":"bad_token""#),
        (2, r#"{"type":"blocks","from":0,"blocks":[{"index":0,"#),
        (3, r#"{"type":"blocks","from":2,"blocks":[]}"#),
        (4, r#"{"type":"checkpoint","checkpoint":{"#),
        (5, r#"{"index":0,"size":2,"path":[""#),
    ] {
        assert!(lines[line].contains(holds), "{line}: {said}");
    }
    assert!(
        said.contains("event: blocks\nid: 2\ndata: {\"type\":\"blocks\",\"from\":1,"),
        "{said}"
    );
    assert!(said.contains("event: checkpoint\ndata: "), "{said}");
    let header = std::fs::read_to_string(folder.path().join("session")).unwrap();
    assert!(header.starts_with("Authorization: Dispatch "));
}
