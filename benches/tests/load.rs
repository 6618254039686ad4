//! A small load against the reference within this process: what is counted, not how long it took.

use dispatch_benches::load::community::Community;
use dispatch_benches::load::stage::Stage;
use dispatch_benches::load::target::Target;
use dispatch_benches::load::{Load, Pace};
use dispatch_server::{Running, Server};

/// A server in here, and a conversation of so many authors on it.
async fn stage(authors: usize) -> (Stage, Running, Community) {
    let community = Community::found(authors).unwrap();
    let server = Server::start(community.config().unwrap()).await.unwrap();
    let target = Target::at(server.origin()).unwrap();
    let stage = Stage::within(target, &community.keys).await.unwrap();
    (stage, server, community)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_acknowledged_once_and_delivered_once_to_each_subscriber() {
    let (mut stage, server, _community) = stage(2).await;
    for pace in [Pace::Window(8), Pace::PerSecond(2000.0)] {
        let load = Load {
            senders: 2,
            subscribers: 2,
            messages: 51,
            pace,
        };
        let outcome = stage.run(load, 1024).await.unwrap();
        assert_eq!(outcome.measured.accepted, 51);
        assert_eq!(outcome.measured.deliveries, 2 * 51);
        assert!(outcome.in_verifications.is_none());
        if pace == Pace::Window(8) {
            insta::assert_snapshot!(masked(&outcome.to_string()));
        }
    }
    drop(stage);
    server.shutdown().await.unwrap();
}

/// What a report says, whatever its figures are.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if masked.ends_with('#') => {}
            '.' if masked.ends_with('#') => {}
            '0'..='9' => masked.push('#'),
            _ => masked.push(letter),
        }
    }
    masked
}
