//! Joins and resumptions over a real socket.

use dispatch_protocol::entry::Prefix;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{ClientFrame, ServerFrame};

use crate::client::Client;
use crate::community::{Community, key};
use crate::member::{Member, card, dial_for, nonce, prove};

#[tokio::test]
async fn a_member_joins_and_reads_the_whole_chain() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    assert_eq!(member.chain().community(), server.community());
    assert_eq!(member.chain().roster().count(), 3);
    assert_eq!(member.size(), 2);
    assert_eq!(member.welcome.checkpoint.size, 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stranger_gets_a_challenge_and_then_not_allowed_and_may_try_again() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut client = Client::dial(&server).await;
    let outcome = prove(&mut client, &server, &key("m02"), None, None).await;
    assert_eq!(outcome.err(), Some(Code::NotAllowed));
    assert!(
        prove(&mut client, &server, &key("m01"), None, None)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_proof_by_another_key_is_bad_and_its_challenge_is_spent() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut client = Client::dial(&server).await;
    let dial = dial_for(&server, key("m01").public());
    let nonce = nonce();
    client
        .send(&ClientFrame::Hello(dial.hello(nonce, None, None)))
        .await;
    let ServerFrame::Challenge(challenge) = client.next().await else {
        panic!("no challenge")
    };
    let (_, bad) = dial.prove(nonce, &challenge, &key("m02")).unwrap();
    client.send(&ClientFrame::Prove(bad)).await;
    assert_eq!(client.refused().await, Code::BadProof);
    let (_, good) = dial.prove(nonce, &challenge, &key("m01")).unwrap();
    client.send(&ClientFrame::Prove(good)).await;
    assert_eq!(client.refused().await, Code::NoChallenge);
}

#[tokio::test]
async fn a_resume_opens_a_second_connection_from_what_the_client_holds() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut first = Member::join(&server, "m01").await;
    first.say(card(1)).await;
    let held = first.chain().prefix();
    first.say(card(2)).await;

    let mut second = Client::dial(&server).await;
    let (waiting, resume) = first.joined.resume(nonce(), Some(held));
    second.send(&ClientFrame::Resume(resume)).await;
    let ServerFrame::Welcome(welcome) = second.next().await else {
        panic!("no welcome")
    };
    let again = waiting.welcome(&welcome).unwrap();
    assert_eq!(again.expires_at(), first.joined.expires_at());
    let ServerFrame::Blocks(blocks) = second.next().await else {
        panic!("no blocks")
    };
    assert_eq!((blocks.from, blocks.blocks.len()), (held.size, 1));

    let mut third = Client::dial(&server).await;
    let wrong = Prefix {
        size: held.size + 1,
        hash: held.hash,
    };
    third
        .send(&ClientFrame::Resume(
            first.joined.resume(nonce(), Some(wrong)).1,
        ))
        .await;
    assert_eq!(third.refused().await, Code::UnknownHave);
    let beyond = Prefix {
        size: 1000,
        hash: held.hash,
    };
    third
        .send(&ClientFrame::Resume(
            first.joined.resume(nonce(), Some(beyond)).1,
        ))
        .await;
    assert_eq!(third.refused().await, Code::UnknownHave);
    third
        .send(&ClientFrame::Resume(
            first.joined.resume(nonce(), Some(held)).1,
        ))
        .await;
    assert!(matches!(third.next().await, ServerFrame::Welcome(_)));
}

#[tokio::test]
async fn a_session_ends_by_the_servers_clock_and_says_so() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join_for(&server, "m01", Some(1000)).await;
    assert_eq!(member.client.bye().await, Code::SessionExpired);
    assert_eq!(member.client.close_code().await, 1008);
    let mut again = Client::dial(&server).await;
    again
        .send(&ClientFrame::Resume(member.joined.resume(nonce(), None).1))
        .await;
    assert_eq!(again.refused().await, Code::BadToken);
}

#[tokio::test]
async fn a_hello_for_another_origin_is_refused() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut client = Client::dial(&server).await;
    let mut dial = dial_for(&server, key("m01").public());
    dial.origin = "https://elsewhere.example".to_owned();
    client
        .send(&ClientFrame::Hello(dial.hello(nonce(), None, None)))
        .await;
    assert_eq!(client.refused().await, Code::WrongOrigin);
}

#[tokio::test]
async fn too_many_refusals_before_a_welcome_end_the_connection() {
    let community = Community::with(&[]);
    let server = community.serve().await;
    let mut client = Client::dial(&server).await;
    for _ in 0..101 {
        client.text("{}").await;
    }
    for _ in 0..101 {
        assert_eq!(client.refused().await, Code::Malformed);
    }
    assert_eq!(client.bye().await, Code::TooManyRefusals);
    assert_eq!(client.close_code().await, 1008);
}

#[tokio::test]
async fn a_connection_without_a_join_is_closed_in_time() {
    let mut community = Community::with(&[]);
    community.config.join_within = std::time::Duration::from_millis(200);
    let server = community.serve().await;
    let mut client = Client::dial(&server).await;
    assert_eq!(client.close_code().await, 1008);
}
