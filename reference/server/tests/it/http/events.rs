//! Server-sent events.

use std::time::Duration;

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::entry::{Body, Redaction, Roster};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::ServerFrame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::caller::{Caller, join};
use super::stream::{Event, Events};
use crate::client::SOON;
use crate::community::{Community, key};
use crate::member::{Member, card, message};

/// The blocks of an event, whose id is behind the last of them. // [SSE-1], [SSE-2]
fn blocks(event: &Event) -> std::ops::Range<u64> {
    assert_eq!(event.name, "blocks");
    let Some(ServerFrame::Blocks(blocks)) = ServerFrame::decode(&event.data).unwrap() else {
        panic!("no blocks: {event:?}")
    };
    let range = blocks.from..blocks.from + blocks.blocks.len() as u64;
    assert!(!range.is_empty());
    assert_eq!(event.id, Some(range.end));
    range
}

fn bye(event: &Event) -> Code {
    assert_eq!(event.name, "bye");
    match ServerFrame::decode(&event.data).unwrap() {
        Some(ServerFrame::Bye(bye)) => bye.code,
        _ => panic!("no bye: {event:?}"),
    }
}

#[tokio::test]
async fn the_whole_chain_comes_and_then_what_is_appended_and_checkpoints_behind_their_blocks() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let mut events = Events::open(&caller, "").await;
    let (mut next, mut covered) = (0, 0);
    for number in 1..6 {
        let index = member.say(card(number)).await;
        while covered < index + 1 {
            let event = events.next().await;
            match &*event.name {
                "blocks" => {
                    let range = blocks(&event);
                    assert_eq!(range.start, next);
                    next = range.end;
                }
                "checkpoint" => match ServerFrame::decode(&event.data).unwrap() {
                    Some(ServerFrame::Checkpoint { checkpoint }) => {
                        assert!(checkpoint.size <= next, "[SSE-4]");
                        assert!(checkpoint.size > covered);
                        covered = checkpoint.size;
                    }
                    _ => panic!("{event:?}"),
                },
                _ => panic!("{event:?}"),
            }
        }
    }
    assert_eq!(next, member.size());
}

#[tokio::test]
async fn a_stream_begins_where_it_is_asked_to_and_goes_on_at_the_last_id() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    for number in 1..4 {
        member.say(card(number)).await;
    }
    let caller = Caller::of(&server, &member.joined);
    let last = |id: &str| caller.with("Last-Event-ID", id);
    for (caller, query, from) in [
        (caller.clone(), "", 0),
        (caller.clone(), "?", 0),
        (caller.clone(), "?from=3", 3),
        (last("2"), "", 2),
        (last("2"), "?from=4", 2),
        (last("0"), "?from=4", 0),
        (last("4"), "?from=9007199254740991", 4),
    ] {
        let mut events = Events::open(&caller, query).await;
        assert_eq!(blocks(&events.next_of("blocks").await).start, from);
    }
    // From the end on, there is first the checkpoint and then what is appended.
    let mut events = Events::open(&caller, "?from=5").await;
    member.say(card(9)).await;
    assert_eq!(blocks(&events.next_of("blocks").await), 5..6);

    for (caller, query, code) in [
        (caller.clone(), "?from=7", Code::UnknownHave),
        (last("7"), "", Code::UnknownHave),
        (last("7"), "?from=0", Code::UnknownHave),
        (last("x"), "", Code::Malformed),
        (last("01"), "", Code::Malformed),
        (last(""), "", Code::Malformed),
        (last("9007199254740992"), "", Code::Malformed),
        (last("1").with("Last-Event-ID", "1"), "", Code::Malformed),
        (last("1"), "?from=x", Code::Malformed),
    ] {
        let answer = caller.get(&format!("/v1/events{query}")).await;
        assert_eq!(answer.refused(), code, "{query}");
    }
}

#[tokio::test]
async fn a_long_chain_comes_whole_from_the_store() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    for number in 0..300_u64 {
        let entry = member.entry(message(epoch, number as u8));
        let frame = member.submit_frame(&format!("n{number}"), entry);
        member.client.feed(&frame).await;
    }
    member.client.flush().await;
    member.read_to(304).await;
    server.shutdown().await.unwrap();
    let server = community.serve().await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m01"), None, None)
        .await
        .unwrap();
    let mut events = Events::open(&Caller::of(&server, &joined), "").await;
    let mut next = 0;
    while next < 304 {
        let range = blocks(&events.next().await);
        assert_eq!(range.start, next);
        next = range.end;
    }
    assert_eq!(events.next().await.name, "checkpoint");
}

