//! What is lost on the way: connections, servers, clients. Nothing that was said is.

use dispatch_client::{Addressed, Event, Invitation, Settings};

use crate::community::{Community, Member, id, invitation, key, patiently};
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
    patiently(saying).await.unwrap().unwrap();
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
    // her card may still stand there, accepted and not yet crossed out
    let stored = || -> i64 {
        let count = r#"SELECT count(*) FROM outgoing WHERE entry LIKE '%"kind":"message"%'"#;
        store.query_row(count, [], |row| row.get(0)).unwrap()
    };
    alice.sees(async |_| stored() > 0).await;
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
    bob.sees(async |client| client.history(0, 9).await.unwrap().len() == 2)
        .await;
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

/// Waits until so many errands are stored.
async fn stored(alice: &Member, community: &Community, count: i64) {
    let store = community.folder("m01").join("keys.sqlite");
    let store = rusqlite::Connection::open(store).unwrap();
    let held = || -> i64 {
        let count = "SELECT count(*) FROM errand";
        store.query_row(count, [], |row| row.get(0)).unwrap()
    };
    alice.sees(async |_| held() == count).await;
}

/// Begins to say something, and does not wait for it.
fn begin_to_say(alice: &Member, text: &'static str, addressed: Addressed) {
    let client = alice.client.clone();
    drop(tokio::spawn(
        async move { client.send(text, addressed).await },
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_something_unanswered_is_said_by_the_next_program() {
    let (community, server, gates, through, past) = behind_a_proxy().await;
    let alice = Member::join(&community, &through, "m01").await;
    alice.say("Hello.").await;
    Gates::shut(&gates.up);
    for (text, count) in [("One.", 1), ("Two.", 2), ("Three.", 3)] {
        begin_to_say(&alice, text, Addressed::default());
        stored(&alice, &community, count).await;
    }
    alice.client.close().await;
    let alice = Member::join(&community, &past, "m01").await;
    alice.say("And on.").await;
    assert_eq!(
        alice.texts().await,
        ["Hello.", "One.", "Two.", "Three.", "And on."]
    );
    stored(&alice, &community, 0).await;
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_programs_left_behind_is_said_each_once() {
    let (community, server, gates, through, past) = behind_a_proxy().await;
    let one = Member::join(&community, &through, "m01").await;
    one.say("Hello.").await;
    let two = Member::join(&community, &through, "m01").await;
    Gates::shut(&gates.up);
    begin_to_say(&one, "One.", Addressed::default());
    stored(&one, &community, 1).await;
    begin_to_say(&two, "Two.", Addressed::default());
    stored(&two, &community, 2).await;
    // a third one leaves alone what those that run are about to do
    let third = Member::join(&community, &past, "m01").await;
    third.say("Three.").await;
    assert_eq!(third.texts().await, ["Hello.", "Three."]);
    third.client.close().await;
    one.client.close().await;
    two.client.close().await;
    let alice = Member::join(&community, &past, "m01").await;
    alice.say("And on.").await;
    assert_eq!(
        alice.texts().await,
        ["Hello.", "Three.", "One.", "Two.", "And on."]
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_message_is_never_sent_to_more_than_it_was_for() {
    let (community, server, gates, through, past) = behind_a_proxy().await;
    let owner = Member::join(&community, &past, "authority").await;
    owner.client.ready().await.unwrap();
    owner.client.close().await;
    let bob = Member::join(&community, &past, "m02").await;
    bob.client.ready().await.unwrap();
    let alice = Member::join(&community, &through, "m01").await;
    alice.cards(3).await;
    alice.say("For all three.").await;
    Gates::shut(&gates.up);
    let to = Addressed {
        to: Some(vec![id("m02"), id("authority")]),
        ..Addressed::default()
    };
    begin_to_say(&alice, "For you two alone.", to);
    let store = community.folder("m01").join("keys.sqlite");
    let store = rusqlite::Connection::open(store).unwrap();
    let signed = || -> i64 {
        let count = "SELECT count(*) FROM outgoing";
        store.query_row(count, [], |row| row.get(0)).unwrap()
    };
    alice.sees(async |_| signed() == 1).await;
    alice.client.close().await;
    // meanwhile its epoch is opened to another
    let owner = Member::join(&community, &past, "authority").await;
    let carols = [key("m03").public().clone()];
    owner.client.change_roster(&carols, &[]).await.unwrap();
    let carol = Member::join(&community, &past, "m03").await;
    carol.client.ready().await.unwrap();
    bob.cards(4).await;
    bob.client.share_history(id("m03")).await.unwrap();
    let alice = Member::join(&community, &past, "m01").await;
    let end = alice.say("For all four.").await;
    carol.holds(end).await;
    bob.holds(end).await;
    assert_eq!(carol.texts().await, ["For all three.", "For all four."]);
    assert_eq!(
        bob.texts().await,
        ["For all three.", "For you two alone.", "For all four."]
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_message_is_never_sent_under_an_epoch_for_a_card_that_was_replaced_since() {
    // under an epoch that stands in the chain, and under one that was signed with the message
    for before in [&["Hello."][..], &[]] {
        let (community, server, gates, through, past) = behind_a_proxy().await;
        let bob = Member::join(&community, &past, "m02").await;
        bob.client.ready().await.unwrap();
        let alice = Member::join(&community, &through, "m01").await;
        alice.cards(2).await;
        for text in before {
            alice.say(text).await;
        }
        Gates::shut(&gates.up);
        say_and_die(alice, &community).await;
        bob.client.close().await;
        // meanwhile Bob's device is lost, and the next one makes a card
        let settings = Settings::new(past.clone(), community.folder("m02-elsewhere"));
        let bob = Member::start(settings, "m02").await;
        bob.client.ready().await.unwrap();
        let alice = Member::join(&community, &past, "m01").await;
        let end = alice.say("And on.").await;
        bob.holds(end).await;
        // [ENC-19]
        assert_eq!(bob.texts().await, ["Once.", "And on."], "{before:?}");
        server.shutdown().await.unwrap();
    }
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
    alice
        .sees(async |client| client.history(0, 9).await.unwrap().len() == 3)
        .await;
    let history = alice.client.history(0, 9).await.unwrap();
    let last = crate::community::text(&history[2]);
    assert_eq!(last.as_deref(), Some("Once."));
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_and_a_connection_that_was_cut_are_nothing_to_the_user() {
    let listener = proxy::listen().await;
    let dialled = format!("http://{}", listener.local_addr().unwrap());
    let community = Community::founded(&["m01"], |founding| {
        founding.origins = vec![dialled.clone()];
        founding.limits.session_ms = 1500;
    });
    let server = community.serve().await;
    let gates = proxy::serve(listener, server.address());
    let invitation = Invitation::new(&dialled, server.community()).unwrap();
    let mut alice = Member::join(&community, &invitation, "m01").await;
    alice.say("Before.").await;
    let lost = |event| match event {
        Event::Disconnected { reason, retry_in } => retry_in.map(|_| reason),
        _ => None,
    };
    // its time is over
    let why = alice.until(lost).await;
    assert!(why.contains("session_expired"), "{why}");
    alice.say("Joined anew.").await;
    // within its time: it is resumed
    gates.cut();
    alice.until(lost).await;
    alice.say("Resumed.").await;
    assert_eq!(alice.texts().await, ["Before.", "Joined anew.", "Resumed."]);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_server_does_not_answer_can_be_closed() {
    let silent = proxy::listen().await;
    let origin = format!("http://{}", silent.local_addr().unwrap());
    let invitation = Invitation::new(&origin, dispatch_client::Id::new([7; 32])).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::new(invitation, dir.path().join("m01"));
    let mut alice = Member::start(settings, "m01").await;
    let (stream, _) = silent.accept().await.unwrap();
    patiently(alice.client.clone().close()).await;
    // it did not wait until its own patience with the server was over
    assert!(alice.events.next().await.is_none());
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_when_to_come_back_is_waited_for() {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    let listener = proxy::listen().await;
    let dialled = format!("http://{}", listener.local_addr().unwrap());
    let community = Community::founded(&["m01"], |founding| {
        founding.origins = vec![dialled.clone()];
    });
    let server = community.serve().await;
    let invitation = Invitation::new(&dialled, server.community()).unwrap();
    let settings = Settings::new(invitation, community.folder("m01"));
    let mut alice = Member::start(settings, "m01").await;
    // the discovery document is the server's own
    let (mut asked, _) = listener.accept().await.unwrap();
    let mut answering = tokio::net::TcpStream::connect(server.address())
        .await
        .unwrap();
    tokio::spawn(async move {
        let _ = tokio::io::copy_bidirectional(&mut asked, &mut answering).await;
    });
    // the join is refused for a while
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let hello = socket.next().await.unwrap().unwrap();
    assert!(hello.to_text().unwrap().contains(r#""type":"hello""#));
    let refused =
        r#"{"type":"refused","code":"unavailable","detail":"too many","retry_after":1700}"#;
    socket.send(Message::text(refused)).await.unwrap();
    let wait = alice
        .until(|event| match event {
            Event::Disconnected { retry_in, .. } => retry_in,
            _ => None,
        })
        .await;
    // by itself it would have waited for half a second at most
    assert_eq!(wait.as_millis(), 1700);
    proxy::serve(listener, server.address());
    alice.say("There you are.").await;
    server.shutdown().await.unwrap();
}
