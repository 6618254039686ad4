//! What a server offers, by its configuration.

use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{Discovery, Transport};
use dispatch_server::{Error, Server};

use super::caller::{Caller, join};
use super::stream::Events;
use crate::client::Client;
use crate::community::{Community, key};
use crate::member::{Member, prove};

async fn offered(caller: &Caller) -> Vec<Transport> {
    let answer = caller.get("/.well-known/dispatch-d").await;
    Discovery::decode(&answer.body).unwrap().transports
}

#[tokio::test]
async fn all_three_are_offered_unless_it_is_said_otherwise() {
    let server = Community::with(&[]).serve().await;
    assert_eq!(
        offered(&Caller::stranger(&server)).await,
        [Transport::Ws, Transport::Http, Transport::Sse]
    );
}

#[tokio::test]
async fn what_is_not_offered_is_not_there() {
    // The socket alone.
    let mut community = Community::with(&["m01"]);
    community.config.transports = vec![Transport::Ws];
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let stranger = Caller::stranger(&server);
    let caller = Caller::of(&server, &member.joined);
    assert_eq!(offered(&stranger).await, [Transport::Ws]);
    for caller in [&stranger, &caller] {
        assert_eq!(caller.post("/v1/hello", "{}").await.status, 404);
        for path in ["/v1/blocks?from=0", "/v1/events", "/v1/checkpoint"] {
            assert_eq!(caller.get(path).await.status, 404, "{path}");
        }
    }

    // The socket and the stream of events, whose token comes from the socket.
    let mut community = Community::with(&["m01"]);
    community.config.transports = vec![Transport::Ws, Transport::Sse];
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let stranger = Caller::stranger(&server);
    let caller = Caller::of(&server, &member.joined);
    assert_eq!(caller.get("/v1/blocks?from=0").await.status, 404);
    assert_eq!(stranger.get("/v1/blocks?from=0").await.status, 404);
    assert_eq!(stranger.post("/v1/prove", "{}").await.status, 404);
    assert_eq!(stranger.get("/v1/events").await.refused(), Code::BadToken);
    let mut events = Events::open(&caller, "").await;
    assert_eq!(events.next().await.name, "blocks");

    // Plain requests alone.
    let mut community = Community::with(&["m01"]);
    community.config.transports = vec![Transport::Http];
    let server = community.serve().await;
    let stranger = Caller::stranger(&server);
    let (joined, _) = join(&stranger, &key("m01"), None, None).await.unwrap();
    let caller = Caller::of(&server, &joined);
    assert_eq!(offered(&stranger).await, [Transport::Http]);
    assert_eq!(caller.get("/v1/blocks?from=0").await.blocks(), 0..2);
    for path in ["/v1/events", "/v1/socket"] {
        assert_eq!(caller.get(path).await.status, 404, "{path}");
    }
    let url = format!("ws://{}/v1/socket", server.address());
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
}

#[tokio::test]
async fn a_server_that_nobody_could_join_does_not_start() {
    for transports in [vec![], vec![Transport::Sse]] {
        let mut community = Community::with(&[]);
        community.config.transports = transports;
        match Server::start(community.config.clone()).await {
            Err(Error::Configuration(told)) => assert!(told.contains("nobody can join"), "{told}"),
            _ => panic!("it started"),
        }
    }
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut client = Client::dial(&server).await;
    assert!(
        prove(&mut client, &server, &key("m01"), None, None)
            .await
            .is_ok()
    );
}

#[test]
fn a_new_communitys_configuration_says_what_may_be_left_out() {
    let community = Community::with(&[]);
    let written = std::fs::read_to_string(community.path("dispatchd.toml")).unwrap();
    let line = "transports = [\"ws\", \"http\", \"sse\"]";
    assert!(written.lines().any(|one| one == line), "{written}");
    let fewer = written.replace(line, "transports = [\"http\"]");
    std::fs::write(community.path("dispatchd.toml"), fewer).unwrap();
    let read = dispatch_server::Config::load(&community.path("")).unwrap();
    assert_eq!(read.transports, [Transport::Http]);
}
