//! What is wrong with a database is told in one line that names it and what to do, and no password is in it.

use std::process::{Command, Output};

use dispatch_testbed::Postgres;

use crate::bed::{Bed, DATABASE};

const DISPATCHD: &str = env!("CARGO_BIN_EXE_dispatchd");

/// A start of a process that must not come up.
fn refused(bed: &Bed, url: &str, password: &str) -> String {
    let output = Command::new(DISPATCHD)
        .arg("serve")
        .arg(bed.fleet.folder(0))
        .args(["--bind", "127.0.0.1:0", "--ledger", url])
        .env("PGPASSWORD", password)
        .output()
        .unwrap();
    one_line(&output, password)
}

pub fn one_line(output: &Output, password: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains(password), "{said}");
    let complaint: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("dispatchd: "))
        .collect();
    assert_eq!(complaint.len(), 1, "{said}");
    complaint[0].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_served_from_is_told_in_one_line() {
    let bed = Bed::of(1, &["m01"]).await;
    let password = bed.primary.password().to_owned();
    let ours = bed.primary.url(DATABASE);
    let owner = bed.primary.client(DATABASE).await.unwrap();

    let line = refused(&bed, &ours, "not-the-password");
    assert!(line.contains("password authentication failed"), "{line}");

    let line = refused(&bed, &bed.primary.url("nowhere"), &password);
    assert!(
        line.contains("database \"nowhere\" does not exist"),
        "{line}"
    );

    let empty = bed.primary.create_database("empty").await.unwrap();
    let line = refused(&bed, &empty, &password);
    assert!(
        line.contains("no community's chain in this database"),
        "{line}"
    );

    let line = refused(&bed, &bed.standby.url(DATABASE), &password);
    assert!(line.contains("can only be read"), "{line}");

    let nobody = Postgres::url_at(([127, 0, 0, 1], 1).into(), DATABASE);
    let line = refused(&bed, &nobody, &password);
    assert!(line.contains("does not answer"), "{line}");

    // Another community: its own database, named in this one's configuration.
    let other = Bed::of(1, &["m01"]).await;
    let line = refused(&bed, &other.primary.url(DATABASE), other.primary.password());
    assert!(
        line.contains(&format!(
            "holds the chain of community {}",
            other.community()
        )),
        "{line}"
    );

    let newer = "UPDATE dispatch_d.community SET version = 99";
    owner.batch_execute(newer).await.unwrap();
    let line = refused(&bed, &ours, &password);
    assert!(
        line.contains("schema 99") && line.contains("use a newer dispatchd"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_a_synchronous_standby_is_served_and_the_risk_is_named() {
    let bed = Bed::of(1, &["m01"]).await;
    assert!(!bed.fleet.log(0).contains("no synchronous standby"));
    let mut bed = bed;
    let owner = bed.primary.client("postgres").await.unwrap();
    owner
        .batch_execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        .await
        .unwrap();
    owner
        .batch_execute("SELECT pg_reload_conf()")
        .await
        .unwrap();
    bed.fleet.stop(0).await.unwrap();
    bed.fleet.start_again(0).await.unwrap();
    let log = bed.fleet.log(0);
    assert!(
        log.contains(
            "no synchronous standby: if its disk is lost, so are messages that were acknowledged"
        ),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_itself_refuses_a_second_block_at_an_index() {
    let bed = Bed::of(1, &["m01"]).await;
    let owner = bed.primary.client(DATABASE).await.unwrap();
    let again = "
        INSERT INTO dispatch_d.block
        SELECT number, '\\x00', prev, time, kind, author, seq, seen_size, seen_hash, sent_at, body, signature, ciphertext
        FROM dispatch_d.block WHERE number = 0";
    let refused = owner.batch_execute(again).await.unwrap_err();
    let told = refused.as_db_error().unwrap();
    assert_eq!(told.constraint(), Some("block_pkey"), "{told}");
}
