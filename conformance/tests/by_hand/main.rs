//! The programs as a person runs them: `keys`, `dispatchd init` and `serve` in another folder, and the suite against it.
//! Not for what a verdict means; that is decided by the suite's other tests.

mod programs;
mod spawned;

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use programs::{Dispatchd, suite};
use serde_json::Value;

#[test]
fn a_server_started_by_hand_gets_the_verdicts_of_the_embedded_one_twice_on_one_chain() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = |name: &str, url: &[&str]| -> BTreeMap<String, String> {
        let path = folder.path().join(name);
        let report = format!("json={}", path.display());
        let output = suite(&[&["run"], url, &["--report", &report]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let report: Value =
            serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON");
        verdicts(&report)
    };

    let embedded = report("embedded.json", &[]);
    assert!(embedded.len() > 200, "{} cases", embedded.len());

    let keys = folder.path().join("keys");
    assert!(
        suite(&["keys", keys.to_str().expect("UTF-8")])
            .status
            .success()
    );
    let server = Dispatchd::found_and_serve(&folder.path().join("community"), &keys);
    assert_eq!(report("first.json", &[&server.url]), embedded);
    assert_eq!(report("second.json", &[&server.url]), embedded);

    let community = server.stop();
    let verified = Dispatchd::verify(&community);
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn a_port_that_is_silent_or_speaks_something_else_is_no_server_and_is_told_in_one_line() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = TcpListener::bind("127.0.0.1:0")
        .and_then(|port| port.local_addr())
        .expect("a port");
    let addresses = [
        silent.local_addr().expect("an address"),
        other.local_addr().expect("an address"),
        nobody,
    ];
    // answers as `python3 -m http.server` does: there is no such file
    let files = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().expect("a connection");
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).expect("a request");
        std::io::Write::write_all(
            &mut stream,
            b"HTTP/1.0 404 File not found\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
        )
        .expect("an answer");
    });
    for (address, told) in addresses
        .iter()
        .zip(["does not answer", "404", "nothing answers"])
    {
        let begun = Instant::now();
        let output = suite(&["run", &format!("http://{address}"), "--timeout", "2"]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let line = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(line.trim_end().lines().count(), 1, "{line}");
        assert!(line.contains(told), "{line}");
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "well inside the deadline of 120 s"
        );
    }
    files.join().expect("the other server answered");
}

#[test]
fn a_selector_that_selects_nothing_is_a_mistake_and_is_told_what_is_near() {
    let output = suite(&["run", "JION-4"]);
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(line.contains("JOIN-4"), "{line}");
    assert_eq!(suite(&["run", "--no-such-option"]).status.code(), Some(2));
}

/// Each case's verdict.
fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let cases = report["cases"].as_array().expect("cases");
    cases
        .iter()
        .map(|case| {
            let text = |name: &str| case[name].as_str().expect("a text").to_owned();
            (text("id"), text("verdict"))
        })
        .collect()
}
