//! One scenario on each transport: the same blocks, to the byte, and the same codes.

use dispatch_protocol::chain::State;
use dispatch_protocol::entry::{Body, Draft, Entry, Prefix, Redaction};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{Blocks, ClientFrame, ServerFrame};

use super::caller::{Caller, join};
use super::stream::Events;
use crate::client::Client;
use crate::community::{Community, key};
use crate::member::{Member, card, message, now, prove};

/// The text of each block in a frame. Blocks are cut out by their own texts, so that a difference in one byte is seen.
fn texts(frame: &str) -> Vec<String> {
    let value: Vec<&serde_json::value::RawValue> = {
        #[derive(serde::Deserialize)]
        struct Frame<'f> {
            #[serde(borrow)]
            blocks: Vec<&'f serde_json::value::RawValue>,
        }
        serde_json::from_str::<Frame>(frame).unwrap().blocks
    };
    value.iter().map(|block| block.get().to_owned()).collect()
}

/// All blocks up to a size, as a socket shows them.
async fn by_socket(caller: &Caller, token: ClientFrame, size: usize) -> Vec<String> {
    let mut client = Client::dial(&caller.target).await;
    client.send(&token).await;
    let mut all = Vec::new();
    while all.len() < size {
        let text = client.next_text().await;
        if text.starts_with(r#"{"type":"blocks""#) {
            all.extend(texts(&text));
        }
    }
    all
}

/// The same by requests of so many.
async fn by_poll(caller: &Caller, limit: usize, size: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < size {
        let path = format!("/v1/blocks?from={}&limit={limit}&wait=30000", all.len());
        all.extend(texts(&caller.get(&path).await.body));
    }
    all
}

/// The same by a stream of events.
async fn by_events(caller: &Caller, size: usize) -> Vec<String> {
    let mut events = Events::open(caller, "").await;
    let mut all = Vec::new();
    while all.len() < size {
        all.extend(texts(&events.next_of("blocks").await.data));
    }
    all
}

#[tokio::test]
async fn the_blocks_are_the_same_to_the_byte_on_each_transport() {
    let community = Community::with(&["m01", "m02"]);
    let mut server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let mut last = 0;
    for number in 0..60_u8 {
        last = member.say(message(epoch, number)).await;
    }
    let reason = "\u{1F600} \"quoted\"\n".to_owned();
    let index = last - 3;
    member
        .say(Body::Redaction(Redaction { index, reason }))
        .await;
    let size = member.size() as usize;
    // From the feed, and after a restart from the store.
    for _ in 0..2 {
        let caller = Caller::stranger(&server);
        let (joined, _) = join(&caller, &key("m02"), None, None).await.unwrap();
        let caller = Caller::of(&server, &joined);
        let resume = ClientFrame::Resume(joined.resume(crate::member::nonce(), None).1);
        let blocks = by_socket(&caller, resume, size).await;
        assert_eq!(blocks.len(), size);
        for limit in [1, 7, 1000] {
            assert_eq!(by_poll(&caller, limit, size).await, blocks, "{limit}");
        }
        assert_eq!(by_events(&caller, size).await, blocks);
        server.shutdown().await.unwrap();
        server = community.serve().await;
    }
}

/// A member's way of speaking.
#[derive(Clone, Copy, Debug)]
enum Way {
    Socket,
    Requests,
}

/// What a scenario comes to: each step's code, and none where it was accepted.
async fn play(way: Way) -> Vec<Option<Code>> {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let (m01, m02, stranger) = (key("m01"), key("m02"), key("m03"));
    let mut codes = Vec::new();
    // Joins.
    let other = Prefix {
        size: 1,
        hash: Member::join(&server, "m02").await.chain().head(),
    };
    for (key, have) in [(&stranger, None), (&m01, Some(other)), (&m01, None)] {
        let outcome = match way {
            Way::Socket => {
                let mut client = Client::dial(&server).await;
                prove(&mut client, &server, key, None, have).await.err()
            }
            Way::Requests => join(&caller, key, None, have).await.err(),
        };
        codes.push(outcome);
    }
    // Entries.
    let mut member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let epoch = member.epoch_for_oneself().await;
    let chain: &State = member.chain();
    let draft = |seq, body| Draft {
        community: chain.community(),
        author: m01.public().id(),
        seq,
        seen: chain.prefix(),
        sent_at: now(),
        body,
    };
    let changed = |change: &dyn Fn(&mut Draft)| {
        let mut draft = draft(3, card(3));
        change(&mut draft);
        Entry::sign(draft, &m01)
    };
    let redaction = |index| {
        let reason = String::new();
        Body::Redaction(Redaction { index, reason })
    };
    let mut forged = changed(&|_| {});
    forged.sent_at += 1;
    let good = changed(&|_| {});
    let entries = vec![
        forged,
        changed(&|draft| draft.seq = 4),
        changed(&|draft| draft.seq = 0),
        changed(&|draft| draft.author = m02.public().id()),
        changed(&|draft| draft.community = m02.public().id()),
        changed(&|draft| draft.seen.size = 99),
        changed(&|draft| draft.sent_at = 0),
        changed(&|draft| draft.body = redaction(0)),
        changed(&|draft| draft.body = message(m02.public().id(), 1)),
        changed(&|draft| draft.body = Body::Roster(Default::default())),
        good.clone(),
        good,
        Entry::sign(draft(4, message(epoch, 1)), &m01),
        Entry::sign(draft(5, redaction(5)), &m01),
        Entry::sign(draft(6, redaction(5)), &m01),
    ];
    for entry in entries {
        codes.push(match way {
            Way::Socket => member.submit(entry).await.err(),
            Way::Requests => {
                let answer = caller.submit(&entry).await;
                match answer.status {
                    200 => {
                        answer.accepted();
                        None
                    }
                    _ => Some(answer.refused()),
                }
            }
        });
    }
    codes
}

#[tokio::test]
async fn the_codes_are_the_same_on_each_way() {
    let by_socket = play(Way::Socket).await;
    assert_eq!(by_socket, play(Way::Requests).await);
    let code = Some;
    assert_eq!(
        by_socket,
        [
            code(Code::NotAllowed),
            code(Code::UnknownHave),
            None,
            code(Code::BadSignature),
            code(Code::BadSeq),
            code(Code::BadSeq),
            code(Code::WrongAuthor),
            code(Code::WrongCommunity),
            code(Code::BadSeen),
            code(Code::ClockSkew),
            code(Code::BadRedaction),
            code(Code::UnknownEpoch),
            code(Code::BadRoster),
            None,
            None,
            None,
            None,
            code(Code::BadRedaction),
        ]
    );
}

#[tokio::test]
async fn an_empty_list_is_a_frame_too() {
    let empty = ServerFrame::Blocks(Blocks {
        from: 2,
        blocks: Vec::new(),
    });
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m01"), None, None)
        .await
        .unwrap();
    let answer = Caller::of(&server, &joined).get("/v1/blocks?from=2").await;
    assert_eq!(answer.body, empty.to_text());
}
