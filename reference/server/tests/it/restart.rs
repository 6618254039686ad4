//! A store at a start: what was accepted is there, and what is wrong is named.

use dispatch_server::{Config, Error, Server, StoreError};
use rusqlite::Connection;

use crate::backup::with_own_keys;
use crate::community::{Community, copy_of};
use crate::member::{Member, card, message};

async fn refused(config: &Config) -> Error {
    match Server::start(config.clone()).await {
        Err(error) => error,
        Ok(_) => panic!("the server started"),
    }
}

/// A community whose chain holds a few messages, and is not served.
async fn spoken() -> Community {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    for number in 0..5 {
        member.say(message(epoch, number)).await;
    }
    server.shutdown().await.unwrap();
    community
}

fn sql(community: &Community, statement: &str) {
    Connection::open(community.path("store/chain.sqlite"))
        .unwrap()
        .execute_batch(statement)
        .unwrap();
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let community = spoken().await;
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    assert_eq!(member.size(), 9);
    assert_eq!(member.say(card(2)).await, 9);
}

#[tokio::test]
async fn a_damaged_store_is_reported_with_its_place_and_left_as_it_is() {
    for (statement, index, wanted) in [
        (
            "UPDATE block SET time = time + 1 WHERE number = 3",
            4,
            "does not follow",
        ),
        (
            "UPDATE block SET body = zeroblob(80) WHERE number = 6",
            6,
            "",
        ),
        (
            "UPDATE block SET body = x'00' WHERE number = 5",
            5,
            "cannot be read",
        ),
        (
            "UPDATE block SET signature = zeroblob(256) WHERE number = 8",
            8,
            "signature",
        ),
        (
            "UPDATE block SET author = 77 WHERE number = 2",
            2,
            "not of its form",
        ),
        (
            "UPDATE block SET ciphertext = NULL WHERE number = 5",
            5,
            "has no ciphertext",
        ),
        (
            "UPDATE block SET ciphertext = zeroblob(144) WHERE number = 5",
            5,
            "",
        ),
        ("DELETE FROM block WHERE number = 4", 5, "4 is due"),
        (
            "UPDATE block SET number = -1 WHERE number = 6",
            0,
            "not of its form",
        ),
        (
            "DELETE FROM block WHERE number > 0; UPDATE block SET number = -1",
            0,
            "not of its form",
        ),
        ("DELETE FROM checkpoint", 0, "no checkpoint"),
        ("DROP TABLE listed", 0, "listed"),
        (
            "DELETE FROM block WHERE number = 8",
            8,
            "blocks are missing at the end",
        ),
    ] {
        let community = spoken().await;
        sql(&community, statement);
        let before = std::fs::read(community.path("store/chain.sqlite")).unwrap();
        let error = refused(&community.config).await;
        let told = error.to_string();
        let Error::Store(StoreError::Damaged { index: found, .. }) = error else {
            panic!("{statement}: {told}")
        };
        assert!(told.contains(wanted), "{statement}: {told}");
        assert!(
            found.is_none_or(|found| found == index),
            "{statement}: {told}"
        );
        assert_eq!(
            std::fs::read(community.path("store/chain.sqlite")).unwrap(),
            before,
            "{statement}: it was changed"
        );
    }
}

#[tokio::test]
async fn a_store_or_key_of_another_community_is_refused() {
    let community = Community::with(&[]);
    let other_key = copy_of("other-server", community.dir.path());
    let other = Community::founded(&[], |founding| {
        founding.server_key = Some(other_key.clone())
    });
    let mut config = community.config.clone();
    config.store = other.config.store.clone();
    let error = refused(&config).await;
    assert!(
        matches!(error, Error::Store(StoreError::Foreign { .. })),
        "{error}"
    );

    let mut config = community.config.clone();
    config.server_key = other_key;
    assert!(
        refused(&config)
            .await
            .to_string()
            .contains("not the server key that the community's block 0 names")
    );

    let mut config = community.config.clone();
    config.authority_key = Some(community.key_copy("other-authority"));
    assert!(
        refused(&config)
            .await
            .to_string()
            .contains("not the key of the community's authority")
    );

    let mut config = community.config.clone();
    config.store = community.path("dispatchd.toml");
    let error = refused(&config).await.to_string();
    assert!(error.contains("not a community's store"), "{error}");
    community.serve().await.shutdown().await.unwrap();
}

#[tokio::test]
async fn two_servers_do_not_share_a_store_or_an_address() {
    let community = Community::with(&[]);
    let server = community.serve().await;
    let error = refused(&community.config).await;
    assert!(
        matches!(error, Error::Store(StoreError::InUse(_))),
        "{error}"
    );
    let other = Community::with(&[]);
    let mut config = other.config.clone();
    config.bind = server.address();
    assert!(
        refused(&config)
            .await
            .to_string()
            .contains("is in use by another program")
    );
}

#[tokio::test]
async fn a_store_has_one_server_whatever_link_it_is_called_by() {
    let community = with_own_keys();
    let server = Server::start(Config::load(&community.path("")).unwrap())
        .await
        .unwrap();
    let link = community.dir.path().join("link.sqlite");
    std::os::unix::fs::symlink(community.path("store/chain.sqlite"), &link).unwrap();
    let mut config = Config::load(&community.path("")).unwrap();
    config.store = link;
    config.bind = ([127, 0, 0, 1], 0).into();
    let problem = Server::start(config).await.err().expect("it is in use");
    assert!(
        problem.to_string().contains("in use by another dispatchd"),
        "{problem}"
    );
    server.shutdown().await.unwrap();
}
