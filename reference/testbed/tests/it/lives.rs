//! What is started ends with whoever started it, even if that one is killed.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dispatch_testbed::Postgres;

/// By this variable a test's process knows that it is to be killed.
const DOOMED: &str = "DISPATCH_TESTBED_DOOMED";

#[tokio::test]
async fn a_killed_process_leaves_no_postgresql_behind() {
    if std::env::var_os(DOOMED).is_some() {
        let postgres = Postgres::start().await.unwrap();
        println!("port {}", postgres.address().port());
        std::future::pending::<()>().await;
    }
    // What a killed process leaves is a folder; here it goes with another one, into which PostgreSQL's account may go.
    let left = tempfile::tempdir().unwrap();
    std::fs::set_permissions(left.path(), Permissions::from_mode(0o755)).unwrap();
    let name = "lives::a_killed_process_leaves_no_postgresql_behind";
    let mut doomed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(DOOMED, "1")
        .env("TMPDIR", left.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(doomed.stdout.take().unwrap()).lines();
    let mut ports = said.filter_map(|line| line.unwrap().rsplit_once("port ")?.1.parse().ok());
    let port: u16 = ports.next().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it goes on");
        tokio::task::yield_now().await;
    }
}
