//! The way to a database on another machine: TLS, by the authority that the owner named and by no other.

use std::process::{Command, Output};

use dispatch_testbed::Postgres;

use crate::bed::{Bed, DATABASE};
use crate::certificate::{Certified, certified};
use crate::refusals::one_line;

const DISPATCHD: &str = env!("CARGO_BIN_EXE_dispatchd");

/// What a server's account is told of the chain, by a command that reads it whole.
fn verified(bed: &Bed, url: &str, certificates: &str) -> Output {
    let folder = bed.fleet.folder(0);
    let keys = tempfile::tempdir().unwrap();
    let authority = keys.path().join("authority.pem");
    std::fs::write(&authority, certificates).unwrap();
    let configuration = std::fs::read_to_string(folder.join("dispatchd.toml")).unwrap();
    let address = format!("url = {url:?}\ncertificates = {authority:?}");
    let is_address = |line: &&str| line.starts_with("url = ");
    let before = configuration.lines().find(is_address).unwrap();
    let configuration = configuration.replace(before, &address);
    // Beside the other: what it names by relative paths stays where it is.
    let with_tls = folder.join("tls.toml");
    std::fs::write(&with_tls, configuration).unwrap();
    Command::new(DISPATCHD)
        .arg("verify")
        .arg("--config")
        .arg(&with_tls)
        .env("PGPASSWORD", bed.primary.password())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_spoken_to_by_tls_and_known_by_the_authority_that_the_owner_named() {
    let bed = Bed::of(1, &["m01"]).await;
    let theirs = certified(&["127.0.0.1"]);
    let Certified {
        certificate_pem,
        key_pem,
        ..
    } = &theirs;
    bed.primary
        .speak_tls(certificate_pem, key_pem)
        .await
        .unwrap();
    let url = Postgres::url_at(bed.primary.address(), DATABASE).replace("disable", "require");
    let password = bed.primary.password();

    let output = verified(&bed, &url, certificate_pem);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.starts_with("good"),
        "{output:?}"
    );
    let log = bed.primary.log();
    let connected = |line: &&str| line.contains("user=dispatch ") && line.contains("SSL enabled");
    assert!(log.lines().any(|line| connected(&line)), "{log}");

    // Another authority's word is none: it has the same name here, and another key.
    let output = verified(&bed, &url, &certified(&["127.0.0.1"]).certificate_pem);
    let line = one_line(&output, password);
    assert!(line.contains("BadSignature"), "{line}");

    // Nor is a good certificate at another host than it is for.
    let output = verified(
        &bed,
        &url.replace("127.0.0.1", "localhost"),
        certificate_pem,
    );
    let line = one_line(&output, password);
    assert!(line.contains("not valid for name"), "{line}");
}
