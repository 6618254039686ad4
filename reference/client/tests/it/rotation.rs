//! When a new epoch is made though the same members are addressed.

use std::sync::Arc;

use dispatch_client::{Addressed, Client, Id, Settings};

use crate::community::{Community, Member, invitation};

/// The epoch of the message in a block.
async fn epoch(client: &Client, index: u64) -> Id {
    client.history(index, 1).await.unwrap()[0].epoch
}

#[tokio::test(flavor = "multi_thread")]
async fn after_500_messages_a_new_epoch_is_made() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let alice = Member::join(&community, &invitation(&server), "m01").await;
    let first = alice.say("1").await;
    for n in 2..500 {
        alice.say(&n.to_string()).await;
    }
    let last = alice.say("500").await;
    let next = alice.say("501").await;
    assert_eq!(
        epoch(&alice.client, first).await,
        epoch(&alice.client, last).await
    );
    assert_ne!(
        epoch(&alice.client, last).await,
        epoch(&alice.client, next).await
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_a_new_epoch_is_made() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    // the server bears a clock that is a day off, which stands for a day that has passed
    let community = Community::founded(&["m01"], |founding| founding.limits.skew_ms = DAY);
    let server = community.serve().await;
    let mut settings = Settings::new(invitation(&server), community.folder("m01"));
    let now = settings.clock.clone();
    let alice = Member::start(settings.clone(), "m01").await;
    let first = alice.say("Today.").await;
    let made = alice.client.history(first, 1).await.unwrap()[0].time;
    alice.client.close().await;
    let right = now.clone();
    settings.clock = Arc::new(move || right() + DAY - 1000);
    while now() < made + 1100 {
        tokio::task::yield_now().await;
    }
    let alice = Member::start(settings, "m01").await;
    let sent = alice
        .client
        .send("Tomorrow.", Addressed::default())
        .await
        .unwrap();
    assert_ne!(
        epoch(&alice.client, first).await,
        epoch(&alice.client, sent.index).await
    );
    server.shutdown().await.unwrap();
}
