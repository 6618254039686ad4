//! What the program makes of peers that are no servers of this protocol, or understand nothing of it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use dispatch_conformance::{
    control::{self, NullPeer},
    corpus::Corpus,
    scenario::{Vectors, step::Verb},
};
use serde_json::Value;

fn conformance(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dispatch-conformance"));
    command.args(arguments).output().expect("the program runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Serves each connection on a port of this machine for as long as the test runs.
fn serve(peer: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || peer(stream));
        }
    });
    url
}

/// One line that says what was tried and what to do, well inside the deadline.
fn assert_unreachable(url: &str, arguments: &[&str], says: &str) {
    let begun = Instant::now();
    let output = conformance(&[&["run", url], arguments].concat());
    assert_eq!(code(&output), Some(3), "{}", said(&output));
    assert!(begun.elapsed() < Duration::from_secs(10));
    let said = said(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains(says) && said.contains("/.well-known/dispatch-d"),
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_port_on_which_nobody_listens_is_no_server() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    drop(listener);
    assert_unreachable(&url, &[], "start the server");
    assert_unreachable(&url, &["--wait-ready", "0.5"], "after waiting 500ms");
}

#[test]
fn a_port_that_stays_silent_is_no_server() {
    let url = serve(|mut stream| while stream.read(&mut [0; 1024]).is_ok_and(|n| n > 0) {});
    assert_unreachable(&url, &["--timeout", "1"], "does not answer");
}

#[test]
fn a_port_that_hangs_up_is_no_server() {
    assert_unreachable(&serve(drop), &[], "is this the server's address?");
}

#[test]
fn a_server_of_files_is_no_server_of_this_protocol() {
    let url = serve(|stream| {
        answer(
            stream,
            "404 File not found",
            "text/html",
            "<p>File not found",
        )
    });
    assert_unreachable(&url, &[], "no dispatch-d server");
    let url = serve(|stream| answer(stream, "200 OK", "text/html", "<p>Hello"));
    assert_unreachable(&url, &[], "no dispatch-d server");
    let url = serve(|stream| answer(stream, "200 OK", "application/json", "{\"ok\":true}"));
    assert_unreachable(&url, &[], "no dispatch-d server");
}

#[test]
fn something_that_speaks_no_http_is_no_server() {
    let url = serve(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
    });
    assert_unreachable(&url, &[], "does not speak HTTP");
}

fn answer(mut stream: TcpStream, status: &str, media: &str, body: &str) {
    let _ = stream.read(&mut [0; 4096]);
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
}

#[test]
fn wrong_command_lines_and_vectors_end_with_2() {
    let nowhere = tempfile::tempdir().expect("a folder");
    let nowhere = nowhere.path().to_str().expect("a path");
    for (arguments, says) in [
        (&["run", "--report", "yaml=x"][..], "json"),
        (
            &["run", "ws://127.0.0.1:1", "join-nothing-like-it"],
            "selects no case",
        ),
        (&["run", "ws://127.0.0.1:1", "JOYN"], "did you mean `JOIN`"),
        (&["run", "ws://192.0.2.1:7311"], "--allow-remote"),
        (&["run", "https://127.0.0.1:7311"], "TLS"),
        (
            &["run", "ws://127.0.0.1:1", "--authority-key", "/no/such/key"],
            "/no/such/key",
        ),
        (&["run", "--jobs", "0"], "--jobs"),
        (&["list", "--vectors", nowhere], "no folder `live`"),
        (&["explain", "JOIN-999"], "neither a requirement nor a case"),
    ] {
        let output = conformance(arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}: {}", said(&output));
        assert!(
            said(&output).contains(says),
            "{arguments:?}: {}",
            said(&output)
        );
    }
}

/// A peer that opens sockets and never answers.
fn silent() -> (tokio::runtime::Runtime, control::Running) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let running = runtime
        .block_on(control::start_null(0, NullPeer::Silent))
        .expect("a peer");
    (runtime, running)
}

