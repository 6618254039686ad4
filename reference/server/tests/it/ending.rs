//! How connections and servers end.

use dispatch_protocol::entry::{Body, Roster};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{ClientFrame, ServerFrame};

use crate::client::Client;
use crate::community::{Community, key};
use crate::member::{Member, card, nonce};

#[tokio::test]
async fn a_shutdown_answers_what_was_taken_and_tells_everybody() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let mut stranger = Client::dial(&server).await;
    for number in 1..=50 {
        let entry = member.entry(card(number));
        let frame = member.submit_frame(&format!("n{number}"), entry);
        member.client.feed(&frame).await;
    }
    member.client.flush().await;
    member.answer("n1").await.unwrap();
    let stopping = tokio::spawn(server.shutdown());
    let mut accepted = 1 + member.answers.len() as u64;
    let end = loop {
        match member.client.next().await {
            ServerFrame::Accepted(_) => accepted += 1,
            ServerFrame::Bye(bye) => break bye.code,
            _ => {}
        }
    };
    assert_eq!(end, Code::ShuttingDown);
    assert_eq!(member.client.close_code().await, 1001);
    assert_eq!(stranger.bye().await, Code::ShuttingDown);
    assert_eq!(stranger.close_code().await, 1001);
    stopping.await.unwrap().unwrap();

    // Whatever was answered is there, and covered by a checkpoint.
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    assert_eq!(member.size(), 2 + accepted);
    assert_eq!(member.welcome.checkpoint.size, member.size());
}

#[tokio::test]
async fn a_removed_member_is_told_and_sees_no_later_block() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut authority = Member::join(&server, "authority").await;
    let mut removed = Member::join(&server, "m01").await;
    let mut second = Client::dial(&server).await;
    second
        .send(&ClientFrame::Resume(removed.joined.resume(nonce(), None).1))
        .await;
    assert!(matches!(second.next().await, ServerFrame::Welcome(_)));

    let m01 = key("m01");
    let at = authority.size();
    let out = authority.entry(Body::Roster(Roster {
        add: vec![],
        remove: vec![m01.public().id()],
    }));
    let back = authority.entry(Body::Roster(Roster {
        add: vec![m01.public().to_bytes()],
        remove: vec![],
    }));
    let frames = [
        authority.submit_frame("out", out),
        authority.submit_frame("back", back),
    ];
    for frame in &frames {
        authority.client.feed(frame).await;
    }
    authority.client.flush().await;
    authority.answer("out").await.unwrap();
    authority.answer("back").await.unwrap();

    for client in [&mut removed.client, &mut second] {
        let mut last = 0;
        let end = loop {
            match client.next().await {
                ServerFrame::Blocks(blocks) => last = blocks.from + blocks.blocks.len() as u64 - 1,
                ServerFrame::Bye(bye) => break bye.code,
                _ => {}
            }
        };
        assert_eq!(end, Code::Removed);
        assert!(
            last <= at,
            "block {last} was sent after {at} had removed the account"
        );
        assert_eq!(client.close_code().await, 1008);
    }
    // The old token stays dead, though the account is back.
    let mut third = Client::dial(&server).await;
    third
        .send(&ClientFrame::Resume(removed.joined.resume(nonce(), None).1))
        .await;
    assert_eq!(third.refused().await, Code::BadToken);
    Member::join(&server, "m01").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_told_and_closed_and_holds_up_nobody() {
    let mut community = Community::with(&["m01", "m02"]);
    community.config.slow_reader = std::time::Duration::from_millis(100);
    let server = community.serve().await;
    let mut writer = Member::join(&server, "m01").await;
    let narrow = Client::dial_narrow(&server).await;
    let idle = Member::join_on(narrow, &server, "m02", None).await;
    let epoch = writer.epoch_for_oneself().await;
    // More than the sockets between two processes hold: some of it has to wait.
    let long = |byte: u8| match crate::member::message(epoch, byte) {
        Body::Message(mut message) => {
            let ciphertext = vec![byte; 16 + 128 * 480];
            message.ciphertext_hash = dispatch_protocol::bytes::Hash::of(&ciphertext);
            message.ciphertext = Some(ciphertext.into());
            Body::Message(message)
        }
        other => other,
    };
    let begun = std::time::Instant::now();
    let mut number = 0_u32;
    while number < 120 || begun.elapsed() < 10 * community.config.slow_reader {
        number += 1;
        let entry = writer.entry(long(number as u8));
        let (index, _) = writer.submit(entry).await.unwrap();
        writer.read_to(index + 1).await;
    }
    // It never read: what is under way in the sockets is all that it gets.
    let mut idle = idle.client;
    let mut last = None;
    loop {
        match idle.try_next_or_reset().await {
            Some(ServerFrame::Blocks(blocks)) => {
                last = Some(blocks.from + blocks.blocks.len() as u64)
            }
            Some(ServerFrame::Bye(bye)) => assert_eq!(bye.code, Code::SlowReader),
            Some(_) => {}
            None => break,
        }
    }
    assert!(
        last.is_none_or(|last| last < writer.size()),
        "it was not slow: nothing was shown"
    );
}
