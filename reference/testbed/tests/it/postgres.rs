//! A primary, its standby, and what is left when one of them is lost.

use std::time::{Duration, Instant};

use dispatch_testbed::Postgres;
use dispatch_testbed::tokio_postgres::{Client, NoTls};

async fn count(client: &Client) -> i64 {
    let row = client.query_one("SELECT count(*) FROM kept", &[]).await;
    row.unwrap().get(0)
}

/// A connection as a server makes it: by the URL, as the ordinary user.
async fn dial(url: &str, postgres: &Postgres) -> Client {
    let mut config: dispatch_testbed::tokio_postgres::Config = url.parse().unwrap();
    config.password(postgres.password());
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn the_servers_user_owns_its_database_and_nothing_else() {
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.create_database("street").await.unwrap();
    let client = dial(&url, &postgres).await;
    client
        .batch_execute("CREATE TABLE kept (n int)")
        .await
        .unwrap();
    let refused = client.batch_execute("CREATE ROLE other").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    let mut wrong: dispatch_testbed::tokio_postgres::Config = url.parse().unwrap();
    wrong.password("another");
    let refused = wrong.connect(NoTls).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "28P01");
}

#[tokio::test]
async fn what_was_committed_survives_a_kill_and_a_stop() {
    let mut postgres = Postgres::start().await.unwrap();
    let url = postgres.create_database("street").await.unwrap();
    let client = dial(&url, &postgres).await;
    client
        .batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
        .await
        .unwrap();
    postgres.kill().await.unwrap();
    assert!(client.simple_query("SELECT 1").await.is_err());
    assert!(postgres.client("street").await.is_err());
    postgres.start_again().await.unwrap();
    let client = dial(&url, &postgres).await;
    assert_eq!(count(&client).await, 1);
    postgres.stop().await.unwrap();
    assert!(client.simple_query("SELECT 1").await.is_err());
    postgres.start_again().await.unwrap();
    assert_eq!(count(&dial(&url, &postgres).await).await, 1);
    let log = postgres.log();
    assert!(log.contains("database system was interrupted"), "{log}");
    assert!(log.contains("database system was shut down at"), "{log}");
}

#[tokio::test]
async fn a_commit_waits_for_the_synchronous_standby_and_what_was_acknowledged_is_there_when_it_is_promoted()
 {
    let mut primary = Postgres::start().await.unwrap();
    let url = primary.create_database("street").await.unwrap();
    let mut standby = primary.standby().await.unwrap();
    assert_eq!(
        primary.standbys().await.unwrap(),
        [("standby1".to_owned(), "sync".to_owned())]
    );
    let client = dial(&url, &primary).await;
    client
        .batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
        .await
        .unwrap();

    // Without the standby a commit waits, which the primary itself says; with it, it goes on.
    standby.pause().unwrap();
    let writing = tokio::spawn(async move {
        let written = client.batch_execute("INSERT INTO kept VALUES (2)").await;
        (client, written)
    });
    let watcher = primary.client("street").await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let begun = Instant::now();
    while watcher
        .query_one(waits, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        assert!(
            !writing.is_finished(),
            "it was acknowledged without the standby"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it does not wait"
        );
    }
    assert!(!writing.is_finished());
    standby.resume().unwrap();
    let (client, written) = writing.await.unwrap();
    written.unwrap();

    let read_only = standby.client("street").await.unwrap();
    let refused = read_only.batch_execute("INSERT INTO kept VALUES (3)").await;
    assert_eq!(refused.unwrap_err().code().unwrap().code(), "25006");

    primary.kill().await.unwrap();
    assert!(client.simple_query("SELECT 1").await.is_err());
    standby.promote().await.unwrap();
    let client = dial(&standby.url("street"), &standby).await;
    assert_eq!(count(&client).await, 2);
    client
        .batch_execute("INSERT INTO kept VALUES (3)")
        .await
        .unwrap();
}

#[tokio::test]
async fn settings_hold_and_a_wrong_one_is_told_with_the_log() {
    let postgres = Postgres::start_with(&[("max_connections", "17")])
        .await
        .unwrap();
    let client = postgres.client("postgres").await.unwrap();
    let row = client.query_one("SHOW max_connections", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "17");
    let told = Postgres::start_with(&[("no_such_setting", "1")]).await;
    let told = told.err().unwrap().to_string();
    assert!(told.contains("did not come up"), "{told}");
    assert!(
        told.contains("unrecognized configuration parameter"),
        "{told}"
    );
}
