//! Entries by requests.

use dispatch_protocol::entry::Entry;
use dispatch_protocol::refusal::Code;
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::caller::Caller;
use crate::community::Community;
use crate::member::{Member, card, message};

#[tokio::test]
async fn an_entry_is_accepted_when_it_is_there_for_everybody() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let mut other = Member::join(&server, "m02").await;
    let caller = Caller::of(&server, &member.joined);
    let entry = member.entry(card(1));
    let index = caller.submit(&entry).await.accepted();
    assert_eq!(index, 2);
    // [SUB-2] At once, by the next request.
    assert_eq!(caller.get("/v1/blocks?from=2").await.blocks(), 2..3);
    other.read_to(3).await;
    member.read_to(3).await;
    // [ENTRY-5] Again, by a request and on the socket.
    assert_eq!(caller.submit(&entry).await.accepted(), index);
    assert_eq!(member.submit(entry).await.unwrap().0, index);
    assert_eq!(caller.get("/v1/blocks?from=3").await.blocks(), 3..3);
}

#[tokio::test]
async fn each_fault_of_an_entry_has_its_code_and_appends_nothing() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let other = Member::join(&server, "m02").await;
    let caller = Caller::of(&server, &member.joined);
    let with = |change: &dyn Fn(&mut Entry)| {
        let mut entry = member.entry_with(1, card(1));
        change(&mut entry);
        serde_json::to_string(&entry).unwrap()
    };
    let good = with(&|_| {});
    let frame = format!("{{\"type\":\"submit\",\"ref\":\"a\",\"token\":\"AA\",\"entry\":{good}}}");
    let foreign = serde_json::to_string(&other.entry_with(1, card(1))).unwrap();
    let seq = serde_json::to_string(&member.entry_with(2, card(1))).unwrap();
    for (text, code) in [
        (with(&|entry| entry.sent_at += 1), Code::BadSignature),
        (foreign, Code::WrongAuthor),
        (seq, Code::BadSeq),
        (good.replace("\"card\"", "\"cart\""), Code::UnknownKind),
        (good.replace("\"seq\":1", "\"seq\":1.0"), Code::Malformed),
        (
            good.replace("\"seq\":1", "\"seq\":1,\"seq\":1"),
            Code::Malformed,
        ),
        (format!("[{good}]"), Code::Malformed),
        (frame, Code::Malformed),
        (
            format!("{good}{}", " ".repeat(262_145 - good.len())),
            Code::TooLarge,
        ),
    ] {
        assert_eq!(
            caller.post("/v1/entries", text.clone()).await.refused(),
            code,
            "{text}"
        );
    }
    let answer = caller.post("/v1/entries?ref=a", good.clone()).await;
    assert_eq!(answer.refused(), Code::Malformed);
    let answer = caller.ask("POST", "/v1/entries", good.clone()).await;
    assert_eq!(answer.refused(), Code::Malformed, "no content type");
    let padded = format!("{good}{}", " ".repeat(262_144 - good.len()));
    assert_eq!(caller.post("/v1/entries", padded).await.accepted(), 2);
    member.next_seq = 2;
    let entry = member.entry(card(2));
    assert_eq!(caller.submit(&entry).await.accepted(), 3);
}

#[tokio::test]
async fn who_hangs_up_before_the_answer_loses_nothing() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let caller = Caller::of(&server, &member.joined);
    for number in 0..20_u8 {
        let entry = member.entry(message(epoch, number));
        let text = serde_json::to_string(&entry).unwrap();
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let request = Request::post("/v1/entries")
            .header("Host", "here")
            .header("Content-Type", "application/json")
            .header(
                "Authorization",
                format!("Dispatch {}", member.joined.token()),
            )
            .body(text)
            .unwrap();
        let asking = sender.send_request(request);
        // At another moment each time, from before the request has left to after it was answered.
        tokio::select! {
            biased;
            _ = async { for _ in 0..number { tokio::task::yield_now().await } } => {}
            _ = connection => {}
            _ = asking => {}
        }
        let index = caller.submit(&entry).await.accepted();
        assert_eq!(caller.submit(&entry).await.accepted(), index);
        member.read_to(index + 1).await;
    }
    assert_eq!(member.size(), 4 + 20);
    member.read_to_checkpoint(24).await;
}

#[tokio::test]
async fn the_entries_of_one_connection_are_taken_in_their_order() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for number in 0..10_u8 {
        let entry = member.entry(card(number + 1));
        let request = Request::post("/v1/entries")
            .header("Host", "here")
            .header("Content-Type", "application/json")
            .header(
                "Authorization",
                format!("Dispatch {}", member.joined.token()),
            )
            .body(serde_json::to_string(&entry).unwrap())
            .unwrap();
        // A member's connection is kept from one request to the next.
        sender.ready().await.unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers().get("connection"), None);
        drop(
            http_body_util::BodyExt::collect(answer.into_body())
                .await
                .unwrap(),
        );
    }
    assert_eq!(Code::BadSeq.http_status(), Some(409));
    let again = member.entry_with(10, card(99));
    let answer = Caller::of(&server, &member.joined).submit(&again).await;
    assert_eq!(answer.refused(), Code::BadSeq);
}
