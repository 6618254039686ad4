//! Recordings, runs side by side, and what a server is said to be able to do.

use std::{fs, path::PathBuf};

use crate::program::{Server, exits_with, failing, folder};

#[test]
fn a_recording_can_be_followed_step_by_step() {
    let (_folder, at) = folder();
    let server = Server::with(&[]);
    exits_with(
        0,
        &[
            "record",
            server.url(),
            "sub-receipt",
            "--to",
            &at("transcripts"),
        ],
    );
    let folder = PathBuf::from(at("transcripts"));
    let text = fs::read_to_string(folder.join("sub-receipt.md")).expect("a transcript");
    for part in [
        "# sub-receipt",
        "**SUB-1**",
        "## Step 1\n",
        "## Step 11\n",
        "→ {type: \"hello\"",
        "← {type: \"accepted\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        fs::read_to_string(folder.join("README.md"))
            .expect("an index")
            .contains("(sub-receipt.md)")
    );
}

#[test]
fn a_matrix_puts_runs_side_by_side() {
    let (_folder, at) = folder();
    let _server = failing(&at("broken.bundle"));
    let right = Server::with(&[]);
    let report = format!("json={}", at("right.json"));
    exits_with(
        0,
        &[
            "run",
            right.url(),
            "join-version",
            "join-welcomed",
            "--report",
            &report,
        ],
    );
    let named = format!("<b>Right</b>={}", at("right.json"));
    exits_with(
        0,
        &[
            "matrix",
            &at("broken.bundle"),
            &named,
            "--to",
            &at("matrix.html"),
        ],
    );
    let page = fs::read_to_string(at("matrix.html")).expect("a page");
    for part in [
        "broken",
        "&lt;b&gt;Right&lt;/b&gt;",
        "2 implementations",
        "NOT PLAYED",
        "join-version",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (differences, _) = page.split_once("id=\"all\"").expect("two parts");
    assert!(
        differences.contains("join-version") && !differences.contains("<code>join-welcomed</code>")
    );
    assert!(
        exits_with(2, &["matrix", &at("matrix.html"), "--to", &at("x.html")])
            .contains("matrix.html")
    );
}

#[test]
fn capabilities_that_are_not_named_are_absent() {
    let server = Server::with(&[]);
    let said = exits_with(
        0,
        &[
            "run",
            server.url(),
            "join-challenge-expired",
            "--capabilities",
            "authority",
        ],
    );
    assert!(
        said.contains("`short-challenge` was declared absent"),
        "{said}"
    );
    exits_with(
        2,
        &["run", "--capabilities", "authority", "--without", "http"],
    );
}
