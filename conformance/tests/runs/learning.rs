//! `learn` by the program: where a server stands on the course, and what someone without one is told.

use std::net::TcpListener;

use dispatch_conformance::{
    control::{self, NullPeer},
    embedded::Embedded,
    learn::Course,
};
use tokio::runtime::Runtime;

use crate::program::{Server, exits_with};

/// What `learn` prints of a server that does not keep what a step is about.
fn stops(server: &Server, arguments: &[&str]) -> String {
    exits_with(1, &[&["learn", server.url()], arguments].concat())
}

#[test]
fn the_reference_has_come_to_the_end_of_the_course() {
    let runtime = Runtime::new().expect("a runtime");
    let reference = runtime.block_on(Embedded::start()).expect("the reference");
    let text = exits_with(
        0,
        &["learn", reference.url(), "--without", "many-connections"],
    );
    let due = Course::read().expect("a course").due();
    let last = format!("all {due} steps are whole");
    assert!(
        text.lines()
            .last()
            .is_some_and(|line| line.starts_with(&last)),
        "{text}"
    );
    assert!(text.contains("left out    store: "), "{text}");
    runtime.block_on(reference.stop());
}

#[test]
fn a_server_that_breaks_one_rule_is_stopped_at_the_step_that_asks_for_it() {
    for (fault, from, step, requirement) in [
        ("LIM-5", None, "step 1 of", "LIM-5"),
        ("JOIN-2", None, "step 3 of", "JOIN-2"),
        ("JOIN-13", Some("challenges"), "step 13 of", "JOIN-13"),
        ("ENTRY-8", Some("seq-and-seen"), "step 15 of", "ENTRY-8"),
        ("CARD-2", Some("cards"), "step 17 of", "CARD-2"),
        ("MSG-3", Some("shares"), "step 27 of", "MSG-3"),
    ] {
        let server = Server::with(&[fault]);
        let from: Vec<&str> = from.iter().flat_map(|from| ["--from", *from]).collect();
        let text = stops(&server, &from);
        assert!(text.contains(step), "{fault}: {text}");
        assert!(
            text.contains(&format!("  {requirement} ")),
            "{fault}: {text}"
        );
        assert_eq!(text.matches("FAIL ").count(), 1, "{fault}: {text}");
        assert!(
            text.contains(&format!("run {} ", server.url())),
            "{fault}: {text}"
        );
    }
}

#[test]
fn a_step_can_be_played_alone() {
    let server = Server::with(&["CARD-2"]);
    let text = exits_with(0, &["learn", server.url(), "--step", "genesis"]);
    assert!(text.contains("holds       genesis (3 cases)"), "{text}");
    assert!(text.contains("--from states"), "{text}");
    assert!(stops(&server, &["--step", "17"]).contains("step 17 of"));
}

#[test]
fn a_peer_that_understands_nothing_is_stopped_at_the_hello() {
    for (peer, came) in [
        (NullPeer::Refuses, "malformed"),
        (NullPeer::Accepts, "challenge"),
        (NullPeer::HangsUp, "CRASHED"),
        (NullPeer::Silent, "TIMEOUT"),
    ] {
        let runtime = Runtime::new().expect("a runtime");
        let running = runtime
            .block_on(control::start_null(0, peer))
            .expect("a peer");
        let text = exits_with(1, &["learn", &running.url, "--timeout", "1"]);
        assert!(
            text.contains("holds       discovery (6 cases)"),
            "{peer}: {text}"
        );
        assert!(text.contains("step 2 of"), "{peer}: {text}");
        assert!(
            text.contains("read        spec/join.md: hello, challenge"),
            "{peer}: {text}"
        );
        assert!(text.contains(came), "{peer}: {text}");
        runtime.block_on(running.shutdown());
    }
}

#[test]
fn where_nobody_listens_it_says_how_to_begin() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let text = exits_with(3, &["learn", &url]);
    assert!(text.contains("start the server"), "{text}");
    assert!(text.contains("learn --step 1"), "{text}");
}

#[test]
fn without_a_server_it_shows_the_way_and_each_step_of_it() {
    let way = exits_with(0, &["learn"]);
    assert_eq!(way, exits_with(0, &["learn", "--list"]));
    let first = exits_with(0, &["learn", "--step", "1"]);
    assert!(
        first.contains("run         dispatch-conformance keys"),
        "{first}"
    );
    for (place, lesson) in (1..).zip(&Course::read().expect("a course").steps) {
        assert!(way.contains(&format!("{place:>3}  {}", lesson.id)), "{way}");
        let by_number = exits_with(0, &["learn", "--step", &place.to_string()]);
        assert_eq!(by_number, exits_with(0, &["learn", "--step", &lesson.id]));
        assert!(
            by_number.starts_with(&format!("step {place} ")),
            "{by_number}"
        );
    }
    insta::assert_snapshot!(exits_with(0, &["learn", "--step", "genesis"]));
}

#[test]
fn a_step_that_there_is_not_is_told_with_one_that_is_near() {
    let text = exits_with(2, &["learn", "--step", "redaction"]);
    assert!(
        text.contains("`redaction` is no step") && text.contains("redactions"),
        "{text}"
    );
    assert!(exits_with(2, &["learn", "--step", "0"]).contains("a number from 1"));
    assert!(exits_with(2, &["learn", "--from", "2"]).contains("give its URL"));
    exits_with(2, &["learn", "ws://127.0.0.1:1", "--list"]);
}
