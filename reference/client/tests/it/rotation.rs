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
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
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

/// The next device of a member who has lost the last one: it has the account's key alone, and makes a card.
async fn on_another_device(
    community: &Community,
    server: &dispatch_server::Running,
    name: &str,
) -> Member {
    let folder = community.folder(&format!("{name}-elsewhere"));
    let member = Member::start(Settings::new(invitation(server), folder), name).await;
    member.client.ready().await.unwrap();
    member
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_card_of_a_recipient_or_of_the_author_a_new_epoch_is_made() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let bob = Member::join(&community, &invitation(&server), "m02").await;
    bob.client.ready().await.unwrap();
    let alice = Member::join(&community, &invitation(&server), "m01").await;
    alice.cards(2).await;
    let first = alice.say("To Bob's first card.").await;
    let second = alice.say("And again.").await;
    assert_eq!(
        epoch(&alice.client, first).await,
        epoch(&alice.client, second).await
    );
    bob.holds(second).await;
    bob.client.close().await;

    let new_bob = on_another_device(&community, &server, "m02").await;
    let size = new_bob.client.chain().await.unwrap().unwrap().size;
    alice.holds(size - 1).await;
    let third = alice.say("To his second.").await;
    assert_ne!(
        epoch(&alice.client, second).await,
        epoch(&alice.client, third).await
    );
    new_bob.holds(third).await;
    assert_eq!(new_bob.texts().await, ["To his second."]);
    // who holds the first card's key reads no further // [ENC-19]
    let old_bob = Member::join(&community, &invitation(&server), "m02").await;
    assert_eq!(
        old_bob.texts().await,
        ["To Bob's first card.", "And again."]
    );
    old_bob.client.ready().await.unwrap();
    let size = old_bob.client.chain().await.unwrap().unwrap().size;
    alice.holds(size - 1).await;

    let fourth = alice.say("To his third.").await;
    let new_alice = on_another_device(&community, &server, "m01").await;
    let size = new_alice.client.chain().await.unwrap().unwrap().size;
    alice.holds(size - 1).await;
    let fifth = alice.say("With a second card of my own.").await;
    assert_ne!(
        epoch(&alice.client, fourth).await,
        epoch(&alice.client, fifth).await
    );
    server.shutdown().await.unwrap();
}