#[test]
fn a_run_ends_at_its_deadline_and_says_what_it_did_not_reach() {
    let (_runtime, running) = silent();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let report = format!("json={}", path.display());
    let begun = Instant::now();
    let limits = ["--timeout", "2", "--deadline", "3", "--report", &report];
    let output = conformance(&[&["run", &running.url], &limits[..]].concat());
    assert_eq!(code(&output), Some(1), "{}", said(&output));
    assert!(begun.elapsed() < Duration::from_secs(15));
    let report = read(&path);
    let cases = report["cases"].as_array().expect("a list");
    assert!(
        cases
            .iter()
            .any(|case| case["reason"].to_string().contains("was not reached"))
    );
    assert!(
        cases
            .iter()
            .all(|case| case["verdict"] != "PASS" || case["reason"].is_null())
    );
}

#[test]
fn an_interrupted_run_ends_with_130_and_a_partial_report() {
    let (_runtime, running) = silent();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_dispatch-conformance"))
        .args(["run", &running.url, "--timeout", "1", "--verbose"])
        .args(["--report", &format!("json={}", path.display())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // The first line about a case: the run has begun.
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    errors.read_line(&mut String::new()).expect("a line");
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.expect("kill runs").success());
    thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), Some(130));
    assert!(String::from_utf8_lossy(&output.stdout).contains("interrupted"));
    let report = read(&path);
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["conformant"], false);
    let cases = report["cases"].as_array().expect("a list").len();
    assert!((1..300).contains(&cases), "{cases}");
}

/// The cases that passed against a null peer.
fn passed(peer: NullPeer) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let running = runtime
        .block_on(control::start_null(0, peer))
        .expect("a peer");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let report = format!("json={}", path.display());
    // Who answers at once is given time; who leaves a step waiting is not.
    let patience = match peer {
        NullPeer::Refuses | NullPeer::HangsUp => "2",
        NullPeer::Accepts | NullPeer::Silent => "0.1",
    };
    let output = conformance(&[
        "run",
        &running.url,
        "--report",
        &report,
        "--timeout",
        patience,
        "--jobs",
        "16",
    ]);
    assert_eq!(code(&output), Some(1), "{}", said(&output));
    let report = read(&path);
    assert_eq!(report["conformant"], false);
    let cases = report["cases"].as_array().expect("a list");
    assert!(cases.len() > 300);
    let verdict = match peer {
        NullPeer::HangsUp => "CRASHED",
        NullPeer::Silent => "TIMEOUT",
        NullPeer::Refuses | NullPeer::Accepts => "FAIL",
    };
    let count = |verdict: &str| {
        cases
            .iter()
            .filter(|case| case["verdict"] == verdict)
            .count()
    };
    let most = cases.len() * 2 / 3;
    let mixed = peer == NullPeer::Accepts;
    assert!(
        count(verdict) + if mixed { count("TIMEOUT") } else { 0 } > most,
        "{}",
        peer.name()
    );
    cases
        .iter()
        .filter(|case| case["verdict"] == "PASS")
        .map(|case| case["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON")
}

/// Whether a peer that answers every frame as if it were good truly does what a step asks: nobody has to be refused
/// or let in.
fn is_satisfied_by_good_will(verb: &Verb) -> bool {
    matches!(verb, Verb::Send(_) | Verb::Expect(_) | Verb::Ping(_)) || asks_for_no_frame(verb)
}

/// Null peers show a right discovery document and open sockets.
fn asks_for_no_frame(verb: &Verb) -> bool {
    matches!(verb, Verb::Http(_) | Verb::Open(_) | Verb::Check(_))
}

#[test]
fn who_understands_nothing_passes_nothing_that_needs_understanding() {
    let vectors = Vectors::read(&Corpus::embedded()).expect("the vectors");
    for peer in NullPeer::ALL {
        let satisfied = if peer == NullPeer::Accepts {
            is_satisfied_by_good_will
        } else {
            asks_for_no_frame
        };
        let needs_more = |id: &String| {
            let steps = &vectors.case(id).expect("a case").steps;
            !steps.iter().all(|step| satisfied(&step.verb))
        };
        let wrongly: Vec<String> = passed(peer).into_iter().filter(needs_more).collect();
        assert!(wrongly.is_empty(), "{}: {wrongly:?}", peer.name());
    }
}