#[tokio::test]
async fn a_stream_ends_with_the_word_that_a_socket_gets() {
    let community = Community::with(&["m01", "m02", "m03"]);
    let server = community.serve().await;
    let stranger = Caller::stranger(&server);
    let mut authority = Member::join(&server, "authority").await;
    let (short, _) = join(&stranger, &key("m01"), Some(1000), None)
        .await
        .unwrap();
    let (removed, _) = join(&stranger, &key("m02"), None, None).await.unwrap();
    let (stopped, _) = join(&stranger, &key("m03"), None, None).await.unwrap();
    let mut short = Events::open(&Caller::of(&server, &short), "").await;
    let mut removed = Events::open(&Caller::of(&server, &removed), "").await;
    let mut stopped = Events::open(&Caller::of(&server, &stopped), "").await;

    let code = bye(&short.next_of("bye").await);
    assert_eq!((code, short.try_next().await), (Code::SessionExpired, None));

    let at = authority.size();
    let roster = |add, remove| Body::Roster(Roster { add, remove });
    let m02 = key("m02");
    let out = authority.entry(roster(vec![], vec![m02.public().id()]));
    let back = authority.entry(roster(vec![m02.public().to_bytes()], vec![]));
    let frames = [
        authority.submit_frame("out", out),
        authority.submit_frame("back", back),
    ];
    for frame in &frames {
        authority.client.feed(frame).await;
    }
    authority.client.flush().await;
    let mut last = 0;
    let code = loop {
        let event = removed.next().await;
        match &*event.name {
            "blocks" => last = blocks(&event).end - 1,
            "bye" => break bye(&event),
            _ => {}
        }
    };
    assert_eq!((code, removed.try_next().await), (Code::Removed, None));
    assert!(last <= at, "[SESS-6] {last} was sent, and {at} removed");

    let stopping = tokio::spawn(server.shutdown());
    let code = bye(&stopped.next_of("bye").await);
    assert_eq!((code, stopped.try_next().await), (Code::ShuttingDown, None));
    drop(authority);
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_redacted_ciphertext_does_not_come_in_a_later_stream() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let index = member.say(message(epoch, 0xa7)).await;
    let caller = Caller::of(&server, &member.joined);
    let from = format!("?from={index}");
    let mut before = Events::open(&caller, &from).await;
    assert!(
        before
            .next_of("blocks")
            .await
            .data
            .contains("\"ciphertext\":")
    );
    let reason = String::new();
    member
        .say(Body::Redaction(Redaction { index, reason }))
        .await;
    let mut after = Events::open(&caller, &from).await;
    let mut next = index;
    while next < member.size() {
        let event = after.next_of("blocks").await;
        assert!(!event.data.contains("\"ciphertext\":"), "{event:?}");
        next = blocks(&event).end;
    }
}

#[tokio::test]
async fn who_does_not_read_loses_the_stream_and_nobody_else_does() {
    let mut community = Community::with(&["m01", "m02"]);
    community.config.slow_reader = Duration::from_millis(200);
    let server = community.serve().await;
    let mut writer = Member::join(&server, "m01").await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m02"), None, None)
        .await
        .unwrap();
    let mut reading = Events::open(&Caller::of(&server, &joined), "").await;
    // A window as small as the system allows, and nothing read from it.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut idle = socket.connect(server.address()).await.unwrap();
    let token = joined.token();
    let request =
        format!("GET /v1/events HTTP/1.1\r\nHost: here\r\nAuthorization: Dispatch {token}\r\n\r\n");
    idle.write_all(request.as_bytes()).await.unwrap();
    let epoch = writer.epoch_for_oneself().await;
    let begun = std::time::Instant::now();
    let mut number = 0_u32;
    let mut next = 0;
    // More than the sockets between two processes hold, and for longer than anybody is waited for.
    while number < 120 || begun.elapsed() < 10 * community.config.slow_reader {
        number += 1;
        let Body::Message(mut long) = message(epoch, number as u8) else {
            unreachable!()
        };
        let ciphertext = vec![number as u8; 16 + 128 * 480];
        long.ciphertext_hash = Hash::of(&ciphertext);
        long.ciphertext = Some(ciphertext.into());
        writer.say(Body::Message(long)).await;
        while next < writer.size() {
            next = blocks(&reading.next_of("blocks").await).end;
        }
    }
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(SOON, idle.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the stream is kept open");
    let rest = String::from_utf8_lossy(&rest);
    let last = rest.matches("event: blocks").count() as u64;
    assert!(last < writer.size(), "it was not slow: nothing was shown");
    if let Some((_, bye)) = rest.split_once("event: bye") {
        assert!(bye.contains("slow_reader"), "{bye}");
    }
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m01"), None, None)
        .await
        .unwrap();
    let mut body = Caller::of(&server, &joined)
        .open("GET", "/v1/events?from=2", "")
        .await
        .into_body();
    let reading = async {
        let mut read = Vec::new();
        while !read.ends_with(b"\n\n:\n\n") {
            let frame = http_body_util::BodyExt::frame(&mut body).await;
            read.extend(frame.unwrap().unwrap().into_data().unwrap());
        }
        read
    };
    let read = tokio::time::timeout(SOON, reading).await;
    let read = read.expect("a sign of life");
    let read = String::from_utf8(read).unwrap();
    assert!(
        read.starts_with("retry: ") && !read.contains("id:"),
        "{read}"
    );
}
