//! Servers that do not answer, or say no more: what is stored can be read meanwhile, and what was found is told at once.

use dispatch_client::{Error, Event, Invitation, Settings, Verdict};

use crate::community::{Community, Member, patiently, text};
use crate::hostile::copy;
use crate::proxy::{self, Gates};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_can_be_read_while_a_server_does_not_answer() {
    let listener = proxy::listen().await;
    let dialled = format!("http://{}", listener.local_addr().unwrap());
    let community = Community::founded(&["m01"], |founding| {
        founding.origins = vec![dialled.clone()];
    });
    let server = community.serve().await;
    let gates = proxy::serve(listener, server.address());
    let invitation = Invitation::new(&dialled, server.community()).unwrap();
    let alice = Member::join(&community, &invitation, "m01").await;
    alice.say("Hello.").await;
    alice.client.close().await;
    Gates::shut(&gates.down);
    let settings = Settings::new(invitation, community.folder("m01"));
    let mut alice = Member::start(settings, "m01").await;
    let Member { client, events } = &mut alice;
    let history = tokio::select! {
        history = client.history(0, 9) => history.unwrap(),
        event = events.next() => panic!("the attempt ended first: {event:?}"),
    };
    assert_eq!(text(&history[0]).as_deref(), Some("Hello."));
    alice.client.close().await;
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_server_denies_what_it_showed_is_told_before_it_is_asked_for_more() {
    let listener = proxy::listen().await;
    let dialled = format!("http://{}", listener.local_addr().unwrap());
    let community = Community::founded(&["m01"], |founding| {
        founding.origins = vec![dialled.clone()];
    });
    let (folder, aside) = (community.folder("community"), community.folder("aside"));
    let server = community.serve().await;
    let mut config = community.config.clone();
    config.bind = server.address();
    let gates = proxy::serve(listener, server.address());
    let invitation = Invitation::new(&dialled, server.community()).unwrap();
    let alice = Member::join(&community, &invitation, "m01").await;
    alice.client.ready().await.unwrap();
    server.shutdown().await.unwrap();
    copy(&folder, &aside);
    let server = dispatch_server::Server::start(config.clone())
        .await
        .unwrap();
    alice.say("Denied later.").await;
    alice.client.close().await;
    server.shutdown().await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    copy(&aside, &folder);
    let server = dispatch_server::Server::start(config).await.unwrap();

    // the discovery document and the join pass; whoever comes then hears nothing
    gates.pass_only(2);
    let settings = Settings::new(invitation, community.folder("m01"));
    let mut alice = Member::start(settings.clone(), "m01").await;
    let found = |event| match event {
        Event::Finding { finding, evidence } => {
            Some((finding.verdict, finding.requirement, evidence))
        }
        _ => None,
    };
    let told = alice.until(found).await;
    assert_eq!(told, (Verdict::Fork, "CHECK-12", None));
    // while the other story does not come, what is held can be read
    assert_eq!(alice.texts().await, ["Denied later."]);
    alice.client.close().await;

    // and where it comes, it is told by its right name
    gates.pass_only(3);
    let mut alice = Member::start(settings, "m01").await;
    assert_eq!(alice.until(found).await.0, Verdict::Fork);
    assert_eq!(
        alice.until(found).await,
        (Verdict::Rollback, "CHECK-7", None)
    );
    let error = patiently(alice.client.synced()).await.unwrap_err();
    assert!(matches!(error, Error::Server { finding, .. } if finding.verdict == Verdict::Rollback));
    server.shutdown().await.unwrap();
}
