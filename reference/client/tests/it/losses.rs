//! What is lost on the way: connections, servers, clients. Nothing that was said is.

use dispatch_client::{Addressed, Event, Invitation, Settings};

use crate::community::{Community, Member, invitation};
use crate::proxy::{self, Gates};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_comes_back_after_the_server_was_killed_and_says_it_once() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let address = server.address();
    let invitation = invitation(&server);
    let mut alice = Member::join(&community, &invitation, "m01").await;
    alice.say("Before.").await;
    server.shutdown().await.unwrap();
    let wait = alice
        .until(|event| match event {
            Event::Disconnected { retry_in, .. } => retry_in,
            _ => None,
        })
        .await;
    assert!(!wait.is_zero());
    // said while nobody listens
    let saying = tokio::spawn({
        let client = alice.client.clone();
        async move { client.send("Meanwhile.", Addressed::default()).await }
    });
    let mut config = community.config.clone();
    config.bind = address;
    let server = dispatch_server::Server::start(config).await.unwrap();
    saying.await.unwrap().unwrap();
    assert_eq!(alice.texts().await, ["Before.", "Meanwhile."]);
    server.shutdown().await.unwrap();
}

/// A community behind a proxy, which its members dial.
async fn behind_a_proxy() -> (
    Community,
    dispatch_server::Running,
    Gates,
    Invitation,
    Invitation,
) {
    let listener = proxy::listen().await;
    let dialled = format!("http://{}", listener.local_addr().unwrap());
    let direct = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let community = Community::founded(&["m01", "m02"], |founding| {
        founding.bind = direct;
        founding.origins = vec![dialled.clone(), format!("http://{direct}")];
    });
    let server = community.serve().await;
    let gates = proxy::serve(listener, server.address());
    let through = Invitation::new(&dialled, server.community()).unwrap();
    let past = Invitation::new(&format!("http://{direct}"), server.community()).unwrap();
    (community, server, gates, through, past)
}

/// Says something into a gate that is shut, and ends the client before an answer comes.
async fn say_and_die(alice: Member, community: &Community) {
    let sending = tokio::spawn({
        let client = alice.client.clone();
        async move { client.send("Once.", Addressed::default()).await }
    });
    // a store may be read beside the program that writes it
    let store = community.folder("m01").join("keys.sqlite");
    let store = rusqlite::Connection::open(store).unwrap();
    let stored = || -> i64 {
        let count = "SELECT count(*) FROM outgoing";
        store.query_row(count, [], |row| row.get(0)).unwrap()
    };
    while stored() == 0 {
        tokio::task::yield_now().await;
    }
    sending.abort();
    alice.client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_answer_was_lost_is_said_once() {
    let (community, server, gates, through, past) = behind_a_proxy().await;
    let bob = Member::join(&community, &past, "m02").await;
    let alice = Member::join(&community, &through, "m01").await;
    bob.cards(2).await;
    alice.cards(2).await;
    alice.say("Hello.").await;
    Gates::shut(&gates.down);
    say_and_die(alice, &community).await;
    // it reached the server all the same
    while bob.texts().await.len() < 2 {
        tokio::task::yield_now().await;
    }
    let alice = Member::join(&community, &past, "m01").await;
    alice.say("And on.").await;
    assert_eq!(alice.texts().await, ["Hello.", "Once.", "And on."]);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_never_arrived_is_sent_by_the_next_program_once() {
    let (community, server, gates, through, past) = behind_a_proxy().await;
    let alice = Member::join(&community, &through, "m01").await;
    alice.say("Hello.").await;
    Gates::shut(&gates.up);
    say_and_die(alice, &community).await;
    let alice = Member::join(&community, &past, "m01").await;
    alice.say("And on.").await;
    assert_eq!(alice.texts().await, ["Hello.", "Once.", "And on."]);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_another_device_makes_this_one_sign_anew() {
    let (community, server, gates, through, past) = behind_a_proxy().await;
    let alice = Member::join(&community, &through, "m01").await;
    alice.say("Hello.").await;
    Gates::shut(&gates.up);
    say_and_die(alice, &community).await;
    // the other device has the same key, and takes the number
    let settings = Settings::new(past.clone(), community.folder("m01-elsewhere"));
    let other = Member::start(settings, "m01").await;
    other.client.synced().await.unwrap();
    other.say("From elsewhere.").await;
    other.client.close().await;
    let alice = Member::join(&community, &past, "m01").await;
    let history = loop {
        let history = alice.client.history(0, usize::MAX).await.unwrap();
        if history.len() == 3 {
            break history;
        }
        tokio::task::yield_now().await;
    };
    let last = crate::community::text(&history[2]);
    assert_eq!(last.as_deref(), Some("Once."));
    server.shutdown().await.unwrap();
}
